"""Run every ```sh and ```python block of a Markdown page, in order, in one fresh folder.

Files that a reader has are there as small ones of the same form: synthetic clips in NTU's archive,
a list that leaves one of them out, and two words in MediaPipe's arrays.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path

import numpy as np

from skelfuse.datasets.synth.dataset import write_dataset

RUN = {"sh": ["bash", "-euo", "pipefail", "-c"], "python": [sys.executable, "-c"]}

page = Path(sys.argv[1]).resolve()
text = page.read_text(encoding="utf-8")
blocks = re.findall(r"^```(sh|python)\n(.*?)^```", text, re.MULTILINE | re.DOTALL)
if not blocks:
    sys.exit(f"{page}: no block of commands found")


def stand_ins(folder: Path) -> None:
    """Write small files under the names that the page downloads."""
    raw = folder / "stand-ins"
    files = write_dataset(raw, clips=120, classes=4)
    with zipfile.ZipFile(folder / "nturgbd_skeletons_s001_to_s017.zip", "w") as archive:
        for file in files:
            archive.write(file, f"nturgb+d_skeletons/{file.name}")
    draw = np.random.default_rng(0)
    for word, rate in (("hello", 1.0), ("thanks", 3.0)):
        for clip in range(8):
            frames = folder / "MP_Data" / word / str(clip)
            frames.mkdir(parents=True)
            for t in range(30):
                moved = 0.1 * np.sin(rate * t / 5 + np.arange(1662) % 3) + 0.01 * draw.normal(
                    size=1662
                )
                np.save(frames / f"{t}.npy", 0.5 + moved)
    skipped = folder / "NTU_RGBD_samples_with_missing_skeletons.txt"
    skipped.write_text(f"1 of the samples has a missing skeleton.\n\n{files[0].stem}\n")


path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
with tempfile.TemporaryDirectory() as folder:
    stand_ins(Path(folder))
    for language, block in blocks:
        print(f"--- {page.name}\n{block}", flush=True)
        command = [*RUN[language], block]
        done = subprocess.run(command, cwd=folder, env={**os.environ, "PATH": path}, check=False)
        if done.returncode:
            sys.exit(f"{page.name}: the block above ended with exit code {done.returncode}")
print(f"{page.name}: {len(blocks)} blocks of commands ran")

"""Run every ```sh and ```python block of a Markdown page, in order, in one fresh folder."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path

RUN = {"sh": ["bash", "-euo", "pipefail", "-c"], "python": [sys.executable, "-c"]}

page = Path(sys.argv[1]).resolve()
text = page.read_text(encoding="utf-8")
blocks = re.findall(r"^```(sh|python)\n(.*?)^```", text, re.MULTILINE | re.DOTALL)
if not blocks:
    sys.exit(f"{page}: no block of commands found")
path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
with tempfile.TemporaryDirectory() as folder:
    for language, block in blocks:
        print(f"--- {page.name}\n{block}", flush=True)
        command = [*RUN[language], block]
        done = subprocess.run(command, cwd=folder, env={**os.environ, "PATH": path}, check=False)
        if done.returncode:
            sys.exit(f"{page.name}: the block above ended with exit code {done.returncode}")
print(f"{page.name}: {len(blocks)} blocks of commands ran")

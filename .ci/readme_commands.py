"""Run every ```sh block of a Markdown page, in order, in one fresh folder."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path

page = Path(sys.argv[1]).resolve()
text = page.read_text(encoding="utf-8")
blocks = re.findall(r"^```sh\n(.*?)^```", text, re.MULTILINE | re.DOTALL)
if not blocks:
    sys.exit(f"{page}: no ```sh block found")
path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
with tempfile.TemporaryDirectory() as folder:
    for block in blocks:
        print(f"--- {page.name}\n{block}", flush=True)
        script = f"set -euo pipefail\n{block}"
        done = subprocess.run(
            ["bash", "-c", script], cwd=folder, env={**os.environ, "PATH": path}, check=False
        )
        if done.returncode:
            sys.exit(f"{page.name}: the block above ended with exit code {done.returncode}")
print(f"{page.name}: {len(blocks)} blocks of commands ran")

"""The examples run, and say what they promise."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

EXAMPLES = Path(__file__).resolve().parent.parent / "examples"


def test_kernels_by_motion(tmp_path: Path) -> None:
    pytest.importorskip("matplotlib")
    picture = tmp_path / "kernels.png"
    script = EXAMPLES / "kernels_by_motion.py"
    done = subprocess.run(
        [sys.executable, str(script), "--quick", str(picture)],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "PYTHONPATH": str(EXAMPLES.parent), "PYTHONUTF8": "1"},
    )
    assert done.returncode == 0, done.stderr
    assert picture.read_bytes()[1:4] == b"PNG"
    for pair in ("periodic or still", "impulsive or still", "periodic or impulsive"):
        assert re.search(rf"{pair}: \d+% of new clips are told apart\n  scale1", done.stdout)
    drifts = [float(found) for found in re.findall(r"drift (\d\.\d+)", done.stdout)]
    assert len(drifts) == 12
    assert max(drifts) > 0

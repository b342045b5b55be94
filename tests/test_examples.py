"""The examples run, and say what they promise."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.long

EXAMPLES = Path(__file__).resolve().parent.parent / "examples"


def said(script: str, picture: Path) -> str:
    pytest.importorskip("matplotlib")
    done = subprocess.run(
        [sys.executable, str(EXAMPLES / script), "--quick", str(picture)],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "PYTHONPATH": str(EXAMPLES.parent), "PYTHONUTF8": "1"},
    )
    assert done.returncode == 0, done.stderr
    assert picture.read_bytes()[1:4] == b"PNG"
    return done.stdout


def test_kernels_by_motion(tmp_path: Path) -> None:
    told = said("kernels_by_motion.py", tmp_path / "kernels.png")
    for pair in ("periodic or still", "impulsive or still", "periodic or impulsive"):
        assert re.search(rf"{pair}: \d+% of new clips are told apart\n  joint/scale1", told)
    drifts = [float(found) for found in re.findall(r"drift (\d\.\d+)", told)]
    assert len(drifts) == 12
    assert max(drifts) > 0


def test_spectral_bias(tmp_path: Path) -> None:
    told = said("spectral_bias.py", tmp_path / "bias.png")
    missing = {
        words: {float(hertz): int(share) for hertz, share in re.findall(r"(\S+) Hz (\d+)%", rest)}
        for words, rest in re.findall(r"not learned from (.+?): (.*)", told)
    }
    assert [*missing] == ["plain time", "linear to 30 Hz", "gaussian, σ = 8 Hz"]
    plain, *features = missing.values()
    assert [*plain] == [0.5, 1, 2, 4, 8, 16]
    assert plain[0.5] < 40
    assert min(plain[4], plain[8], plain[16]) > 80
    for one in features:
        assert one.keys() == plain.keys()
        assert max(one.values()) < 10


def test_every_example_is_run() -> None:
    tests = "".join(test.read_text(encoding="utf-8") for test in Path(__file__).parent.glob("*.py"))
    for example in EXAMPLES.glob("*.py"):
        assert f'"{example.name}"' in tests, f"nothing runs {example.name}"

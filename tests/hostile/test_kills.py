"""Commands killed at any moment lose nothing, and of two that write to one place one is whole."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


@pytest.mark.campaign
@pytest.mark.skipif(
    not Path("/proc/self/stat").exists(), reason="it looks at what a child computes"
)
def test_a_kill_of_each_command_and_a_race_of_two(tmp_path: Path) -> None:
    rows = tmp_path / "kills.jsonl"
    command = [
        sys.executable,
        str(ROOT / "benchmarks" / "kills.py"),
        "--kills",
        "1",
        "--races",
        "2",
    ]
    done = subprocess.run(
        [*command, "--rows", str(rows)],
        env={**os.environ, "OMP_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
        check=False,
        timeout=600,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    found = [json.loads(line) for line in rows.read_text().splitlines()]
    assert [(row["command"], row["how"]) for row in found] == [
        ("preprocess", "SIGTERM"),
        ("train", "SIGINT"),
        ("predict", "SIGKILL"),
        ("predict", "race"),
        ("preprocess", "race"),
    ]
    assert all(row["wrong"] == [] for row in found)

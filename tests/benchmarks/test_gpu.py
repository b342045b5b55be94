"""The benchmark for a GPU runs through on a CPU, so that only the device is new there."""

from __future__ import annotations

import json
from pathlib import Path

import gpu
import pytest
from click.testing import CliRunner


@pytest.mark.slow
def test_every_part_runs_and_is_in_the_file_and_the_table(tmp_path: Path) -> None:
    path = tmp_path / "gpu.json"
    done = CliRunner().invoke(gpu.main, ["--device", "cpu", "--quick", "--json", str(path)])
    assert done.exit_code == 0, done.output
    found = json.loads(path.read_text())
    assert found["failed"] == {}
    rows = {row["what"]: row["value"] for row in found["rows"]}
    assert {*gpu.AIMS} <= {*rows}
    assert all(value > 0 for value in rows.values() if not isinstance(value, str))
    assert rows["nothing waits"] == "not checked: no CUDA"  # never claimed where it was not run
    for name in rows:
        assert f"| {name} |" in done.output

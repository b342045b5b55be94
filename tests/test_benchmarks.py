"""Benchmarks run through, so that only the machine is another one where they are run in earnest."""

from __future__ import annotations

import json
from pathlib import Path

import gpu
import layer_cost
import ntu_size
import numpy as np
import pytest
import row_files
import torch
from click.testing import CliRunner


@pytest.mark.slow
def test_each_layer_is_timed_at_each_length(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(layer_cost, "FRAMES", 256)
    monkeypatch.setattr(layer_cost, "LENGTHS", (32, 64))
    threads, found = torch.get_num_threads(), tmp_path / "found.json"
    try:
        result = CliRunner().invoke(layer_cost.main, ["--repeats", "1", "--json", str(found)])
    finally:
        torch.set_num_threads(threads)
    assert result.exit_code == 0, result.output
    rows = json.loads(found.read_text())["rows"]
    names = layer_cost.layers()
    assert [(row["layer"], row["padded"], row["frames"]) for row in rows] == [
        (name, padded, T) for name in names for padded in (False, True) for T in (32, 64)
    ]
    assert all(0 < row["forward_us"] < row["both_us"] for row in rows)
    assert all(("kept" in row) is (row["layer"] == "FrierenFuse") for row in rows)
    lines = result.output.splitlines()
    for name in (*names, "kept of FrierenFuse"):
        assert len([line for line in lines if line.startswith(f"{name} ")]) == 2


def test_a_campaign_goes_on_after_a_line_that_has_no_end(tmp_path: Path) -> None:
    rows = tmp_path / "new" / "rows.jsonl"
    assert row_files.read_rows(rows) == row_files.read_rows(None) == []
    row_files.append_row(rows, {"a": 1})
    with rows.open("a") as file:
        file.write('{"a": 2, "b"')
    assert row_files.read_rows(rows) == [{"a": 1}]
    row_files.append_row(rows, {"a": 3})
    assert row_files.read_rows(rows) == [{"a": 1}, {"a": 3}]


@pytest.mark.long
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


@pytest.mark.parametrize(
    ("ntu", "people"), [*zip(ntu_size.SETS, (1.18, 1.22), strict=True)], ids=["ntu60", "ntu120"]
)
def test_clips_have_the_published_sizes(ntu: ntu_size.Ntu, people: float) -> None:
    moves = [np.random.default_rng(0).normal(size=(50, 25, 3)).astype(np.float32)]
    clips = list(ntu_size.clips_of(ntu, 20 * ntu.classes, moves))
    frames = [clip.frames for clip in clips]
    assert min(frames) >= 32
    assert max(frames) <= 300
    assert np.mean(frames) == pytest.approx(80, abs=2)
    assert np.mean([clip.persons for clip in clips]) == pytest.approx(people, abs=0.01)
    assert len({clip.label for clip in clips}) == ntu.classes


@pytest.mark.long
def test_an_epoch_is_measured_and_said_for_sixty() -> None:
    command = ["--device", "cpu", "--share", "0", "--only", "ntu60"]
    done = CliRunner().invoke(ntu_size.main, command)
    assert done.exit_code == 0, done.output
    assert "ntu60: 60 clips of" in done.output
    assert "hours for 60 epochs" in done.output

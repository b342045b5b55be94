"""The benchmark of the frequency layers measures each of them, at each length."""

from __future__ import annotations

import json
from pathlib import Path

import frequency_cost
import frieren_cost
import pytest
import torch
from click.testing import CliRunner


def test_each_layer_is_timed_at_each_length(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for module in (frequency_cost, frieren_cost):
        monkeypatch.setattr(module, "FRAMES", 256)
    monkeypatch.setattr(frequency_cost, "LENGTHS", (32, 64))
    threads, found = torch.get_num_threads(), tmp_path / "found.json"
    try:
        result = CliRunner().invoke(frequency_cost.main, ["--repeats", "1", "--json", str(found)])
    finally:
        torch.set_num_threads(threads)
    assert result.exit_code == 0, result.output
    rows = json.loads(found.read_text())["rows"]
    names = frequency_cost.layers(channels=8, joints=25)
    assert [(row["layer"], row["padded"], row["frames"]) for row in rows] == [
        (name, padded, T) for name in names for padded in (False, True) for T in (32, 64)
    ]
    assert all(0 < row["forward_us"] < row["both_us"] for row in rows)
    lines = result.output.splitlines()
    for name in names:
        assert len([line for line in lines if line.startswith(f"{name} ")]) == 2

"""A few mutants of every kind of file: clips or one kind of error, and nothing else."""

from __future__ import annotations

import os
import runpy
from pathlib import Path
from types import SimpleNamespace

import pytest

from skelfuse.errors import SkelfuseError

ROOT = Path(__file__).resolve().parents[2]
CAMPAIGN = SimpleNamespace(**runpy.run_path(str(ROOT / "benchmarks" / "hostile.py")))
MUTANTS = 12
KINDS = [name for name in CAMPAIGN.targets() if name != "store-unsealed"]  # another process each


@pytest.mark.parametrize("name", KINDS)
def test_mutants_end_well(name: str, tmp_path: Path) -> None:
    make, read = CAMPAIGN.targets()[name]
    place = make(tmp_path)
    file = CAMPAIGN.the_file(place)
    whole = file.read_bytes()
    read(place)
    told = 0
    for number in range(MUTANTS):
        file.write_bytes(CAMPAIGN.mutant(whole, name, number))
        os.utime(file, ns=(number, number))
        try:
            told += read(place) not in (None, "read")
        except SkelfuseError:
            told += 1
    assert told  # the mutants do mean harm


def test_a_mutant_can_be_made_again() -> None:
    first, again, other = (CAMPAIGN.mutant(b"0123456789" * 9, "npz", n) for n in (1, 1, 2))
    assert first == again != other

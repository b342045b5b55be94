"""A few mutants of every kind of file: clips or one kind of error, and nothing else."""

from __future__ import annotations

import faulthandler
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


@pytest.mark.campaign
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


@pytest.mark.process
def test_what_falls_is_found_and_the_rest_goes_on(monkeypatch: pytest.MonkeyPatch) -> None:
    def make(folder: Path) -> Path:
        (folder / "a").write_bytes(b"0123456789" * 9)
        return folder / "a"

    seen: list[int] = []

    def read(path: Path) -> str:
        seen.append(len(seen))
        match len(seen) - 2:  # the first is the whole file
            case 3:
                raise ValueError("odd")
            case 5:
                faulthandler.disable()  # it is meant to crash
                os.kill(os.getpid(), 11)
        return "told"

    monkeypatch.setitem(CAMPAIGN.work.__globals__, "targets", lambda: {"a": (make, read)})
    rows = []
    for first in (0, 6):
        rows.append(CAMPAIGN.campaign("a", range(first, 8), seconds=5, megabytes=1000))
        seen.clear()
    assert rows[0]["bad"] == {"3": "ValueError: odd", "5": "crash: exit code -11"}
    assert (rows[0]["told"], rows[0]["after"]) == (4, 6)
    assert (rows[1]["told"], rows[1]["after"], rows[1]["bad"]) == (2, 8, {})
    text = CAMPAIGN.table(["a"], rows).splitlines()
    assert text[-1].split()[:6] == ["all", "8", "0", "6", "0", "2"]


@pytest.mark.process
def test_a_hang_is_ended(monkeypatch: pytest.MonkeyPatch) -> None:
    def read(path: Path) -> None:
        while path.read_bytes() != whole:
            pass

    def make(folder: Path) -> Path:
        (folder / "a").write_bytes(whole)
        return folder / "a"

    whole = b"0123456789" * 9
    monkeypatch.setitem(CAMPAIGN.work.__globals__, "targets", lambda: {"a": (make, read)})
    row = CAMPAIGN.campaign("a", range(9), seconds=0.2, megabytes=1000)
    assert list(row["bad"].values()) == ["hang: more than 0.2 s"]

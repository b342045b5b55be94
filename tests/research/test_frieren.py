"""Every form of FrierenFuse that is compared asks for something of its own."""

from __future__ import annotations

import pytest

from research.frieren import run as script
from research.lab.cells import cells_of
from research.lab.data_sets import SETS, inner
from research.lab.tables import Found, compared
from skelfuse.models import SIZES

DATA = inner(SETS["utd-mhad"])


def test_no_two_variants_are_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, size in script.ONLY_HERE.items():
        monkeypatch.setitem(SIZES, name, size)
    keys: dict[object, str] = {}
    for name in script.VARIANTS:
        assert "," not in name  # it would divide them on the command line
        for cell in cells_of(DATA, name, script.VARIANTS, seeds=1):
            assert keys.setdefault(cell.key, name) == name
    assert len(keys) == len(DATA.protocols) * len(script.VARIANTS)


def test_what_one_of_two_gains_is_the_mean_difference_of_the_seeds_that_both_have() -> None:
    found = {
        ("a", "on"): Found(accuracy={0: 90.0, 1: 94.0, 2: 80.0}),
        ("a", "off"): Found(accuracy={0: 88.0, 1: 95.0}),
        ("b", "on"): Found(accuracy={0: 70.0}),
    }
    pairs, titles = {"form": ("on", "off"), "not run": ("no", "off?")}, {"a": "A", "b": "B"}
    assert compared(found, pairs, titles, ("with", "without"), seeds=3).splitlines() == [
        "| with / without / gain | A | B |",
        "| --- | ---: | ---: |",
        "| form | 88.0 ± 7.2 / 91.5 ± 4.9 (2) / +0.50 | 70.0 (1) / – / – |",
    ]

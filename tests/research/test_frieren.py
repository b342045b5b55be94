"""Every form of FrierenFuse that is compared asks for something of its own."""

from __future__ import annotations

import pytest

from research.frieren import run as script
from research.lab.cells import cells_of
from research.lab.data_sets import SETS, inner
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

"""What an experiment asks for can be made, and is known again by a fingerprint."""

from __future__ import annotations

from dataclasses import replace

import pytest

from research.ablation import run as ablation
from research.accuracy import run as accuracy
from research.lab.cells import cells_of, fingerprint
from research.lab.data_sets import SETS
from skelfuse.models import SIZES
from skelfuse.training import read_config


def test_a_fingerprint_is_of_what_is_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    def of(*settings: str) -> str:
        return fingerprint(read_config(SETS["utd-mhad"].recipe, settings))

    plain = of()
    assert plain == of() == of("model.size=small")  # the default, spelled out
    assert plain == fingerprint(
        replace(read_config(SETS["utd-mhad"].recipe), seed=5, protocol="odd-even")
    )
    asked = [of("train.epochs=2"), of("model.fuse=false"), of("model.size=nano")]
    asked += [of("augment.mirror=0.5"), of(*ablation.MODULES["dct-static-gate"])]
    asked += [fingerprint(read_config(SETS["utd-mhad"].recipe), share=0.5)]
    assert len({plain, *asked}) == 1 + len(asked)
    monkeypatch.setitem(SIZES, "small", replace(SIZES["small"], width=136))
    assert of() != plain


def test_what_all_variants_ask_for_can_be_made() -> None:
    for data in (SETS["utd-mhad"], SETS["sbu"], SETS["synth"]):
        # What is small elsewhere is nano in the configuration of the synthetic set.
        for variants in (accuracy.VARIANTS, ablation.VARIANTS)[not data.raw :]:
            cells = [cell for name in variants for cell in cells_of(data, name, variants, seeds=2)]
            assert len({cell.key for cell in cells}) == len(cells)
    pairs = zip(
        cells_of(SETS["utd-mhad"], "small", accuracy.VARIANTS, seeds=1),
        cells_of(SETS["utd-mhad"], "small", ablation.VARIANTS, seeds=1),
        strict=True,
    )
    assert all(a.key == b.key for a, b in pairs)  # one run serves both pages


def test_what_a_store_decides_is_known_by_its_version(monkeypatch: pytest.MonkeyPatch) -> None:
    def key() -> object:
        return cells_of(SETS["utd-mhad"], "generic", accuracy.VARIANTS, seeds=1)[0].key

    before = key()
    assert key() == before
    monkeypatch.setattr("skelfuse.training.suggested.VERSION", 99)
    assert key() != before

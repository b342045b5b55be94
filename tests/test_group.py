"""The group that an explanation names: no exchange makes it better, and all are sure."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from helpers.as_trained import as_trained
from helpers.asked_models import clip_of, run_of
from skelfuse.clip import Clip
from skelfuse.explain import group
from skelfuse.explain.answer import clearly_above, standing_out
from skelfuse.explain.group import GAIN, needed_together, strongest_group
from skelfuse.explain.hiding import explain_by_hiding
from skelfuse.layouts import COCO_17
from skelfuse.training import ModelChoice, build_model

PLAYERS = 5

Array = npt.NDArray[np.float64]
BoolArray = npt.NDArray[np.bool_]


class Table:
    """A game in which every set of players has a worth of its own, drawn at random."""

    players = range(PLAYERS)

    def __init__(self, seed: int) -> None:
        drawn = np.random.default_rng(seed).random((1 << PLAYERS, 3))
        self.log = np.log(drawn / drawn.sum(axis=1, keepdims=True))

    def value(self, here: BoolArray) -> Array:
        return np.asarray(self.log[here @ (1 << np.arange(PLAYERS))])

    def quality(self, group: list[int], number: int, rival: int | None = None) -> float:
        here = np.isin(np.arange(PLAYERS), group)
        log = self.value(np.stack([here, ~here]))
        odds = np.exp(log[:, number])
        if rival is not None:
            odds = odds / (odds + np.exp(log[:, rival]))
        return float(odds[0] - odds[1])


@given(seed=st.integers(0, 10_000), count=st.integers(1, PLAYERS), rival=st.none() | st.just(2))
def test_no_exchange_makes_the_group_better(seed: int, count: int, rival: int | None) -> None:
    table: Any = Table(seed)
    shares = np.random.default_rng(seed + 1).random(PLAYERS)
    found = needed_together(table, shares, 0 * shares, count, number=1, rival=rival)
    assert len(set(found)) == count
    assert all(shares[a] >= shares[b] for a, b in pairwise(found))
    best = table.quality(found, 1, rival)
    first = np.argsort(-shares)[:count].tolist()
    assert best >= table.quality(first, 1, rival)
    for out in found:
        for other in set(range(PLAYERS)) - set(found):
            exchanged = [other if one == out else one for one in found]
            assert table.quality(exchanged, 1, rival) < best + GAIN + 1e-9


@given(seed=st.integers(0, 10_000), unsure=st.integers(0, 3))
def test_nobody_comes_in_whose_share_is_not_clearly_above_its_error(seed: int, unsure: int) -> None:
    table: Any = Table(seed)
    shares, error = np.array([0.9, 0.8, 0.7, 0.6, -0.2]), np.full(PLAYERS, 0.1)
    error[unsure] = 0.5
    assert {*needed_together(table, shares, error, 2, number=0)} <= {0, 1, 2, 3} - {unsure}


def test_of_none_there_is_no_group() -> None:
    assert strongest_group(lambda here: np.zeros(len(here)), 3, [], [0, 1]) == []


def test_an_explanation_names_a_better_group_than_the_largest_shares(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(group, "GAIN", 1e-3)  # a model that has learned nothing gains little
    exchanged = 0
    for seed in range(4):
        torch.manual_seed(seed)
        model = build_model(ModelChoice("skelfuse", "nano"), COCO_17, 3)
        as_trained(model)
        clip = clip_of()
        found = explain_by_hiding(run_of(model), clip, rounds=8, seed=seed)
        largest = standing_out(found.joints, found.error)
        if found.named is None:
            assert not largest
            continue
        names = found.named.names
        assert len(names) == len(largest)
        assert all(clearly_above(found.joints[name], found.error[name]) for name in names)
        exchanged += {*names} != {*largest}
        only, hidden = (
            explain_by_hiding(run_of(model), _seen(clip, largest, shown), found.target, rounds=2)
            for shown in (True, False)
        )
        assert found.named.only - found.named.hidden >= only.probability - hidden.probability - 1e-6
    assert exchanged


def _seen(clip: Clip, names: list[str], shown: bool) -> Clip:
    """Return the clip with these joints alone, or without them."""
    coords = clip.coords.copy()
    coords[:, :, [(joint in names) != shown for joint in COCO_17.joints]] = np.nan
    return replace(clip, coords=coords)

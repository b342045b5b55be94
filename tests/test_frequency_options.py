"""The frequency side of SkelFuse: what each option promises beyond what every model does."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from helpers.as_trained import as_trained
from skelfuse.errors import SkelfuseError
from skelfuse.explain.evidence import evidence_of
from skelfuse.inspect.head_source import head_weights
from skelfuse.layouts import COCO_17, KINECT_V2
from skelfuse.models import Frequencies, Size, SkelFuse, describe
from skelfuse.training import ModelChoice, build_model

LITTLE = Size(channels=4, alone=(1,), summary=4, width=16, dilations=(1,))
CLASSES = 4
N = len(KINECT_V2)
OPTIONS: dict[str, dict[str, Any]] = {
    "spectrum": {"dct_window": 16},
    "static": {"dct_window": 16, "gate": "static"},
    "dynamic": {"dct_window": 7, "gate": "dynamic"},
    "pruned": {"dct_window": 16, "dct_kept": {"head": (0, 3), "left_hand": (2,)}},
    "filter": {"global_filter": True},
    "motion": {"spectral_motion": True},
    "weighting": {"frame_weighting": True},
    "fourier": {"fourier": 6, "fourier_sigma": 0.5},
    "all": {
        **{"dct_window": 16, "gate": "dynamic", "global_filter": True, "spectral_motion": True},
        **{"frame_weighting": True, "fourier": 4},
    },
}


def built(*, fuse: bool = True, **frequencies: Any) -> SkelFuse:
    torch.manual_seed(3)
    model = SkelFuse(
        KINECT_V2, CLASSES, size=LITTLE, fuse=fuse, frequencies=Frequencies(**frequencies)
    )
    as_trained(model)
    return model


def drawn(persons: int = 1, frames: int = 31) -> tuple[Tensor, Tensor]:
    torch.manual_seed(persons)
    x = torch.randn(1, frames, persons, N, 3).cumsum(1) / 3
    return x, torch.rand(1, frames, persons, N) > 0.3


@pytest.mark.parametrize("name", OPTIONS)
def test_each_option_changes_the_model_and_is_off_by_default(name: str) -> None:
    plain, other = built(), built(**OPTIONS[name])
    assert sum(p.numel() for p in other.parameters()) > sum(p.numel() for p in plain.parameters())
    new = set(other.state_dict()) - set(plain.state_dict())
    parts = ("spectrum.", "filter.", "together.pool.", "features_of.streams.waves.")
    assert all(key.startswith(parts) for key in new)
    weights = plain.state_dict()
    other.load_state_dict({k: v for k, v in weights.items() if "embed" not in k}, strict=False)
    x, mask = drawn()
    assert not torch.allclose(other(x, mask), plain(x, mask), rtol=0, atol=1e-4)


@pytest.mark.slow
@pytest.mark.parametrize("persons", [1, 3])
@pytest.mark.parametrize("name", ["static", "all"])
def test_a_decision_still_adds_up(name: str, persons: int) -> None:
    model = built(**OPTIONS[name])
    x, mask = drawn(persons)
    if persons == 3:
        mask[:, :, 1] = False  # somebody is not there
    for seen in (mask, None):
        found = evidence_of(model, x, seen)
        with torch.no_grad():
            logits, shares, together, rest = model.by_joint(x, seen)
        for number in range(CLASSES):
            reasons = found.reasons(number)
            assert reasons.total == pytest.approx(float(logits[0, number]), abs=1e-5)
            np.testing.assert_allclose(reasons.by_joint(), shares[0, number], atol=1e-5)
            np.testing.assert_allclose(reasons.timed.sum(1), reasons.own.sum(2), atol=1e-5)
        torch.testing.assert_close(shares.sum(-1) + together + rest, logits, rtol=0, atol=1e-5)


def test_the_spectrum_is_of_the_whole_body() -> None:
    model = built(dct_window=16)
    x, mask = drawn()
    before = evidence_of(model, x, mask).reasons(0)
    assert model.spectrum is not None
    nn.init.zeros_(model.spectrum.spread.weight)
    after = evidence_of(model, x, mask).reasons(0)
    assert abs(after.together - before.together) > 1e-3
    np.testing.assert_array_equal(after.own, before.own)


def test_a_head_names_all_that_goes_into_it() -> None:
    head = head_weights(built(spectral_motion=True, fourier=3), ["a"] * CLASSES)
    assert len(head.inputs) == head.directions.shape[1]
    assert head.inputs[-12] == "joint, spectral motion x"
    assert head.inputs[-1] == "wave 2 of place and time, sine"


def test_a_moving_frame_counts_for_more_than_a_frozen_one() -> None:
    model = built(fuse=False, frame_weighting=True)
    assert model.pool is not None
    h = torch.randn(1, 40, N, 4)
    h[:, 10:] = h[:, 10:11]
    weights = model.pool.weights(h)
    assert weights[:, :8].mean() > 1.2 * weights[:, 20:].mean()


def test_the_filter_begins_without_any_preference() -> None:
    """Its response is the same for all frequencies: each embedded joint twice, and no more."""
    torch.manual_seed(0)
    model = built(global_filter=True)
    assert model.filter is not None
    h = torch.randn(2, 33, N, 4)
    torch.testing.assert_close(model.filter(h), h, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"gate": "static"}, "need DCT channels.*model.frequencies.dct_window"),
        ({"dct_kept": {"head": [1]}}, "need DCT channels"),
        ({"dct_window": 8, "gate": "stat"}, "'gate' has the wrong kind: expected one of none, st"),
        ({"dct_window": 8, "dct_kept": {"nose": [1]}}, "found joint 'nose'"),
        ({"dct_window": 8, "dct_kept": {"head": [1, 1]}}, "expected different frequencies"),
        ({"dct_window": 8, "dct_kept": {"head": [8]}}, "numbers from 0 to window - 1 = 7"),
        ({"dct_window": 8, "dct_kept": {}}, "the channels to be computed are wrong"),
        ({"dct_window": 8, "gate": "static", "dct_kept": {"head": [1]}}, "has no gate"),
        ({"dct_window": -1}, "dct_window is out of range"),
        ({"fourier": -1}, "fourier is out of range"),
    ],
)
def test_bad_choices_are_told(options: dict[str, Any], message: str) -> None:
    with pytest.raises(SkelfuseError, match=message):
        build_model(ModelChoice("skelfuse", "nano", {"frequencies": options}), KINECT_V2, 5)


def test_a_body_in_the_plane_has_a_spectrum_too() -> None:
    frequencies = Frequencies(dct_window=8, spectral_motion=True, fourier=2)
    model = SkelFuse(COCO_17, 3, size=LITTLE, frequencies=frequencies)
    assert model.eval()(torch.randn(2, 12, 1, 17, 2)).shape == (2, 3)


def test_fewer_channels_cost_less() -> None:
    whole, few = (built(**OPTIONS[name]) for name in ("spectrum", "pruned"))
    assert describe(few).macs < describe(whole).macs
    assert describe(few).parameters < describe(whole).parameters

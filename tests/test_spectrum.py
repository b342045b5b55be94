"""The frequency side of SkelFuse: what each option promises beyond what every model does."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from scipy.fft import dct
from torch import Tensor, nn

from skelfuse.errors import SkelfuseError
from skelfuse.explain.evidence import evidence_of
from skelfuse.explain.head_source import head_weights
from skelfuse.joint_shares import joint_shares
from skelfuse.layouts import COCO_17, KINECT_V2
from skelfuse.models import Size, SkelFuse, describe
from skelfuse.models.spectral_streams import SpectralStreams
from skelfuse.models.spectrum import Spectrum
from skelfuse.training import Gates, ModelChoice, build_model
from skelfuse.training.gates import GatePenalty, open_share
from skelfuse.training.optimiser import undecayed

LITTLE = Size(channels=4, width=16, dilations=(1,))
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


def built(**options: Any) -> SkelFuse:
    """Return a model whose normalisations have seen something, as after training."""
    torch.manual_seed(3)
    model = SkelFuse(KINECT_V2, CLASSES, size=LITTLE, **options)
    for module in model.modules():
        if isinstance(module, nn.BatchNorm1d):
            assert module.running_mean is not None
            assert module.running_var is not None
            nn.init.normal_(module.running_mean)
            nn.init.uniform_(module.running_var, 0.5, 2)
            if module.affine:
                nn.init.normal_(module.weight)
                nn.init.normal_(module.bias)
    return model.eval()


def drawn(persons: int = 1, frames: int = 31) -> tuple[Tensor, Tensor]:
    torch.manual_seed(persons)
    x = torch.randn(1, frames, persons, N, 3).cumsum(1) / 3
    return x, torch.rand(1, frames, persons, N) > 0.3


@pytest.mark.parametrize("name", OPTIONS)
def test_each_option_changes_the_model_and_is_off_by_default(name: str) -> None:
    plain, other = built(), built(**OPTIONS[name])
    assert sum(p.numel() for p in other.parameters()) > sum(p.numel() for p in plain.parameters())
    new = set(other.state_dict()) - set(plain.state_dict())
    parts = ("spectrum.", "filter.", "pool.", "streams.waves.")
    assert all(key.startswith(parts) for key in new)
    weights = plain.state_dict()
    other.load_state_dict({k: v for k, v in weights.items() if "embed" not in k}, strict=False)
    x, mask = drawn()
    assert not torch.allclose(other(x, mask), plain(x, mask), rtol=0, atol=1e-4)


@pytest.mark.parametrize("persons", [1, 3])
@pytest.mark.parametrize("name", ["static", "dynamic", "weighting", "all"])
def test_a_decision_still_adds_up(name: str, persons: int) -> None:
    model = built(**OPTIONS[name])
    x, mask = drawn(persons)
    if persons == 3:
        mask[:, :, 1] = False  # somebody is not there
    for seen in (mask, None):
        found = evidence_of(model, x, seen)
        with torch.no_grad():
            logits, shares, _ = joint_shares(model, x, seen)
        for number in range(CLASSES):
            reasons = found.reasons(number)
            assert reasons.total == pytest.approx(float(logits[0, number]), abs=1e-5)
            np.testing.assert_allclose(reasons.by_joint(), shares[0, number], atol=1e-5)
            own = reasons.fused.sum(2) + reasons.past
            np.testing.assert_allclose(reasons.timed.sum(1), own, atol=1e-5)


def test_the_spectrum_is_part_of_the_evidence() -> None:
    model = built(dct_window=16)
    x, mask = drawn()
    past = evidence_of(model, x, mask).reasons(0).past
    assert model.spectrum is not None
    nn.init.zeros_(model.spectrum.spread.weight)
    assert np.abs(evidence_of(model, x, mask).reasons(0).past - past).max() > 1e-3


def test_a_head_names_all_that_goes_into_it() -> None:
    head = head_weights(built(spectral_motion=True, fourier=3, distances=False), ["a"] * CLASSES)
    assert len(head.inputs) == head.directions.shape[1]
    assert head.inputs[-12] == "joint, spectral motion x"
    assert head.inputs[-1] == "wave 2 of place and time, sine"


def test_what_is_gathered_are_the_cosines_of_joints_and_bones() -> None:
    spectrum = Spectrum(KINECT_V2, channels=2, window=8, width=4).eval()
    x = torch.randn(1, 16, N, 3)
    seen: list[Tensor] = []
    spectrum.gather.register_forward_pre_hook(lambda _, given: seen.append(given[0]))
    spectrum(x)
    bones = x - x[:, :, list(KINECT_V2.parents)]
    both = torch.cat([x, bones], dim=-1)[0].numpy()  # [T,N,2D]
    expected = dct(both.reshape(2, 8, N, 6), axis=1, norm="ortho").reshape(2, -1)
    np.testing.assert_allclose(seen[0][0] * (1 + 1e-4) ** 0.5, expected, atol=1e-5)


def test_a_closed_channel_does_not_matter_and_an_open_one_does() -> None:
    spectrum = Spectrum(KINECT_V2, channels=2, window=8, gate="static").eval()
    assert spectrum.gate is not None
    head = KINECT_V2.index("head")
    with torch.no_grad():
        spectrum.gate.weights[..., 1] = -9.0
        spectrum.gate.weights[2, head, 1] = 9.0
    x = torch.randn(1, 16, N, 3)
    moved = x.clone()
    place = torch.arange(16) % 8 + 0.5
    for frequency, matters in ((1, False), (2, True)):
        wave = torch.cos(torch.pi / 8 * frequency * place)
        moved[:, :, head] = x[:, :, head] + wave[:, None]
        assert torch.allclose(spectrum(moved), spectrum(x), atol=1e-5) != matters


def test_a_pruned_branch_is_the_gated_one_with_the_rest_closed() -> None:
    kept = {"left_hand": (5, 2), "head": (2,)}
    gated = Spectrum(KINECT_V2, channels=2, window=8, gate="static").eval()
    pruned = Spectrum(KINECT_V2, channels=2, window=8, kept=kept).eval()
    assert gated.gate is not None
    gate_open = torch.zeros(8, N, dtype=torch.bool)
    for joint, frequencies in kept.items():
        gate_open[list(frequencies), KINECT_V2.index(joint)] = True
    with torch.no_grad():
        gated.gate.weights[..., 0] = torch.where(gate_open, -1.0, 1.0)
        gated.gate.weights[..., 1] = 0.0
    weights = {k: v for k, v in gated.state_dict().items() if "gate" not in k}
    columns = gate_open.flatten().repeat_interleave(6)
    for name in ("gather.weight", "norm.running_mean", "norm.running_var"):
        weights[name] = weights[name][..., columns]
    pruned.load_state_dict(weights)
    x, mask = torch.randn(2, 21, N, 3), torch.rand(2, 21, N) > 0.5
    mask[0, :, KINECT_V2.index("head")] = False
    for seen in (None, mask):
        torch.testing.assert_close(pruned(x, seen), gated(x, seen), rtol=1e-5, atol=1e-6)
    assert pruned.dct.frequencies == (2, 5)


def test_unseen_windows_and_people_add_nothing() -> None:
    spectrum = Spectrum(KINECT_V2, channels=2, window=8).eval()
    x, mask = torch.randn(2, 16, N, 3), torch.ones(2, 16, N, dtype=torch.bool)
    mask[1] = False
    assert not spectrum(x, mask)[1].any()
    mask[0, 8:] = False
    torch.testing.assert_close(spectrum(x, mask)[:1], spectrum(x[:1, :8]))


def test_exact_velocity_is_beside_the_kernels() -> None:
    streams = SpectralStreams(KINECT_V2, None, motion=True)
    swing = torch.sin(torch.pi * 7 * torch.arange(31) / 30)  # fast: a difference would underrate it
    x = torch.zeros(1, 31, N, 3)
    x[0, :, :, 1] = swing[:, None]
    found = streams(x)[0, :, 3, streams.plain_channels :]  # [T,2D]
    exact = torch.pi * 7 / 30 * torch.cos(torch.pi * 7 * torch.arange(31) / 30)
    torch.testing.assert_close(found[:, 1], exact, rtol=1e-4, atol=1e-4)
    assert found[:, 3:].abs().max() < 1e-5  # all joints move alike, no bone does


def test_waves_know_the_share_of_the_clip_that_has_passed() -> None:
    streams = SpectralStreams(KINECT_V2, None, fourier=5)
    x = torch.ones(1, 20, N, 3)
    mask = torch.zeros(1, 20, N, dtype=torch.bool)
    mask[:, 4:15] = True
    waves = streams(x, mask)[..., streams.plain_channels :]
    torch.testing.assert_close(waves[:, 4:15], streams(x[:, :11])[..., streams.plain_channels :])
    assert waves[0, 4, 0].sub(waves[0, 14, 0]).abs().max() > 1e-2
    assert not waves[0, :4].any()


def test_an_evaluation_in_one_product_is_the_same() -> None:
    streams = SpectralStreams(KINECT_V2, None, motion=True, fourier=3)
    x, mask = drawn()
    weight = torch.randn(5, streams.out_channels)
    body, seen = x[:, :, 0], mask[:, :, 0]
    body = torch.where(seen[..., None], body, 0.0)
    expected = streams(body, seen) @ weight.T
    torch.testing.assert_close(streams.mapped(body, seen, weight), expected, rtol=1e-4, atol=1e-4)


def test_a_moving_frame_counts_for_more_than_a_frozen_one() -> None:
    model = built(frame_weighting=True)
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
        ({"gate": "static"}, "are of channels that are not there; set dct_window"),
        ({"dct_kept": {"head": [1]}}, "are of channels that are not there"),
        ({"dct_window": 8, "gate": "stat"}, "'gate' has the wrong kind: expected one of none, st"),
        ({"dct_window": 8, "dct_kept": {"nose": [1]}}, "found joint 'nose'"),
        ({"dct_window": 8, "dct_kept": {"head": [1, 1]}}, "expected different frequencies"),
        ({"dct_window": 8, "dct_kept": {"head": [8]}}, "numbers from 0 to window - 1 = 7"),
        ({"dct_window": 8, "dct_kept": {}}, "the channels to be computed are wrong"),
        ({"dct_window": 8, "gate": "static", "dct_kept": {"head": [1]}}, "has no gate"),
        ({"dct_window": -1}, "window is out of range"),
        ({"fourier": -1}, "bands is out of range"),
    ],
)
def test_bad_choices_are_told(options: dict[str, Any], message: str) -> None:
    with pytest.raises(SkelfuseError, match=message):
        build_model(ModelChoice("skelfuse", "nano", options), KINECT_V2, 5)


def test_a_body_in_the_plane_has_a_spectrum_too() -> None:
    model = SkelFuse(COCO_17, 3, size=LITTLE, dct_window=8, spectral_motion=True, fourier=2)
    assert model.eval()(torch.randn(2, 12, 1, 17, 2)).shape == (2, 3)


def test_fewer_channels_cost_less() -> None:
    whole, few = (built(**OPTIONS[name]) for name in ("spectrum", "pruned"))
    assert describe(few).macs < describe(whole).macs
    assert describe(few).parameters < describe(whole).parameters


@pytest.mark.parametrize("gate", ["static", "dynamic"])
def test_the_penalty_is_the_share_of_channels_open_and_closes_them(gate: str) -> None:
    model = built(dct_window=4, gate=gate).train()
    penalty = GatePenalty(model, Gates(penalty=3.0))
    optimiser = torch.optim.Adam(model.parameters(), lr=0.05)
    x, _ = drawn()
    x = x.repeat(2, 1, 1, 1, 1)
    shares = []
    for step in range(30):
        penalty.anneal(step / 29)
        model(x)
        loss = penalty.loss()
        assert loss is not None
        shares.append(loss.item() / 3)
        optimiser.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        optimiser.step()
    assert shares[0] == pytest.approx(0.6, abs=0.01)
    assert shares[-1] < 0.3
    assert model.spectrum is not None
    assert model.spectrum.gate is not None
    assert model.spectrum.gate.temperature.item() == pytest.approx(0.5)
    assert open_share(model) == (0.0 if gate == "static" else None)


def test_without_gates_or_without_weight_nothing_is_added() -> None:
    assert GatePenalty(built(), Gates()).loss() is None
    model = built(dct_window=4, gate="dynamic").train()
    assert GatePenalty(model, Gates(penalty=0)).loss() is None
    assert "spectrum.gate.squeeze.weight" not in undecayed(model)
    assert "spectrum.gate.weights" in undecayed(built(dct_window=4, gate="static"))

"""The branch on the spectrum: whose cosines it gathers, and through which gate."""

from __future__ import annotations

import numpy as np
import torch
from scipy.fft import dct
from torch import Tensor

from skelfuse.layouts import KINECT_V2
from skelfuse.models.persons import Bodies
from skelfuse.models.spectrum import Spectrum

N = len(KINECT_V2)


def people(x: Tensor, mask: Tensor | None = None) -> Bodies:
    """Return bodies `[R,T,N,D]`, one in each clip."""
    return Bodies(x, mask, None if mask is None else mask.any(dim=2), persons=1)


def test_what_is_gathered_are_the_cosines_of_joints_and_bones() -> None:
    spectrum = Spectrum(KINECT_V2, outputs=2, window=8, width=4).eval()
    x = torch.randn(1, 16, N, 3)
    seen: list[Tensor] = []
    spectrum.gather.register_forward_pre_hook(lambda _, given: seen.append(given[0]))
    spectrum(people(x))
    bones = x - x[:, :, list(KINECT_V2.parents)]
    both = torch.cat([x, bones], dim=-1)[0].numpy()  # [T,N,2D]
    expected = dct(both.reshape(2, 8, N, 6), axis=1, norm="ortho").reshape(2, -1)
    np.testing.assert_allclose(seen[0][0] * (1 + 1e-4) ** 0.5, expected, atol=1e-5)


def test_a_closed_channel_does_not_matter_and_an_open_one_does() -> None:
    spectrum = Spectrum(KINECT_V2, outputs=2, window=8, gate="static").eval()
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
        assert torch.allclose(spectrum(people(moved)), spectrum(people(x)), atol=1e-5) != matters


def test_a_pruned_branch_is_the_gated_one_with_the_rest_closed() -> None:
    kept = {"left_hand": (5, 2), "head": (2,)}
    gated = Spectrum(KINECT_V2, outputs=2, window=8, gate="static").eval()
    pruned = Spectrum(KINECT_V2, outputs=2, window=8, kept=kept).eval()
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
        given = people(x, seen)
        torch.testing.assert_close(pruned(given), gated(given), rtol=1e-5, atol=1e-6)
    assert pruned.dct.frequencies == (2, 5)


def test_unseen_windows_and_people_add_nothing() -> None:
    spectrum = Spectrum(KINECT_V2, outputs=2, window=8).eval()
    x, mask = torch.randn(2, 16, N, 3), torch.ones(2, 16, N, dtype=torch.bool)
    mask[1] = False
    assert not spectrum(people(x, mask))[1].any()
    mask[0, 8:] = False
    torch.testing.assert_close(spectrum(people(x, mask))[:1], spectrum(people(x[:1, :8])))

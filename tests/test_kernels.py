"""Motion kernels: right from the start, blind to padding, readable."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch.func import functional_call

from helpers import frieren_reference
from skelfuse.errors import SkelfuseError
from skelfuse.layers import DIFFERENCES, MotionKernels

seeds = st.integers(0, 10_000)


def some_sequence(B: int, T: int, N: int, D: int) -> tuple[torch.Tensor, torch.Tensor]:
    x, mask = torch.randn(B, T, N, D), torch.rand(B, T, N) < torch.rand(())
    return torch.where(mask[..., None], x, torch.nan), mask


def test_the_first_taps_are_exact_on_every_axis() -> None:
    torch.manual_seed(0)
    kernels = MotionKernels(3).kernels()
    assert list(kernels) == ["scale1", "scale2", "scale4"]
    assert np.array_equal(kernels["scale1"].taps, np.tile([[-1.0], [1.0]], 3))
    assert np.array_equal(kernels["scale2"].taps, np.tile([[-0.5], [0.0], [0.5]], 3))
    assert [kernel.offsets for kernel in kernels.values()] == [
        (-1, 0),
        (-1, 0, 1),
        (-2, -1, 0, 1, 2),
    ]
    drawn = MotionKernels(500, scales=(4,)).kernels()["scale4"].taps
    assert drawn.shape == (5, 500)
    assert abs(drawn.std() - 0.1) < 0.01
    assert abs(drawn.mean()) < 0.01


@pytest.mark.slow
@given(seeds, st.integers(1, 9), st.integers(1, 3))
def test_equal_to_the_definition(seed: int, T: int, D: int) -> None:
    torch.manual_seed(seed)
    scales = [(1, 2, 4), (1,), (3, 8)][seed % 3]
    groups = [None, (0, 1, 0)][seed % 2]
    layer = MotionKernels(
        D, scales, bank=1 + seed % 2, joint_groups=groups, shared_axes=seed % 5 == 0
    )
    x, mask = some_sequence(2, T, 3, D)
    found = layer(x, mask).detach().numpy()
    assert found.shape == (2, T, 3, layer.out_channels)
    kernels = layer.kernels()
    values, valid = x.double().numpy(), mask.numpy()
    for b, t, n in np.ndindex(2, T, 3):
        expected = [values[b, t, n, d] if valid[b, t, n] else 0.0 for d in range(D)]
        for name, axis in layer.channel_names[D:]:
            taps = kernels[name if groups is None else f"group{groups[n]}.{name}"].taps[:, axis]
            expected.append(
                frieren_reference.motion(values[b, :, n, axis], valid[b, :, n], taps, t)
            )
        np.testing.assert_allclose(found[b, t, n], expected, atol=1e-5)


def test_a_still_body_has_no_motion_at_edges_and_gaps() -> None:
    torch.manual_seed(0)
    layer = MotionKernels(3, scales=(1, 2), residual=False)
    _, mask = some_sequence(4, 20, 5, 3)
    still = torch.where(mask[..., None], torch.randn(1, 1, 5, 3), torch.nan)
    assert not layer(still, mask).any()


def test_classical_differences_of_a_polynomial() -> None:
    layer = MotionKernels(1, taps=DIFFERENCES, learnable=False, residual=False)
    assert not list(layer.parameters())
    assert "taps" in layer.state_dict()
    t = torch.arange(12.0)
    found = layer((t**3)[None, :, None, None])[0, 3:-3, 0]
    t = t[3:-3]
    expected = torch.stack([3 * t**2 - 3 * t + 1, 6 * t, torch.full_like(t, -6.0)], dim=1)
    torch.testing.assert_close(found, expected)


def test_shared_axes_and_groups_count_their_parameters() -> None:
    assert sum(p.numel() for p in MotionKernels(3).parameters()) == 30
    assert sum(p.numel() for p in MotionKernels(3, shared_axes=True).parameters()) == 10
    assert sum(p.numel() for p in MotionKernels(3, joint_groups=(0, 1, 1)).parameters()) == 60
    wide = MotionKernels(3, (1, 2, 4, 8), bank=(1, 1, 1, 5))
    assert len(wide.kernels()) == 8
    assert wide.kernels()["scale8.5"].taps.shape == (9, 3)
    assert wide(torch.zeros(1, 2, 1, 3)).shape[-1] == wide.out_channels == 27


def test_penalties_by_hand() -> None:
    layer = MotionKernels(2, taps={"a": (1.0, 3.0), "b": (2.0, 0.0, -2.0)})
    found = layer.penalties(target=1.0, threshold=-1.0)
    assert found.weight_sum.item() == pytest.approx((3.0**2 + 1.0**2) / 2)
    assert found.smoothness.item() == pytest.approx((4.0 + 4.0) / 2)
    cosine = 2.0 / np.sqrt(10.0 * 8.0)  # they overlap at the offsets -1 and 0
    assert found.diversity.item() == pytest.approx(cosine + 1.0, rel=1e-5)
    assert layer.penalties(threshold=0.5).diversity.item() == 0.0
    assert found.weight_sum.dtype == torch.float32


@pytest.mark.training
def test_penalties_pull_kernels_where_they_should_go() -> None:
    torch.manual_seed(0)
    layer = MotionKernels(3, (2, 4), bank=3)
    step = torch.optim.Adam(layer.parameters(), lr=0.02)
    before = layer.penalties(threshold=0.1)
    for _ in range(200):
        step.zero_grad()
        values = layer.penalties(threshold=0.1)
        loss = values.weight_sum + 0.1 * values.smoothness + values.diversity
        torch.autograd.backward(loss)
        step.step()
    after = layer.penalties(threshold=0.1)
    assert after.weight_sum < 0.01 * before.weight_sum
    assert after.diversity < 0.05 * before.diversity


def test_penalties_of_silent_kernels_are_finite() -> None:
    layer = MotionKernels(1, taps={"a": (0.0, 0.0), "b": (0.0, 0.0, 0.0)})
    torch.autograd.backward(list(layer.penalties()))
    assert isinstance(layer.taps, torch.nn.Parameter)
    assert layer.taps.grad is not None
    assert bool(layer.taps.grad.isfinite().all())


def test_reported_kernels_are_a_copy() -> None:
    layer = MotionKernels(3)
    before = layer.kernels()["scale1"].taps
    with torch.no_grad():
        layer.taps.add_(1.0)
    assert np.array_equal(before, np.tile([[-1.0], [1.0]], 3))


def test_gradcheck_of_joints_in_groups() -> None:
    layer = MotionKernels(2, joint_groups=(0, 1), bank=2).double()
    taps = layer.taps.detach().clone().requires_grad_()
    x = torch.randn(2, 6, 2, 2, dtype=torch.float64, requires_grad=True)
    mask = torch.rand(2, 6, 2) < 0.8
    assert torch.autograd.gradcheck(
        lambda taps, x: functional_call(layer, {"taps": taps}, (x, mask)), (taps, x), fast_mode=True
    )


def test_bad_choices_are_told() -> None:
    with pytest.raises(SkelfuseError, match="dimensions is out of range"):
        MotionKernels(0)
    for scales in ((), (0, 1), (1, 1), (1.5,), 3):
        with pytest.raises(SkelfuseError, match="scales has the wrong values"):
            MotionKernels(3, scales)  # type: ignore[arg-type]
    with pytest.raises(SkelfuseError, match="one per scale: expected 3, found 2"):
        MotionKernels(3, bank=(1, 2))
    with pytest.raises(SkelfuseError, match="bank is out of range"):
        MotionKernels(3, bank=0)
    with pytest.raises(SkelfuseError, match="without a gap"):
        MotionKernels(3, joint_groups=(0, 2))
    with pytest.raises(SkelfuseError, match="there are no kernels"):
        MotionKernels(3, taps={})
    with pytest.raises(SkelfuseError, match="'a' has the wrong shape"):
        MotionKernels(3, taps={"a": (1.0,)})
    with pytest.raises(SkelfuseError, match="not finite"):
        MotionKernels(3, taps={"a": (1.0, float("nan"))})
    with pytest.raises(SkelfuseError, match="number of joints"):
        MotionKernels(3, joint_groups=(0, 1))(torch.zeros(1, 4, 3, 3))

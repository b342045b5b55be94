"""Compare the fused statistics with the plain ones; run by test_fused_statistics.py."""

from __future__ import annotations

import itertools
import sys

import torch
from torch import Tensor

from skelfuse.layers.statistics import motion_statistics

DEVICE = "cuda" if torch.cuda.is_available() else "cpu"
SHAPES = [(2, 16, 3, 4), (3, 1, 2, 3), (2, 9, 5, 1)]  # [B,T,N,K]
SCALES = [(1, 2, 4), (5,)]
KINDS = [
    ("drawn", 2, torch.float64),
    ("ties", 0, torch.float64),
    ("drawn", 2, torch.float32),
    ("still", 0, torch.float64),
    ("drawn", 1, torch.float64),
]
MASKS = ["none", "gaps", "padding", "nothing"]


def signals(shape: tuple[int, ...], kind: str, dtype: torch.dtype) -> Tensor:
    v = torch.randn(shape, dtype=dtype)
    if kind == "ties":  # equal values and steps of exactly 0
        v = v.round()
    if kind == "still":
        v = v[:, :1].expand(shape).clone()
    return v.to(DEVICE)


def mask_of(shape: tuple[int, ...], kind: str) -> Tensor | None:
    if kind == "none":
        return None
    mask = torch.rand(shape[:3]) > 0.3
    if kind == "padding":
        mask[:] = True
        mask[:, shape[1] // 2 :] = False
    if kind == "nothing":
        mask[0] = False
    return mask.to(DEVICE)


def both(
    v: Tensor, mask: Tensor | None, scales: tuple[int, ...], order: int
) -> tuple[tuple[Tensor, Tensor], tuple[Tensor, Tensor]]:
    """Return features and gradient, fused and plain; the plain ones in the same precision."""
    from skelfuse.layers.fused_statistics import fused_statistics

    if mask is not None:
        v = torch.where(mask[..., None], v, 0.0)
    found = []
    weights = None
    for fused in (True, False):
        x = v.clone().requires_grad_()
        if fused:
            y = fused_statistics(x, mask, scales=scales, order=order)
        else:
            y = motion_statistics(x.cpu(), _cpu(mask), scales=scales, order=order, windows=(1,))
        weights = torch.randn(y.shape, dtype=y.dtype) if weights is None else weights
        (gradient,) = torch.autograd.grad((y * weights.to(y.device)).sum(), x)
        if mask is not None:  # what does not count is no signal
            gradient = torch.where(mask[..., None], gradient, 0.0)
        found.append((y.detach().cpu(), gradient.cpu()))
    return found[0], found[1]


def decided(features: Tensor, shape: tuple[int, ...], scales: tuple[int, ...]) -> Tensor:
    """Say of which signals `[B,N,K]` no clamped statistic is 0 by rounding alone.

    There the sign of 1e-17 decides which gradient passes, and both forms are right.
    """
    B, _, N, K = shape
    named = features.view(B, N, -1, K)
    ups = torch.unflatten(named[:, :, : 6 * len(scales)], 2, (-1, 6))[:, :, :, 4:].flatten(2, 3)
    still = (ups == 0).all(dim=2)  # exactly 0, in both forms
    rounded = ((named > 0) & (named < 1e-9)).any(dim=2)
    clear: Tensor = ~rounded & (still | (ups > 1e-9).all(dim=2))
    return clear


def _cpu(mask: Tensor | None) -> Tensor | None:
    return None if mask is None else mask.cpu()


def main() -> None:
    torch.manual_seed(0)
    from skelfuse.layers import fused_statistics as kernel

    kernel.HELD = 64  # several programs for the signals of one clip
    cases = checked = 0
    kinds = itertools.cycle(KINDS)  # five, so that each comes with every mask and scale
    for shape, scales, masked in itertools.product(SHAPES, SCALES, MASKS):
        for kind, order, dtype in itertools.islice(kinds, 2):
            case = f"{shape} scales {scales} mask {masked} {kind} order {order} {dtype}"
            found, expected = both(
                signals(shape, kind, dtype), mask_of(shape, masked), scales, order
            )
            clear = decided(found[0], shape, scales) & decided(expected[0], shape, scales)
            found, expected = (
                (y, torch.where(clear[:, None], gradient, 0.0)) for y, gradient in (found, expected)
            )
            checked += int(clear.sum())
            close = 1e-11 if dtype == torch.float64 else 2e-5
            for name, one, other in zip(("features", "gradient"), found, expected, strict=True):
                torch.testing.assert_close(
                    one, other, rtol=close, atol=close, msg=f"{name} differs: {case}"
                )
            cases += 1
            sys.stdout.write(f"agree: {case}\n")
    shape = (1, 6, 1, 1)
    for mask in (None, mask_of(shape, "padding")):
        v = signals(shape, "drawn", torch.float64)
        v = v if mask is None else torch.where(mask[..., None], v, 0.0)
        assert torch.autograd.gradcheck(
            lambda x, m=mask: kernel.fused_statistics(x, m, scales=(1, 2), order=1),
            (v.requires_grad_(),),
        )
    assert checked > 100
    sys.stdout.write(f"{cases} cases agree on {DEVICE}, gradients of {checked} signals\n")


if __name__ == "__main__":
    main()

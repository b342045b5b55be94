"""What happens along time, in named numbers: change, variation, course and range of a signal."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import lru_cache
from typing import NamedTuple

import torch
from torch import Tensor

from skelfuse.layers.legendre import full_basis, legendre_basis

LONGEST = 1024  # frames that the fused kernel can hold


class Feature(NamedTuple):
    """The name of one number that FrierenFuse computes for a joint.

    >>> print(Feature(scale=2, statistic="up", direction=5, window=(1, 4)))
    up at scale 2, direction 5, window 1 of 4
    """

    scale: int | None  # frames between the two ends of a difference; None for course and range
    statistic: str  # one of `statistic_names`
    direction: int  # 0..K-1
    window: tuple[int, int]  # (part, parts), the first part is 1; (1, 1) is the whole sequence

    def __str__(self) -> str:
        scale = "" if self.scale is None else f" at scale {self.scale}"
        part, parts = self.window
        window = "" if parts == 1 else f", window {part} of {parts}"
        return f"{self.statistic}{scale}, direction {self.direction}{window}"


def statistic_names(scales: Sequence[int], order: int) -> Iterator[tuple[int | None, str]]:
    """Yield (scale, statistic) in the order in which `motion_statistics` lists them.

    >>> [name for _, name in statistic_names((1,), order=1)]
    ['mean Δ+', 'mean Δ-', 'mean |Δ|', 'mean |Δ²|', 'up', 'down', \
'Legendre 0+', 'Legendre 0-', 'Legendre 1+', 'Legendre 1-', 'range']
    """
    for scale in scales:
        for name in ("mean Δ+", "mean Δ-", "mean |Δ|", "mean |Δ²|", "up", "down"):
            yield scale, name
    for degree in range(order + 1):
        yield None, f"Legendre {degree}+"
        yield None, f"Legendre {degree}-"
    yield None, "range"


def feature_names(
    directions: int, scales: Sequence[int], order: int, windows: Sequence[int]
) -> tuple[Feature, ...]:
    """Return the F names in order: windows, then statistics, then directions, the last fastest.

    >>> names = feature_names(directions=8, scales=(1, 2, 4), order=2, windows=(1,))
    >>> len(names), str(names[0]), str(names[-1])
    (200, 'mean Δ+ at scale 1, direction 0', 'range, direction 7')
    """
    return tuple(
        Feature(scale, statistic, direction, (part, parts))
        for parts in windows
        for part in range(1, parts + 1)
        for scale, statistic in statistic_names(scales, order)
        for direction in range(directions)
    )


def motion_statistics(
    v: Tensor,
    mask: Tensor | None,
    *,
    scales: Sequence[int],
    order: int,
    windows: Sequence[int],
) -> Tensor:
    """Return the statistics `[B,N,F]` of signals `v [B,T,N,K]` over the frames that count.

    `v` must be zero where `mask [B,T,N]` is False. With r a scale, `Δ[t] = v[t+r] - v[t]` where
    both frames count and lie in one window, and `Δ²[t] = Δ[t+r] - Δ[t]` where all three do:

    - mean Δ, mean |Δ|, mean |Δ²|;
    - up and down: mean of max(Δ, 0) and of max(-Δ, 0); their sum is mean |Δ|, their difference
      mean Δ;
    - Legendre p: mean of `v·P_p`, P_p the polynomial of degree p that is orthonormal on exactly
      these frames; Legendre 0 is the mean;
    - range: greatest minus least value.

    What has a sign enters as two features, its positive and its negative part. `windows` (1, 2)
    means the whole and its halves: each sequence is cut by the rank of its own valid frames. What
    is defined on no frame is 0.

    On a CUDA GPU one window in float32 is computed by a fused kernel (`fused_statistics`) where
    triton is there; what it gives is what is written here.

    >>> ramp = 3.0 * torch.arange(5.0).reshape(1, 5, 1, 1)
    >>> motion_statistics(ramp, None, scales=(1, 2), order=0, windows=(1,)).flatten().int().tolist()
    [3, 0, 3, 0, 3, 0, 6, 0, 6, 0, 6, 0, 6, 0, 12]
    """
    if (fused := fused_kernel(v, windows)) is not None:
        return fused(v, mask, scales=scales, order=order)
    B, T, N, K = v.shape
    if mask is None:  # rows are bodies, each with N·K signals
        signals = v.reshape(B, T, N * K)  # [R,T,J]
        rows = None
    else:  # rows are joints, each with K signals
        signals = v.transpose(1, 2).reshape(B * N, T, K)  # [R,T,J]
        rows = mask.transpose(1, 2).reshape(B * N, T)
    member = None  # [R,W,T]; None: one window of every frame
    if rows is None and tuple(windows) == (1,):
        basis = full_basis(T, order, like=v) / T  # [1,P+1,T]
    else:
        all_frames = torch.ones(1, T, dtype=torch.bool, device=v.device)
        member = window_members(all_frames if rows is None else rows, windows)
        frames = member.sum(-1).clamp_min(1).flatten()[:, None, None]  # [R·W,1,1]
        basis = legendre_basis(member.flatten(0, 1), order).to(v.dtype) / frames
        basis = basis.reshape(member.shape[0], member.shape[1] * (order + 1), T)

    parts = [_differences(signals, member, scales), _course(signals, basis, order)]
    parts.append(_range(signals, member))
    named = torch.cat(parts, dim=2)  # [R,W,Q,J]

    W, Q = named.shape[1:3]
    if mask is None:
        named = torch.unflatten(named, 3, (N, K)).permute(0, 3, 1, 2, 4)  # [B,N,W,Q,K]
    return named.reshape(B, N, W * Q * K)


def fused_kernel(v: Tensor, windows: Sequence[int]) -> Callable[..., Tensor] | None:
    """Return the kernel that does the same in one pass; None where there is none."""
    if v.device.type != "cuda" or v.dtype != torch.float32 or tuple(windows) != (1,):
        return None
    if v.shape[1] > LONGEST or torch.compiler.is_compiling():
        return None
    return _kernel_on(v.device)


@lru_cache
def _kernel_on(device: torch.device) -> Callable[..., Tensor] | None:
    """Return the kernel if it runs on a device, and gives what the plain form gives there.

    Whether it can be compiled is known only when it is tried: triton may be there and what it
    needs may not. This looks at values, once a process.
    """
    try:
        from skelfuse.layers.fused_statistics import fused_statistics

        with torch.inference_mode(False), torch.enable_grad():
            x = torch.sin(torch.arange(2 * 9 * 3 * 2.0)).view(2, 9, 3, 2)
            plain, fused = x.requires_grad_(), x.detach().to(device).requires_grad_()
            expected = motion_statistics(plain, None, scales=(1, 2), order=1, windows=(1,))
            found = fused_statistics(fused, None, scales=(1, 2), order=1)
            torch.autograd.backward([expected.square().sum(), found.square().sum()])
        assert plain.grad is not None
        assert fused.grad is not None
        pairs = ((found, expected), (fused.grad, plain.grad))
        right = all(torch.allclose(one.cpu(), other, atol=1e-4) for one, other in pairs)
    except Exception:  # no triton, no compiler, a card that is too old: whatever it is
        return None
    return fused_statistics if right else None


def window_members(valid: Tensor, windows: Sequence[int]) -> Tensor:
    """Say which frames of `valid [R,T]` belong to which window: `[R,W,T]`, W the sum of `windows`.

    Of L valid frames the j-th is in part `⌊j·w / L⌋` of w, so that parts differ by one frame at
    most, and padding and gaps do not shift them.

    >>> window_members(torch.tensor([[False, True, True, False, True, True]]), (1, 2)).int()
    tensor([[[0, 1, 1, 0, 1, 1],
             [0, 1, 1, 0, 0, 0],
             [0, 0, 0, 0, 1, 1]]], dtype=torch.int32)
    """
    rank = valid.cumsum(-1) - 1  # [R,T]
    frames = valid.sum(-1, keepdim=True).clamp_min(1)
    parts = [
        (rank * w).div(frames, rounding_mode="floor") == part for w in windows for part in range(w)
    ]
    return torch.stack(parts, dim=1) & valid[:, None]


def _differences(signals: Tensor, member: Tensor | None, scales: Sequence[int]) -> Tensor:
    """Return what the differences at all scales tell, `[R,W,S·6,J]`."""
    each = []  # for each scale the means of Δ, |Δ| and |Δ²|, [R,W,J]
    for scale in scales:
        delta = signals[:, scale:] - signals[:, :-scale]  # [R,T-r,J]
        bend = delta[:, scale:] - delta[:, :-scale]  # [R,T-2r,J]
        at_two = at_three = None
        if member is not None:
            both = member[..., scale:] & member[..., :-scale]  # [R,W,T-r]
            at_two = _weights(both, signals)
            at_three = _weights(both[..., scale:] & both[..., :-scale], signals)  # [R,W,T-2r]
        each += [_mean(delta, at_two), _mean(delta.abs(), at_two), _mean(bend.abs(), at_three)]
    mean, size, bent = torch.unflatten(torch.stack(each, dim=2), 2, (-1, 3)).unbind(3)
    # Halves of size ± mean: Jordan's identities hold to the bit, and at Δ = 0 the gradients of
    # up and down stay those of mean and size, which those of max(±Δ, 0) would not.
    up, down = (size + mean) / 2, (size - mean) / 2
    named = [mean, -mean, size, bent, up, down]  # each [R,W,S,J]
    return torch.stack(named, dim=3).clamp_min(0.0).flatten(2, 3)


def _course(signals: Tensor, basis: Tensor, order: int) -> Tensor:
    course = torch.unflatten(basis @ signals, 1, (-1, order + 1))  # [R,W,P+1,J]
    return torch.stack([course, -course], dim=3).relu().flatten(2, 3)


def _range(signals: Tensor, member: Tensor | None) -> Tensor:
    if member is None:
        return (signals.amax(1) - signals.amin(1))[:, None, None]  # [R,1,1,J]
    spans = []
    for inside in member.unbind(1):  # [R,T]
        here = inside[..., None]
        outside = torch.zeros_like(here, dtype=signals.dtype).masked_fill(~here, -torch.inf)
        span = (signals + outside).amax(1) - (signals - outside).amin(1)  # [R,J]
        spans.append(torch.where(here.any(1), span, 0.0))
    return torch.stack(spans, dim=1)[:, :, None]  # [R,W,1,J]


def _mean(values: Tensor, weight: Tensor | None) -> Tensor:
    """Return the means over time `[R,W,J]` of `values [R,T,J]` by weights `[R,W,T]`; None: one."""
    R, T, J = values.shape
    if not T:  # shorter than the scale
        return values.new_zeros(R, 1 if weight is None else weight.shape[1], J)
    if weight is None:
        return values.mean(dim=1, keepdim=True)
    return weight @ values  # one product, nothing larger is kept


def _weights(where: Tensor, signals: Tensor) -> Tensor:
    count = where.sum(-1, keepdim=True).clamp_min(1)
    return where.to(signals.dtype) / count  # [R,W,T']

"""`motion_statistics` as one Triton kernel forward and one backward: v comes from memory once.

A program has all T frames of some signals of one clip at hand, so that the differences at every
scale, the Legendre sums and the range are sums over what it holds; frames that it needs once
more, shifted, are in the cache. The plain form in `statistics` says what is computed, and every
number is compared with it. This file is imported where there is a GPU and triton; nothing else
needs either.
"""

# mypy: disable-error-code="no-untyped-def,untyped-decorator,misc"
from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
import triton
import triton.language as tl
from torch import Tensor
from torch.autograd.function import once_differentiable

from skelfuse.layers.legendre import full_basis, legendre_basis

HELD = 2048  # numbers that a program has at a time, frames times signals


@triton.jit
def _frames(v, mask, t, T, j, J, n, N, MASKED: tl.constexpr):
    """Return the signals `j [BJ]` at the frames `t [BT]`, and which of them count: `[BT,BJ]`."""
    there = ((t >= 0) & (t < T))[:, None] & (j < J)[None, :]
    x = tl.load(v + t[:, None] * J + j[None, :], mask=there, other=0.0)
    if MASKED:
        seen = tl.load(mask + t[:, None] * N + n[None, :], mask=there, other=0)
        there = there & (seen != 0)
    return x, there


@triton.jit
def _forward(
    v,  # [B,T,J], J = N·K signals
    mask,  # [B,T,N]
    basis,  # [R,P+1,T], R = B·N or 1, divided by the number of frames
    features,  # [B,N,Q,K]
    extremes,  # [B,4,J]: greatest and least value, and how often each occurs
    T,
    J,
    N,
    K,
    basis_row,  # numbers from one row of the basis to the next; 0 where there is one row
    SCALES: tl.constexpr,
    ORDER: tl.constexpr,
    MASKED: tl.constexpr,
    BT: tl.constexpr,
    BJ: tl.constexpr,
):
    b = tl.program_id(1).to(tl.int64)
    j = tl.program_id(0) * BJ + tl.arange(0, BJ)
    t = tl.arange(0, BT)
    n, inside = j // K, j < J
    v += b * T * J
    mask += b * T * N
    Q: tl.constexpr = 6 * len(SCALES) + 2 * (ORDER + 1) + 1
    out = features + (b * N + n) * Q * K + j % K  # [BJ]
    x, counts = _frames(v, mask, t, T, j, J, n, N, MASKED)

    for i in tl.static_range(len(SCALES)):
        r = SCALES[i]
        later, two = _frames(v, mask, t + r, T, j, J, n, N, MASKED)
        latest, three = _frames(v, mask, t + 2 * r, T, j, J, n, N, MASKED)
        two = two & counts
        three = three & two
        delta = tl.where(two, later - x, 0.0)
        bend = tl.where(three, (latest - later) - (later - x), 0.0)
        pairs = tl.maximum(tl.sum(two.to(x.dtype), 0), 1.0)
        triples = tl.maximum(tl.sum(three.to(x.dtype), 0), 1.0)
        mean = tl.sum(delta, 0) / pairs
        size = tl.sum(tl.abs(delta), 0) / pairs
        bent = tl.sum(tl.abs(bend), 0) / triples
        at = out + 6 * i * K
        tl.store(at, tl.maximum(mean, 0.0), mask=inside)
        tl.store(at + K, tl.maximum(-mean, 0.0), mask=inside)
        tl.store(at + 2 * K, size, mask=inside)
        tl.store(at + 3 * K, bent, mask=inside)
        tl.store(at + 4 * K, tl.maximum((size + mean) / 2, 0.0), mask=inside)
        tl.store(at + 5 * K, tl.maximum((size - mean) / 2, 0.0), mask=inside)

    in_time = (t < T)[:, None] & inside[None, :]
    row = basis + (b * N + n)[None, :] * basis_row
    for p in tl.static_range(ORDER + 1):
        shape = tl.load(row + p * T + t[:, None], mask=in_time, other=0.0)
        course = tl.sum(shape * x, 0)
        at = out + (6 * len(SCALES) + 2 * p) * K
        tl.store(at, tl.maximum(course, 0.0), mask=inside)
        tl.store(at + K, tl.maximum(-course, 0.0), mask=inside)

    greatest = tl.max(tl.where(counts, x, float("-inf")), 0)
    least = tl.min(tl.where(counts, x, float("inf")), 0)
    some = tl.max(counts.to(tl.int32), 0) > 0
    span = tl.where(some, greatest - least, 0.0)
    tl.store(out + (Q - 1) * K, span, mask=inside)
    at = extremes + b * 4 * J + j
    tl.store(at, greatest, mask=inside)
    tl.store(at + J, least, mask=inside)
    often = tl.sum((counts & (x == greatest[None, :])).to(x.dtype), 0)
    tl.store(at + 2 * J, often, mask=inside)
    often = tl.sum((counts & (x == least[None, :])).to(x.dtype), 0)
    tl.store(at + 3 * J, often, mask=inside)


@triton.jit
def _sign(x):
    return tl.where(x > 0, 1.0, tl.where(x < 0, -1.0, 0.0)).to(x.dtype)


@triton.jit
def _backward(  # noqa: PLR0915
    v,
    mask,
    basis,
    features,
    extremes,
    gradient,  # [B,N,Q,K], of the features
    result,  # [B,T,J], of v
    T,
    J,
    N,
    K,
    basis_row,
    SCALES: tl.constexpr,
    ORDER: tl.constexpr,
    MASKED: tl.constexpr,
    BT: tl.constexpr,
    BJ: tl.constexpr,
):
    b = tl.program_id(1).to(tl.int64)
    j = tl.program_id(0) * BJ + tl.arange(0, BJ)
    t = tl.arange(0, BT)
    n, inside = j // K, j < J
    v += b * T * J
    mask += b * T * N
    Q: tl.constexpr = 6 * len(SCALES) + 2 * (ORDER + 1) + 1
    first = (b * N + n) * Q * K + j % K
    x, counts = _frames(v, mask, t, T, j, J, n, N, MASKED)
    total = tl.zeros([BT, BJ], dtype=x.dtype)

    for i in tl.static_range(len(SCALES)):
        r = SCALES[i]
        at = first + 6 * i * K
        # What is clamped at 0 passes its gradient at 0 itself, as in the plain form.
        rising = tl.load(features + at, mask=inside, other=0.0)
        falling = tl.load(features + at + K, mask=inside, other=0.0)
        size = tl.load(features + at + 2 * K, mask=inside, other=0.0)
        mean = rising - falling
        g_rising = tl.load(gradient + at, mask=inside, other=0.0)
        g_falling = tl.load(gradient + at + K, mask=inside, other=0.0)
        g_size = tl.load(gradient + at + 2 * K, mask=inside, other=0.0)
        g_bent = tl.load(gradient + at + 3 * K, mask=inside, other=0.0)
        g_up = tl.load(gradient + at + 4 * K, mask=inside, other=0.0)
        g_down = tl.load(gradient + at + 5 * K, mask=inside, other=0.0)
        g_up = tl.where(size + mean >= 0, g_up, 0.0) / 2
        g_down = tl.where(size - mean >= 0, g_down, 0.0) / 2
        g_mean = tl.where(mean >= 0, g_rising, 0.0) - tl.where(mean <= 0, g_falling, 0.0)
        g_mean += g_up - g_down
        g_size += g_up + g_down

        later, has1 = _frames(v, mask, t + r, T, j, J, n, N, MASKED)
        latest, has2 = _frames(v, mask, t + 2 * r, T, j, J, n, N, MASKED)
        earlier, had1 = _frames(v, mask, t - r, T, j, J, n, N, MASKED)
        earliest, had2 = _frames(v, mask, t - 2 * r, T, j, J, n, N, MASKED)
        ahead, behind = later - x, x - earlier  # Δ[t] and Δ[t-r]
        has1, had1 = has1 & counts, had1 & counts
        pairs = tl.maximum(tl.sum(has1.to(x.dtype), 0), 1.0)
        triples = tl.maximum(tl.sum((has1 & has2).to(x.dtype), 0), 1.0)
        g_mean, g_size, g_bent = g_mean / pairs, g_size / pairs, g_bent / triples
        total += tl.where(had1, g_mean[None, :] + g_size[None, :] * _sign(behind), 0.0)
        total -= tl.where(has1, g_mean[None, :] + g_size[None, :] * _sign(ahead), 0.0)
        bends = tl.where(has1 & has2, _sign((latest - later) - ahead), 0.0)  # begins at t
        bends -= 2 * tl.where(has1 & had1, _sign(ahead - behind), 0.0)  # t is in the middle
        bends += tl.where(had1 & had2, _sign(behind - (earlier - earliest)), 0.0)  # ends at t
        total += g_bent[None, :] * bends

    in_time = (t < T)[:, None] & inside[None, :]
    row = basis + (b * N + n)[None, :] * basis_row
    for p in tl.static_range(ORDER + 1):
        at = first + (6 * len(SCALES) + 2 * p) * K
        plus = tl.load(features + at, mask=inside, other=0.0) > 0
        minus = tl.load(features + at + K, mask=inside, other=0.0) > 0
        g = tl.where(plus, tl.load(gradient + at, mask=inside, other=0.0), 0.0)
        g -= tl.where(minus, tl.load(gradient + at + K, mask=inside, other=0.0), 0.0)
        shape = tl.load(row + p * T + t[:, None], mask=in_time, other=0.0)
        total += g[None, :] * shape

    g = tl.load(gradient + first + (Q - 1) * K, mask=inside, other=0.0)
    at = extremes + b * 4 * J + j
    greatest = tl.load(at, mask=inside, other=0.0)
    least = tl.load(at + J, mask=inside, other=0.0)
    of_greatest = g / tl.maximum(tl.load(at + 2 * J, mask=inside, other=1.0), 1.0)
    of_least = g / tl.maximum(tl.load(at + 3 * J, mask=inside, other=1.0), 1.0)
    total += tl.where(counts & (x == greatest[None, :]), of_greatest[None, :], 0.0)
    total -= tl.where(counts & (x == least[None, :]), of_least[None, :], 0.0)
    tl.store(result + b * T * J + t[:, None] * J + j[None, :], total, mask=in_time)


class _Statistics(torch.autograd.Function):
    @staticmethod
    def forward(
        ctx: Any, v: Tensor, mask: Tensor, basis: Tensor, scales: tuple[int, ...], order: int
    ) -> Tensor:
        B, _, N, K = v.shape
        features = v.new_empty(B, N, (6 * len(scales) + 2 * (order + 1) + 1) * K)
        extremes = v.new_empty(B, 4, N * K)
        launch(_forward, (v, mask, basis, features, extremes), v, basis, scales, order)
        ctx.save_for_backward(v, mask, basis, features, extremes)
        ctx.scales, ctx.order = scales, order
        return features

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor, None, None, None, None]:
        v, mask, basis, features, extremes = ctx.saved_tensors
        result = torch.empty_like(v)
        given = (v, mask, basis, features, extremes, gradient.contiguous(), result)
        launch(_backward, given, v, basis, ctx.scales, ctx.order)
        return result, None, None, None, None


def launch(
    kernel: Any,
    tensors: tuple[Tensor, ...],
    v: Tensor,
    basis: Tensor,
    scales: tuple[int, ...],
    order: int,
) -> None:
    """Run a kernel with programs of a size that fits the clips."""
    B, T, N, K = v.shape
    BT = max(triton.next_power_of_2(T), 2)
    BJ = min(max(HELD // BT, 4), 128)
    kernel[(triton.cdiv(N * K, BJ), B)](
        *tensors,
        T,
        N * K,
        N,
        K,
        0 if len(basis) == 1 else basis.stride(0),
        SCALES=scales,
        ORDER=order,
        MASKED=tensors[1].ndim == 3,
        BT=BT,
        BJ=BJ,
        enable_fp_fusion=False,  # sums are rounded as in the plain form
    )


def fused_statistics(
    v: Tensor, mask: Tensor | None, *, scales: Sequence[int], order: int
) -> Tensor:
    """Return `motion_statistics` `[B,N,F]` of `v [B,T,N,K]` in one window that fits.

    Gradients are those of the plain form, to the first order.
    """
    B, T, N, _ = v.shape
    if mask is None:
        basis = full_basis(T, order, like=v) / T  # [1,P+1,T]
        seen = v.new_empty(0)  # never read
    else:
        rows = mask.transpose(1, 2).reshape(B * N, T)
        frames = rows.sum(-1).clamp_min(1)[:, None, None]
        basis = legendre_basis(rows, order).to(v.dtype) / frames  # [B·N,P+1,T]
        seen = mask.contiguous().view(torch.uint8)
    features: Tensor = _Statistics.apply(  # type: ignore[no-untyped-call]
        v.contiguous(), seen, basis.contiguous(), tuple(scales), order
    )
    return features

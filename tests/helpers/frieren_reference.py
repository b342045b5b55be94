"""The motion kernels and the statistics once more: float64, one number at a time, no tensors."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[Any]


def motion(x: Array, valid: Array, taps: Array, t: int) -> float:
    """One kernel at frame t of one joint and axis; `x [T]`, `valid [T]`."""
    if not valid[t]:
        return 0.0
    first = -(len(taps) // 2)
    total = 0.0
    for i, weight in enumerate(taps):
        offset = first + i
        at, step = t + offset, -1 if offset > 0 else 1
        while not (0 <= at < len(x) and valid[at]):
            at += step
        total += float(weight) * float(x[at])
    return total


def orthonormal_polynomials(times: Sequence[int], order: int) -> Array:
    """Mean square 1 on `times`, highest coefficient positive; `[P+1,L]`, missing degrees are 0."""
    L = len(times)
    basis = np.zeros((order + 1, L))
    if L == 0:
        return basis
    low, high = times[0], times[-1]
    at = [0.0 if high == low else (2 * t - low - high) / (high - low) for t in times]
    degrees = min(order, L - 1)
    powers = np.polynomial.legendre.legvander(np.array(at), degrees)
    q, r = np.linalg.qr(powers)
    for degree in range(degrees + 1):
        basis[degree] = q[:, degree] * np.sign(r[degree, degree]) * math.sqrt(L)
    return basis


def mean(values: Sequence[float]) -> float:
    return math.fsum(values) / len(values) if values else 0.0


def window_statistics(
    v: Array, frames: Sequence[int], scales: Sequence[int], order: int
) -> Iterator[tuple[int | None, str, float]]:
    """Name and value of everything that is told of `v [T]` over the frames of one window."""
    here = set(frames)
    for r in scales:
        delta = [v[t + r] - v[t] for t in frames if t + r in here]
        bend = [
            v[t + 2 * r] - 2 * v[t + r] + v[t]
            for t in frames
            if t + r in here and t + 2 * r in here
        ]
        yield r, "mean Δ+", max(mean(delta), 0.0)
        yield r, "mean Δ-", max(-mean(delta), 0.0)
        yield r, "mean |Δ|", mean([abs(d) for d in delta])
        yield r, "mean |Δ²|", mean([abs(d) for d in bend])
        yield r, "up", mean([max(d, 0.0) for d in delta])
        yield r, "down", mean([max(-d, 0.0) for d in delta])
    basis = orthonormal_polynomials(frames, order)
    for degree in range(order + 1):
        c = mean([v[t] * basis[degree, i] for i, t in enumerate(frames)])
        yield None, f"Legendre {degree}+", max(c, 0.0)
        yield None, f"Legendre {degree}-", max(-c, 0.0)
    inside = [v[t] for t in frames]
    yield None, "range", max(inside) - min(inside) if inside else 0.0


def window_frames(valid: Array, part: int, parts: int) -> list[int]:
    """The frames whose rank among the valid ones falls into one part (the first is 1)."""
    frames = [t for t in range(len(valid)) if valid[t]]
    return [t for j, t in enumerate(frames) if j * parts // len(frames) == part - 1]


def features(
    v: Array, mask: Array, scales: Sequence[int], order: int, windows: Sequence[int]
) -> dict[tuple[int | None, str, int, tuple[int, int]], Array]:
    """All features of `v [B,T,N,K]` by (scale, statistic, direction, window): each `[B,N]`."""
    B, _, N, K = v.shape
    named: dict[tuple[int | None, str, int, tuple[int, int]], Array] = {}
    for b in range(B):
        for n in range(N):
            for parts in windows:
                for part in range(1, parts + 1):
                    frames = window_frames(mask[b, :, n], part, parts)
                    for k in range(K):
                        told = window_statistics(v[b, :, n, k], frames, scales, order)
                        for scale, name, value in told:
                            key = (scale, name, k, (part, parts))
                            named.setdefault(key, np.zeros((B, N)))[b, n] = value
    return named

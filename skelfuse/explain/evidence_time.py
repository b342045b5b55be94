"""When a joint's statistics came about: every one of them is a sum over frames of the clip."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import torch

from skelfuse.arrays import Array, Bools
from skelfuse.layers.legendre import legendre_basis
from skelfuse.layers.statistics import window_members

OF_A_SCALE = 6  # statistics


class Signals(NamedTuple):
    """What FrierenFuse takes statistics of, and which ones."""

    values: Array  # [M,S,N,K] along each direction, zero where not seen
    seen: Bools  # [M,S,N]
    scales: tuple[int, ...]
    order: int
    windows: tuple[int, ...]


def over_time(signals: Signals, weight: Array) -> Array:
    """Return `weight [M,N,F]` times each feature, as it came about along the S steps: `[M,S,N]`.

    The sum over steps is exactly `(weight · features).sum(-1)`. A difference belongs in equal
    parts to the steps that it spans, a coefficient of the course to each step by its product with
    the polynomial, a range in halves to the greatest and the least value.

    >>> ramp = np.array([0.0, 0, 5, 5]).reshape(1, 4, 1, 1)       # it moves between 1 and 2
    >>> signals = Signals(ramp, np.ones((1, 4, 1), bool), (1,), 0, (1,))
    >>> only_speed = np.eye(9)[2].reshape(1, 1, 9)
    >>> over_time(signals, only_speed).ravel().round(3).tolist()  # mean speed is 5/3
    [0.0, 0.833, 0.833, 0.0]
    """
    M, S, N, K = signals.values.shape
    v = signals.values.transpose(0, 2, 1, 3).reshape(M * N, S, K)
    rows = torch.from_numpy(np.ascontiguousarray(signals.seen.transpose(0, 2, 1))).reshape(-1, S)
    member = window_members(rows, signals.windows)  # [R,W,S]
    W = member.shape[1]
    basis = legendre_basis(member.flatten(0, 1), signals.order)  # [R·W,P+1,S]
    polynomials = basis.double().numpy().reshape(M * N, W, -1, S)
    inside: Bools = member.numpy()
    table = weight.reshape(M * N, W, -1, 1, K)  # [R,W,Q,1,K]
    found = np.zeros((M * N, S))
    for w in range(W):
        here, given = inside[:, w], table[:, w]
        for i, scale in enumerate(signals.scales):
            first = OF_A_SCALE * i
            _changes(found, v, here, scale, given[:, first : first + OF_A_SCALE])
        rest = given[:, OF_A_SCALE * len(signals.scales) :]
        _course(found, v, here, polynomials[:, w], rest)
        _range(found, v, here, rest[:, -1])
    return found.reshape(M, N, S).transpose(0, 2, 1)


def _changes(found: Array, v: Array, here: Bools, scale: int, weight: Array) -> None:
    """Add what the differences at one scale are worth, `weight [R,6,1,K]`, to `found [R,S]`."""
    pairs = here[:, scale:] & here[:, :-scale]
    triples = pairs[:, scale:] & pairs[:, :-scale]
    delta = v[:, scale:] - v[:, :-scale]  # [R,S-r,K]
    bend = np.abs(delta[:, scale:] - delta[:, :-scale])
    delta = delta * pairs[..., None]
    mean = delta.sum(1, keepdims=True)  # only its sign counts
    up, down, speed, turn, rising, falling = np.moveaxis(weight, 1, 0)  # each [R,1,K]
    each = delta * (up * (mean > 0) - down * (mean < 0)) + np.abs(delta) * speed
    each += np.maximum(delta, 0) * rising + np.maximum(-delta, 0) * falling
    _spread(found, _averaged(each, pairs), scale)
    _spread(found, _averaged(bend * triples[..., None] * turn, triples), 2 * scale)


def _averaged(each: Array, where: Bools) -> Array:
    return np.asarray(each.sum(-1) / np.maximum(where.sum(1), 1)[:, None])


def _spread(found: Array, each: Array, length: int) -> None:
    """Give each difference `[R,S-length]` in equal parts to the steps that it spans."""
    for i in range(length + 1):
        count = found.shape[1] - length
        if count > 0:
            found[:, i : i + count] += each / (length + 1)


def _course(found: Array, v: Array, here: Bools, polynomials: Array, weight: Array) -> None:
    frames = np.maximum(here.sum(1), 1)[:, None, None]
    for degree in range(polynomials.shape[1]):
        each = v * polynomials[:, degree, :, None] / frames  # [R,S,K]
        sign = each.sum(1, keepdims=True)
        above, below = weight[:, 2 * degree], weight[:, 2 * degree + 1]  # [R,1,K]
        found += (each * (above * (sign > 0) - below * (sign < 0))).sum(-1)


def _range(found: Array, v: Array, here: Bools, weight: Array) -> None:
    some: Bools = np.asarray(here.any(1))[:, None, None]
    for sign in (1, -1):
        at = np.where(here[..., None], sign * v, -np.inf).argmax(1)[:, None]  # [R,1,K]
        steps = np.arange(v.shape[1])[:, None] == at  # [R,S,K]
        most = np.where(here[..., None], v, -np.inf).max(1, keepdims=True)
        least = np.where(here[..., None], v, np.inf).min(1, keepdims=True)
        half = np.where(some, most - least, 0.0) / 2
        found += (steps * half * weight).sum(-1)

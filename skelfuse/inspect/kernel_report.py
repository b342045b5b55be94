"""What motion kernels have become: drift, likeness to classical filters, what they pass."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from skelfuse.arrays import Array
from skelfuse.inspect.derivative import Derivative, derivative
from skelfuse.inspect.patterns import Likeness, nearest_pattern
from skelfuse.inspect.response import Response, response

if TYPE_CHECKING:
    from skelfuse.layers.kernels import Kernel

AXES = "xyz"


@dataclass(frozen=True)
class Penalties:
    """The regularisers of a set of kernels, unweighted, as training logs them."""

    weight_sum: float
    smoothness: float
    diversity: float


@dataclass(frozen=True)
class AxisReport:
    """One kernel along one coordinate."""

    axis: str
    taps: tuple[float, ...]  # in increasing time
    start: tuple[float, ...] | None  # before training, where that is known
    smoothness: float  # mean squared step from tap to tap
    likeness: Likeness | None  # None: all taps are zero
    response: Response
    derivative: Derivative

    @property
    def total(self) -> float:
        """The sum of the taps: what the kernel answers to a body that stands still."""
        return float(np.sum(self.taps))

    @property
    def drift(self) -> float | None:
        """How far the taps have come: the length of their change since the start."""
        return None if self.start is None else _distance(self.taps, self.start)


@dataclass(frozen=True)
class KernelReport:
    """One kernel of a scale, perhaps of a bank and of a joint group."""

    name: str
    scale: int
    group: int | None
    offsets: tuple[int, ...]  # of the taps, in frames from the frame described
    axes: tuple[AxisReport, ...]
    most_like: str | None  # the other kernel of its group that it resembles most
    cosine: float  # to that one, all axes as one vector
    excess: float  # the kernel's part in the diversity term: likeness beyond the threshold


@dataclass(frozen=True)
class Moment:
    """The kernels at the end of an epoch; epoch 0 is before training."""

    epoch: int
    taps: Mapping[str, Array]  # [k,D] by kernel


@dataclass(frozen=True)
class KernelsReport:
    """All kernels of a model."""

    kernels: tuple[KernelReport, ...]
    penalties: Penalties
    penalties_at_start: Penalties | None
    threshold: float  # of the diversity term
    target: float  # of the sum of taps
    history: tuple[Moment, ...] = ()

    def drifts(self, kernel: str, axis: int) -> list[float]:
        """Return how far one kernel was from its start at every moment of the history."""
        first = self.history[0].taps[kernel][:, axis]
        return [_distance(moment.taps[kernel][:, axis], first) for moment in self.history]


def report_kernels(
    now: Mapping[str, Kernel],
    *,
    start: Mapping[str, Kernel] | None = None,
    history: Sequence[Moment] = (),
    target: float = 0.0,
    threshold: float = 0.5,
) -> KernelsReport:
    """Analyse kernels as `MotionKernels.kernels()` returns them.

    `start` are the same kernels before training; `target` and `threshold` are those of the
    regularisers.

    >>> from skelfuse.layers import MotionKernels
    >>> found = report_kernels(MotionKernels(3, scales=(1, 2)).kernels()).kernels[1]
    >>> found.name, found.offsets, [axis.axis for axis in found.axes]
    ('scale2', (-1, 0, 1), ['x', 'y', 'z'])
    >>> print(found.axes[0].likeness, found.axes[0].response.kind)
    velocity, central band
    """
    cosines = _cosines(now)
    reports = []
    for name, kernel in now.items():
        others = {b: cosine for (a, b), cosine in cosines.items() if a == name}
        like = max(others, key=others.__getitem__, default=None)
        reports.append(
            KernelReport(
                name,
                kernel.scale,
                kernel.group,
                kernel.offsets,
                tuple(
                    _axis(kernel, axis, start[name] if start else None)
                    for axis in range(kernel.taps.shape[1])
                ),
                like,
                others[like] if like else 0.0,
                sum(max(0.0, cosine - threshold) for cosine in others.values()),
            )
        )
    return KernelsReport(
        tuple(reports),
        penalties(now, target=target, threshold=threshold),
        penalties(start, target=target, threshold=threshold) if start else None,
        threshold,
        target,
        tuple(history),
    )


def penalties(kernels: Mapping[str, Kernel], *, target: float, threshold: float) -> Penalties:
    """Return the regularisers of kernels, the same numbers as in training.

    >>> from skelfuse.layers import MotionKernels
    >>> bank = MotionKernels(3, scales=(1, 2))
    >>> found = penalties(bank.kernels(), target=0.0, threshold=0.25)
    >>> found.weight_sum, found.smoothness, round(found.diversity, 6)
    (0.0, 2.125, 0.25)
    """
    weight_sum = smoothness = diversity = 0.0
    for bank in {_bank(name): None for name in kernels}:
        own = {name: kernel for name, kernel in kernels.items() if _bank(name) == bank}
        every = list(own.values())
        weight_sum += float(np.mean([(kernel.taps.sum(0) - target) ** 2 for kernel in every]))
        steps = [np.square(np.diff(kernel.taps, axis=0)).mean() for kernel in every]
        smoothness += float(np.mean(steps))
        # Each pair is there in both orders.
        excess = sum(max(0.0, cosine - threshold) for cosine in _cosines(own).values()) / 2
        diversity += excess / len({kernel.group for kernel in every})
    return Penalties(weight_sum, smoothness, diversity)


def _bank(name: str) -> str:
    """Return what a kernel sees, where it is not coordinates: "distances" of "distances/scale1"."""
    return name.rpartition("/")[0]


def _axis(kernel: Kernel, axis: int, start: Kernel | None) -> AxisReport:
    taps = kernel.taps[:, axis].astype(np.float64)
    return AxisReport(
        AXES[axis] if kernel.taps.shape[1] <= len(AXES) else str(axis),
        tuple(taps.tolist()),
        None if start is None else tuple(start.taps[:, axis].astype(np.float64).tolist()),
        float(np.square(np.diff(taps)).mean()),
        nearest_pattern(taps),
        response(taps),
        derivative(taps, kernel.offsets[0]),
    )


def _cosines(kernels: Mapping[str, Kernel]) -> dict[tuple[str, str], float]:
    """Return the cosine of all pairs of kernels of one group, laid out by their offsets."""
    first = min(min(kernel.offsets) for kernel in kernels.values())
    last = max(max(kernel.offsets) for kernel in kernels.values())
    laid = {}
    for name, kernel in kernels.items():
        before, after = kernel.offsets[0] - first, last - kernel.offsets[-1]
        flat = np.pad(kernel.taps.astype(np.float64), ((before, after), (0, 0))).ravel()
        laid[name] = flat / np.sqrt(flat @ flat + 1e-12)
    return {
        (a, b): float(laid[a] @ laid[b])
        for a in kernels
        for b in kernels
        if a != b and _bank(a) == _bank(b) and kernels[a].group == kernels[b].group
    }


def _distance(a: npt.ArrayLike, b: npt.ArrayLike) -> float:
    return float(np.linalg.norm(np.asarray(a, np.float64) - np.asarray(b, np.float64)))

"""Which frequencies of which joints a gate keeps."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

import numpy as np
import torch
from torch import Tensor

from skelfuse.arrays import Array, array_of
from skelfuse.errors import SkelfuseError
from skelfuse.layers.dct import DCTChannels
from skelfuse.layers.gates import ChannelGate
from skelfuse.models.spectrum import Spectrum
from skelfuse.skeleton import Skeleton

Kind = Literal["static", "dynamic", "pruned"]


@dataclass(frozen=True, eq=False)
class GateReport:
    """The choice of a gate over (frequency, joint), or what is left of one after pruning."""

    kind: Kind
    joints: tuple[str, ...]
    frequencies: tuple[int, ...]  # half-cycles per window
    window: float  # frames in a window of the clips at hand
    open: Array | None  # [F,N], share of bodies that find a channel open; None: not measured
    bodies: int = 0  # that a dynamic gate was measured on

    @property
    def cycles(self) -> tuple[float, ...]:
        """The frequencies in cycles per frame."""
        return tuple(number / (2 * self.window) for number in self.frequencies)

    @property
    def closed(self) -> float | None:
        """The share of all channels that is closed, over all bodies."""
        return None if self.open is None else float(1 - self.open.mean())

    def kept(self, joint: int) -> list[tuple[int, int]]:
        """Return the bands of a joint that are open for more than half of all bodies.

        Each is the place of its lowest and of its highest frequency.
        """
        assert self.open is not None
        opened = np.concatenate(([False], self.open[:, joint] > 0.5, [False]))
        edges = np.flatnonzero(np.diff(opened)).reshape(-1, 2)
        return [(int(begin), int(end) - 1) for begin, end in edges]


def report_gate(
    dct: DCTChannels,
    gate: ChannelGate,
    skeleton: Skeleton,
    *,
    frames: int | None = None,
    shares: Tensor | None = None,
    bodies: int = 0,
) -> GateReport:
    """Tell the choice of a gate over the channels (frequency, joint) of a transform.

    `frames` are those of a clip, which is cut into windows of equal length; without, windows are
    full. Frequencies that such windows do not have are left out. A static gate makes one choice. A
    dynamic one must be measured: `shares [F,N]` says for which share of so many `bodies` each
    channel was open.

    >>> body = Skeleton("arm", joints=("elbow", "hand"), bones=(("hand", "elbow"),), root="elbow")
    >>> dct, gate = DCTChannels(window=4), ChannelGate((4, 2))
    >>> with torch.no_grad():
    ...     gate.weights[1:3, 0] = torch.tensor([1.0, 0.0])  # off, on
    >>> found = report_gate(dct, gate, body)
    >>> found.closed, found.cycles
    (0.25, (0.0, 0.125, 0.25, 0.375))
    >>> found.kept(0), found.kept(1)
    ([(0, 0), (3, 3)], [(0, 3)])
    """
    wanted = (len(dct.frequencies), len(skeleton))
    if gate.channels != wanted:
        raise SkelfuseError(
            f"the gate is not one of these frequencies and the joints of '{skeleton.name}'",
            expected=f"channels {wanted}",
            found=gate.channels,
        )
    if gate.mode == "static":
        shares, bodies = gate.open_channels(), 0
    opened = None if shares is None else array_of(shares)
    return _report(gate.mode, skeleton, dct.frequencies, dct.window, frames, opened, bodies)


def report_spectrum(
    spectrum: Spectrum,
    skeleton: Skeleton,
    *,
    frames: int | None = None,
    shares: Tensor | None = None,
    bodies: int = 0,
) -> GateReport | None:
    """Tell what a model's branch of frequencies keeps; None where it keeps everything.

    `skeleton` has its joints in the order of the branch. Of a pruned branch, everything that is
    not computed counts as closed.

    >>> arm = Skeleton("arm", joints=("elbow", "hand"), bones=(("hand", "elbow"),), root="elbow")
    >>> left = Spectrum(arm, 4, window=4, kept={"hand": (0, 3)})
    >>> report_spectrum(left, arm).open.T.tolist()
    [[0.0, 0.0, 0.0, 0.0], [1.0, 0.0, 0.0, 1.0]]
    """
    dct = spectrum.dct
    if spectrum.gate is not None:
        return report_gate(
            dct, spectrum.gate, skeleton, frames=frames, shares=shares, bodies=bodies
        )
    if spectrum.places is None:
        return None
    N = len(skeleton)
    opened = torch.zeros(dct.window, N, dtype=torch.float64)
    row, joint = spectrum.places.cpu() // N, spectrum.places.cpu() % N
    opened[torch.tensor(dct.frequencies)[row], joint] = 1.0
    every = tuple(range(dct.window))
    return _report("pruned", skeleton, every, dct.window, frames, opened.numpy(), 0)


def _report(
    kind: Kind,
    skeleton: Skeleton,
    frequencies: tuple[int, ...],
    window: int,
    frames: int | None,
    opened: Array | None,
    bodies: int,
) -> GateReport:
    length = float(window) if frames is None else frames / math.ceil(frames / window)
    there = [i for i, number in enumerate(frequencies) if number < length]
    return GateReport(
        kind,
        skeleton.joints,
        tuple(frequencies[i] for i in there),
        length,
        None if opened is None else opened[there],
        bodies,
    )

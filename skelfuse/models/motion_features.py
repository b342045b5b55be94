"""Everything that a model is told of each joint, as motion kernels see it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import torch
from torch import Tensor, nn

from skelfuse.errors import SkelfuseError
from skelfuse.layers.kernels import MotionKernels
from skelfuse.models.frequencies import Frequencies
from skelfuse.models.persons import Bodies
from skelfuse.models.steps import in_steps
from skelfuse.models.streams import STREAMS, Stream, Velocity, Waves
from skelfuse.skeleton import Skeleton


class Features(NamedTuple):
    """What is told of each joint."""

    values: Tensor  # [R,T,N,S], or of T/step steps
    known: Tensor | None  # [R,1,N,S], whether this clip tells it; None: all of it


class MotionFeatures(nn.Module):
    """Streams, each as it is and as motion kernels of its own see it.

    `streams` are names in `STREAMS`; `frequencies` may add two more. Without `scales` there are
    no kernels.

    >>> from skelfuse.layouts import KINECT_V2
    >>> told = MotionFeatures(KINECT_V2, ("joint", "bone"), scales=(1, 2), bank=1)
    >>> told.names[:7:3], len(told.names)
    (('joint x', 'joint x, scale1', 'joint x, scale2'), 18)
    >>> values, known = told(Bodies(torch.randn(2, 30, 25, 3), None, None, persons=1))
    >>> values.shape, known                                 # [R,T,N,S]
    (torch.Size([2, 30, 25, 18]), None)
    """

    def __init__(
        self,
        skeleton: Skeleton,
        streams: Sequence[str],
        *,
        scales: tuple[int, ...] = (1, 2, 4),
        bank: int = 1,
        learnable: bool = True,
        frequencies: Frequencies | None = None,
    ) -> None:
        super().__init__()
        chosen: dict[str, Stream] = {name: STREAMS[name](skeleton) for name in checked(streams)}
        if frequencies is not None and frequencies.spectral_motion:
            chosen["velocity"] = Velocity(skeleton)
        if frequencies is not None and frequencies.fourier:
            chosen["waves"] = Waves(
                skeleton, count=frequencies.fourier, sigma=frequencies.fourier_sigma
            )
        self.streams = nn.ModuleDict(chosen)
        self.kernels = nn.ModuleDict(
            {
                name: MotionKernels(
                    len(stream.names),
                    scales,
                    bank=bank,
                    shared_axes=stream.alike,
                    learnable=learnable,
                )
                for name, stream in chosen.items()
                if scales and stream.follows_motion
            }
        )
        names = {name: self._names(name, stream) for name, stream in chosen.items()}
        self.names = tuple(each for own in names.values() for each in own)
        self.stream_of = tuple(name for name, own in names.items() for _ in own)

    def forward(self, bodies: Bodies, step: int = 1) -> Features:
        """Return all features of all joints of `bodies`, the mean of every `step` frames."""
        signals = [stream(bodies) for stream in self.streams.values()]
        values = [
            self._moving(name, one.values, step)
            for name, one in zip(self.streams, signals, strict=True)
        ]
        together = torch.cat(values, dim=3)
        if all(one.known is None for one in signals):
            return Features(together, None)
        known = [  # each signal is told or not, and with it all that is made of it
            one.told().repeat(1, 1, moving.shape[3] // one.values.shape[3])
            for one, moving in zip(signals, values, strict=True)
        ]
        return Features(together, torch.cat(known, dim=2)[:, None])

    def bank(self, name: str) -> MotionKernels:
        """Return the kernels of a stream."""
        found = self.kernels[name]
        assert isinstance(found, MotionKernels)
        return found

    def _moving(self, name: str, signals: Tensor, step: int) -> Tensor:
        """Return signals `[R,T,N,S]` and what the stream's kernels make of them."""
        if name not in self.kernels:
            return in_steps(signals, step)
        motion: Tensor = self.kernels[name](signals, step=step)  # [R,T/step,N,Q·S]
        return motion

    def _names(self, name: str, stream: Stream) -> list[str]:
        if name not in self.kernels:
            return list(stream.names)
        return [
            signal if kernel is None else f"{signal}, {kernel}"
            for kernel in (None, *self.bank(name).lengths)
            for signal in stream.names
        ]


def checked(streams: Sequence[str]) -> tuple[str, ...]:
    """Return the names of streams, or say which one there is not.

    >>> checked(("joint", "bones"))
    Traceback (most recent call last):
    ...
    skelfuse.errors.SkelfuseError: 'streams' has one that is not known: expected joint, bone, \
distances, partner, partner_distances, found 'bones'
    """
    for name in streams:
        if name not in STREAMS:
            raise SkelfuseError(
                "'streams' has one that is not known",
                expected=", ".join(STREAMS),
                found=repr(name),
                key="streams",
            )
    if not streams or len(set(streams)) < len(streams):
        raise SkelfuseError(
            "'streams' must name at least one, each once",
            found=", ".join(streams) or "none",
            remedy=f"choose among {', '.join(STREAMS)}",
            key="streams",
        )
    return tuple(streams)

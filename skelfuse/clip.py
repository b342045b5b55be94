"""What a recording is: the coordinates of some people over time, and what is known about them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from skelfuse.errors import SkelfuseError
from skelfuse.intervals import Interval, Origin
from skelfuse.plain_text import is_plain
from skelfuse.skeleton import Skeleton
from skelfuse.telling.counted import counted

TEXTS = ("name", "label", "subject", "camera", "setup", "replication")
FloatArray = npt.NDArray[np.floating[Any]]


@dataclass(frozen=True, eq=False)
class Clip:
    """One recording. `coords` is `[T,M,N,D]`; a joint that was not seen is NaN in all of D.

    >>> from skelfuse.skeleton import Skeleton
    >>> stick = Skeleton("stick", joints=("a", "b"), bones=(("b", "a"),), root="a", dimensions=2)
    >>> clip = Clip(np.zeros((5, 1, 2, 2)), stick, name="still", label="stand")
    >>> clip.frames, clip.persons, clip.mask.all()
    (5, 1, np.True_)
    >>> clip
    Clip('still': stand, 5 frames [T,M,N,D] = [5, 1, 2, 2], stick)
    """

    coords: FloatArray
    skeleton: Skeleton
    name: str
    label: str | None = None
    confidence: FloatArray | None = None  # [T,M,N], where the format has it
    subject: str | None = None
    camera: str | None = None
    setup: str | None = None
    replication: str | None = None
    fps: float | None = None
    splits: Mapping[str, str] = field(default_factory=dict)  # protocol -> "train", "test", ...
    notes: tuple[str, ...] = ()  # what was dropped, repaired or decided on the way here
    intervals: tuple[Interval, ...] = ()  # what happens when, in a recording that is kept whole
    origin: Origin | None = None  # the part of a recording that it was cut from
    ranked: bool = False  # whether its reader, or a store, has put its people in their order
    people: tuple[str, ...] = ()  # the names of its M persons, where the file has them
    first_frame: int = 0  # its number in the video, from whose beginning times and labels count

    def __post_init__(self) -> None:
        self._check_texts()
        self._check_intervals()
        coords = np.asarray(self.coords)
        wanted = f"[T,M,{len(self.skeleton)},{self.skeleton.dimensions}] with T and M at least 1"
        if (
            coords.ndim != 4
            or coords.shape[2:] != (len(self.skeleton), self.skeleton.dimensions)
            or 0 in coords.shape
        ):
            raise SkelfuseError(
                "coordinates of the wrong shape",
                within=f"clip '{self.name}'",
                expected=wanted,
                found=list(coords.shape),
            )
        if self.people and len(self.people) != coords.shape[1]:
            raise SkelfuseError(
                "as many names as people belong together",
                within=f"clip '{self.name}'",
                expected=f"{coords.shape[1]} names, or none",
                found=", ".join(self.people),
            )
        if not np.issubdtype(coords.dtype, np.floating):
            raise SkelfuseError(
                "coordinates must be floating-point numbers",
                within=f"clip '{self.name}'",
                found=coords.dtype,
                remedy="convert them with .astype(numpy.float32)",
            )
        if np.isinf(coords).any():
            raise SkelfuseError(
                "infinite coordinates",
                within=f"clip '{self.name}'",
                remedy="write NaN for what is missing",
            )
        object.__setattr__(self, "coords", coords)
        if self.confidence is not None and self.confidence.shape != coords.shape[:3]:
            raise SkelfuseError(
                "confidence of the wrong shape",
                within=f"clip '{self.name}'",
                expected=list(coords.shape[:3]),
                found=list(self.confidence.shape),
            )

    def __repr__(self) -> str:
        label = "no label" if self.label is None else self.label
        rate = "" if self.fps is None else f" at {self.fps:g} per second"
        shape = f"{counted(self.frames, 'frame')}{rate} [T,M,N,D] = {list(self.coords.shape)}"
        return f"Clip({self.name!r}: {label}, {shape}, {self.skeleton.name})"

    def _check_intervals(self) -> None:
        frames = len(self.coords)
        if late := [one for one in self.intervals if one.end > frames]:
            raise SkelfuseError(
                "an interval that goes past its end",
                within=f"clip '{self.name}'",
                expected=f"frames from 0 to {frames - 1}",
                found=late[0].as_list(),
                remedy="correct the interval, or leave it out",
            )

    def _check_texts(self) -> None:
        told = [(what, getattr(self, what)) for what in TEXTS]
        told += [("person's name", name) for name in self.people]
        told += [("split", text) for split in self.splits.items() for text in split]
        for what, text in told:
            if text is not None and not is_plain(str(text)):
                raise SkelfuseError(
                    f"a {what} that cannot be kept",
                    within=f"clip '{self.name}'",
                    expected="text without control and half characters, in UTF-8",
                    found=ascii(text),
                    remedy="rename it, or the file or folder that it comes from",
                )

    @property
    def frames(self) -> int:
        """T, the number of frames."""
        return int(self.coords.shape[0])

    @property
    def persons(self) -> int:
        """M, the number of people."""
        return int(self.coords.shape[1])

    @property
    def mask(self) -> npt.NDArray[np.bool_]:
        """True where a joint was seen, `[T,M,N]`."""
        return np.asarray(~np.isnan(self.coords).any(axis=-1))

    def of(self, places: Sequence[int] | npt.NDArray[np.intp]) -> Clip:
        """Return the clip of some of its people, in this order.

        >>> from skelfuse.layouts import HAND_21
        >>> pair = Clip(np.zeros((9, 2, 21, 3)), HAND_21, name="a", people=("Ann", "Bob"))
        >>> pair.of([1]).people
        ('Bob',)
        """
        which = list(places)
        return replace(
            self,
            coords=self.coords[:, which],
            confidence=None if self.confidence is None else self.confidence[:, which],
            people=tuple(self.people[m] for m in which) if self.people else (),
        )

    def noted(self, *notes: str) -> Clip:
        """Return the clip with further notes on what was done to it."""
        return replace(self, notes=(*self.notes, *notes))

"""Recognise actions while they happen: frames in, a window's classes out at every stride."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt

from skelfuse.clip import Clip, FloatArray
from skelfuse.clips.preparation import FARTHEST
from skelfuse.errors import SkelfuseError
from skelfuse.predict.clock import rate_of
from skelfuse.predict.recogniser import Recogniser
from skelfuse.predict.windows import Length, Window, Windows

LONGEST_GAP = 10  # windows; a longer one ends a recording and begins another
FOLLOWED = 0.2  # of how far a frame is from its place: a rate out of a few times is a little off


class FrameError(SkelfuseError):
    """One frame is of no use; the stream is as it was and goes on with the next."""


class Stream:
    """A live recording: `push` frames, get windows as soon as each is complete.

    The joints of a frame are in the order of the run's skeleton, or as `joint_names` has them.
    The windows are those that `Recogniser.timeline` finds in the whole recording. Memory holds one
    window. With a time `t` in seconds for every frame, frames that the camera left out count as
    frames without anybody, and the rate follows from the times if it is not given; where time
    leaps by more than ten windows, a new recording begins.

    >>> from pathlib import Path
    >>> from skelfuse.layouts import KINECT_V2
    >>> from skelfuse.run import Run
    >>> from skelfuse.training import TrainConfig, build_model
    >>> config = TrainConfig()
    >>> model = build_model(config.model, KINECT_V2, 2).eval()  # it knows nothing yet
    >>> run = Run(model, config, KINECT_V2, ("sit", "stand"), Path("runs/x"), 1)
    >>> stream = Stream(Recogniser(run), window="1s", stride="0.5s", fps=30)
    >>> frames = np.random.default_rng(0).normal(size=(50, 25, 3))
    >>> [(one.begins, one.ends) for frame in frames for one in stream.push(frame)]
    [(0.0, 1.0), (0.5, 1.5)]
    >>> [(one.first, one.after) for one in stream.finish()]
    [(20, 50)]
    """

    def __init__(
        self,
        recogniser: Recogniser,
        *,
        window: str = "2s",
        stride: str | None = "0.5s",
        fps: float | None = None,
        joint_names: Sequence[str] | None = None,
        joints: bool = False,
        limbs: bool = False,
    ) -> None:
        self.recogniser, self.window, self.stride = recogniser, window, stride
        self.joints, self.limbs = joints, limbs
        self.skeleton = recogniser.preparation.skeleton_of(joint_names)
        if fps is not None and not 0 < fps < np.inf:
            raise SkelfuseError("not a frame rate", expected="more than 0", found=fps)
        self.given_rate = self.rate = fps
        self._lengths = [Length.parse(one) for one in (window, stride) if one is not None]
        self._early: list[tuple[FloatArray, float]] = []  # frames that wait for the rate
        self._told = False  # whether times have told the rate, or do not contradict the given one
        self._timed: bool | None = None  # whether frames have times: the first one tells
        self._before = 0  # frames of recordings that ended
        self._begin(0.0)

    def push(self, frame: npt.NDArray[Any] | None, t: float | None = None) -> list[Window]:
        """Add a frame `[N,D]` or `[M,N,D]`, or None where nobody is seen; return what is complete.

        The same person is expected at the same place of M in all frames; NaN is missing.
        """
        checked = self._checked(frame)
        if self._timed not in (None, t is not None):
            raise FrameError(
                "some frames have a time and some have none",
                expected="'t' in seconds in every frame" if self._timed else "no 't'",
                found=t,
            )
        if t is None:
            if self._timed is None:
                self._need_rate()
            self._timed = False
            return self._added(checked)
        time = self._in_order(t)
        self._timed = True
        if self._told:
            return self._placed(checked, time)
        self._early.append((checked, time))
        self._latest = time
        return self._settled()

    def skip(self) -> list[Window]:
        """Count a frame that could not be read; with times it shows in the others' anyway."""
        return self.push(None) if self._timed is False else []

    def finish(self) -> list[Window]:
        """Return the window that ends with the recording, if the last one did not."""
        windows = (self._settled(ended=True) if self._early else []) + self._ended()
        self._timed, self._told, self.rate = None, False, self.given_rate
        return windows

    def _ended(self) -> list[Window]:
        windows: list[Window] = []
        if self._end < self._count:
            first = max(0, self._count - self._plan().length)
            windows.append(self._recognised(first, self._count))
        self._before += self._count
        self._begin(0.0)
        return windows

    def _begin(self, time: float) -> None:
        self._origin, self._latest = time, -np.inf
        self._count = self._number = self._end = 0  # frames, windows, where the last one ended
        self._windows: Windows | None = None
        self._frames: deque[FloatArray] = deque()

    def _plan(self) -> Windows:
        if self._windows is None:
            self._windows = Windows.of(self.window, self.stride, fps=self.rate)
            self._frames = deque(maxlen=self._windows.length)
        return self._windows

    def _need_rate(self) -> None:
        """Raise at the first frame what would otherwise come up with the first window."""
        if self.rate is None:
            wanted = self.recogniser.run.config.sampling.fps
            if wanted is not None or not all(length.in_frames for length in self._lengths):
                raise SkelfuseError(
                    "the frame rate is not known",
                    expected="frames per second, or a time 't' in seconds with every frame",
                    remedy="give the rate (fps)",
                )

    def _checked(self, frame: npt.NDArray[Any] | None) -> FloatArray:
        skeleton = self.skeleton
        if frame is None:
            return np.full((1, len(skeleton), skeleton.dimensions), np.nan, np.float32)
        try:
            with np.errstate(over="ignore"):  # a copy: cameras fill the same array again
                given = np.array(frame, np.float32)
        except (TypeError, ValueError):
            raise FrameError("a frame that is not an array of numbers") from None
        given = given[None] if given.ndim == 2 else given
        if given.ndim != 3 or given.shape[1:] != (len(skeleton), skeleton.dimensions):
            raise FrameError(
                "a frame of the wrong shape",
                expected=f"[N,D] or [M,N,D] with {len(skeleton)} joints of {skeleton.dimensions} "
                f"coordinates ('{skeleton.name}')",
                found=list(given.shape),
            )
        if np.isinf(given).any():
            raise FrameError("infinite coordinates", remedy="leave out what is missing")
        if (np.abs(given) > FARTHEST).any():
            raise FrameError("coordinates that no recording has", expected=f"at most {FARTHEST:g}")
        return given if len(given) else self._checked(None)

    def _in_order(self, t: float) -> float:
        try:
            time = float(t)
        except OverflowError:  # a whole number may have hundreds of digits
            time = np.inf
        if not np.isfinite(time) or time <= self._latest:
            raise FrameError(
                "time stands still or runs backwards",
                expected=f"more than {self._latest:g} seconds",
                found=time,
            )
        return time

    def _settled(self, *, ended: bool = False) -> list[Window]:
        """Place the frames that waited, once their times tell the rate."""
        rate = rate_of([t for _, t in self._early], self.given_rate, ended=ended)
        if rate is None:
            return []
        self.rate, self._told = rate, True
        early, self._early = self._early, []
        return [window for frame, t in early for window in self._placed(frame, t)]

    def _placed(self, frame: FloatArray, t: float) -> list[Window]:
        """Put a frame where its time says; what lies between has nobody in it."""
        assert self.rate is not None
        windows: list[Window] = []
        if not self._count:
            self._begin(t)
        ahead = (t - self._origin) * self.rate  # in frames; perhaps more than there are numbers
        if ahead - self._count > LONGEST_GAP * self._plan().length:
            windows += self._ended()
            self._begin(t)
            ahead = 0.0
        slot = round(ahead)
        self._latest = t
        if self.given_rate is None:
            self._origin += FOLLOWED * (ahead - slot) / self.rate
        if slot < self._count:  # two frames where the rate has room for one
            self._frames[-1] = frame
            return windows
        while self._count < slot:
            windows += self._added(self._checked(None))
        return windows + self._added(frame)

    def _added(self, frame: FloatArray) -> list[Window]:
        plan = self._plan()
        self._frames.append(frame)
        self._count += 1
        start = plan.start(self._number)
        if self._count < start + plan.length:
            return []
        self._number, self._end = self._number + 1, self._count
        return [self._recognised(start, self._count)]

    def _recognised(self, first: int, after: int) -> Window:
        persons = max(map(len, self._frames))
        N, D = self._frames[0].shape[1:]
        coords = np.full((after - first, persons, N, D), np.nan, np.float32)
        for row, frame in zip(coords, self._frames, strict=True):
            row[: len(frame)] = frame
        clip = Clip(coords, self.skeleton, name=f"{first}-{after}", fps=self.rate)
        whole = f"{len(coords)}f"
        (window,) = self.recogniser.timeline(
            clip, window=whole, stride=whole, joints=self.joints, limbs=self.limbs
        )
        rate, origin = self.rate, self._origin
        return replace(
            window,
            first=self._before + first,
            after=self._before + after,
            begins=None if rate is None else origin + first / rate,
            ends=None if rate is None else origin + after / rate,
        )

"""The pictures of a video or a camera, by OpenCV: upright, in red, green and blue."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from skelfuse.datasets.estimators.estimator import Picture
from skelfuse.datasets.reading.native_output import native_output_hidden
from skelfuse.errors import SkelfuseError

FASTEST = 1000.0  # frames a second; files that do not know their rate say 90,000 or the like
MOST = 1e9  # frames
UNEVEN = 0.25  # of the mean interval, by which one may be longer or shorter
FETCH_AGAIN = "play it to see; fetch it again, or convert it: ffmpeg -i IN OUT.mp4"


class Pictures:
    """An open video or camera: iterate once over its pictures, and close it.

    `times` are the milliseconds of the pictures that came; `expected` is how many the file says
    that there are, None where it does not.
    """

    def __init__(self, source: str | int) -> None:
        import cv2

        self._cv2 = cv2
        with native_output_hidden():
            try:
                self._capture: Any = cv2.VideoCapture(source)
            except cv2.error as error:
                raise SkelfuseError(
                    "cannot be opened", found=error.err, remedy=FETCH_AGAIN
                ) from None
            self._capture.set(cv2.CAP_PROP_ORIENTATION_AUTO, 1)  # phones are held upright
        self.opened = bool(self._capture.isOpened())
        self.times: list[float] = []

    def __enter__(self) -> Pictures:
        return self

    def __exit__(self, *_: object) -> None:
        with native_output_hidden():
            self._capture.release()

    def __iter__(self) -> Iterator[Picture]:
        while True:
            with native_output_hidden():
                try:
                    there, picture = self._capture.read()
                except self._cv2.error:
                    return
                if not there or picture is None:
                    return
                self.times.append(self._capture.get(self._cv2.CAP_PROP_POS_MSEC))
                colours = self._cv2.cvtColor(picture, self._cv2.COLOR_BGR2RGB)
            yield colours

    @property
    def expected(self) -> int | None:
        """The number of frames that the file says it has."""
        told = self._capture.get(self._cv2.CAP_PROP_FRAME_COUNT)
        return int(told) if 0 < told < MOST else None

    @property
    def size(self) -> tuple[int, int]:
        """Width and height."""
        axes = (self._cv2.CAP_PROP_FRAME_WIDTH, self._cv2.CAP_PROP_FRAME_HEIGHT)
        width, height = (int(self._capture.get(axis)) for axis in axes)
        return width, height

    def rate(self) -> tuple[float | None, tuple[str, ...]]:
        """Return the frames a second, of all pictures that came, and a note if they vary."""
        told = float(self._capture.get(self._cv2.CAP_PROP_FPS))
        return rate_of(self.times, told if 0 < told <= FASTEST else None)


def rate_of(times: list[float], told: float | None) -> tuple[float | None, tuple[str, ...]]:
    """Return a video's rate by its frames' times in milliseconds and what it says; and a note.

    >>> rate_of([0.0, 40.0, 80.0, 120.0], 25.0)
    (25.0, ())
    >>> rate_of([0.0, 40.0, 80.0, 200.0], 25.0)
    (15.0, ('the time between frames varies, 40 to 120 ms: taken at their mean of 15 a second',))
    >>> rate_of([0.0, 0.0, 0.0], None)
    (None, ())
    """
    steps = np.diff(times)
    if len(steps) < 2 or not (steps > 0).all():  # a container without times
        return told, ()
    mean = float(steps.mean())
    if np.abs(steps - mean).max() <= max(UNEVEN * mean, 1.5):  # times of whole milliseconds
        return (told or 1000 / mean), ()
    rate = 1000 * len(steps) / (times[-1] - times[0])
    return rate, (
        f"the time between frames varies, {steps.min():.0f} to {steps.max():.0f} ms: "
        f"taken at their mean of {rate:.4g} a second",
    )


def open_video(path: Path) -> Pictures:
    """Open a video file."""
    pictures = Pictures(str(path))
    if not pictures.opened:
        raise SkelfuseError("no video that can be read", remedy=FETCH_AGAIN)
    return pictures


def open_camera(camera: str) -> Pictures:
    """Open a camera by its number, its device or its address."""
    pictures = Pictures(int(camera) if camera.isdecimal() else camera)
    if not pictures.opened:
        raise SkelfuseError(
            f"camera '{camera}' cannot be opened",
            expected="a number from 0, a device, or an address such as rtsp://...",
            remedy="plug it in, and close other programs that use it",
        )
    return pictures


def live(pictures: Pictures) -> Iterator[tuple[Picture, float]]:
    """Yield a camera's pictures with the seconds since the first one."""
    begun: float | None = None
    for picture in pictures:
        now = time.monotonic()
        begun = now if begun is None else begun
        yield picture, now - begun

"""The extra `video` as if it were there, or as if it were not; pictures and poses by a script."""

from __future__ import annotations

import importlib.util
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from helpers.stick_figure import STICK, acted
from skelfuse.datasets import video
from skelfuse.datasets.estimators.estimator import Picture
from skelfuse.datasets.reading.detections import Detection

find_spec = importlib.util.find_spec


def pretend(patch: pytest.MonkeyPatch, *, there: bool) -> None:
    """Let MediaPipe and OpenCV be found, or not; neither can be imported by it."""

    def found(name: str, package: str | None = None) -> Any:
        if name in ("mediapipe", "cv2"):
            return object() if there else None
        return find_spec(name, package)

    patch.setattr(importlib.util, "find_spec", found)


class Told:
    """Pictures that are numbered, in the place of a video or a camera."""

    opened = True

    def __init__(self, source: str | int | Path, frames: int = 60) -> None:
        self.size = (640, 480)
        self.expected: int | None = frames
        self.times: list[float] = []
        self.count = frames

    def __enter__(self) -> Told:
        return self

    def __exit__(self, *_: object) -> None:
        pass

    def __iter__(self) -> Iterator[Picture]:
        for t in range(self.count):
            self.times.append(1000 * t / 30)
            yield np.full((4, 4, 3), t, np.uint8)

    def rate(self) -> tuple[float | None, tuple[str, ...]]:
        return 30.0, ()


class Scripted:
    """An estimator that sees somebody act; nobody in frames 20 to 24."""

    name = "scripted"
    skeleton = STICK
    notes: tuple[str, ...] = ("one person is followed",)
    closed = 0

    def __init__(self) -> None:
        self.seen = acted("wave", 60, seed=7)

    def bodies(self, picture: Picture) -> list[Detection]:
        t = int(picture[0, 0, 0])
        sure = np.linspace(0.2, 1, len(STICK), dtype=np.float32)
        return [] if 20 <= t < 25 else [(self.seen[t], sure)]

    def close(self) -> None:
        type(self).closed += 1


def read_by_script(patch: pytest.MonkeyPatch) -> None:
    """Put this estimator and these pictures in the places of MediaPipe and OpenCV."""
    pretend(patch, there=True)
    patch.setattr(Scripted, "closed", 0)
    patch.setattr(video, "ESTIMATOR", Scripted)
    patch.setattr(video, "open_video", Told)
    patch.setattr("skelfuse.cli.predict_camera.open_camera", Told)

"""What a program that finds bodies in pictures must offer to read videos and cameras."""

from __future__ import annotations

from typing import Protocol

import numpy as np
import numpy.typing as npt

from skelfuse.datasets.reading.detections import Detection
from skelfuse.skeleton import Skeleton

Picture = npt.NDArray[np.uint8]  # [height,width,3]: red, green, blue


class PoseEstimator(Protocol):
    """Finds the bodies in the frames of one video, which it is shown one after the other.

    Another one is one file with such a class, whose name then stands in `ESTIMATOR` of
    datasets/video.py.
    """

    name: str
    skeleton: Skeleton
    notes: tuple[str, ...]  # what every clip is to say, such as what it cannot see

    def bodies(self, picture: Picture) -> list[Detection]:
        """Return joints `[N,D]`, NaN where not found, and scores `[N]` of everybody in a frame."""
        ...

    def close(self) -> None:
        """Give back what it holds."""
        ...

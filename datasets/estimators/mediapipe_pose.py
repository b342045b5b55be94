"""MediaPipe's pose: 33 joints of one person. Its weights come inside the package.

Coordinates are those of MediaPipe's own files: x and y as shares of the picture's width and height,
y downwards, z (towards the camera is negative) in the unit of x. So a run that was trained on such
files recognises videos, and the other way round.
"""

from __future__ import annotations

import importlib.util
import warnings

import numpy as np

from skelfuse.datasets.estimators.estimator import Picture
from skelfuse.datasets.reading.detections import Detection
from skelfuse.datasets.reading.native_output import native_output_hidden
from skelfuse.errors import SkelfuseError
from skelfuse.layouts import MEDIAPIPE_33

FULL = 1  # the one of its three models that the package holds; the others would be downloaded
INSTALL = "pip install 'skelfuse[video]', in an environment of its own (Python 3.10 to 3.12)"


def check_installed() -> None:
    """Raise where videos cannot be read; imports nothing."""
    absent = [
        name
        for name, module in (("MediaPipe", "mediapipe"), ("OpenCV", "cv2"))
        if importlib.util.find_spec(module) is None
    ]
    if absent:
        told = f"videos need {' and '.join(absent)}, not installed here"
        raise SkelfuseError(told, remedy=INSTALL)


class MediaPipePose:
    """Follows one person through the frames of a video, smoothing as MediaPipe does."""

    name = "mediapipe"
    skeleton = MEDIAPIPE_33
    notes: tuple[str, ...] = ("MediaPipe follows one person: further ones are left out",)

    def __init__(self) -> None:
        check_installed()
        with native_output_hidden(), warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of its own making
            try:
                from mediapipe.python.solutions.pose import Pose

                self._pose = Pose(model_complexity=FULL)
                # Its threads may tell of themselves until a first picture is through.
                self._pose.process(np.zeros((64, 64, 3), np.uint8))
            except Exception as error:
                raise SkelfuseError(
                    "MediaPipe cannot be used",
                    expected="version 0.10.21, with the packages that it asks for",
                    found=f"{type(error).__name__}: {error}".partition("\n")[0],
                    remedy=INSTALL,
                ) from None

    def bodies(self, picture: Picture) -> list[Detection]:
        """Return the person's joints `[33,3]` and visibilities `[33]`; nothing if none is found."""
        with native_output_hidden(), warnings.catch_warnings():
            warnings.simplefilter("ignore")
            found = self._pose.process(picture).pose_landmarks
        if found is None:
            return []
        rows = np.array(
            [(point.x, point.y, point.z, point.visibility) for point in found.landmark], np.float32
        )
        return [(rows[:, :3], rows[:, 3])] if np.isfinite(rows).all() else []

    def close(self) -> None:
        """End its threads."""
        self._pose.close()

"""`skelfuse predict RUN --camera 0`: what a camera sees, a line for each stride."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import closing
from typing import TYPE_CHECKING

import numpy as np

from skelfuse.datasets import video
from skelfuse.datasets.reading.pictures import live, open_camera
from skelfuse.datasets.reading.scores import hide_unsure
from skelfuse.errors import SkelfuseError

if TYPE_CHECKING:
    from skelfuse.clip import FloatArray
    from skelfuse.datasets.reading.detections import Detection
    from skelfuse.predict.stream import Stream
    from skelfuse.predict.windows import Window


def windows_of_camera(
    camera: str,
    begin: Callable[..., Stream],
    *,
    fps: float | None,
    min_score: float | None,
    note: Callable[[str], None],
) -> Iterator[Window]:
    """Yield each window once it is known, until the camera ends or is interrupted.

    `begin` makes the stream of a rate and joint names. Joints of a score below `min_score` are
    missing. The frame rate is the rate at which poses are found, unless `fps` gives another.
    """
    with closing(video.ESTIMATOR()) as estimator:
        body = estimator.skeleton
        stream = begin(fps=fps, joint_names=body.joints)
        if stream.skeleton.dimensions != body.dimensions:
            raise SkelfuseError(
                f"the run is of {stream.skeleton.dimensions} coordinates a joint",
                expected=f"{body.dimensions}, as {estimator.name} finds them",
                remedy="use a run that was trained on videos",
            )
        with open_camera(camera) as pictures:
            width, height = pictures.size
            note(f"camera {camera}, {width} x {height}; Ctrl-C ends it")
            try:
                for picture, t in live(pictures):
                    yield from stream.push(_frame(estimator.bodies(picture), min_score), t)
            except KeyboardInterrupt:  # the way to end it
                pass
        if not pictures.times:
            raise SkelfuseError(
                f"no picture came from camera '{camera}'",
                remedy="see that no other program uses it, or try --camera 1",
            )
        yield from stream.finish()


def _frame(bodies: list[Detection], min_score: float | None) -> FloatArray | None:
    """Return everybody's joints `[M,N,D]`; None where nobody is found."""
    if not bodies:
        return None
    coords = np.stack([joints for joints, _ in bodies])[None]  # [1,M,N,D]
    scores = np.stack([sure for _, sure in bodies])[None]
    seen, _ = hide_unsure(coords, scores, min_score, 0)
    frame: FloatArray = seen[0]
    return frame

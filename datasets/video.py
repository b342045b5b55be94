"""Videos: a clip each, of the bodies that a pose estimator finds in their frames.

The folder names the class. A frame in which nobody is found is one without anybody.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

from skelfuse.clip import Clip
from skelfuse.datasets.estimators.estimator import PoseEstimator
from skelfuse.datasets.estimators.mediapipe_pose import MediaPipePose, check_installed
from skelfuse.datasets.format import Format, ReadOptions
from skelfuse.datasets.reading.detections import Detection, clip_of, for_joints
from skelfuse.datasets.reading.facts import in_its_folder
from skelfuse.datasets.reading.files import ending
from skelfuse.datasets.reading.pictures import FETCH_AGAIN, Pictures, open_video
from skelfuse.errors import SkelfuseError

ENDINGS = (
    *(".mp4", ".m4v", ".mov", ".avi", ".mkv", ".webm", ".wmv", ".flv"),
    *(".mpg", ".mpeg", ".mts", ".m2ts", ".3gp", ".ogv"),
)
FEWER = 0.02  # of the frames that a file says it has; many only estimate
ESTIMATOR: Callable[[], PoseEstimator] = MediaPipePose
Watch = Callable[[int, int | None], None]  # hears how many frames are done, of how many


def find_named(path: Path) -> list[Path]:
    """List a folder's videos; a file that is named outright is one, whatever its ending."""
    return [path] if path.is_file() else FORMAT.find(path)


def read(path: Path, options: ReadOptions, watch: Watch | None = None) -> Iterator[Clip]:
    """Yield the one clip of a video, `[T,1,33,3]` with MediaPipe."""
    with open_video(path) as pictures, closing(ESTIMATOR()) as estimator:
        yield _clip(path, pictures, estimator, options, watch)


def _clip(
    path: Path,
    pictures: Pictures,
    estimator: PoseEstimator,
    options: ReadOptions,
    watch: Watch | None,
) -> Clip:
    body = estimator.skeleton
    skeleton = for_joints(len(body), body.dimensions, (body,), options.skeleton)
    frames: list[list[Detection]] = []
    told = pictures.expected
    for picture in pictures:
        if watch is not None:
            watch(len(frames), told)
        frames.append(estimator.bodies(picture))
    if not frames:
        raise SkelfuseError("a video without a frame that can be read", remedy=FETCH_AGAIN)
    if not any(frames):
        raise SkelfuseError(
            f"nobody is found in any of its {len(frames):,} frames",
            expected="a person whose body is seen, and large enough",
            remedy="look at the picture, or leave the video out",
        )
    rate, varying = pictures.rate()
    facts = in_its_folder(path, rate)
    # Where never more than one body is found, all of them are one person, however far they leap.
    alone = {t: found[0] for t, found in enumerate(frames) if found}
    several = any(len(found) > 1 for found in frames)
    clip = clip_of(
        frames,
        list(range(len(frames))),
        skeleton,
        facts,
        options,
        tracks=None if several else [alone],
    )
    fewer = told is not None and len(frames) < told * (1 - FEWER) - 1
    ended = (f"ends early: {len(frames):,} frames of {told:,} can be read",) if fewer else ()
    return clip.noted(*estimator.notes, *varying, *ended)


FORMAT = Format(
    "video",
    "videos, by MediaPipe's pose",
    ending(*ENDINGS),
    read,
    find_named,
    needs="a video such as .mp4 or .mov, and MediaPipe (pip install 'skelfuse[video]')",
    check=check_installed,
    named_by_users=True,
)

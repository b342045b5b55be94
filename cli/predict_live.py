"""`skelfuse predict -`: frames on standard input, a line for each stride."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, BinaryIO

from skelfuse.datasets.frame_lines import Frame, parse_line
from skelfuse.errors import SkelfuseError
from skelfuse.predict.stream import FrameError, Stream

if TYPE_CHECKING:
    from skelfuse.predict import Recogniser
    from skelfuse.predict.windows import Window
    from skelfuse.skeleton import Skeleton


def windows_of_lines(
    lines: BinaryIO,
    recogniser: Recogniser,
    *,
    window: str,
    stride: str | None,
    fps: float | None,
    joints: bool,
    limbs: bool,
    layout: Skeleton | None,
    bad: Callable[[SkelfuseError], None],
) -> Iterator[Window]:
    """Yield each window of a live recording once it is known; a bad line is a frame without anyone.

    Joints are in the order of `layout`, if there is one, unless the first line names them; it may
    give the rate too.
    """
    names = None if layout is None else layout.joints
    recogniser.preparation.skeleton_of(names)  # told before the first frame comes
    stream: Stream | None = None
    number = 0
    # `for line in lines` would read ahead and hold frames back.
    for number, line in enumerate(iter(lines.readline, b""), 1):
        if not line.strip():
            continue
        try:
            found = parse_line(line.decode("utf-8-sig"), recogniser.skeleton)
            if not isinstance(found, Frame):
                if stream is not None:
                    raise SkelfuseError("joint_names and fps belong before the first frame")
                if found.joint_names:
                    recogniser.preparation.skeleton_of(found.joint_names)
                    names = tuple(found.joint_names)
                fps = fps or found.fps
                continue
        except (SkelfuseError, UnicodeDecodeError) as error:
            bad(_in_line(error, number))
            if stream is not None:
                yield from stream.skip()
            continue
        if stream is None:
            stream = Stream(
                recogniser,
                window=window,
                stride=stride,
                fps=fps,
                joint_names=names,
                joints=joints,
                limbs=limbs,
            )
        try:
            yield from stream.push(found.joints, found.t)
        except FrameError as error:
            bad(_in_line(error, number))
            yield from stream.skip()
    if stream is None:
        raise SkelfuseError(
            "no frame came on standard input",
            expected='JSON lines such as {"joints": [[x, y, z], ...]}',
            found=f"{number:,} lines, none of them a frame" if number else "nothing",
        )
    yield from stream.finish()


def _in_line(error: Exception, number: int) -> SkelfuseError:
    if not isinstance(error, SkelfuseError):
        return SkelfuseError("not UTF-8", line=number)
    return SkelfuseError(
        error.problem,
        line=number,
        expected=error.expected,
        found=error.found,
        remedy=error.remedy,
    )

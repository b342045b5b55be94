"""`skelfuse predict -`: frames on standard input, a line for each stride."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, BinaryIO

from skelfuse.clips.outliers import farthest
from skelfuse.datasets.frame_lines import Frame, parse_line
from skelfuse.datasets.reading.coordinates import without_mark
from skelfuse.errors import SkelfuseError
from skelfuse.predict.stream import FrameError, Stream

if TYPE_CHECKING:
    from skelfuse.predict import Recogniser
    from skelfuse.predict.windows import Window
    from skelfuse.skeleton import Skeleton

LONGEST_LINE = 16 << 20  # bytes


def windows_of_lines(
    lines: BinaryIO,
    recogniser: Recogniser,
    begin: Callable[..., Stream],
    *,
    fps: float | None,
    layout: Skeleton | None,
    missing: float | None,
    bad: Callable[[SkelfuseError], None],
    note: Callable[[str], None],
) -> Iterator[Window]:
    """Yield each window of a live recording once it is known; a bad line is a frame without people.

    `begin` makes the stream of a rate and joint names. Joints are in the order of `layout`, if
    there is one, unless the first line names them; it may also give the frame rate. A joint at
    `missing` in all axes is missing. A joint far from its body is told, at most once per window.
    """
    names = None if layout is None else layout.joints
    recogniser.preparation.skeleton_of(names)  # reported before the first frame comes
    stream: Stream | None = None
    number, told = 0, False
    for number, line in enumerate(_lines(lines), 1):
        if not line.strip():
            continue
        try:
            if len(line) > LONGEST_LINE:
                raise SkelfuseError(
                    f"a line of more than {LONGEST_LINE >> 20} MB", remedy="send one frame a line"
                )
            found = parse_line(line.decode("utf-8-sig"), recogniser.skeleton)
            if not isinstance(found, Frame) and stream is not None:
                raise SkelfuseError(
                    "joint_names and fps belong before the first frame",
                    remedy="send them in the first line",
                )
        except (SkelfuseError, UnicodeDecodeError) as error:
            bad(_in_line(error, number))
            if stream is not None:
                yield from stream.skip()
            continue
        if not isinstance(found, Frame):
            names = _names_of(found.joint_names, recogniser, number) or names
            fps = fps or found.fps
            continue
        if stream is None:
            stream = begin(fps=fps, joint_names=names)
        joints_seen = without_mark(found.joints, missing)
        try:
            windows = stream.push(joints_seen, found.t)
            far = None if told else farthest(joints_seen[None])
        except FrameError as error:
            bad(_in_line(error, number))
            windows, far = stream.skip(), None
        if far is not None:
            joint = stream.skeleton.joints[far.joint]
            note(f"line {number}: {far.told(joint)}: the decision may hang on that")
            told = True
        told = told and not windows
        yield from windows
    if stream is None:
        raise SkelfuseError(
            "no frame came on standard input",
            expected='JSON lines such as {"joints": [[x, y, z], ...]}',
            found=f"{number:,} lines, none of them a frame" if number else "nothing",
            remedy="pipe one line a frame into the command; docs/predict.md shows their form",
        )
    yield from stream.finish()


def _names_of(
    names: Sequence[str] | None, recogniser: Recogniser, number: int
) -> tuple[str, ...] | None:
    """Return the joints' names in a line; frames behind others would be read in another order."""
    if not names:
        return None
    try:
        recogniser.preparation.skeleton_of(names)
    except SkelfuseError as error:
        raise _in_line(error, number) from None
    return tuple(names)


def _lines(lines: BinaryIO) -> Iterator[bytes]:
    """Yield lines as they come; one that is too long is cut just beyond the limit."""
    while line := lines.readline(LONGEST_LINE + 1):
        rest = line
        while len(rest) > LONGEST_LINE and not rest.endswith(b"\n"):
            rest = lines.readline(LONGEST_LINE + 1)
        yield line


def _in_line(error: Exception, number: int) -> SkelfuseError:
    if not isinstance(error, SkelfuseError):
        return SkelfuseError("not UTF-8", line=number, remedy="send UTF-8")
    return error.with_context(line=number)

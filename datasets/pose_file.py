"""Sign language's `.pose` files: a header that names points and limbs, then every frame's numbers.

Versions 0.0, 0.1 and 0.2, little-endian. All points of all parts are one body, by the names in the
header: `nose`, `left_hand_wrist`, `face_10`. Parts that no limb joins are joined where they belong,
a hand to its wrist, a face to the nose. A point of confidence 0 is missing.
"""

from __future__ import annotations

import math
import re
import struct
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from skelfuse.clip import Clip, FloatArray
from skelfuse.datasets.format import Format, ReadOptions
from skelfuse.datasets.reading.coordinates import as_confidence, as_coordinates
from skelfuse.datasets.reading.facts import in_its_folder, make_clip
from skelfuse.datasets.reading.files import ending
from skelfuse.datasets.reading.joined_limbs import Limb, joined_body
from skelfuse.datasets.reading.scores import hide_unsure
from skelfuse.datasets.reading.tracks import Track, most_active
from skelfuse.errors import SkelfuseError
from skelfuse.skeleton import Skeleton

REMEDY = "the file is damaged, or of a version that is not read: fetch it or write it again"


@dataclass(frozen=True)
class _Part:
    """A part of the header: its name, how many numbers a point has, its points and limbs."""

    name: str
    numbers: int
    points: tuple[str, ...]
    limbs: tuple[Limb, ...]


class _Bytes:
    """A file's bytes, taken one after the other."""

    def __init__(self, content: bytes) -> None:
        self.content, self.at = content, 0

    def take(self, form: str) -> tuple[Any, ...]:
        size = struct.calcsize(f"<{form}")
        if self.at + size > len(self.content):
            raise SkelfuseError("the file ends early", remedy=REMEDY)
        found = struct.unpack_from(f"<{form}", self.content, self.at)
        self.at += size
        return found

    def text(self) -> str:
        (length,) = self.take("H")
        (word,) = self.take(f"{length}s")
        try:
            return str(word.decode("utf-8"))
        except UnicodeDecodeError:
            raise SkelfuseError("a name that is no UTF-8", remedy=REMEDY) from None

    def floats(self, *shape: int) -> npt.NDArray[np.float32]:
        (block,) = self.take(f"{4 * math.prod(shape)}s")
        return np.frombuffer(block, "<f4").reshape(shape)


def read(path: Path, options: ReadOptions) -> Iterator[Clip]:
    """Yield the clip of a file, `[T,M,N,2|3]`."""
    source = _Bytes(path.read_bytes())
    (version,) = source.take("f")
    parts = _parts(source)
    fps, places, scores, left_out = _values(source, round(version, 1), parts, options.max_persons)
    coords = as_coordinates(places)
    sure = as_confidence(scores, coords.shape[:3])
    coords[sure <= 0] = np.nan
    skeleton, order = _skeleton(parts, coords.shape[3], options.skeleton)
    coords, sure = coords[:, :, order], sure[:, :, order]
    coords, unsure = hide_unsure(coords, sure, options.min_score, 0)
    facts = in_its_folder(path, fps)
    yield make_clip(facts, coords, sure, skeleton, options).noted(*unsure, *left_out)


def _parts(source: _Bytes) -> list[_Part]:
    *_, count = source.take("HHHH")  # width, height, depth, parts
    parts = []
    for _ in range(count):
        name, form = source.text(), source.text()
        points, limbs, colours = source.take("HHH")
        names = tuple(source.text() for _ in range(points))
        pairs = tuple(source.take("HH") for _ in range(limbs))
        source.take("H" * 3 * colours)
        if len(form) not in (3, 4) or form[-1] != "C" or any(max(pair) >= points for pair in pairs):
            raise SkelfuseError(
                f"part '{name[:40]}' of another form",
                expected="XYC or XYZC, limbs between its points",
                found=form[:10],
                remedy=REMEDY,
            )
        parts.append(_Part(name, len(form), names, pairs))
    if not any(part.points for part in parts):
        raise SkelfuseError("no points in the header", remedy=REMEDY)
    return parts


def _values(
    source: _Bytes, version: float, parts: list[_Part], limit: int
) -> tuple[float | None, FloatArray, FloatArray, tuple[str, ...]]:
    """Return the rate, places `[T,M,N,D]`, confidence `[T,M,N]`, and notes."""
    points = sum(len(part.points) for part in parts)
    numbers = max(part.numbers for part in parts)
    if version == 0:
        fps, frames = source.take("HH")
        return _rate(fps), *_by_frames(source, frames, parts, numbers, limit)
    if version == 0.1:
        fps, frames, people = source.take("HHH")
    elif version == 0.2:
        fps, frames, people = source.take("fIH")
    else:
        raise SkelfuseError(
            "a .pose file of an unknown version",
            expected="0, 0.1 or 0.2",
            found=f"{version:g}",
            remedy=REMEDY,
        )
    one = 4 * people * points * numbers
    left = len(source.content) - source.at
    if one and version == 0.1 and left % one == 0:
        frames = left // one  # two bytes of the header cannot count a long recording
    if not frames or not people or left != frames * one:
        raise SkelfuseError(
            "the header and the file's size do not agree",
            expected=f"{frames} frames of {people} people, {frames * one} bytes",
            found=left,
            remedy=REMEDY,
        )
    places = source.floats(frames, people, points, numbers - 1)
    sure = source.floats(frames, people, points)
    return _rate(fps), places, sure, ()


def _by_frames(
    source: _Bytes, frames: int, parts: list[_Part], numbers: int, limit: int
) -> tuple[FloatArray, FloatArray, tuple[str, ...]]:
    """Read frames that have a number of people each, as the first version wrote them.

    Who is at one place of the list in every frame is one person.
    """
    people: list[Track] = []
    for t in range(frames):
        (count,) = source.take("H")
        for who in range(count):
            source.take("h")  # whom: -1 where nobody knows
            blocks = [source.floats(len(part.points), part.numbers) for part in parts]
            wide = [
                np.insert(b, b.shape[1] - 1, 0, axis=1) if b.shape[1] < numbers else b
                for b in blocks
            ]
            body = np.concatenate(wide)
            if who == len(people):
                people.append({})
            people[who][t] = np.where(body[:, -1:] > 0, body[:, :-1], np.nan), body[:, -1]
    if source.at != len(source.content):
        raise SkelfuseError(
            "more in the file than its frames",
            expected=f"{source.at} bytes",
            found=len(source.content),
            remedy=REMEDY,
        )
    if not people:
        raise SkelfuseError("no person in any frame", remedy="leave the file out")
    seen = most_active(people, frames, limit)
    return seen.coords, seen.confidence, seen.notes


def _rate(fps: float) -> float | None:
    return float(fps) if 0 < fps < 1e5 else None


def _skeleton(
    parts: list[_Part], dimensions: int, given: Skeleton | None
) -> tuple[Skeleton, list[int] | slice]:
    """Return the body of the header, or the given one and where its joints stand in the file."""
    names = [name for part in parts for name in _names(part)]
    if given is not None:
        missing = [joint for joint in given.joints if joint not in names]
        if missing:
            raise SkelfuseError(
                f"points that the file has not, of the skeleton '{given.name}'",
                expected=", ".join(missing[:6]),
                found=", ".join(names[:6]) + ", ...",
                remedy="give a skeleton of the file's points, or leave out --skeleton",
            )
        return replace(given, dimensions=dimensions), [names.index(j) for j in given.joints]
    limbs, start = [], 0
    for part in parts:
        limbs += [(a + start, b + start) for a, b in part.limbs]
        start += len(part.points)
    return joined_body("pose", names, limbs, dimensions), slice(None)


def _names(part: _Part) -> list[str]:
    """Return the points' names, with their part before them but for a body's own."""
    letters = part.name.lower()
    side = next((side for side in ("left", "right") if side in letters), "")
    before = f"{side}_hand_" if side and "hand" in letters else ""
    before = before or ("face_" if "face" in letters else "")
    if not before and "pose" not in letters and "body" not in letters:
        before = f"{letters}_"
    before = before if "world" not in letters else f"world_{before}"
    return [before + re.sub(r"[^a-z0-9]+", "_", _spaced(point)).strip("_") for point in part.points]


def _spaced(name: str) -> str:
    """Return a name in small letters, LElbow as left_elbow and MidHip as mid_hip.

    >>> _spaced("RBigToe"), _spaced("LEFT_ELBOW"), _spaced("MidHip"), _spaced("T_STT")
    ('right_big_toe', 'left_elbow', 'mid_hip', 't_stt')
    """
    side = re.match(r"([LR])(?=[A-Z][a-z])", name)
    if side is not None:
        name = ("Left" if side[1] == "L" else "Right") + name[1:]
    return re.sub(r"(?<=[a-z])(?=[A-Z])", "_", name).lower()


FORMAT = Format(
    "pose",
    "sign language's .pose files",
    ending(".pose"),
    read,
    needs="*.pose of sign language",
    named_by_users=True,
)

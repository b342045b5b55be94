"""C3D: markers of motion capture in a binary file, its blocks read here.

Sources: the format's user guide (c3d.org). Header, parameters, then frames of points (x, y, z,
residual) and analog samples; a negative residual is a marker that was not seen.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from skelfuse.clip import Clip
from skelfuse.datasets.format import Format, ReadOptions
from skelfuse.datasets.reading.facts import Facts
from skelfuse.datasets.reading.files import ending
from skelfuse.datasets.reading.markers import in_metres
from skelfuse.datasets.reading.named_joints import named_clip
from skelfuse.errors import SkelfuseError

BLOCK = 512
MAGIC = 0x50
INTEL, MIPS = 84, 86  # the processors whose numbers are read; DEC's floats (85) are of another form
FETCH_AGAIN = "the file is damaged: fetch it again, or export it anew"
Parameters = dict[tuple[str, str], tuple[int, tuple[int, ...], bytes]]  # type, dimensions, data


@dataclass(frozen=True)
class _Header:
    order: str  # "<" or ">"
    points: int
    analog: int  # samples of all channels in a frame
    first: int
    last: int
    scale: float  # negative: the numbers are floating-point
    start: int  # the first byte of the frames
    rate: float


def read(path: Path, options: ReadOptions) -> Iterator[Clip]:
    """Yield the one clip of a file, `[T,1,N,3]` in metres where it says its unit."""
    try:
        content = path.read_bytes()
        header, parameters = _header(content)
    except (struct.error, IndexError):
        raise SkelfuseError("a file that ends early", remedy=FETCH_AGAIN) from None
    points = _points(content, header, parameters)
    names, kept, notes = _names(parameters, points.shape[1])
    coords, unit = in_metres(points[:, None, kept, :3], _text(parameters, "UNITS"))
    coords[points[:, None, kept, 3] < 0] = np.nan
    facts = Facts(path.stem, fps=header.rate if 0 < header.rate < 1e6 else None)
    clip = named_clip(facts, coords, None, names, options, body="c3d")
    yield clip.noted(*unit, *notes)


def _header(content: bytes) -> tuple[_Header, Parameters]:
    at = (content[0] - 1) * BLOCK
    if content[1] != MAGIC or at < BLOCK:
        raise SkelfuseError("not a C3D file", remedy=FETCH_AGAIN)
    processor = content[at + 3]
    if processor not in (INTEL, MIPS):
        raise SkelfuseError(
            "numbers of an unsupported processor",
            expected=f"{INTEL} (Intel) or {MIPS} (MIPS)",
            found=processor,
            remedy="export it anew for Intel",
        )
    order = "<" if processor == INTEL else ">"
    points, analog, first, last = struct.unpack_from(f"{order}4H", content, 2)
    scale, start, _, rate = struct.unpack_from(f"{order}fHHf", content, 12)
    head = _Header(order, points, analog, first, last, scale, (start - 1) * BLOCK, rate)
    return head, _parameters(content, at, order)


def _parameters(content: bytes, at: int, order: str) -> Parameters:
    """Return all parameters by group and name, in capitals."""
    groups: dict[int, str] = {}
    waiting: list[tuple[int, str, tuple[int, tuple[int, ...], bytes]]] = []
    end = min(at + content[at + 2] * BLOCK, len(content))
    at += 4
    while at + 4 < end:
        length, group = struct.unpack_from("bb", content, at)
        if not length or not group:
            break
        name = content[at + 2 : at + 2 + abs(length)].decode("latin-1").upper()
        at += 2 + abs(length)
        (step,) = struct.unpack_from(f"{order}H", content, at)
        if group < 0:
            groups[-group] = name
        else:
            kind, axes = struct.unpack_from("bB", content, at + 2)
            sizes = tuple(content[at + 4 : at + 4 + axes])
            begin = at + 4 + axes
            size = int(np.prod(sizes, dtype=np.int64)) * abs(kind)
            waiting.append((group, name, (kind, sizes, content[begin : begin + size])))
        if not step:
            break
        at += step
    return {(groups.get(group, ""), name): found for group, name, found in waiting}


def _points(content: bytes, header: _Header, parameters: Parameters) -> npt.NDArray[np.float64]:
    """Return x, y, z and residual of every point, `[T,N,4]`."""
    number = np.dtype(f"{header.order}{'f4' if header.scale < 0 else 'i2'}")
    width = 4 * header.points + header.analog
    frames = header.last - header.first + 1
    if header.last == 0xFFFF:  # more than the header can say
        frames = _long_count(parameters, header) or frames
    if header.points < 1 or frames < 1 or header.start < BLOCK:
        raise SkelfuseError(
            "no frames of markers",
            expected="points and frames",
            found=f"{header.points} points, {max(frames, 0)} frames",
            remedy="leave it out",
        )
    there = (len(content) - header.start) // (width * number.itemsize)
    if there < frames:
        raise SkelfuseError(
            "a file that ends early",
            expected=f"{frames} frames",
            found=max(there, 0),
            remedy=FETCH_AGAIN,
        )
    flat = np.frombuffer(content, number, frames * width, header.start)
    points = flat.reshape(frames, width)[:, : 4 * header.points].reshape(frames, -1, 4)
    with np.errstate(over="ignore", invalid="ignore"):
        points = points.astype(np.float64)
        if header.scale > 0:
            points[..., :3] *= header.scale
    return points


def _long_count(parameters: Parameters, header: _Header) -> int:
    """Return how many frames the parameters say that there are; 0 where they do not."""
    ends: list[int] = []
    for name in ("ACTUAL_START_FIELD", "ACTUAL_END_FIELD"):
        _, _, data = parameters.get(("TRIAL", name), (0, (), b""))
        if len(data) != 4:
            return 0
        low, high = struct.unpack(f"{header.order}2H", data)
        ends.append(low + (high << 16))
    return ends[1] - ends[0] + 1


def _text(parameters: Parameters, name: str) -> str:
    _, _, data = parameters.get(("POINT", name), (0, (), b""))
    return data.decode("latin-1").strip("\0 ")


def _names(parameters: Parameters, points: int) -> tuple[list[str], list[int], tuple[str, ...]]:
    """Return the markers' names without what all begin with, where they are, and a note."""
    found: list[str] = []
    for more in ("", *map(str, range(2, 10))):
        kind, sizes, data = parameters.get(("POINT", f"LABELS{more}"), (0, (), b""))
        if kind != -1 or len(sizes) != 2 or not sizes[0]:
            break
        words = [data[i : i + sizes[0]] for i in range(0, len(data), sizes[0])]
        found += [word.decode("latin-1").strip("\0 ") for word in words]
    names = [*found[:points], *[""] * (points - len(found))]
    kept = [i for i, name in enumerate(names) if name and not name.startswith("*")]
    kept = [i for i in kept if names.index(names[i]) == i]
    if not kept:
        kept, names = list(range(points)), [f"marker{i + 1}" for i in range(points)]
    subjects = {names[i].rpartition(":")[0] for i in kept}
    if len(subjects) == 1:
        names = [name.rpartition(":")[2] for name in names]
    gone = points - len(kept)
    note = (f"{gone} markers without a name of their own left out",) if gone else ()
    return [names[i] for i in kept], kept, note


FORMAT = Format(
    "c3d",
    "C3D markers",
    ending(".c3d"),
    read,
    needs="*.c3d with points",
    named_by_users=True,
)

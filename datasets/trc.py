"""TRC: markers of motion capture as a table, by tabs or commas; cells of missing ones are empty."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import numpy.typing as npt

from skelfuse.clip import Clip
from skelfuse.datasets.format import Format, ReadOptions
from skelfuse.datasets.reading.facts import Facts
from skelfuse.datasets.reading.files import ending, read_any_text
from skelfuse.datasets.reading.frames import Slots, frame_slots, other_count
from skelfuse.datasets.reading.markers import in_metres
from skelfuse.datasets.reading.named_joints import named_clip
from skelfuse.datasets.reading.number_rows import FETCH_AGAIN, rows_of_numbers
from skelfuse.errors import SkelfuseError

HEADER = 5  # lines: the file's kind, keys, their values, markers, axes


def read(path: Path, options: ReadOptions) -> Iterator[Clip]:
    """Yield the one clip of a file, `[T,1,N,3]` in metres where it says its unit."""
    lines = read_any_text(path).splitlines()
    delimiter = "\t" if "\t" in "".join(lines[:HEADER]) else ","
    rows = [[cell.strip() for cell in line.split(delimiter)] for line in lines[:HEADER]]
    if len(rows) < HEADER or rows[0][0] != "PathFileType" or rows[3][0] != "Frame#":
        raise SkelfuseError(
            "not the header of TRC",
            line=1,
            expected="lines of PathFileType, keys, values, Frame# with the markers, the axes",
            found=repr(lines[0][:40]) if lines else "nothing",
            remedy=FETCH_AGAIN,
        )
    said = dict(zip(rows[1], rows[2], strict=False))
    names = [name for name in rows[3][2:] if name]
    text = "\n".join(lines[HEADER:])
    values, _, _ = rows_of_numbers(
        text, 2 + 3 * len(names), delimiter=delimiter, first_line=HEADER + 1, pad=True
    )
    if not names:
        raise SkelfuseError("no markers", line=4, remedy=FETCH_AGAIN)
    slots = _slots(values[:, 0])
    markers = np.full((slots.at[-1] + 1, 1, len(names), 3), np.nan)
    markers[slots.at, 0] = values[:, 2:].reshape(len(values), len(names), 3)
    coords, unit = in_metres(markers, said.get("Units", ""))
    facts = Facts(path.stem, fps=_rate(said.get("DataRate", "")))
    clip = named_clip(facts, coords, None, names, options, body="trc")
    count = other_count(said.get("NumFrames", ""), len(values))
    yield replace(clip, first_frame=slots.first).noted(*unit, *count, *slots.notes)


def _slots(numbers: npt.NDArray[np.float64]) -> Slots:
    """Return where the rows lie on the T axis; numbers that do not count frames are passed over."""
    whole = (np.abs(numbers) < 2**53).all() and (numbers == np.round(numbers)).all()
    if whole and (np.diff(numbers) > 0).all():
        return frame_slots(numbers.astype(np.int64).tolist())
    told = "Frame# does not count frames: each row is taken as the next one"
    return Slots(list(range(len(numbers))), 0, (told,))


def _rate(text: str) -> float | None:
    try:
        rate = float(text)
    except ValueError:
        rate = np.nan
    return rate if 0 < rate < 1e6 else None


FORMAT = Format(
    "trc",
    "TRC markers",
    ending(".trc"),
    read,
    needs="*.trc",
    named_by_users=True,
)

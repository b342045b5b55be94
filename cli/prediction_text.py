"""Predictions as a person reads them, as JSON lines, and as CSV."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from skelfuse.plain_text import cell
from skelfuse.predict.prediction import Prediction
from skelfuse.predict.windows import Window, merged

DIGITS = 6
JOINTS_SHOWN = 6
NAME_WIDTH = 24
NOBODY = "nobody is seen"


@dataclass(frozen=True)
class Item:
    """What was recognised in one clip: a prediction of it whole, or one of each window."""

    file: Path
    clip: str
    label: str | None  # what the file says
    prediction: Prediction | None = None
    windows: tuple[Window, ...] = ()


class Table:
    """Lines for a person."""

    def __init__(self, *, top: int) -> None:
        self.top = top

    def heading(self) -> str | None:
        """Nothing: a line says it all."""
        return None

    def lines(self, item: Item) -> Iterator[str]:
        """Yield the lines of one clip; a timeline's equal neighbours are one."""
        if item.prediction is None:
            yield item.clip
            yield from map(self._stretch, merged(item.windows))
            return
        yield f"{item.clip:<{NAME_WIDTH}} {self._classes(item.prediction)}"
        yield from self._joints(item.prediction)
        for number, person in enumerate(item.prediction.persons, 1):
            told = "too little is seen" if person is None else self._classes(person)
            yield f"{f'  person {number}':<{NAME_WIDTH}} {told}"
            if person is not None and len(item.prediction.persons) > 1:
                yield from self._joints(person)

    def _classes(self, prediction: Prediction) -> str:
        return "  ".join(f"{sure:6.1%} {name}" for name, sure in prediction.top(self.top))

    def _joints(self, prediction: Prediction) -> Iterator[str]:
        if prediction.shares is not None:
            shares = sorted(prediction.by_joint(), key=lambda pair: -abs(pair[1]))[:JOINTS_SHOWN]
            text = ", ".join(f"{joint} {share:+.2f}" for joint, share in shares)
            yield f"{'  joints':<{NAME_WIDTH}}  {text}"
        if prediction.own_share is not None:
            told = f"{prediction.own_share:.0%} by joints, each by itself"
            yield f"{'  decided':<{NAME_WIDTH}}  {told}, {1 - prediction.own_share:.0%} together"

    @staticmethod
    def _stretch(part: Any) -> str:
        if part.begins is None:
            when = f"{part.first:8.0f} - {part.after:8.0f}"
        else:
            when = f"{part.begins:8.1f} - {part.ends:8.1f} s"
        what = NOBODY if part.best is None else f"{part.probability:6.1%} {part.best}"
        return f"{when}  {what}"


class JsonLines:
    """One JSON object a clip, or a window."""

    def __init__(self, *, top: int) -> None:
        self.top = top

    def heading(self) -> str | None:
        """Nothing: every line names its values."""
        return None

    def lines(self, item: Item) -> Iterator[str]:
        """Yield the lines of one clip."""
        clip = {"file": str(item.file), "clip": item.clip, "label": item.label}
        if item.prediction is not None:
            told = self._told(item.prediction)
            if item.prediction.persons:
                told["persons"] = [self._told(person) for person in item.prediction.persons]
            yield _json(clip | told)
        for window in item.windows:
            yield _json(clip | self._when(window) | self._told(window.prediction))

    def window(self, window: Window) -> str:
        """Return the line of a live recording's window."""
        return _json(self._when(window) | self._told(window.prediction))

    def _told(self, prediction: Prediction | None) -> dict[str, Any]:
        if prediction is None:
            return {"class": None, "probability": None, "top": []}
        told: dict[str, Any] = {
            "class": prediction.best,
            "probability": round(prediction.probability, DIGITS),
            "top": [
                {"class": name, "probability": round(sure, DIGITS)}
                for name, sure in prediction.top(self.top)
            ],
        }
        if prediction.shares is not None:
            told["joints"] = {joint: round(s, DIGITS) for joint, s in prediction.by_joint()}
        if prediction.own_share is not None:
            told["own_share"] = round(prediction.own_share, DIGITS)
        return told

    @staticmethod
    def _when(window: Window) -> dict[str, Any]:
        start, end = _seconds(window)
        return {"start": start, "end": end, "frames": [window.first, window.after]}


class Csv:
    """One row a clip, a person or a window."""

    def __init__(
        self,
        *,
        top: int,
        persons: bool = False,
        windows: bool = False,
        joints: tuple[str, ...] = (),
    ) -> None:
        self.top, self.persons, self.windows, self.joints = top, persons, windows, joints

    def heading(self) -> str | None:
        """Return the names of the columns."""
        columns = ["file", "clip", "label"]
        columns += ["person"] if self.persons else []
        columns += ["start", "end", "first_frame", "end_frame"] if self.windows else []
        for rank in range(1, self.top + 1):
            columns += [f"{what}_{rank}" if rank > 1 else what for what in ("class", "probability")]
        return _row([*columns, *(f"share_{joint}" for joint in self.joints)])

    def lines(self, item: Item) -> Iterator[str]:
        """Yield the rows of one clip."""
        clip = [str(item.file), item.clip, item.label]
        if item.prediction is not None:
            whole = [None] if self.persons else []
            yield _row([*clip, *whole, *self._told(item.prediction)])
            for number, person in enumerate(item.prediction.persons, 1):
                yield _row([*clip, number, *self._told(person)])
        for window in item.windows:
            when = [*_seconds(window), window.first, window.after]
            yield _row([*clip, *when, *self._told(window.prediction)])

    def _told(self, prediction: Prediction | None) -> list[object]:
        if prediction is None:
            return [None] * (2 * self.top + len(self.joints))
        told: list[object] = []
        for name, sure in prediction.top(self.top):
            told += [name, round(sure, DIGITS)]
        told += [None] * (2 * self.top - len(told))
        shares = dict(prediction.by_joint()) if self.joints else {}
        return [*told, *(round(shares[joint], DIGITS) for joint in self.joints)]


def _seconds(window: Window) -> tuple[float | None, float | None]:
    start, end = (
        None if time is None else round(time, DIGITS) for time in (window.begins, window.ends)
    )
    return start, end


def _json(told: dict[str, Any]) -> str:
    return json.dumps(told, ensure_ascii=False, allow_nan=False)


def _row(values: list[object]) -> str:
    text = io.StringIO()
    csv.writer(text, lineterminator="").writerow(map(cell, values))
    return text.getvalue()

"""Predictions as a person reads them, as JSON lines, and as CSV."""

from __future__ import annotations

import csv
import io
from abc import abstractmethod
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from skelfuse.cli.terminal import json_text
from skelfuse.explain.limbs import limbs_of
from skelfuse.plain_text import cell
from skelfuse.predict import Recogniser
from skelfuse.predict.prediction import Prediction
from skelfuse.predict.windows import Segment, Window, merged

DIGITS = 6
JOINTS_SHOWN = 6
NAME_WIDTH = 24
NOBODY = "nobody is seen"


@dataclass(frozen=True)
class Item:
    """The result for one clip: one prediction of the whole clip, or one for each window."""

    file: Path
    clip: str
    label: str | None  # what the file says
    prediction: Prediction | None = None
    windows: tuple[Window, ...] = ()

    @property
    def doubts(self) -> tuple[str, ...]:
        """What of the clip, or of a window, is as in no training clip; each once."""
        found = [self.prediction, *(window.prediction for window in self.windows)]
        return tuple(dict.fromkeys(doubt for one in found if one for doubt in one.doubts))


class Text:
    """What is written of predictions: a heading, lines for each clip, and an ending."""

    def __init__(self, *, top: int) -> None:
        self.top = top

    def heading(self) -> str | None:
        """Return the line before all others; None where there is none."""
        return None

    def ending(self) -> str | None:
        """Return the line after all others; None where there is none."""
        return None

    @abstractmethod
    def lines(self, item: Item) -> Iterator[str]:
        """Yield the lines of one clip."""

    @abstractmethod
    def window(self, window: Window) -> str:
        """Return the line of one window by itself."""


def text_of(recogniser: Recogniser, given: Mapping[str, Any], *, live: bool = False) -> Text:
    """Return the text that the options of `skelfuse predict` describe."""
    top = min(given["top"], len(recogniser.classes))
    if given["form"] == "csv":
        return Csv(
            top=top,
            persons=given["persons"],
            windows=given["window"] is not None,
            joints=recogniser.skeleton.joints if given["shares"] else (),
            limbs=tuple(limbs_of(recogniser.skeleton)) if given["explain"] else (),
            live=live,
        )
    forms: dict[str, type[Table | JsonLines]] = {"table": Table, "json": Json, "jsonl": JsonLines}
    return forms[given["form"]](top=top)


class Table(Text):
    """Lines for a person."""

    def lines(self, item: Item) -> Iterator[str]:
        """Yield the lines of one clip; neighbouring windows of the same class are merged."""
        if item.prediction is None:
            yield item.clip
            if any(one.prediction and one.prediction.limbs is not None for one in item.windows):
                yield from map(self.window, item.windows)
            else:
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
        if prediction.limbs is not None:
            yield f"{'  limbs':<{NAME_WIDTH}}  {self._limbs(prediction)}"

    def window(self, window: Window) -> str:
        """Return the line of one window by itself."""
        found = window.prediction
        if found is None:
            return f"{self._when(window)}  {NOBODY}"
        limbs = "" if found.limbs is None else f"   {self._limbs(found)}"
        return f"{self._when(window)}  {self._classes(found)}{limbs}"

    @staticmethod
    def _limbs(prediction: Prediction) -> str:
        shares = _largest_first(prediction.limbs or {}).items()
        return ", ".join(f"{limb} {share:+.2f}" for limb, share in shares)

    def _stretch(self, part: Segment) -> str:
        what = NOBODY if part.best is None else f"{part.probability:6.1%} {part.best}"
        return f"{self._when(part)}  {what}"

    @staticmethod
    def _when(part: Window | Segment) -> str:
        if part.begins is None:
            return f"{part.first:8.0f} - {part.after:8.0f}"
        return f"{part.begins:8.1f} - {part.ends:8.1f} s"


class JsonLines(Text):
    """One JSON object per clip or window."""

    def lines(self, item: Item) -> Iterator[str]:
        """Yield the lines of one clip."""
        clip = {"file": str(item.file), "clip": item.clip, "label": item.label}
        if item.prediction is not None:
            told = self._told(item.prediction)
            if item.prediction.persons:
                told["persons"] = [self._told(person) for person in item.prediction.persons]
            yield json_text(clip | told)
        for window in item.windows:
            yield json_text(clip | self._when(window) | self._told(window.prediction))

    def window(self, window: Window) -> str:
        """Return the line of a live recording's window."""
        return json_text(self._when(window) | self._told(window.prediction))

    def _told(self, prediction: Prediction | None) -> dict[str, Any]:
        if prediction is None:
            return {"class": None, "probability": None, "top": [], "note": NOBODY}
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
        if prediction.limbs is not None:
            shares = _largest_first(prediction.limbs)
            told["limbs"] = {limb: round(share, DIGITS) for limb, share in shares.items()}
        if prediction.doubts:
            told["doubts"] = list(prediction.doubts)
        return told

    @staticmethod
    def _when(window: Window) -> dict[str, Any]:
        start, end = _seconds(window)
        return {"start": start, "end": end, "frames": [window.first, window.after]}


class Json(JsonLines):
    """The same objects as one JSON array."""

    def __init__(self, *, top: int) -> None:
        super().__init__(top=top)
        self.begun = False

    def heading(self) -> str | None:
        """Return the array's beginning."""
        return "["

    def ending(self) -> str | None:
        """Return the array's end."""
        return "]"

    def lines(self, item: Item) -> Iterator[str]:
        """Yield the objects of one clip; a comma goes before all but the first."""
        for line in super().lines(item):
            yield f"{',' if self.begun else ' '}{line}"
            self.begun = True


class Csv(Text):
    """One row per clip, person or window."""

    def __init__(
        self,
        *,
        top: int,
        persons: bool,
        windows: bool,
        joints: tuple[str, ...],
        limbs: tuple[str, ...],
        live: bool,
    ) -> None:
        super().__init__(top=top)
        self.persons, self.windows, self.live = persons, windows, live
        self.joints, self.limbs = joints, limbs

    def heading(self) -> str | None:
        """Return the names of the columns."""
        columns = [] if self.live else ["file", "clip", "label"]
        columns += ["person"] if self.persons else []
        columns += ["start", "end", "first_frame", "end_frame"] if self.windows else []
        for rank in range(1, self.top + 1):
            columns += [f"{what}_{rank}" if rank > 1 else what for what in ("class", "probability")]
        columns += [f"share_{joint}" for joint in self.joints]
        columns += [f"limb_{limb.replace(' ', '_')}" for limb in self.limbs]
        return _row([*columns, *(["note"] if self.windows else [])])

    def lines(self, item: Item) -> Iterator[str]:
        """Yield the rows of one clip."""
        clip = [str(item.file), item.clip, item.label]
        if item.prediction is not None:
            whole = [None] if self.persons else []
            yield _row([*clip, *whole, *self._told(item.prediction)])
            for number, person in enumerate(item.prediction.persons, 1):
                yield _row([*clip, number, *self._told(person)])
        for window in item.windows:
            yield _row([*clip, *self._of(window)])

    def window(self, window: Window) -> str:
        """Return the row of a live recording's window."""
        return _row(self._of(window))

    def _of(self, window: Window) -> list[object]:
        note = NOBODY if window.prediction is None else None
        return [
            *_seconds(window),
            window.first,
            window.after,
            *self._told(window.prediction),
            note,
        ]

    def _told(self, prediction: Prediction | None) -> list[object]:
        if prediction is None:
            return [None] * (2 * self.top + len(self.joints) + len(self.limbs))
        told: list[object] = []
        for name, sure in prediction.top(self.top):
            told += [name, round(sure, DIGITS)]
        told += [None] * (2 * self.top - len(told))
        shares = dict(prediction.by_joint()) if self.joints else {}
        told += [round(shares[joint], DIGITS) for joint in self.joints]
        limbs = prediction.limbs or {}
        return [*told, *(round(limbs[one], DIGITS) if one in limbs else None for one in self.limbs)]


def _largest_first(shares: Mapping[str, float]) -> dict[str, float]:
    return dict(sorted(shares.items(), key=lambda one: -one[1]))


def _seconds(window: Window) -> tuple[float | None, float | None]:
    start, end = (
        None if time is None else round(time, DIGITS) for time in (window.begins, window.ends)
    )
    return start, end


def _row(values: list[object]) -> str:
    text = io.StringIO()
    csv.writer(text, lineterminator="").writerow(map(cell, values))
    return text.getvalue()

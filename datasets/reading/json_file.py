"""JSON from a stranger: NaN and null are missing, infinity and text among numbers are errors."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
import numpy.typing as npt

from skelfuse.datasets.reading.files import read_text
from skelfuse.errors import SkelfuseError

Value = TypeVar("Value")
FETCH_AGAIN = "the file is damaged: fetch or write it again"
DEEPEST = 8  # levels of lists; coordinates have four
ROOM = 1 << 28  # bytes that any file's values may take
DENSEST = 24  # times as many as its text: coordinates take 5 to 17 times as many
HEAVIEST = 60  # of any JSON
WEIGHTS = {"[": 96, "{": 240, ",": 32}  # bytes in memory of a list, of names, of a value
EQUAL = "every list at one level has equal length; write null for what is missing"


def read_json(path: Path) -> Any:
    """Return what a JSON file holds.

    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     file = Path(folder, "clip.json")
    ...     _ = file.write_text('{"label": "wave", "fps": NaN}')
    ...     read_json(file)
    {'label': 'wave', 'fps': nan}
    """
    text = read_text(path)
    try:
        check_light(text)
    except SkelfuseError as error:
        raise error.at(path) from None
    try:
        return json.loads(text, parse_constant=_constant)
    except json.JSONDecodeError as error:
        raise SkelfuseError(
            f"not JSON: {error.msg}", file=path, line=error.lineno, remedy=FETCH_AGAIN
        ) from None
    except SkelfuseError as error:
        line = 1 + text[: text.find("Infinity")].count("\n")
        raise error.with_context(file=path, line=line) from None
    except (ValueError, RecursionError) as error:  # a number of 5,000 digits, endless brackets
        raise SkelfuseError(f"not sound JSON: {error}", file=path, remedy=FETCH_AGAIN) from None


def check_light(text: str) -> None:
    """Refuse JSON whose lists would take far more memory than the text of coordinates does.

    >>> check_light("[" + 3_000_000 * "[]," + "[]]")
    Traceback (most recent call last):
    ...
    skelfuse.errors.SkelfuseError: JSON that would take much more memory than it has text: \
expected at most 268 MB, found 9 MB of text that would take 384 MB; write fewer clips in a file, \
if it is one
    """
    if len(text) * HEAVIEST <= ROOM:
        return
    size = sum(bytes_each * text.count(sign) for sign, bytes_each in WEIGHTS.items())
    most = max(ROOM, DENSEST * len(text))
    if size > most:
        raise SkelfuseError(
            "JSON that would take much more memory than it has text",
            expected=f"at most {most / 1e6:.0f} MB",
            found=f"{len(text) / 1e6:.0f} MB of text that would take {size / 1e6:.0f} MB",
            remedy="write fewer clips in a file, if it is one",
        )


def _constant(token: str) -> float:
    if token == "NaN":
        return float("nan")
    raise SkelfuseError(f"'{token}' among the numbers", remedy="write NaN for what is missing")


def as_numbers(value: Any, what: str) -> npt.NDArray[np.float64]:
    """Return nested lists of numbers as an array; null becomes NaN.

    >>> as_numbers([[1, 2], [None, 4.5]], "joints").tolist()
    [[1.0, 2.0], [nan, 4.5]]
    >>> as_numbers([[1, "2"]], "joints")
    Traceback (most recent call last):
    ...
    skelfuse.errors.SkelfuseError: joints: expected numbers, found '2'; write numbers without \
quotes, and null for what is missing
    """
    inner, depth = value, 0
    while isinstance(inner, list) and inner:
        inner, depth = inner[0], depth + 1
    if depth > DEEPEST:
        raise SkelfuseError(
            f"{what}: lists within lists within lists",
            expected=f"at most {DEEPEST} levels",
            found=depth,
            remedy=FETCH_AGAIN,
        )
    try:
        numbers = np.asarray(value)
    except (ValueError, TypeError, OverflowError):
        numbers = None
    if numbers is not None and numbers.dtype.kind in "iuf":
        return numbers.astype(np.float64)
    try:
        things = np.array(value, dtype=object)
        uneven = any(isinstance(thing, list) for thing in things.flat)
    except ValueError:
        uneven = True
    if uneven:
        raise SkelfuseError(
            f"{what}: lists of different lengths, or lists beside numbers",
            expected="as many values in each",
            found=_uneven(value),
            remedy=EQUAL,
        )
    for thing in things.flat:
        if thing is not None and (isinstance(thing, bool) or not isinstance(thing, (int, float))):
            raise SkelfuseError(
                what,
                expected="numbers",
                found=repr(thing)[:40],
                remedy="write numbers without quotes, and null for what is missing",
            )
    try:
        return things.astype(np.float64)  # None becomes NaN
    except OverflowError:
        raise SkelfuseError(
            f"{what}: a number too large to be one", remedy="write null for what is missing"
        ) from None


def _uneven(value: Any) -> str:
    """Say how the lists of the outermost uneven level differ."""
    level = [value]
    while level:
        lists = [one for one in level if isinstance(one, list)]
        sizes = sorted({len(one) for one in lists})
        if len(lists) != len(level):
            return "lists beside other values"
        if len(sizes) > 1:
            return f"lists of {sizes[0]} and of {sizes[-1]}"
        level = [inner for one in lists for inner in one]
    return "nothing"


def get_number(fields: Any, key: str, default: float | None = None) -> float | None:
    """Return a key's number; the default where it is absent or null.

    >>> get_number({"fps": 30}, "fps"), get_number({}, "score", 0.0)
    (30.0, 0.0)
    """
    value = get(fields, key, (int, float), default)
    try:
        return None if value is None else float(value)
    except OverflowError:  # JSON has whole numbers of any length
        raise SkelfuseError(
            f"'{key}' is too large to be a number",
            expected="at most 1e308",
            found=f"{repr(value)[:8]}... of {len(repr(value))} digits",
            remedy="correct it, or leave it out where it is optional",
        ) from None


def get(
    fields: Any, key: str, kind: type[Value] | tuple[type[Value], ...], default: Value | None = None
) -> Any:
    """Return a key's value after a look at its kind; the default where it is absent or null.

    >>> get({"label": "wave"}, "label", str)
    'wave'
    """
    if not isinstance(fields, dict):
        raise SkelfuseError(
            "expected named values {...}", found=type(fields).__name__, remedy=FETCH_AGAIN
        )
    value = fields.get(key)
    if value is None:
        return default
    if not isinstance(value, kind) or (isinstance(value, bool) and kind is not bool):
        kinds = kind if isinstance(kind, tuple) else (kind,)
        raise SkelfuseError(
            f"'{key}' is of the wrong kind",
            expected=" or ".join(one.__name__ for one in kinds),
            found=repr(value)[:40],
            remedy="correct it, or leave it out where it is optional",
        )
    return value

"""Plain values from a file, fitted to what a dataclass or a signature says it takes."""

from __future__ import annotations

import difflib
import math
import types
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import is_dataclass
from typing import Any, Literal, Union, get_args, get_origin, get_type_hints

from skelfuse.errors import SkelfuseError

WORDS: dict[Any, str] = {
    bool: "true or false",
    int: "a whole number",
    float: "a number",
    str: "text",
    type(None): "null",
}
SEQUENCES, MAPPINGS = (tuple, list, Sequence), (dict, Mapping)


def fitted(value: Any, hint: Any, key: str) -> Any:
    """Return `value` as the type `hint` wants it, or raise an error that names `key`.

    Lists become tuples and whole numbers become floats where those are wanted; "1e-3", which YAML
    takes for text, is a number; infinity and NaN are none.

    >>> fitted([1, 2], tuple[float, ...], "scales")
    (1.0, 2.0)
    >>> fitted("1e-3", float, "learning_rate")
    0.001
    >>> fitted("many", int, "epochs")
    Traceback (most recent call last):
    ...
    skelfuse.errors.SkelfuseError: 'epochs' has the wrong kind: expected a whole number, \
found 'many'
    """
    try:
        return _fit(value, hint)
    except _Misfit:
        raise wrong_kind(key, hint, value) from None
    except SkelfuseError as error:  # of a key within it
        inner = f"{key}.{error.key}" if error.key else key
        raise error.with_context(within=key, key=inner) from None


def wrong_kind(key: str, hint: Any, value: Any) -> SkelfuseError:
    """Return the error for a value that is nothing that a type hint takes."""
    problem = f"'{key}' has the wrong kind"
    return SkelfuseError(problem, expected=described(hint), found=repr(value), key=key)


def described(hint: Any) -> str:
    """Say in words what a type hint takes.

    >>> described(tuple[int, ...] | None)
    'a list, each a whole number, or null'
    """
    origin, inner = get_origin(hint), get_args(hint)
    if origin is Literal:
        return "one of " + ", ".join(str(choice) for choice in inner)
    if origin in (Union, types.UnionType):
        return ", or ".join(described(one) for one in inner)
    if origin in SEQUENCES:
        if origin is tuple and inner[-1:] != (...,):
            return f"a list of {len(inner)}: {', '.join(described(one) for one in inner)}"
        return f"a list, each {described(inner[0])}"
    if is_dataclass(hint):
        return "keys with values"
    named = WORDS.get(hint) or getattr(hint, "__name__", str(hint))
    return "keys with values" if origin in MAPPINGS else str(named)


def unknown_key(key: str, known: Iterable[str], *, within: str = "") -> SkelfuseError:
    """Return the error for a key that nobody knows, with the nearest one that somebody does.

    `known` may hold dotted keys: the right name in the wrong place is found as well. All of them
    are listed where none is near.

    >>> print(unknown_key("epoch", ["train.epochs", "seed"]))
    unknown key 'epoch'; did you mean 'train.epochs'?
    >>> print(unknown_key("x", ["train.epochs", "seed"]))
    unknown key 'x'; the keys are: train.epochs, seed
    """
    known = list(known)
    names = {name.rpartition(".")[2]: name for name in reversed(known)}
    last = key.rpartition(".")[2]
    near = difflib.get_close_matches(key, known, n=1) or [
        names[name] for name in difflib.get_close_matches(last, names, n=1)
    ]
    if near:
        remedy = f"did you mean '{near[0]}'?"
    else:
        remedy = (
            f"the keys{within} are: {', '.join(known)}" if known else f"there are no keys{within}"
        )
    return SkelfuseError(f"unknown key '{key}'", remedy=remedy, key=key)


class _Misfit(Exception):  # noqa: N818 - never leaves this file
    pass


def _fit(value: Any, hint: Any) -> Any:
    origin, inner = get_origin(hint), get_args(hint)
    if origin is Literal and isinstance(value, bool) and {"on", "off"} <= {*inner}:
        value = "on" if value else "off"  # to YAML both are truth values
    if origin in (Union, types.UnionType):
        return _fit_any(value, inner)
    if origin in SEQUENCES:
        return _fit_sequence(value, origin, inner)
    if origin in MAPPINGS and isinstance(value, Mapping):
        return {_fit(name, inner[0]): _fit(one, inner[1]) for name, one in value.items()}
    if is_dataclass(hint) and isinstance(value, Mapping):
        return _fit_fields(value, hint)
    if hint is float:
        return _number(value)
    # True is an int to Python, but hardly to the person who wrote it.
    choices = [(type(choice), choice) for choice in inner] if origin is Literal else []
    if (type(value), value) in choices or type(value) is hint or hint is Any:
        return value
    raise _Misfit


def _fit_fields(value: Mapping[Any, Any], kind: Any) -> Any:
    hints = get_type_hints(kind)
    for key in value:
        if key not in hints:
            raise unknown_key(str(key), hints)
    return kind(**{key: fitted(one, hints[key], key) for key, one in value.items()})


def _fit_any(value: Any, hints: tuple[Any, ...]) -> Any:
    for exact in (True, False):  # a whole number stays one where both kinds will do
        for hint in hints:
            if exact and hint in WORDS and type(value) is not hint:
                continue
            try:
                return _fit(value, hint)
            except _Misfit:
                continue
    raise _Misfit


def _fit_sequence(value: Any, origin: Any, inner: tuple[Any, ...]) -> Any:
    if isinstance(value, str) or not isinstance(value, Sequence):
        raise _Misfit
    if origin is tuple and inner[-1:] != (...,):
        if len(value) != len(inner):
            raise _Misfit
        return tuple(_fit(one, hint) for one, hint in zip(value, inner, strict=True))
    fit = (_fit(one, inner[0]) for one in value)
    return list(fit) if origin is list else tuple(fit)


def _number(value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, (int, float, str)):
        raise _Misfit
    try:
        number = float(value)
    except (ValueError, OverflowError):
        raise _Misfit from None
    if not math.isfinite(number):
        raise _Misfit
    return number

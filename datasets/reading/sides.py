"""Which joints are left and right of each other, by the names that people give them."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from skelfuse.skeleton import Pair

_WORDS = (("left", "right"), ("Left", "Right"), ("LEFT", "RIGHT"))
# An L by itself: at an end of the name or between marks, or before a capital (LHip).
_LETTER = re.compile(r"(?:^|(?<=[ _.:-]))([lL])(?=$|[ _.:-]|[A-Z][a-z])")
# An L within a name (LKNE, wingL, forelegL1), or an l at its end or beginning (earl, lt).
_WITHIN = (re.compile(r"(L)"), re.compile(r"(l)(?=\d*$)"), re.compile(r"^(l)"))
_RIGHT = {"l": "r", "L": "R"}
HIPS = ("hip", "upleg", "upperleg", "thigh")
SHOULDERS = ("shoulder", "upperarm", "uparm")


def sides_of(names: Sequence[str]) -> tuple[Pair, ...]:
    """Return (left, right) for every joint on the left whose other side is there too.

    Words go before letters by themselves, and those before letters within a name. A joint is in
    one pair at most.

    >>> sides_of(["head", "left_hip", "right_hip", "LKnee", "RKnee", "foot.l", "foot.r", "l_ear"])
    (('left_hip', 'right_hip'), ('LKnee', 'RKnee'), ('foot.l', 'foot.r'))
    >>> sides_of(["earl", "earr", "wingL", "wingR", "legL1", "legR1", "LKNE", "RKNE", "tail"])
    (('earl', 'earr'), ('wingL', 'wingR'), ('legL1', 'legR1'), ('LKNE', 'RKNE'))
    """
    other: dict[str, str] = {}
    taken: set[str] = set()
    for find in (_by_word, _by_letter, _by_letter_within):
        for name in names:
            for right in () if name in taken else find(name):
                if right != name and right in names and right not in taken:
                    other[name] = right
                    taken |= {name, right}
                    break
    return tuple((name, other[name]) for name in names if name in other)


def first_pair(pairs: Sequence[Pair], parts: Sequence[str]) -> Pair | tuple[()]:
    """Return the first pair that is named after the first of some parts of a body that any is.

    >>> first_pair([("LeftArm", "RightArm"), ("Left_Up_Leg", "Right_Up_Leg")], HIPS)
    ('Left_Up_Leg', 'Right_Up_Leg')
    """
    for part in parts:
        for pair in pairs:
            if part in re.sub(r"[^a-z]", "", pair[0].lower()):
                return pair
    return ()


def _by_word(name: str) -> Iterator[str]:
    return (name.replace(left, right, 1) for left, right in _WORDS)


def _by_letter(name: str) -> Iterator[str]:
    yield _LETTER.sub(lambda found: _RIGHT[found[1]], name, count=1)


def _by_letter_within(name: str) -> Iterator[str]:
    for pattern in _WITHIN:
        for found in pattern.finditer(name):
            yield name[: found.start()] + _RIGHT[found[1]] + name[found.end() :]

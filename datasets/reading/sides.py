"""Which joints are left and right of each other, by the names that people give them."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from skelfuse.skeleton import Pair

_RIGHT = {"left": "right", "Left": "Right", "LEFT": "RIGHT", "l": "r", "L": "R"}
# Words; an L by itself: at an end of the name or between marks, or before a capital (LHip); an L
# within a name (LKNE, wingL, forelegL1), or an l at its end or beginning (earl, lt).
_WAYS = (
    ("left|Left|LEFT",),
    (r"(?:^|(?<=[ _.:-]))[lL](?=$|[ _.:-]|[A-Z][a-z])",),
    ("L", r"l(?=\d*$)", "^l"),
)
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
    for patterns in _WAYS:
        for name in names:
            for right in () if name in taken else _other_sides(name, patterns):
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


def _other_sides(name: str, patterns: Sequence[str]) -> Iterator[str]:
    for pattern in patterns:
        for found in re.finditer(pattern, name):
            yield name[: found.start()] + _RIGHT[found[0]] + name[found.end() :]

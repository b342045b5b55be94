"""Which joints are left and right of each other, by the names that people give them."""

from __future__ import annotations

import re
from collections.abc import Sequence

from skelfuse.skeleton import Pair

_WORDS = (("left", "right"), ("Left", "Right"), ("LEFT", "RIGHT"))
# An L by itself: at an end of the name or between marks, or before a capital (LHip).
_LETTER = re.compile(r"(?:^|(?<=[ _.:-]))([lL])(?=$|[ _.:-]|[A-Z][a-z])")
_RIGHT = {"l": "r", "L": "R"}
HIPS = ("hip", "upleg", "upperleg", "thigh")
SHOULDERS = ("shoulder", "upperarm", "uparm")


def sides_of(names: Sequence[str]) -> tuple[Pair, ...]:
    """Return (left, right) for every joint on the left whose other side is there too.

    >>> sides_of(["head", "left_hip", "right_hip", "LKnee", "RKnee", "foot.l", "foot.r", "l_ear"])
    (('left_hip', 'right_hip'), ('LKnee', 'RKnee'), ('foot.l', 'foot.r'))
    """
    known = set(names)
    return tuple((name, other) for name in names if (other := _other_side(name, known)))


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


def _other_side(name: str, known: set[str]) -> str | None:
    others = [name.replace(left, right, 1) for left, right in _WORDS]
    others.append(_LETTER.sub(lambda found: _RIGHT[found[1]], name, count=1))
    return next((other for other in others if other != name and other in known), None)

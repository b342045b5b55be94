"""Whether two skeletons are one body, whatever it is called and in whichever order it is listed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from skelfuse.skeleton import Skeleton

NAMED = 5  # joints or classes named in a message before it says how many more


def difference(ours: Skeleton, theirs: Skeleton) -> str | None:
    """Return in words what another body has and ours has not, or the reverse; None for one body.

    >>> ours = Skeleton("arm", ("elbow", "hand"), (("hand", "elbow"),), root="elbow")
    >>> difference(ours, Skeleton("mine", ("hand", "elbow"), (("hand", "elbow"),), root="elbow"))
    >>> difference(ours, Skeleton("arm", ("wrist", "hand"), (("hand", "wrist"),), root="wrist"))
    "without 'elbow' and with 'wrist' besides"
    """
    missing = [joint for joint in ours.joints if joint not in theirs.joints]
    further = [joint for joint in theirs.joints if joint not in ours.joints]
    if missing or further:
        told = [f"without {named(missing)}"] * bool(missing)
        told += [f"with {named(further)} besides"] * bool(further)
        return " and ".join(told)
    a, b = _plain(ours), _plain(theirs)
    differs = [
        name for name in Skeleton.__dataclass_fields__ if getattr(a, name) != getattr(b, name)
    ]
    return f"other {', '.join(differs)}" if differs else None


def order_in(theirs: Skeleton, ours: Skeleton) -> list[int]:
    """Return where another skeleton of the same body lists each of our joints.

    >>> ours = Skeleton("arm", ("elbow", "hand"), (("hand", "elbow"),), root="elbow")
    >>> order_in(ours.permuted((1, 0)), ours)
    [1, 0]
    """
    return [theirs.index(joint) for joint in ours.joints]


def named(names: Sequence[str]) -> str:
    """Return the first names in quotes, and how many more there are.

    >>> named(["hip", "knee"])
    "'hip', 'knee'"
    """
    more = len(names) - NAMED
    text = ", ".join(f"'{name}'" for name in names[:NAMED])
    return f"{text} and {more} more" if more > 0 else text


def _plain(body: Skeleton) -> Skeleton:
    """Return the body without what means nothing: its name, and the order of everything in it."""
    return replace(
        body,
        name="",
        joints=tuple(sorted(body.joints)),
        bones=tuple(sorted(body.bones)),
        pairs=tuple(sorted(body.pairs)),
        centre=tuple(sorted(body.centre)),
    )

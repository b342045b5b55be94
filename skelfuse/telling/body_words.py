"""Several joints or limbs in one phrase, as a person would say them."""

from __future__ import annotations

from collections.abc import Sequence

from skelfuse.telling.words import joint_words

SIDES = ("left", "right")
PLURAL = {"foot": "feet"}


def body_words(names: Sequence[str]) -> str:
    """Return joints or limbs in one phrase; a person may follow a name: "hip, person 2".

    >>> body_words(["right_hand", "right_wrist", "right_elbow"])
    'the right hand, wrist and elbow'
    >>> body_words(["left_foot", "right_foot", "spine"]), body_words(["left arm", "head"])
    ('both feet and the spine', 'the left arm and the head')
    >>> body_words(["right_hand, person 2", "right_wrist, person 2"])
    "person 2's right hand and wrist"
    """
    groups: dict[tuple[str, str], list[str]] = {}  # of a person and a side: parts
    for name in names:
        joint, _, person = name.partition(", person ")
        words = joint_words(joint)
        side, _, part = words.partition(" ")
        if side not in SIDES or not part:
            side, part = "", words
        groups.setdefault((person, side), []).append(part)
    phrases: list[str] = []
    for (person, side), parts in groups.items():
        other = groups.get((person, SIDES[side == "left"]), []) if side else []
        owner = f"person {person}'s " if person else ""
        both = [part for part in parts if part in other]
        if both and side == next(s for p, s in groups if p == person and s):  # once for two sides
            phrases.append(f"{owner}both {listed([_plural(part) for part in both])}")
        alone = [part for part in parts if part not in other]
        if alone:
            phrases.append(f"{owner or 'the '}{side}{' ' * bool(side)}{listed(alone)}")
    long = any(" and " in phrase for phrase in phrases)
    return listed(phrases, last=", and " if long else " and ")


def listed(words: Sequence[str], *, last: str = " and ") -> str:
    """Return words as a list within a sentence.

    >>> listed(["a"]), listed(["a", "b", "c"])
    ('a', 'a, b and c')
    """
    return last.join(filter(None, [", ".join(words[:-1]), words[-1]])) if words else ""


def _plural(part: str) -> str:
    *first, last = part.split(" ")
    return " ".join([*first, PLURAL.get(last, f"{last}s")])

"""What a body is: named joints, the bones between them, and which of them mirror each other."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any

from skelfuse.errors import SkelfuseError
from skelfuse.plain_text import is_plain
from skelfuse.yaml_text import read_yaml

Pair = tuple[str, str]
MOST_JOINTS = 2000
NEEDED = ("name", "joints", "bones", "root")


@dataclass(frozen=True)
class Skeleton:
    """A layout of N joints. Every bone is `(joint, parent)`; bones are optional.

    A joint without a parent is a root of its own. In a body with all its bones there is one, the
    `root`; in a body with some or none of them (an animal's marks) `root` is the first of several.
    `pairs` are (left, right); `hips` and `shoulders` are (left, right) too, or empty where the
    layout has none (a hand). `centre` names the joints whose mean is the body's origin: the root,
    or all joints where there are no bones.

    >>> arm = Skeleton("arm", joints=("shoulder", "elbow", "hand"),
    ...                bones=(("elbow", "shoulder"), ("hand", "elbow")), root="shoulder")
    >>> arm.parents
    (0, 0, 1)
    >>> arm.index("hand")
    2
    >>> mouse = Skeleton("mouse", joints=("nose", "tail"), bones=(), root="nose")
    >>> mouse.parents, mouse.centre
    ((0, 1), ('nose', 'tail'))
    """

    name: str
    joints: tuple[str, ...]
    bones: tuple[Pair, ...]
    root: str
    pairs: tuple[Pair, ...] = ()
    hips: Pair | tuple[()] = ()
    shoulders: Pair | tuple[()] = ()
    centre: tuple[str, ...] = ()
    dimensions: int = 3

    def __post_init__(self) -> None:
        if not self.centre:
            object.__setattr__(self, "centre", (self.root,) if self.bones else self.joints)
        for check in (self._texts, self._duplicates, self._unknown, self._bones, self._mirrors):
            if problem := check():
                raise SkelfuseError(
                    f"skeleton '{self.name}': {problem}", remedy="correct the layout"
                )

    def _texts(self) -> str | None:
        odd = next((name for name in (self.name, *self.joints) if not is_plain(name)), None)
        return None if odd is None else f"a name with control or half characters, {odd!a}"

    def _duplicates(self) -> str | None:
        if not self.joints:
            return "it has no joints"
        if len(self.joints) > MOST_JOINTS:
            return f"{len(self.joints)} joints; at most {MOST_JOINTS} are taken"
        twice = sorted({joint for joint in self.joints if self.joints.count(joint) > 1})
        return f"joints named twice: {', '.join(twice)}" if twice else None

    def _unknown(self) -> str | None:
        named = [self.root, *self.centre, *self.hips, *self.shoulders]
        for pair in (*self.bones, *self.pairs):
            if len(pair) != 2:
                return f"a bone or pair needs two joints, found {pair}"
            named.extend(pair)
        for ends, what in ((self.hips, "hips"), (self.shoulders, "shoulders")):
            if ends and len(ends) != 2:
                return f"{what} need two joints (left, right), found {ends}"
        unknown = sorted(set(named) - set(self.joints))
        return f"joints that it does not have: {', '.join(unknown)}" if unknown else None

    def _bones(self) -> str | None:
        parent: dict[str, str] = {}
        for joint, above in self.bones:
            if joint in parent:
                return f"joint '{joint}' has two parents, '{parent[joint]}' and '{above}'"
            parent[joint] = above
        if self.root in parent:
            return f"the root '{self.root}' has a parent, '{parent[self.root]}'"
        for joint in self.joints:
            seen, at = {joint}, joint
            while at in parent:
                at = parent[at]
                if at in seen:
                    return f"the bones above joint '{joint}' form a circle"
                seen.add(at)
        return None

    def _mirrors(self) -> str | None:
        sides = [joint for pair in self.pairs for joint in pair]
        if len(sides) > len(self.joints):
            return "more left/right pairs than joints"
        twice = sorted({joint for joint in sides if sides.count(joint) > 1})
        if twice:
            return f"joints in two left/right pairs: {', '.join(twice)}"
        if self.dimensions not in (2, 3):
            return f"coordinates have 2 or 3 dimensions, not {self.dimensions}"
        return None

    def __len__(self) -> int:
        return len(self.joints)

    def index(self, joint: str) -> int:
        """Return the position of a joint on the N axis."""
        if joint not in self.joints:
            raise SkelfuseError(
                f"skeleton '{self.name}' has no joint '{joint}'",
                remedy=f"it has: {', '.join(self.joints)}",
            )
        return self.joints.index(joint)

    @cached_property
    def parents(self) -> tuple[int, ...]:
        """The parent's index of every joint; one without a parent is its own."""
        above = dict(self.bones)
        return tuple(self.joints.index(above.get(joint, joint)) for joint in self.joints)

    @cached_property
    def mirror(self) -> tuple[int, ...]:
        """For every joint the index of the one that takes its place when left and right swap."""
        other = {a: b for pair in self.pairs for a, b in (pair, pair[::-1])}
        return tuple(self.joints.index(other.get(joint, joint)) for joint in self.joints)

    @cached_property
    def centre_indices(self) -> tuple[int, ...]:
        """The indices of the joints whose mean is the body's origin."""
        return tuple(self.joints.index(joint) for joint in self.centre)

    @cached_property
    def torso(self) -> tuple[list[int], list[int]]:
        """The indices of (left, right) hips and of (left, right) shoulders.

        Both are empty where a layout lacks one of them: an animal seen from above has a head and a
        tail, and neither is up.
        """
        if not (self.hips and self.shoulders):
            return [], []
        return [*map(self.index, self.hips)], [*map(self.index, self.shoulders)]

    def permuted(self, order: tuple[int, ...]) -> Skeleton:
        """Return the same body with its joints listed in another order."""
        if sorted(order) != list(range(len(self))):
            raise SkelfuseError(
                f"skeleton '{self.name}': not an order of its joints",
                expected=f"a permutation of 0..{len(self) - 1}",
                found=order,
                remedy="name every index once",
            )
        return replace(self, joints=tuple(self.joints[i] for i in order))

    def to_dict(self) -> dict[str, Any]:
        """Return plain lists and strings, as written to YAML, JSON and the store."""
        return asdict(self)

    @staticmethod
    def from_dict(fields: Mapping[str, Any], *, file: str | Path | None = None) -> Skeleton:
        """Build a skeleton from `to_dict` or from a user's YAML; unknown keys are errors."""
        known = Skeleton.__dataclass_fields__
        if not isinstance(fields, Mapping):
            raise SkelfuseError(
                "not a skeleton",
                file=file,
                expected="lines such as 'root: hip'",
                found=_shown(fields),
                remedy=f"write the keys {', '.join(NEEDED)}, and what else is known",
            )
        unknown = sorted(str(key) for key in fields if key not in known)
        if unknown:
            raise SkelfuseError(
                f"unknown key '{unknown[0]}' in a skeleton",
                file=file,
                remedy=f"the keys are: {', '.join(known)}",
            )
        missing = [key for key in NEEDED if key not in fields]
        if missing:
            raise SkelfuseError(
                f"a skeleton needs '{missing[0]}'",
                file=file,
                remedy=f"write it; every skeleton has {', '.join(NEEDED)}",
            )
        try:
            return Skeleton(**{key: _checked(key, value) for key, value in fields.items()})
        except SkelfuseError as error:
            raise (error.at(file) if file else error) from None

    @staticmethod
    def from_yaml(path: str | Path) -> Skeleton:
        """Read a user's own layout from a YAML file."""
        fields, _ = read_yaml(path)
        return Skeleton.from_dict(fields, file=path)


def _checked(key: str, value: Any) -> Any:
    """Return a value read from YAML or JSON, lists as tuples, if it is what its key means."""
    if key == "dimensions":
        if type(value) is not int:
            raise _wrong(key, "2 or 3", value, "write the number of coordinates of a joint")
        return value
    if key in ("name", "root"):
        return _text(key, value)
    if not isinstance(value, (list, tuple)):
        raise _wrong(key, "a list", value, f"write {key}: [first, second]")
    if key not in ("bones", "pairs"):
        return tuple(_text(key, item) for item in value)
    for item in value:
        if not isinstance(item, (list, tuple)):
            raise _wrong(key, "a list of two joints each", item, f"write {key}: [[hand, elbow]]")
    return tuple(tuple(_text(key, end) for end in item) for item in value)


def _text(key: str, value: Any) -> str:
    if not isinstance(value, str) or not value.strip():
        hint = "YAML reads numbers, yes, no, on, off and null as no text: quote them, as 'yes'"
        raise _wrong(key, "text", value, hint)
    return value


def _wrong(key: str, expected: str, found: Any, remedy: str) -> SkelfuseError:
    problem = f"a skeleton's '{key}' is of the wrong kind"
    return SkelfuseError(problem, expected=expected, found=_shown(found), remedy=remedy)


def _shown(value: Any) -> str:
    if isinstance(value, (list, tuple, Mapping)):  # whatever may be in it
        return f"a list of {len(value)}" if not isinstance(value, Mapping) else "keys with values"
    return "nothing" if value is None else repr(value)[:40]

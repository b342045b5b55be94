"""Which layouts there are, and one of them as the YAML that a user can begin from."""

from __future__ import annotations

from collections.abc import Sequence

import yaml

from skelfuse.layouts import LAYOUTS
from skelfuse.skeleton import Skeleton
from skelfuse.telling.tables import aligned

ENOUGH = 4  # joints of a layout that tell which one it is


def layouts_text() -> str:
    """Return a line for every built-in layout, in a table for a terminal."""
    rows = [
        [name, str(len(body)), str(body.dimensions), body.root, ", ".join(body.joints[:ENOUGH])]
        for name, body in LAYOUTS.items()
    ]
    return aligned(["layout", "joints", "axes", "root", "begins with"], rows, words=(0, 3, 4))


def layout_text(skeleton: Skeleton) -> str:
    """Return a layout as YAML, each joint beside its place in an array.

    >>> arm = Skeleton("arm", joints=("shoulder", "elbow", "on"), root="shoulder",
    ...                bones=(("elbow", "shoulder"), ("on", "elbow")))
    >>> print(layout_text(arm))
    name: arm
    dimensions: 3
    joints:
      - shoulder  # 0
      - elbow     # 1
      - 'on'      # 2
    bones:  # joint, parent
      - [elbow, shoulder]
      - ['on', elbow]
    root: shoulder
    pairs: []  # left, right
    hips: []  # left, right
    shoulders: []  # left, right
    centre: [shoulder]  # their mean is where the body is
    """
    joints = [_flow(joint) for joint in skeleton.joints]
    width = max(map(len, joints))
    return "\n".join(
        [
            f"name: {_flow(skeleton.name)}",
            f"dimensions: {skeleton.dimensions}",
            "joints:",
            *(f"  - {joint.ljust(width)}  # {i}" for i, joint in enumerate(joints)),
            "bones:  # joint, parent",
            *_listed(skeleton.bones),
            f"root: {_flow(skeleton.root)}",
            f"pairs:{'' if skeleton.pairs else ' []'}  # left, right",
            *_listed(skeleton.pairs),
            f"hips: {_flow(skeleton.hips)}  # left, right",
            f"shoulders: {_flow(skeleton.shoulders)}  # left, right",
            f"centre: {_flow(skeleton.centre)}  # their mean is where the body is",
        ]
    )


def _listed(pairs: Sequence[Sequence[str]]) -> list[str]:
    return [f"  - {_flow(pair)}" for pair in pairs]


def _flow(value: str | Sequence[str]) -> str:
    """Return text, or a list of it, in one line of YAML, quoted where YAML would misread it."""
    plain = value if isinstance(value, str) else list(value)
    told: str = yaml.safe_dump(plain, default_flow_style=True, width=10_000, allow_unicode=True)
    return told.removesuffix("\n...\n").rstrip("\n")

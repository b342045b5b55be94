"""Where each key of a configuration was written: its file and line, or the --set it came by."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

import yaml

from skelfuse.errors import SkelfuseError


class Place(NamedTuple):
    """Where a key was written, to be named when it is wrong."""

    file: str | None
    line: int | None = None


Places = dict[str, Place]  # by dotted key; "" is the configuration as a whole


def place_of(key: str, places: Places) -> Place:
    """Return where a key was written, or what it is part of.

    >>> place_of("train.epochs", {"": Place("mine.yaml"), "train": Place("mine.yaml", 2)}).line
    2
    """
    while key not in places:
        key = key.rpartition(".")[0]
    return places[key]


def note_places(node: yaml.Node, path: Path, places: Places, *, above: str = "") -> None:
    r"""Add the line of every key below a node of a YAML file; a key there twice is an error.

    >>> places = {}
    >>> note_places(yaml.compose("train:\n  epochs: 9"), Path("mine.yaml"), places)
    >>> [(key, place.line) for key, place in places.items()]
    [('train', 1), ('train.epochs', 2)]
    """
    if not isinstance(node, yaml.MappingNode):
        return
    for key, value in node.value:
        name, line = f"{above}{key.value}", key.start_mark.line + 1
        if name in places:
            raise SkelfuseError(
                f"'{name}' is there twice", file=path, line=line, remedy="remove one of the two"
            )
        places[name] = Place(str(path), line)
        note_places(value, path, places, above=f"{name}.")

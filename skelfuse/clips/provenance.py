"""How the clips of a store were made, for whoever must do the same to a new clip."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Provenance:
    """What a store says of its making, and a run of the store that it was trained on.

    `options` are those of `preprocess`, as plain values; clips from memory have none.

    >>> made = Provenance({"align": True, "max_persons": 2}, half=True)
    >>> made.align, made.scale, made.max_persons
    (True, None, 2)
    >>> Provenance.from_dict(made.as_dict()) == made
    True
    """

    options: Mapping[str, Any] = field(default_factory=dict)
    half: bool = False  # kept with 3 digits
    version: str = ""  # of skelfuse

    @property
    def align(self) -> bool | None:
        """Whether clips were turned to one view; None where nothing says so."""
        return self._whether("align")

    @property
    def scale(self) -> bool | None:
        """Whether clips were scaled to one size; None where nothing says so."""
        return self._whether("scale")

    @property
    def max_persons(self) -> int | None:
        """How many people of a clip were kept; None: all."""
        most: int | None = self.options.get("max_persons")
        return most

    def _whether(self, name: str) -> bool | None:
        said = self.options.get(name)
        return None if said is None else bool(said)

    @classmethod
    def from_dict(cls, told: Mapping[str, Any]) -> Provenance:
        """Read what `as_dict` has written; ValueError where it is something else."""
        options = told.get("provenance", {})
        if not isinstance(options, Mapping):
            raise ValueError("options that are no names with values")
        return cls(options, bool(told.get("half")), str(told.get("version", "")))

    def as_dict(self) -> dict[str, Any]:
        """Return plain values, as they stand in a store and in a run."""
        return {"provenance": dict(self.options), "half": self.half, "version": self.version}

"""What to do with skeleton files between disk and store."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from skelfuse.datasets.format import ReadOptions
from skelfuse.datasets.labels.labelling import Labelling
from skelfuse.joint_choice import THEN


@dataclass(frozen=True)
class PreprocessOptions:
    """What to do with the files between disk and store."""

    format: str = "auto"
    reading: ReadOptions = field(default_factory=ReadOptions)
    skip: frozenset[str] = frozenset()  # names of clips to leave out
    align: bool = False  # turn every clip so that its first body faces the camera
    scale: bool = False  # divide by the torso's length
    half: bool = False  # store float16
    labels: Labelling | None = None  # that lie beside the files
    before: Mapping[str, Any] | None = None  # what the stores that are read say of their making

    def described(self) -> dict[str, Any]:
        """Return the options as plain values, for the store's provenance.

        Of a store that is read again, what was done to its clips before stays said.

        >>> PreprocessOptions(align=True).described()["align"]
        True
        >>> PreprocessOptions(before={"align": True, "missing": 0.0}).described()["missing"]
        0.0
        """
        own = self._own()
        if self.before is None:
            return own
        untouched = PreprocessOptions()._own()
        now = {key: value for key, value in own.items() if value != untouched.get(key)}
        now.pop("format", None)  # that of the files stays said
        now["max_persons"] = own["max_persons"]
        if own["joints"] and self.before.get("joints"):
            now["joints"] = [*self.before["joints"], THEN, *own["joints"]]
        return {**own, **self.before, **now}

    def _own(self) -> dict[str, Any]:
        reading = asdict(self.reading)
        if self.reading.skeleton is not None:
            reading["skeleton"] = self.reading.skeleton.name
        if self.reading.class_names is not None:
            names = self.reading.class_names
            said = hashlib.sha256(names.read_bytes()).hexdigest()
            reading["class_names"] = {"file": names.name, "sha256": said}
        skip = hashlib.sha256("\n".join(sorted(self.skip)).encode()).hexdigest()
        reading = json.loads(json.dumps(reading))  # tuples as a store gives them back: lists
        return {
            "format": self.format,
            **reading,
            "skip": {"names": len(self.skip), "sha256": skip},
            "align": self.align,
            "scale": self.scale,
            **({"labels": self.labels.described()} if self.labels else {}),
        }

"""What a user's own file says about each clip beside its coordinates: labels, subjects, splits."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from difflib import get_close_matches
from pathlib import Path

from skelfuse.clip import Clip, FloatArray
from skelfuse.datasets.format import ReadOptions
from skelfuse.datasets.ntu_names import class_label, read_class_names
from skelfuse.datasets.reading.tracks import keep_most_active
from skelfuse.errors import SkelfuseError
from skelfuse.skeleton import Skeleton

PROTOCOL = "file"  # the protocol's name for a split that a user's file brings
ALSO_CALLED = {  # what people call a column that this house calls otherwise
    "label": (
        "class",
        "action",
        "activity",
        "gesture",
        "category",
        "target",
        "behaviour",
        "behavior",
    ),
    "subject": (
        "person",
        "actor",
        "participant",
        "performer",
        "user",
        "patient",
        "signer",
        "animal",
    ),
    "file": ("filename", "path", "filepath", "clip", "video", "recording"),
    "fps": ("rate", "framerate", "frame_rate"),
    "split": ("set", "subset", "part", "fold"),
    "camera": ("view", "viewpoint"),
}
WHOLE = ": each clip is taken whole"
INTERVALS = ("start", "end", "start_frame", "end_frame", "start_time", "end_time", "from", "to")
WHO = ("subject", "camera", "setup", "replication")
PER_CLIP = ("name", "label", *WHO, "fps", "split", "train")


@dataclass(frozen=True)
class Facts:
    """What is known of one clip; all of it may be unknown but the name.

    >>> Facts("a", label="wave", splits=in_file("train")).splits
    {'file': 'train'}
    """

    name: str
    label: str | None = None
    subject: str | None = None
    camera: str | None = None
    setup: str | None = None
    replication: str | None = None
    fps: float | None = None
    splits: Mapping[str, str] = field(default_factory=dict)
    notes: tuple[str, ...] = ()


def in_its_folder(path: Path, fps: float | None = None) -> Facts:
    """Return the facts of a clip that is named by its file or folder, its class by that above.

    >>> in_its_folder(Path("wave/first.mp4")).name
    'wave/first'
    """
    label = named(path).parent.name or None
    name = named(path).name if path.is_dir() else path.stem
    return Facts(f"{label}/{name}" if label else name, label=label, fps=fps)


def named(path: Path) -> Path:
    """Return a path with the names of all its folders, without `..`; links keep their own names.

    >>> named(Path("/data/walk/../run/a.json"))
    PosixPath('/data/run/a.json')
    """
    return Path(os.path.abspath(path))  # noqa: PTH100 - `resolve` would follow links


def in_file(part: str | None) -> dict[str, str]:
    """Return the splits of a clip whose file brings one split without a name.

    >>> in_file("train"), in_file(None)
    ({'file': 'train'}, {})
    """
    return {PROTOCOL: part} if part else {}


def make_clip(
    facts: Facts,
    coords: FloatArray,
    confidence: FloatArray | None,
    skeleton: Skeleton,
    options: ReadOptions,
    people: Sequence[str] = (),
) -> Clip:
    """Put a clip together from `[T,M,N,D]`, with at most `options.max_persons` people.

    `people` are the names of all M, where the file has them.

    >>> import numpy as np
    >>> from skelfuse.layouts import PENN_13
    >>> coords = np.zeros((4, 1, 13, 2), dtype=np.float32)
    >>> make_clip(Facts("a", label="wave"), coords, None, PENN_13, ReadOptions()).label
    'wave'
    """
    clip = Clip(
        coords,
        skeleton,
        name=facts.name,
        label=facts.label,
        confidence=confidence,
        subject=facts.subject,
        camera=facts.camera,
        setup=facts.setup,
        replication=facts.replication,
        fps=facts.fps or options.fps,
        splits=facts.splits,
        notes=facts.notes,
        people=tuple(people) if any(people) else (),
    )
    return keep_most_active(clip, options.max_persons)


def label_of(label: int, class_names: Sequence[str] | None, options: ReadOptions) -> str:
    """Return the name of a class that is numbered from 0.

    The names are the file's own, else line `A001 ...` of `options.class_names` names class 0.
    Without names the number itself is the label, with leading zeros so that labels sort, and as
    many in every file: the next one may have more classes.

    >>> label_of(1, ["sit", "stand"], ReadOptions()), label_of(7, None, ReadOptions())
    ('stand', '007')
    """
    if label < 0 or (class_names is not None and label >= len(class_names)):
        raise SkelfuseError(
            "a label without a class",
            expected=f"0 to {len(class_names) - 1}" if class_names is not None else "0 or more",
            found=label,
            remedy="correct the label, or name its class",
        )
    if class_names is not None:
        return class_names[label]
    if options.class_names is None:
        return f"{label:03d}"
    names: Mapping[int, str] = read_class_names(options.class_names)
    if label + 1 not in names:
        raise SkelfuseError(
            f"class {label} has no name in {options.class_names}",
            remedy=f"add a line 'A{label + 1:03d} ...' to it",
        )
    return class_label(label + 1, names)


def check_names(found: Sequence[str], known: Sequence[str], what: str) -> tuple[str, ...]:
    """Return notes on what is not used; refuse what looks like a misspelling of something known.

    >>> check_names(["label", "bbox"], ["label", "subject"], "array")
    ("array 'bbox' not used",)
    >>> check_names(["action", "start"], ["label", "subject"], "column")
    ("column 'action' not used; did you mean 'label'?", \
"column 'start' not used: each clip is taken whole")
    >>> check_names(["subjects"], ["label", "subject"], "array")
    Traceback (most recent call last):
    ...
    skelfuse.errors.SkelfuseError: unknown array 'subjects'; did you mean 'subject'?
    """
    unknown = [name for name in found if name not in known]
    called = {other: name for name, others in ALSO_CALLED.items() for other in others}
    for name in unknown:
        near = get_close_matches(name, known, n=1, cutoff=0.75)
        if near and near[0] not in found:
            raise SkelfuseError(f"unknown {what} '{name}'", remedy=f"did you mean '{near[0]}'?")

    def told(name: str) -> str:
        meant = called.get(name.lower().replace(" ", "_"))
        if meant in known and meant not in found:
            return f"{what} '{name}' not used; did you mean '{meant}'?"
        return f"{what} '{name}' not used" + (WHOLE if name.lower() in INTERVALS else "")

    return tuple(told(name) for name in unknown)

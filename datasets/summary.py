"""What is in a store, in numbers and in words."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from skelfuse.clips.provenance import Provenance
from skelfuse.datasets.protocols import ClipTable, available, lacks_subjects
from skelfuse.store import Store
from skelfuse.store.hdf5 import natural_key
from skelfuse.telling.counted import counted
from skelfuse.telling.note_lines import note_lines, tally

BARS = " ▁▂▃▄▅▆▇█"
CLIPS_LOOKED_AT = 5000  # for missing joints: beyond this many every k-th clip tells enough


@dataclass(frozen=True)
class Summary:
    """The contents of a store; `str()` is for people, `as_dict()` for programs."""

    store: str
    skeleton: str
    joints: int
    dimensions: int
    clips: int
    frames: int
    hours: float | None
    fps: list[float | None]
    classes: dict[str, int]
    unlabelled: int
    intervals: dict[str, int]  # of recordings that are kept whole, by label
    subjects: dict[str, int]
    cameras: dict[str, int]
    persons: dict[int, int]
    lengths: dict[str, Any]
    missing: dict[str, float]
    protocols: dict[str, dict[str, int]]
    notes: dict[str, int]  # what was decided on the way -> in how many clips
    no_subjects: str | None  # why no protocol splits it by subject
    provenance: Provenance
    asked: dict[str, Any]

    def as_dict(self) -> dict[str, Any]:
        """Return plain values, ready for JSON."""
        return {**asdict(self), "provenance": self.provenance.as_dict()}

    def __str__(self) -> str:
        lengths, bars = self.lengths, _bars(self.lengths["counts"])
        rows = [
            ("store", self.store),
            ("clips", f"{self.clips:,} with {counted(self.frames, 'frame')}{_hours(self.hours)}"),
            ("skeleton", f"{self.skeleton}: {self.joints} joints in {self.dimensions} dimensions"),
            ("fps", ", ".join("unknown" if fps is None else f"{fps:g}" for fps in self.fps)),
            ("persons", ", ".join(f"{m} in {count:,}" for m, count in self.persons.items())),
            ("subjects", _counts(self.subjects)),
            ("cameras", _counts(self.cameras)),
            (
                "lengths",
                f"{lengths['least']} {bars} {lengths['most']} (median {lengths['median']})",
            ),
            ("missing", _missing(self.missing)),
            ("protocols", _protocols(self.protocols, self.no_subjects)),
            *self._note_rows(),
            *([("intervals", _intervals(self.intervals))] if self.intervals else []),
            ("classes", f"{len(self.classes)}" + "".join(self._class_rows())),
        ]
        return "\n".join(f"{name:<10} {text}" for name, text in rows)

    def _note_rows(self) -> list[tuple[str, str]]:
        lines = note_lines(self.notes, more="--json lists them")
        return [("notes" if i == 0 else "", line) for i, line in enumerate(lines)]

    def _class_rows(self) -> list[str]:
        most = max(self.classes.values(), default=1) or 1
        width = max(map(len, self.classes), default=0)
        rows = [
            f"\n  {name:<{width}} {count:>6,} {'█' * round(20 * count / most)}"
            for name, count in self.classes.items()
        ]
        if self.unlabelled:
            rows.append(f"\n  {'(no label)':<{width}} {self.unlabelled:>6,}")
        return rows


def summarise(store: Store) -> Summary:
    """Count everything worth knowing about a store."""
    counted = Counter(store.labels.tolist())
    frames, table = store.frames, clip_table(store)
    seconds = [t / fps for t, fps in zip(frames.tolist(), store.fps, strict=True) if fps]
    return Summary(
        store=str(store.path),
        skeleton=store.skeleton.name,
        joints=len(store.skeleton),
        dimensions=store.skeleton.dimensions,
        clips=len(store),
        frames=int(frames.sum()),
        hours=sum(seconds) / 3600 if len(seconds) == len(store) else None,
        fps=sorted(set(store.fps), key=lambda fps: fps or 0),
        classes={name: counted[i] for i, name in enumerate(store.class_names)},
        unlabelled=counted[-1],
        intervals=_happening(store),
        subjects=_tally(store.subjects),
        cameras=_tally(store.cameras),
        persons=dict(sorted(Counter(store.persons.tolist()).items())),
        lengths=_lengths(frames),
        missing=missing_joints(store),
        protocols=available(table),
        notes=tally(store.notes),
        no_subjects=lacks_subjects(table),
        provenance=store.provenance,
        asked=store.asked,
    )


def alike(names: Sequence[str]) -> list[str]:
    """Return notes on classes whose names differ only in small and large letters, or in spaces.

    >>> alike(["Grooming", "grooming ", "rear"])
    ["classes 'Grooming' and 'grooming ' differ in letters alone: are they one?"]
    """
    groups: dict[str, list[str]] = {}
    for name in names:
        groups.setdefault(" ".join(name.casefold().split()), []).append(name)
    told = (" and ".join(f"'{name}'" for name in group) for group in groups.values() if group[1:])
    return [f"classes {both} differ in letters alone: are they one?" for both in told]


def headline(store: Store) -> str:
    """Return one line on a store."""
    return (
        f"{store.path}: {counted(len(store), 'clip')} of "
        f"{counted(len(store.class_names), 'class', 'classes')}, "
        f"{counted(int(store.frames.sum()), 'frame')}, {store.skeleton.name} with "
        f"{counted(len(store.skeleton), 'joint')}, "
        f"{counted(len(set(store.subjects) - {None}), 'subject')}"
    )


def clip_table(store: Store) -> ClipTable:
    """Return the columns of a store by which protocols split it."""
    return ClipTable(
        names=store.names,
        labels=store.labels,
        subjects=store.subjects,
        cameras=store.cameras,
        setups=store.setups,
        replications=store.replications,
        splits=store.splits,
        recordings=store.recordings,
    )


def missing_joints(store: Store) -> dict[str, float]:
    """Return for every joint the share of a clip's rows in which it was not seen, `[N]`."""
    step = -(-len(store) // CLIPS_LOOKED_AT)
    missing, rows = np.zeros(len(store.skeleton)), 0
    for i in range(0, len(store), step):
        coords = store.coords(i)
        missing += np.isnan(coords).any(axis=-1).sum(axis=(0, 1))
        rows += coords.shape[0] * coords.shape[1]
    return dict(zip(store.skeleton.joints, (missing / max(rows, 1)).round(6).tolist(), strict=True))


def _tally(column: list[str | None]) -> dict[str, int]:
    counts = Counter(value for value in column if value is not None)
    return {value: counts[value] for value in sorted(counts, key=natural_key)}


def _happening(store: Store) -> dict[str, int]:
    counts = Counter(one.label for i in range(len(store)) for one in store.intervals(i))
    return {label: counts[label] for label in store.class_names if label in counts}


def _intervals(counts: dict[str, int]) -> str:
    told = ", ".join(f"{label} {count:,}" for label, count in counts.items())
    return f"{sum(counts.values()):,} in recordings kept whole: {told}"


def _lengths(frames: np.ndarray[Any, np.dtype[np.int64]]) -> dict[str, Any]:
    counts, edges = np.histogram(frames, bins=min(24, int(np.ptp(frames)) + 1))
    return {
        "least": int(frames.min()),
        "median": int(np.median(frames)),
        "most": int(frames.max()),
        "edges": edges.round(1).tolist(),
        "counts": counts.tolist(),
    }


def _bars(counts: list[int]) -> str:
    top = max(counts)
    return "".join(BARS[-(-count * (len(BARS) - 1) // top)] for count in counts)


def _hours(hours: float | None) -> str:
    if hours is None:
        return ""
    return f", {hours:.1f} hours" if hours >= 1 else f", {hours * 60:.1f} minutes"


def _counts(counts: dict[str, int], shown: int = 6) -> str:
    if not counts:
        return "not known"
    names = list(counts)
    text = ", ".join(names if len(names) <= 2 * shown else [*names[:shown], "...", names[-1]])
    return (
        f"{len(counts)} ({text}), {min(counts.values()):,} to {max(counts.values()):,} clips each"
    )


def _missing(missing: dict[str, float]) -> str:
    average = sum(missing.values()) / len(missing)
    if not average:
        return "none"
    worst = sorted(missing, key=missing.__getitem__, reverse=True)[:3]
    return f"{average:.2%} of the joints; most: " + ", ".join(
        f"{joint} {missing[joint]:.2%}" for joint in worst if missing[joint]
    )


def _protocols(protocols: dict[str, dict[str, int]], no_subjects: str | None) -> str:
    lines = [
        f"{name}: " + ", ".join(f"{count:,} {part}" for part, count in parts.items())
        for name, parts in protocols.items()
    ]
    if no_subjects and lines:
        lines.append(f"none by subject: {no_subjects}")
    return "\n           ".join(lines) or "none"

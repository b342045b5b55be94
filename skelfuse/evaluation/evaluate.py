"""Runs on the clips of a store: every number that says how well they do."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy.typing as npt

from skelfuse.arrays import Array
from skelfuse.evaluation.bootstrap import Interval, bootstrap_interval, wilson_interval
from skelfuse.evaluation.doubts import Doubt, least_believed
from skelfuse.evaluation.matching import Indices, Labelled, clips_for, joint_order
from skelfuse.evaluation.metrics import (
    Confusion,
    IntArray,
    Metrics,
    PerClass,
    confusion_matrix,
    metrics,
    per_class,
    worst_confusions,
)
from skelfuse.evaluation.scores import Progress, ensemble_scores
from skelfuse.run import Run
from skelfuse.store import Store
from skelfuse.telling.note_lines import tally

FORMAT, FORMAT_VERSION = "skelfuse-evaluation", 1
CLIPS_LOOKED_AT = 200  # to see whether they are like those of the training
LEAST_SUBJECTS = 5  # fewer people say nothing of people at large


@dataclass(frozen=True)
class Evaluated:
    """What was evaluated: enough to tell whether two evaluations may be compared."""

    store: str
    protocol: str | None
    part: str | None
    crops: int
    clips_sha256: str  # of the clips, whatever their order


@dataclass(frozen=True, eq=False)
class Evaluation:
    """What came out, for C clips of K classes."""

    runs: tuple[Run, ...]
    test: Evaluated
    class_names: tuple[str, ...]
    names: tuple[str, ...]  # of the clips
    label: IntArray  # [C]
    probability: Array  # [C,K]
    metrics: Metrics
    interval: Interval  # of top1, over clips
    subjects: int  # 0 where not known
    subject_interval: Interval | None  # of top1, over people
    notes: tuple[str, ...]
    own_share: float | None = None  # mean share of the own path in decisions; None without paths

    @property
    def prediction(self) -> IntArray:
        """The most probable class of each clip, `[C]`."""
        best: IntArray = self.probability.argmax(axis=1)
        return best

    @property
    def wilson(self) -> Interval:
        """Wilson's interval of top1 over clips, wide also where all are right."""
        return wilson_interval(self.prediction == self.label)

    @property
    def confusion(self) -> IntArray:
        """Clips by true (row) and predicted (column) class, `[K,K]`."""
        return confusion_matrix(self.label, self.prediction, len(self.class_names))

    @property
    def per_class(self) -> PerClass:
        """Precision, recall, F1 and support of each class."""
        return per_class(self.confusion)

    @property
    def worst_confusions(self) -> list[Confusion]:
        """The pairs of classes most often confused."""
        return worst_confusions(self.confusion, self.class_names)

    @property
    def least_believed(self) -> list[Doubt]:
        """The mistaken clips whose labels are least probable."""
        return least_believed(self.probability, self.label, self.names, self.class_names)

    def as_dict(self) -> dict[str, Any]:
        """Return plain values, ready for JSON; what cannot be computed is None."""
        table = zip(self.class_names, *(_plain(column) for column in self.per_class), strict=True)
        return {
            "format": FORMAT,
            "format_version": FORMAT_VERSION,
            "runs": [
                {"checkpoint": str(run.path), "epoch": run.epoch, "seed": run.config.seed}
                for run in self.runs
            ],
            "test": asdict(self.test),
            "metrics": asdict(self.metrics),
            "top1_interval": list(self.interval),
            "top1_interval_wilson": list(self.wilson),
            "subjects": self.subjects,
            "top1_interval_over_subjects": (
                None if self.subject_interval is None else list(self.subject_interval)
            ),
            "own_share": self.own_share,
            "worst_confusions": [pair._asdict() for pair in self.worst_confusions],
            "least_believed": [doubt._asdict() for doubt in self.least_believed],
            "classes": [dict(zip(("name", *PerClass._fields), row, strict=True)) for row in table],
            "notes": list(self.notes),
        }


def evaluate(
    runs: Sequence[Run],
    store: Store,
    indices: npt.ArrayLike,
    *,
    protocol: str | None = None,
    part: str | None = None,
    crops: int = 1,
    ignore_unknown: bool = False,
    progress: Progress | None = None,
) -> Evaluation:
    """Evaluate a run, or several as one that averages their probabilities, on clips of a store.

    Joints and classes are matched by name. `protocol` and `part` say where `indices` come from
    and are only passed on.

    >>> import tempfile
    >>> import numpy as np
    >>> from pathlib import Path
    >>> from skelfuse.clip import Clip
    >>> from skelfuse.layouts import KINECT_V2
    >>> from skelfuse.training import TrainConfig, train
    >>> from skelfuse.training.config import Fit, ModelChoice
    >>> from skelfuse.run import load_run
    >>> folder, draw = Path(tempfile.mkdtemp()), np.random.default_rng(0)
    >>> clips = [
    ...     Clip(draw.normal(size=(20, 1, 25, 3)), KINECT_V2, name=f"{i}", label="ab"[i % 2])
    ...     for i in range(8)
    ... ]
    >>> store = Store.write(folder / "store.h5", clips)
    >>> nano = ModelChoice("skelfuse", "nano")
    >>> config = TrainConfig(model=nano, train=Fit(epochs=1, validation=0))
    >>> result = train(config, store, {"train": np.arange(4)}, folder / "run")
    >>> found = evaluate([load_run(folder / "run")], store, np.arange(4, 8))
    >>> found.metrics.clips, found.probability.shape, found.per_class.support
    (4, (4, 2), array([2, 2]))
    """
    for run in runs:
        joint_order(run, store)  # another body explains whatever else is not as it should be
    clips = clips_for(runs, store, indices, ignore_unknown=ignore_unknown)
    scores = ensemble_scores(runs, store, clips.indices, crops=crops, progress=progress)
    probability, share = scores.probability, scores.own_share
    right = probability.argmax(axis=1) == clips.label
    people = [store.subjects[i] for i in clips.indices]
    known = [name for name in people if name is not None]
    count = len(set(known)) if len(known) == len(people) else 0
    return Evaluation(
        tuple(runs),
        Evaluated(str(store.path), protocol, part, crops, _sha256(store, clips.indices)),
        runs[0].class_names,
        tuple(store.names[i] for i in clips.indices),
        clips.label,
        probability,
        metrics(probability, clips.label),
        bootstrap_interval(right),
        count,
        bootstrap_interval(right, known) if count >= LEAST_SUBJECTS else None,
        tuple(_notes(runs, store, clips, protocol)),
        None if share is None else float(share.mean()),
    )


def _notes(runs: Sequence[Run], store: Store, clips: Labelled, protocol: str | None) -> list[str]:
    notes = []
    if clips.unlabelled:
        notes.append(f"{clips.unlabelled:,} clips have no label and are left out")
    if clips.unknown:
        counts = ", ".join(f"{name} ({count:,})" for name, count in clips.unknown.items())
        left_out = sum(clips.unknown.values())
        notes.append(f"{left_out:,} clips of classes unknown to the run are left out: {counts}")
    absent = len(runs[0].class_names) - len(set(clips.label.tolist()))
    if absent:
        have = "has" if absent == 1 else "have"
        notes.append(f"{absent} of {len(runs[0].class_names)} classes {have} no clip here")
    for run in runs:
        if protocol is not None and run.config.protocol not in (None, protocol):
            notes.append(
                f"{run.path} was trained by the protocol {run.config.protocol}, not {protocol}: "
                "clips of this part may have been trained on"
            )
        notes += _unlike(run, store, clips.indices)
        for option in ("align", "scale"):
            now, before = (getattr(one.provenance, option) for one in (store, run))
            if None not in (now, before) and now != before:
                notes.append(
                    f"{run.path} was trained on a store made {'with' if before else 'without'} "
                    f"--{option}, and this one is made {'with' if now else 'without'}"
                )
    return notes


def _unlike(run: Run, store: Store, indices: Indices) -> list[str]:
    """Say what of most clips is as in no training clip: a few of them may well be so."""
    looked_at = indices[:: -(-len(indices) // CLIPS_LOOKED_AT)].tolist()
    found = tally(run.doubts(store[i]) for i in looked_at)
    return [f"most clips: {doubt}" for doubt, clips in found.items() if 2 * clips > len(looked_at)]


def _sha256(store: Store, indices: Indices) -> str:
    digest = hashlib.sha256("\n".join(sorted(store.digests[i] for i in indices)).encode())
    return digest.hexdigest()


def _plain(column: npt.NDArray[Any]) -> list[float | int | None]:
    return [None if value != value else value for value in column.tolist()]  # noqa: PLR0124 - NaN

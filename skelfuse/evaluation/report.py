"""An evaluation as text, as files in a folder, and as the record that it leaves in a run."""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Iterable, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import numpy as np

from skelfuse.evaluation.bootstrap import Interval
from skelfuse.evaluation.confusion_plot import can_be_drawn, draw_confusion
from skelfuse.evaluation.evaluate import Evaluation
from skelfuse.evaluation.metrics import PerClass
from skelfuse.evaluation.robustness import Robustness
from skelfuse.files import atomic_write, cannot_write, write_text
from skelfuse.plain_text import cell
from skelfuse.telling.counted import counted

SHOWN = 20  # classes in the text; a folder gets all of them
DOUBTS_SHOWN = 5
FILES = ("evaluation.json", "confusion.csv", "classes.csv", "predictions.csv", "confusion.png")
PREDICTION = ("name", "label", "prediction", "probability", "probability_of_label")


def report_text(evaluation: Evaluation) -> str:
    """Return an evaluation for people to read."""
    found, lines = evaluation.metrics, [_headline(evaluation)]
    over = f"95 % interval {_range(evaluation.interval)} over clips"
    if evaluation.interval.low == evaluation.interval.high:  # all clips are right, or none is
        over += f" (Wilson {_range(evaluation.wilson)})"
    if evaluation.subject_interval is not None:
        people = f"over {counted(evaluation.subjects, 'subject')}"
        over += f", {_range(evaluation.subject_interval)} {people}"
    lines += [
        f"top-1                {found.top1:7.2%}   {over}",
        *([f"top-5                {found.top5:7.2%}"] if found.top5 is not None else []),
        f"mean-class accuracy  {found.mean_class_accuracy:7.2%}",
        f"macro F1             {found.macro_f1:7.2%}",
        f"calibration error    {found.calibration_error:7.2%}",
    ]
    if evaluation.own_share is not None:
        own = f"{evaluation.own_share:7.2%}"
        lines.append(
            f"joints by themselves {own}   of a decision; the rest is how they go together"
        )
    worst = evaluation.worst_confusions
    if worst:
        lines += ["", "worst confusions (clips of the class, true -> predicted)"]
        lines += [f"{c.clips:6,} of {c.of:5,}  {c.label} -> {c.prediction}" for c in worst]
    doubts = evaluation.least_believed[:DOUBTS_SHOWN]
    if doubts:
        lines += ["", "labels that may be wrong (clip, label -> prediction, probability of each)"]
        lines += [
            f"{one.clip}  {one.label} -> {one.prediction}  "
            f"{one.probability_of_label:.1%} -> {one.probability:.1%}"
            for one in doubts
        ]
    return "\n".join([*lines, "", *_class_table(evaluation)])


def write_report(evaluation: Evaluation, folder: str | Path) -> list[Path]:
    """Write an evaluation into a folder and return the files, which replace old ones together.

    evaluation.json, confusion.csv, classes.csv, predictions.csv; and confusion.png where
    matplotlib is installed and the classes are few enough for a picture.
    """
    folder, names = Path(folder), evaluation.class_names
    confusion = evaluation.confusion
    title = f"{_headline(evaluation)}\ntop-1 {evaluation.metrics.top1:.1%}"
    drawn = can_be_drawn(confusion)
    files = [folder / name for name in (FILES if drawn else FILES[:-1])]
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with ExitStack() as written:
            told, confusions, classes, predictions, *picture = (
                written.enter_context(atomic_write(file)) for file in files
            )
            told.write_text(_json(evaluation.as_dict()), encoding="utf-8")
            rows = zip(names, confusion.tolist(), strict=True)
            _write_csv(confusions, ["true class", *names], ([name, *row] for name, row in rows))
            _write_csv(classes, ["name", *PerClass._fields], _classes(evaluation))
            _write_csv(predictions, PREDICTION, _predictions(evaluation))
            for new in picture:
                draw_confusion(confusion, names, new, title=title)
        if not drawn:  # an old one would be taken for the picture of these numbers
            (folder / FILES[-1]).unlink(missing_ok=True)
    except OSError as error:
        raise cannot_write("the evaluation", folder, error) from None
    return files


def write_robustness(found: Robustness, folder: str | Path) -> Path:
    """Write a robustness table into a folder that is there, as robustness.json."""
    path = Path(folder) / "robustness.json"
    write_text(path, _json(found.as_dict()), what="the robustness table")
    return path


def leave_in_run(evaluation: Evaluation, folder: Path) -> Path:
    """Write an evaluation of one run into the run's folder, where `compare` finds it.

    The name tells checkpoint, store, protocol and part, and ends in a mark of the clips: stores
    may share a name, and one store may be made anew.
    """
    test = evaluation.test
    words = [evaluation.runs[0].path.stem, Path(test.store).stem, test.protocol, test.part]
    words += [f"{test.crops}-crops"] if test.crops > 1 else []
    name = "-".join(re.sub(r"[^\w.]+", "-", word) for word in words if word)
    path = folder / f"evaluation-{name}-{test.clips_sha256[:8]}.json"
    with atomic_write(path) as new:
        new.write_text(_json(evaluation.as_dict()), encoding="utf-8")
    return path


def _headline(evaluation: Evaluation) -> str:
    runs, test = evaluation.runs, evaluation.test
    who = ", ".join(f"{run.path} (epoch {run.epoch})" for run in runs)
    together = f"{len(runs)} runs together: " if len(runs) > 1 else ""
    where = ", ".join(word for word in (test.store, test.protocol, test.part) if word)
    crops = f", {test.crops} crops each" if test.crops > 1 else ""
    return (
        f"{together}{who}\non {where}: {counted(evaluation.metrics.clips, 'clip')} of "
        f"{counted(len(set(evaluation.label.tolist())), 'class', 'classes')}{crops}"
    )


def _class_table(evaluation: Evaluation) -> list[str]:
    table = evaluation.per_class
    order = np.flatnonzero((table.support > 0) | ~np.isnan(table.precision))
    title = f"{'clips':>6} {'precision':>9} {'recall':>7} {'F1':>7}  class"
    hidden = len(order) - SHOWN
    if hidden > 0:
        order = order[np.argsort(np.nan_to_num(table.f1[order]), kind="stable")][:SHOWN]
        title += f" ({SHOWN} lowest F1; {hidden} more with --out)"
    return [title] + [
        f"{table.support[i]:6,} {_percent(table.precision[i]):>9} {_percent(table.recall[i]):>7} "
        f"{_percent(table.f1[i]):>7}  {evaluation.class_names[i]}"
        for i in order
    ]


def _classes(evaluation: Evaluation) -> Iterable[list[str]]:
    table = evaluation.per_class
    for i, name in enumerate(evaluation.class_names):
        shares = (float(column[i]) for column in (table.precision, table.recall, table.f1))
        yield [
            name,
            *("" if np.isnan(share) else f"{share:.6f}" for share in shares),
            str(table.support[i]),
        ]


def _predictions(evaluation: Evaluation) -> Iterable[list[str]]:
    classes = evaluation.class_names
    columns = evaluation.label, evaluation.prediction, evaluation.probability
    for name, label, prediction, shares in zip(evaluation.names, *columns, strict=True):
        row = [name, classes[label], classes[prediction]]
        yield [*row, f"{shares[prediction]:.6f}", f"{shares[label]:.6f}"]


def _percent(share: float) -> str:
    return "-" if np.isnan(share) else f"{share:.1%}"


def _range(interval: Interval) -> str:
    return f"{interval.low:.1%} to {interval.high:.1%}"


def _json(values: dict[str, Any]) -> str:
    return json.dumps(values, indent=1) + "\n"


def _write_csv(path: Path, header: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(map(cell, header))
    writer.writerows(map(cell, row) for row in rows)
    path.write_text(text.getvalue(), encoding="utf-8")

"""What a run's folder tells about the run, read back for comparison."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

from skelfuse.errors import SkelfuseError
from skelfuse.evaluation.evaluate import FORMAT, FORMAT_VERSION
from skelfuse.run import load_run
from skelfuse.training.checkpoint import BEST, LAST, NO_TENSOR, read_checkpoint, undamaged

SEED = "seed"


class EvaluationName(NamedTuple):
    """What tells one test from another, the most telling first; "" where it is as usual."""

    split: str
    checkpoint: str
    crops: str
    store: str
    clips: str


@dataclass(frozen=True)
class RunFacts:
    """One run. Accuracies are None where nothing was validated."""

    name: str
    config: dict[str, Any]  # dotted keys
    parameters: int
    epochs: int  # done
    best_epoch: int | None
    best_validation: float | None  # accuracy at the best epoch
    final_validation: float | None
    tests: dict[EvaluationName, dict[str, Any]]  # metrics, with the intervals of top1
    made_of: str = field(repr=False)  # skeleton, classes, how the store was made
    stale: tuple[str, ...]  # evaluations that are of no use, and why

    @property
    def seed(self) -> int:
        """What its random numbers began with."""
        return int(self.config[SEED])

    @property
    def variant(self) -> str:
        """Equal for runs that differ in nothing but their seed."""
        told = {key: value for key, value in self.config.items() if key != SEED}
        return json.dumps([told, self.made_of], sort_keys=True)


def run_facts(folder: Path) -> RunFacts:
    """Read a run's checkpoints and the evaluations left with it."""
    if folder.exists() and not folder.is_dir():
        raise SkelfuseError(
            "not a run's folder", file=folder, remedy="name the folder that train --out has made"
        )
    run = load_run(folder)
    epochs, final = {run.path.name: run.epoch}, run.metrics
    if (folder / LAST).exists():
        facts, _ = read_checkpoint(folder / LAST, only=NO_TENSOR)
        with undamaged(folder / LAST):
            epochs[LAST], final = int(facts["epoch"]), dict(facts["metrics"])
    made_of = [run.skeleton.to_dict(), run.class_names, run.provenance.as_dict()]
    tests, stale = _tests(folder, epochs)
    return RunFacts(
        name=str(folder),
        config=_flat(run.config.as_dict()),
        parameters=sum(p.numel() for p in run.model.parameters()),
        epochs=max(epochs.values()),
        best_epoch=epochs.get(BEST),
        best_validation=run.metrics.get("validation_accuracy") if BEST in epochs else None,
        final_validation=final.get("validation_accuracy"),
        tests=tests,
        made_of=json.dumps(made_of, sort_keys=True),
        stale=tuple(stale),
    )


def _tests(
    folder: Path, epochs: Mapping[str, int]
) -> tuple[dict[EvaluationName, dict[str, Any]], list[str]]:
    """Return the evaluations left in a run that are of its checkpoints as they are now."""
    found: dict[EvaluationName, dict[str, Any]] = {}
    stale = []
    for path in sorted(folder.glob("evaluation-*.json")):
        try:
            record = json.loads(path.read_text(encoding="utf-8"))
            if (record["format"], record["format_version"]) != (FORMAT, FORMAT_VERSION):
                raise ValueError
            (evaluated,), test = record["runs"], record["test"]
            checkpoint = Path(evaluated["checkpoint"])
            name = EvaluationName(
                " ".join(word for word in (test["protocol"], test["part"]) if word),
                "" if checkpoint.name == BEST else checkpoint.stem,
                f"{test['crops']} crops" if test["crops"] > 1 else "",
                Path(test["store"]).stem,
                test["clips_sha256"][:8],
            )
            values = {**record["metrics"], "top1_interval": record["top1_interval"]}
            _check_numbers(values)
            values["top1_interval_wilson"] = record.get("top1_interval_wilson")
            epoch = int(evaluated["epoch"])
        except Exception:  # whatever a damaged file makes this raise
            stale.append(f"{path}: not an evaluation that this version reads")
            continue
        now = epochs.get(checkpoint.name)
        if now == epoch:
            found[name] = values
        else:
            stale.append(
                f"{path}: of epoch {epoch}, and {checkpoint.name} is "
                f"{'gone' if now is None else f'of epoch {now}'}; evaluate again"
            )
    return found, stale


def _check_numbers(values: Mapping[str, Any]) -> None:
    low, high = values["top1_interval"]
    numbers = (int, float)
    if not all(isinstance(one, numbers) for one in (low, high, values["top1"])) or not all(
        one is None or isinstance(one, numbers)
        for name, one in values.items()
        if name != "top1_interval"
    ):
        raise ValueError("metrics that are no numbers")


def _flat(config: Mapping[str, Any], above: str = "") -> dict[str, Any]:
    flat: dict[str, Any] = {}
    for key, value in config.items():
        flat |= _flat(value, f"{above}{key}.") if isinstance(value, dict) else {above + key: value}
    return flat

"""Runs side by side: what they were told, how they learned, what they are worth."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from skelfuse.errors import SkelfuseError
from skelfuse.evaluation.run_facts import EvaluationName, RunFacts, run_facts

LEAST_WORDS = 3  # of a test's name: split, checkpoint and crops; the rest only where needed


@dataclass(frozen=True)
class Spread:
    """Mean and standard deviation (n - 1) of so many runs.

    >>> spread([0.5, 0.5, None])
    Spread(mean=0.5, deviation=0.0, runs=2)
    """

    mean: float
    deviation: float
    runs: int


@dataclass(frozen=True)
class Seeds:
    """Runs that differ in their seed alone; each seed counts once."""

    runs: tuple[str, ...]
    seeds: tuple[int, ...]
    best_validation: Spread | None
    tests: dict[EvaluationName, Spread]  # top-1


@dataclass(frozen=True)
class Comparison:
    """What `compare` found; `problems` are folders that hold no readable run, and stale records."""

    runs: tuple[RunFacts, ...]
    differences: tuple[str, ...]  # keys of the configuration
    tests: dict[EvaluationName, str]  # each with a short name
    seeds: tuple[Seeds, ...]
    problems: tuple[str, ...]

    def as_dict(self) -> dict[str, Any]:
        """Return plain values, ready for JSON; tests go by their short names."""
        runs = [
            {
                "name": run.name,
                "config": run.config,
                "parameters": run.parameters,
                "epochs": run.epochs,
                "best_epoch": run.best_epoch,
                "best_validation": run.best_validation,
                "final_validation": run.final_validation,
                "tests": {self.tests[test]: values for test, values in run.tests.items()},
            }
            for run in self.runs
        ]
        seeds = [
            {
                "runs": list(group.runs),
                "seeds": list(group.seeds),
                "best_validation": group.best_validation and asdict(group.best_validation),
                "tests": {self.tests[test]: asdict(top1) for test, top1 in group.tests.items()},
            }
            for group in self.seeds
        ]
        told = {"differences": list(self.differences), "problems": list(self.problems)}
        return {"runs": runs, "seeds": seeds, **told}


def compare(folders: Sequence[str | Path]) -> Comparison:
    """Put the runs in `folders` side by side.

    What is no run is told in `problems`; only where there is none at all it is an error.

        print(comparison_text(compare(["runs/a", "runs/b"])))
    """
    runs, problems = [], []
    for folder in dict.fromkeys(Path(folder) for folder in folders):
        try:
            runs.append(run_facts(folder))
        except SkelfuseError as error:
            problems.append(str(error))
    if not runs:
        told = f": {problems[0]}" if problems else ""
        more = f" (and {len(problems) - 1} more)" if len(problems) > 1 else ""
        raise SkelfuseError(
            f"no run to compare{told}{more}", remedy="name folders that skelfuse train has made"
        )
    return Comparison(
        tuple(runs),
        differing_keys(runs),
        short_names(sorted({test for run in runs for test in run.tests})),
        tuple(_seeds(runs)),
        tuple(problems + [problem for run in runs for problem in run.stale]),
    )


def differing_keys(runs: Sequence[RunFacts]) -> tuple[str, ...]:
    """Return the keys of the configuration that some run has and not all have alike."""
    keys = dict.fromkeys(key for run in runs for key in run.config)
    absent = object()  # null is a value, too
    first = {key: runs[0].config.get(key, absent) for key in keys}
    return tuple(
        key for key in keys if any(run.config.get(key, absent) != first[key] for run in runs)
    )


def short_names(tests: Sequence[EvaluationName]) -> dict[EvaluationName, str]:
    """Name each test by no more words than tell it from the others.

    >>> once = EvaluationName("utd-mhad test", "", "", "store", "1a2b3c4d")
    >>> short_names([once, once._replace(checkpoint="last")]).values()
    dict_values(['utd-mhad test', 'utd-mhad test last'])
    >>> short_names([once, once._replace(store="other")]).values()
    dict_values(['utd-mhad test store', 'utd-mhad test other'])
    """
    names: dict[EvaluationName, str] = {}
    for words in range(LEAST_WORDS, len(EvaluationName._fields) + 1):
        short = {test: " ".join(filter(None, test[:words])) for test in tests}
        times = Counter(short.values())
        names |= {t: name for t, name in short.items() if t not in names and times[name] == 1}
    return names


def spread(values: Sequence[float | None]) -> Spread | None:
    """Return the spread of the values that are known; None of fewer than two."""
    known = [value for value in values if value is not None]
    if len(known) < 2:
        return None
    return Spread(float(np.mean(known)), float(np.std(known, ddof=1)), len(known))


def _seeds(runs: Sequence[RunFacts]) -> list[Seeds]:
    variants: defaultdict[str, dict[int, RunFacts]] = defaultdict(dict)
    for run in runs:
        variants[run.variant].setdefault(run.seed, run)
    groups = []
    for of_seed in variants.values():
        if len(of_seed) < 2:
            continue
        same = list(of_seed.values())
        tests = {}
        for test in dict.fromkeys(test for run in same for test in run.tests):
            top1 = spread([run.tests[test]["top1"] if test in run.tests else None for run in same])
            if top1 is not None:
                tests[test] = top1
        groups.append(
            Seeds(
                tuple(run.name for run in same),
                tuple(of_seed),
                spread([run.best_validation for run in same]),
                tests,
            )
        )
    return groups

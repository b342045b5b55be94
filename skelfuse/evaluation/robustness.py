"""How much a run still recognises when recordings are worse than those it was tested on."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from skelfuse.arrays import Array
from skelfuse.batches import batch_of
from skelfuse.clip import Clip
from skelfuse.clips.preparation import Preparation
from skelfuse.evaluation import conditions
from skelfuse.evaluation.matching import clips_for, matched
from skelfuse.evaluation.scores import ROWS_AT_ONCE, Progress, batch_scores
from skelfuse.run import Run
from skelfuse.store import Store

MISSING = (0.1, 0.3, 0.5)
JITTER = (0.02, 0.05, 0.1)  # of a torso: 1, 2.5 and 5 cm of a grown person's
KEPT = (0.25, 0.5, 0.75)
TURNS = (30, 60, 90)
CLIPS_FOR_VERTICAL = 100


class Condition(NamedTuple):
    """One way in which recordings are worse."""

    kind: str
    strength: float | None  # None where there is no more or less of it
    name: str
    change: Callable[[Clip], Clip]


@dataclass(frozen=True)
class Robustness:
    """The share of C clips recognised under each condition; the first one changes nothing."""

    conditions: tuple[Condition, ...]
    top1: tuple[float, ...]
    clips: int
    crops: int
    seed: int
    notes: tuple[str, ...]

    def as_dict(self) -> dict[str, Any]:
        """Return plain values, ready for JSON."""
        rows = zip(self.conditions, self.top1, strict=True)
        return {
            "clips": self.clips,
            "crops": self.crops,
            "seed": self.seed,
            "conditions": [
                {"kind": one.kind, "strength": one.strength, "name": one.name, "top1": top1}
                for one, top1 in rows
            ],
            "notes": list(self.notes),
        }


def all_conditions(*, flat: bool, vertical: int = 1, seed: int = 0) -> tuple[Condition, ...]:
    """Return every condition, the unchanged recording first.

    >>> [one.name for one in all_conditions(flat=False)][:3]
    ['as recorded', '10 % of the joints missing', '30 % of the joints missing']
    >>> all_conditions(flat=True)[-2].name
    'camera tilted sideways by 90 degrees'
    """
    found = [Condition("unchanged", None, "as recorded", lambda clip: clip)]

    def add(
        kind: str, strength: float | None, name: str, change: Callable[..., Clip], **how: float
    ) -> None:
        found.append(Condition(kind, strength, name, partial(change, **how)))

    for share in MISSING:
        name = f"{100 * share:.0f} % of the joints missing"
        add("missing", share, name, conditions.without_joints, share=share, seed=seed)
    for share in JITTER:
        name = f"jitter of {100 * share:.0f} % of the body's size"
        add("jitter", share, name, conditions.jittered, share=share, seed=seed)
    for share in KEPT:
        name = f"first {100 * share:.0f} % of the clip alone"
        add("beginning", share, name, conditions.beginning, share=share)
    add("rate", 0.5, "half the frame rate", conditions.every_second_frame)
    add("rate", 2.0, "twice the frame rate", conditions.frames_between)
    kind, how = ("tilt", "tilted sideways") if flat else ("turn", "turned about the vertical")
    for degrees in TURNS:
        name = f"camera {how} by {degrees} degrees"
        add(kind, degrees, name, conditions.turned, degrees=degrees, vertical=vertical)
    add("mirror", None, "left and right swapped", conditions.mirrored, vertical=vertical)
    return tuple(found)


def evaluate_robustness(
    runs: Sequence[Run],
    store: Store,
    indices: npt.ArrayLike,
    *,
    crops: int = 1,
    seed: int = 0,
    ignore_unknown: bool = False,
    progress: Progress | None = None,
) -> Robustness:
    """Evaluate runs, which decide together, on clips of a store under every condition.

    The clips are changed as they come from the store, then sampled and placed as ever.
    `progress` is told how many of `len(runs) * len(indices) * conditions` clips are done.
    """
    clips = clips_for(runs, store, indices, ignore_unknown=ignore_unknown)
    step = max(1, len(clips.indices) // CLIPS_FOR_VERTICAL)
    vertical = conditions.vertical_axis(store[i] for i in clips.indices[::step].tolist())
    flat, notes = store.skeleton.dimensions == 2, []
    if vertical is None and not flat:
        notes.append("nothing tells which axis is vertical: y is taken for it")
    tests = all_conditions(flat=flat, vertical=1 if vertical is None else vertical, seed=seed)
    together = matched(runs, store)
    again = Preparation.of_store(store.skeleton, store.provenance)
    right, done, size = [0] * len(tests), 0, max(1, ROWS_AT_ONCE // crops)
    for at in range(0, len(clips.indices), size):
        recorded = [store[i] for i in clips.indices[at : at + size].tolist()]
        for t, test in enumerate(tests):
            changed = [test.change(clip) for clip in recorded]
            if test.kind == "turn" and again.align:  # what making this store would have undone
                changed = [again.prepared(clip) for clip in changed]
            found = sum(_probability(*run, changed, crops) for run in together)
            right[t] += int((np.argmax(found, axis=1) == clips.label[at : at + size]).sum())
            done += len(runs) * len(changed)
            if progress is not None:
                progress(done)
    top1 = tuple(count / len(clips.indices) for count in right)
    return Robustness(tests, top1, len(clips.indices), crops, seed, tuple(notes))


def _probability(
    run: Run, order: list[int], column: list[int], clips: Sequence[Clip], crops: int
) -> Array:
    """Return how probable the first run's classes are to one of the runs, `[C,K]`."""
    device = next(run.model.parameters()).device
    batch = batch_of(clips, sampling=run.config.sampling, device=device, crops=crops)
    found = batch_scores(run, batch, order, crops, [clip.name for clip in clips])
    return np.asarray(found.probability[:, column])


def robustness_text(found: Robustness) -> str:
    """Return a table for people to read: top-1, and the change against the clips as they are.

    >>> kinds = all_conditions(flat=False)[:2]
    >>> print(robustness_text(Robustness(kinds, (0.975, 0.9), 40, 1, 0, ())))
      top-1  change  robustness, 40 clips
     97.50%          as recorded
     90.00%    -7.5  10 % of the joints missing
    """
    lines = [f"{'top-1':>7} {'change':>7}  robustness, {found.clips:,} clips"]
    for test, top1 in zip(found.conditions, found.top1, strict=True):
        change = "" if test.kind == "unchanged" else f"{100 * (top1 - found.top1[0]):+.1f}"
        lines.append(f"{top1:7.2%} {change:>7}  {test.name}")
    return "\n".join([*lines, *(f"note: {note}" for note in found.notes)])

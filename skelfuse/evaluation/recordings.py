"""How well a run finds what happens when, in whole recordings with intervals: frames and bouts."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import numpy.typing as npt

from skelfuse.arrays import Array, Bools
from skelfuse.clip import Clip
from skelfuse.errors import SkelfuseError

if TYPE_CHECKING:
    from skelfuse.predict import Recogniser
    from skelfuse.predict.windows import Window

OVERLAPS = (0.1, 0.25, 0.5)  # which two bouts must share of what both cover, to be one
NOTHING = -1  # the decision where no window sees anybody
Ints = npt.NDArray[np.int64]
Bout = tuple[int, int]  # its first frame, and the one after its last


class Counts(NamedTuple):
    """Frames `[K]` and bouts of each class: those that are true, those found, and those right."""

    true: Ints
    found: Ints
    both: Ints
    true_bouts: Ints
    found_bouts: Ints
    both_bouts: Ints  # [3,K], by each of `OVERLAPS`


@dataclass(frozen=True)
class RecordingEvaluation:
    """What was right in some recordings."""

    class_names: tuple[str, ...]
    names: tuple[str, ...]  # of the recordings
    window: str
    frames: int  # that have a label, and so count
    right: int  # of them
    counts: Counts

    @property
    def accuracy(self) -> float:
        """The share of the frames whose decision is their label."""
        return self.right / self.frames

    @property
    def f1(self) -> Array:
        """F1 of each class over frames, `[K]`; NaN where a class is neither there nor found."""
        counts = self.counts
        return _f1(counts.both, counts.true, counts.found)

    @property
    def bout_f1(self) -> Array:
        """F1 over the bouts of all classes together, by each of `OVERLAPS`."""
        counts = self.counts
        bouts = counts.true_bouts.sum(keepdims=True), counts.found_bouts.sum(keepdims=True)
        return _f1(counts.both_bouts.sum(axis=1), *bouts)

    def as_dict(self) -> dict[str, Any]:
        """Return plain values, ready for JSON."""
        counts = self.counts
        precision, recall = _share(counts.both, counts.found), _share(counts.both, counts.true)
        of_bouts = _f1(counts.both_bouts, counts.true_bouts, counts.found_bouts)  # [3,K]
        return {
            "recordings": list(self.names),
            "window": self.window,
            "frames": self.frames,
            "accuracy": self.accuracy,
            "macro_f1": _number(float(np.nanmean(self.f1))),
            "bout_f1": _by_overlap(self.bout_f1),
            "classes": [
                {
                    "class": name,
                    "precision": _number(precision[k]),
                    "recall": _number(recall[k]),
                    "f1": _number(self.f1[k]),
                    "frames": int(counts.true[k]),
                    "bouts": int(counts.true_bouts[k]),
                    "bouts_found": int(counts.found_bouts[k]),
                    "bouts_right": dict(
                        zip(map(str, OVERLAPS), counts.both_bouts[:, k].tolist(), strict=True)
                    ),
                    "bout_f1": _by_overlap(of_bouts[:, k]),
                }
                for k, name in enumerate(self.class_names)
            ],
        }


def evaluate_recordings(
    recogniser: Recogniser,
    recordings: Iterable[Clip],
    *,
    window: str = "2s",
    stride: str | None = None,
    rest: str | None = None,
    progress: Callable[[int], None] | None = None,
) -> RecordingEvaluation:
    """Compare what windows of whole recordings show with the recordings' intervals.

    The decision of a frame is the class of the largest mean probability over the windows that
    cover it. It is right where an interval of that class covers the frame. Frames outside all
    intervals do not count, unless `rest` is the class that they are of.
    """
    classes = tuple(recogniser.classes)
    if rest is not None and rest not in classes:
        raise SkelfuseError(
            f"the run has no class '{rest}'", expected=", ".join(classes), key="rest_label"
        )
    names, frames, right = [], 0, 0
    every: list[Counts] = []
    for clip in recordings:
        truth = frame_labels(clip, classes, rest)  # [T,K]
        windows = recogniser.timeline(clip, window=window, stride=stride)
        decided = frame_decisions(windows, clip.frames, len(classes))  # [T]
        judged = truth.any(axis=1, keepdims=True)  # [T,1]
        found: Bools = (decided[:, None] == np.arange(len(classes))) & judged  # [T,K]
        names.append(clip.name)
        frames += int(judged.sum())
        right += int((truth & found).sum())
        every.append(compared(truth, found))
        if progress is not None:
            progress(len(names))
    if not frames:
        raise SkelfuseError(
            "no frame of these recordings has a label that the run knows",
            expected="recordings with intervals of its classes",
            remedy="preprocess --labels TABLE --whole makes a store of them",
        )
    sums = Counts(*(np.sum(parts, axis=0) for parts in zip(*every, strict=True)))
    return RecordingEvaluation(classes, tuple(names), window, frames, right, sums)


def frame_labels(clip: Clip, classes: Sequence[str], rest: str | None = None) -> Bools:
    """Return which classes each frame of a recording is of, `[T,K]`.

    >>> from skelfuse.intervals import Interval
    >>> from skelfuse.layouts import HAND_21
    >>> hand = Clip(np.zeros((4, 1, 21, 3)), HAND_21, name="a", intervals=(Interval(1, 3, "fist"),))
    >>> frame_labels(hand, ("fist", "flat"), rest="flat").astype(int).T.tolist()
    [[0, 1, 1, 0], [1, 0, 0, 1]]
    """
    truth = np.zeros((clip.frames, len(classes)), bool)
    covered = np.zeros(clip.frames, bool)
    for interval in clip.intervals:
        here = slice(interval.start, interval.end)
        covered[here] = True
        if interval.label not in classes:
            raise SkelfuseError(
                f"the run does not know the class '{interval.label}'",
                within=f"recording '{clip.name}'",
                expected=", ".join(classes),
                remedy="correct the label, or leave its rows out with --label-rows",
            )
        truth[here, classes.index(interval.label)] = True
    if rest is not None:
        truth[~covered, classes.index(rest)] = True
    return truth


def frame_decisions(windows: Iterable[Window], frames: int, classes: int) -> Ints:
    """Return each frame's class, `[T]`; `NOTHING` where no window sees anybody."""
    total = np.zeros((frames, classes))
    for one in windows:
        if one.prediction is not None:
            total[one.first : one.after] += one.prediction.probabilities
    return np.where(total.any(axis=1), total.argmax(axis=1), NOTHING)


def compared(truth: Bools, found: Bools) -> Counts:
    """Count what is true and what is found, `[T,K]` each, in frames and in bouts.

    >>> truth = np.array([[1, 1, 1, 1, 0, 0, 1, 1]], bool).T
    >>> found = np.array([[0, 1, 1, 0, 0, 0, 0, 1]], bool).T
    >>> counts = compared(truth, found)
    >>> [int(count[0]) for count in counts[:5]], counts.both_bouts[:, 0].tolist()
    ([6, 3, 3, 2, 2], [2, 2, 2])
    """
    wanted, shown = ([bouts_in(column) for column in part.T] for part in (truth, found))
    right = [
        [found_again(true, seen, overlap) for true, seen in zip(wanted, shown, strict=True)]
        for overlap in OVERLAPS
    ]
    return Counts(
        truth.sum(axis=0),
        found.sum(axis=0),
        (truth & found).sum(axis=0),
        np.array([len(bouts) for bouts in wanted]),
        np.array([len(bouts) for bouts in shown]),
        np.array(right),
    )


def bouts_in(there: Bools) -> list[Bout]:
    """Return the stretches of frames that are True.

    >>> bouts_in(np.array([True, True, False, True]))
    [(0, 2), (3, 4)]
    """
    edges = np.flatnonzero(np.diff(np.concatenate([[False], there, [False]]).astype(np.int8)))
    return list(zip(edges[::2].tolist(), edges[1::2].tolist(), strict=True))


def found_again(true: Sequence[Bout], found: Sequence[Bout], overlap: float) -> int:
    """Count the found bouts that are true ones: each is the one that it shares most with.

    What two share is measured by what both cover; a true bout is found but once.

    >>> found_again([(0, 10)], [(0, 4), (5, 10)], overlap=0.25)
    1
    """
    taken: set[Bout] = set()
    for one in found:
        shares = {other: _shared(one, other) for other in true}
        best = max(shares, key=shares.__getitem__, default=None)
        if best is not None and shares[best] >= overlap and best not in taken:
            taken.add(best)
    return len(taken)


def _shared(one: Bout, other: Bout) -> float:
    common = min(one[1], other[1]) - max(one[0], other[0])
    return max(common, 0) / (max(one[1], other[1]) - min(one[0], other[0]))


def _f1(both: Ints, true: Ints, found: Ints) -> Array:
    return _share(2 * both, true + found)


def _share(part: Ints, whole: Ints) -> Array:
    share = np.full(part.shape, np.nan)
    np.divide(part, whole, out=share, where=np.broadcast_to(whole > 0, part.shape))
    return share


def _number(value: float) -> float | None:
    return None if np.isnan(value) else float(value)


def _by_overlap(values: Array) -> dict[str, float | None]:
    return {str(overlap): _number(v) for overlap, v in zip(OVERLAPS, values, strict=True)}

"""What may be wrong with clips, seen from their coordinates alone, before anything is trained."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from skelfuse.clip import Clip
from skelfuse.clips.preparation import FARTHEST, reach_of
from skelfuse.clips.upright import NAMES, up_axis
from skelfuse.clips.usual_bodies import height
from skelfuse.telling.counted import counted
from skelfuse.viewing.frame_order import out_of_order
from skelfuse.viewing.people_swaps import people_swaps
from skelfuse.viewing.sides import mirrored, swaps

FRAMES = 600  # of a clip that are looked at
UNITS = (  # of a body's height in space
    (0.4, 3.0, "metres"),
    (40.0, 300.0, "centimetres"),
    (400.0, 3000.0, "millimetres"),
)
UNEQUAL = 20.0  # times as large: bodies in several units
STRETCHED = 0.35  # of a bone's length, its usual deviation
ZEROS = 0.02
NAMED = 3
SQUEEZED = "fractions of the picture? bodies are squeezed unless it was square"


@dataclass(frozen=True)
class Doubt:
    """Something to look at; a `warning` most likely spoils a training, a note may be all right."""

    text: str
    warning: bool = True


def doubts(clips: Sequence[Clip]) -> list[Doubt]:
    """Return what may be wrong with clips of one body, warnings first.

    >>> from skelfuse.layouts import COCO_17
    >>> clip = Clip(np.random.default_rng(0).random((40, 1, 17, 2)), COCO_17, name="a")
    >>> print(doubts([clip])[0].text)
    frames out of order? Neighbours differ as much as distant ones in 1 of 1 clip, e.g. a
    """
    absurd = {clip.name: reach for clip in clips if (reach := reach_of(clip)) > FARTHEST}
    looked = [_beginning(clip) for clip in clips if clip.name not in absurd]
    found = _absurd(absurd, clips)
    if not looked:
        return found
    sizes = {clip.name: size for clip in looked if (size := height(clip)) is not None}
    found += [
        *_order(looked),
        *_swapped(looked),
        *_people(looked),
        *_upside_down(looked),
        *_units(looked, sizes),
        *_bones(looked),
        *_zeros(looked),
        *_unseen(looked),
    ]
    if any(clip.fps is None for clip in looked):
        found.append(Doubt("the frame rate is not known: shown at 30 a second", warning=False))
    return sorted(found, key=lambda doubt: not doubt.warning)


def _beginning(clip: Clip) -> Clip:
    return replace(clip, coords=clip.coords[:FRAMES], confidence=None, intervals=())


def _absurd(reaches: dict[str, float], clips: Sequence[Clip]) -> list[Doubt]:
    if not reaches:
        return []
    name = max(reaches, key=reaches.__getitem__)
    text = f"coordinates that no recording has in {_of([*reaches], clips)}, e.g. {name}"
    return [Doubt(f"{text}, up to {reaches[name]:.2g}: at most {FARTHEST:g} can be computed with")]


def _order(clips: Sequence[Clip]) -> list[Doubt]:
    kinds = {clip.name: kind for clip in clips if (kind := out_of_order(clip)) is not None}
    texts = {
        "text": "frames seem to be sorted as text (1, 10, 11, 2) in {}",
        "any": "frames out of order? Neighbours differ as much as distant ones in {}",
    }
    found = []
    for order, text in texts.items():
        if names := [name for name, one in kinds.items() if one == order]:
            found.append(Doubt(f"{text.format(_of(names, clips))}, e.g. {_some(names)}"))
    return found


def _swapped(clips: Sequence[Clip]) -> list[Doubt]:
    found = []
    where = {clip.name: frames for clip in clips if (frames := swaps(clip))}
    if where:
        name, frames = max(where.items(), key=lambda item: len(item[1]))
        found.append(
            Doubt(
                f"left and right change places from one frame to the next in "
                f"{_of([*where], clips)}, e.g. {name}, frame {frames[0]}"
            )
        )
    facing = [one for clip in clips if (one := mirrored(clip)) is not None]
    if facing and np.mean(facing) > 0.5:
        found.append(
            Doubt(
                "feet or faces point backwards: left and right are swapped, or the axes are "
                "left-handed (a mirror image)"
            )
        )
    return found


def _people(clips: Sequence[Clip]) -> list[Doubt]:
    where = {clip.name: frames for clip in clips if (frames := people_swaps(clip))}
    if not where:
        return []
    name, frames = max(where.items(), key=lambda item: len(item[1]))
    return [
        Doubt(
            f"people change places from one frame to the next in {_of([*where], clips)}, e.g. "
            f"{name}, frame {frames[0]}: did a tracker lose who is who?"
        )
    ]


def _upside_down(clips: Sequence[Clip]) -> list[Doubt]:
    axes = {clip.name: axis for clip in clips if (axis := up_axis(clip)) is not None}
    if not axes:
        return []
    usual, _ = Counter(axes.values()).most_common(1)[0]
    against = [name for name, a in axes.items() if a.number == usual.number and a != usual]
    found = [Doubt(f"upside down: {_of(against, clips)}, e.g. {_some(against)}")] if against else []
    flat = clips[0].skeleton.dimensions == 2
    expected = "-y" if flat else "+y"
    if str(usual) != expected:
        told = f"{usual} is up" + (", other than in images: upside down?" if flat else "")
        found.append(Doubt(told, warning=flat and usual.number == 1))
    return found


def _units(clips: Sequence[Clip], sizes: dict[str, float]) -> list[Doubt]:
    if not sizes:
        return [Doubt("nobody is seen in any clip")]
    values = np.array([*sizes.values()])
    usual = float(np.median(values))
    found = []
    if values.max() > UNEQUAL * values.min():
        small, large = (min(sizes, key=sizes.__getitem__), max(sizes, key=sizes.__getitem__))
        found.append(
            Doubt(
                f"bodies of very different size, in several units? {small} {sizes[small]:.3g}, "
                f"{large} {sizes[large]:.3g}"
            )
        )
    if clips[0].skeleton.dimensions == 2:
        if all(np.nanmax(np.abs(clip.coords)) <= 1.5 for clip in clips if clip.name in sizes):
            found.append(Doubt(f"coordinates within 1: {SQUEEZED}", warning=False))
        return found
    seen = np.concatenate([clip.coords[..., :2].reshape(-1, 2) for clip in clips])
    least, most = np.nanquantile(seen, (0.05, 0.95), axis=0)
    unit = next((name for low, high, name in UNITS if low <= usual <= high), None)
    told = f"bodies are {usual:.3g} large"
    if least.min() >= 0 and most.max() <= 1 and usual <= 1:
        found.append(Doubt(f"x and y between 0 and 1: {SQUEEZED}", warning=False))
    elif unit != "metres":
        text = f"{unit}?" if unit else "neither metres, centimetres nor millimetres"
        found.append(Doubt(f"{told}: {text}", warning=unit is None))
    for axis in range(3):
        if all(np.nanstd(clip.coords[..., axis]) == 0 for clip in clips if clip.name in sizes):
            found.append(Doubt(f"{NAMES[axis]} is the same everywhere: two dimensions only?"))
    return found


def _bones(clips: Sequence[Clip]) -> list[Doubt]:
    skeleton = clips[0].skeleton
    below = [n for n, parent in enumerate(skeleton.parents) if n != parent]
    if skeleton.dimensions == 2 or not below:
        return []
    above = [skeleton.parents[n] for n in below]
    ratios = []
    for clip in clips:
        bones = np.linalg.norm(
            clip.coords[:, 0, below].astype(np.float64) - clip.coords[:, 0, above], axis=-1
        )
        seen = ~np.isnan(bones)
        enough = seen.sum(axis=0) > 1
        if enough.any():
            mean = np.nanmean(bones[:, enough], axis=0)
            ratios.append(np.median(np.nanstd(bones[:, enough], axis=0) / np.maximum(mean, 1e-12)))
    usual = float(np.median(ratios)) if ratios else 0.0
    if usual <= STRETCHED:
        return []
    return [
        Doubt(
            f"bones change their length by {usual:.0%}: joints in another order than "
            f"'{skeleton.name}' has them, or a depth that was guessed"
        )
    ]


def _zeros(clips: Sequence[Clip]) -> list[Doubt]:
    zero = np.concatenate([(clip.coords[:, 0] == 0).all(axis=-1) for clip in clips]).mean(axis=0)
    names = [clips[0].skeleton.joints[n] for n in np.argsort(-zero) if ZEROS < zero[n] < 1]
    if not names:
        return []
    most = f"{float(zero[zero < 1].max()):.0%} of the frames"
    text = f"exactly 0 in up to {most}: missing, written as zero?"
    return [Doubt(f"{counted(len(names), 'joint')} ({_some(names)}) at {text}")]


def _unseen(clips: Sequence[Clip]) -> list[Doubt]:
    seen = np.any([clip.mask.any(axis=(0, 1)) for clip in clips], axis=0)
    names = [clips[0].skeleton.joints[n] for n in np.flatnonzero(~seen)]
    return [Doubt(f"never seen: {_some(names)}", warning=False)] if names else []


def _of(names: Sequence[str], clips: Sequence[Clip]) -> str:
    return f"{len(names)} of {counted(len(clips), 'clip')}"


def _some(names: Sequence[str]) -> str:
    more = len(names) - NAMED
    return ", ".join(names[:NAMED]) + (f" and {more} more" if more > 0 else "")

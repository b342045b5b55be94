"""How large bodies usually are and which way is up, by which strange clips are told."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, replace

import numpy as np

from skelfuse.clip import Clip
from skelfuse.clips.upright import AXES, up_axis

FRAMES = 20  # of a clip that are looked at, all along it
USUAL = (0.05, 0.95)  # of the clips are between these
AGREED = 0.99  # of the clips have the same axis up; otherwise lying is nothing new
OTHER_SIZE = 2.0  # times beyond what is usual: people who sit are half as large as they stand


@dataclass(frozen=True)
class UsualBodies:
    """What the bodies of the clips are like that a run was trained on.

    >>> from skelfuse.layouts import COCO_17
    >>> coords = np.random.default_rng(0).random((9, 1, 17, 2)); coords[:, :, 5:7, 1] -= 2
    >>> clip = Clip(coords, COCO_17, name="a")
    >>> usual = UsualBodies.of([clip])
    >>> usual.up, usual.unlike(clip), usual.unlike(replace(clip, coords=-100 * coords))
    ('-y', [], ['bodies are about 100 times as large as in training: in another unit?', \
'+y is up, and in training -y: upside down?'])
    """

    heights: tuple[float, float]  # of all but a tenth of the clips, in their own unit
    up: str | None  # the axis along which they stand, such as "-y"; None where they differ

    @classmethod
    def of(cls, clips: Iterable[Clip]) -> UsualBodies | None:
        """Look at clips of one skeleton; None where nobody is seen."""
        heights, axes = [], Counter[str]()
        for clip in map(some_frames, clips):
            if (size := height(clip)) is not None:
                heights.append(size)
            if (axis := up_axis(clip)) is not None:
                axes[str(axis)] += 1
        if not heights:
            return None
        least, greatest = (float(value) for value in np.quantile(heights, USUAL))
        usual = axes.most_common(1)[0] if axes else None
        agreed = usual is not None and usual[1] >= AGREED * axes.total()
        return cls((least, greatest), usual[0] if usual is not None and agreed else None)

    @classmethod
    def from_dict(cls, told: dict[str, object]) -> UsualBodies:
        """Read what `dataclasses.asdict` gives; ValueError or TypeError where it is not that."""
        heights, up = told["heights"], told["up"]
        if not isinstance(heights, list) or up not in (None, *AXES):
            raise TypeError("no heights, or no axis")
        least, greatest = (float(value) for value in heights)
        if not 0 < least <= greatest < math.inf:
            raise ValueError("heights that are no range")
        return cls((least, greatest), None if up is None else str(up))

    def unlike(self, clip: Clip, *, any_size: bool = False, any_turn: bool = False) -> list[str]:
        """Say what of a clip is as in no training clip, so that a decision on it may be wrong.

        `any_size` and `any_turn` are of models for which neither matters.
        """
        clip = some_frames(clip)
        found = []
        size = None if any_size else height(clip)
        if size is not None:
            least, greatest = self.heights
            middle = math.sqrt(least * greatest)
            if size > OTHER_SIZE * greatest:
                compared = f"{_times(size / middle)} times as large as"
                found.append(f"bodies are about {compared} in training: in another unit?")
            if size * OTHER_SIZE < least:
                compared = f"{_times(middle / size)} times smaller than"
                found.append(f"bodies are about {compared} in training: in another unit?")
        axis = None if any_turn or self.up is None else up_axis(clip)
        if axis is not None and str(axis) != self.up:
            same = str(axis)[1:] == str(self.up)[1:]
            what = "upside down?" if same else "lying, or other axes?"
            found.append(f"{axis} is up, and in training {self.up}: {what}")
        return found


def height(clip: Clip) -> float | None:
    """Return the usual extent of the first person, the larger of its axes; None if never seen."""
    at = clip.coords[:, 0].astype(np.float64)
    at = at[clip.mask[:, 0].any(axis=1)]
    if not len(at):
        return None
    return float(np.median(np.nanmax(at, axis=1) - np.nanmin(at, axis=1), axis=0).max()) or None


def some_frames(clip: Clip) -> Clip:
    """Return a clip's frames, of many only some all along it."""
    step = max(1, clip.frames // FRAMES)
    if step == 1:
        return clip
    return replace(clip, coords=clip.coords[::step], confidence=None, intervals=(), origin=None)


def _times(ratio: float) -> str:
    """Round to one digit.

    >>> _times(2.4), _times(987.0)
    ('2', '1,000')
    """
    digits = math.floor(math.log10(ratio))
    return f"{round(ratio, -digits):,.0f}"

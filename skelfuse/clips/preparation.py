"""What a clip went through on its way into the store that a model was trained on, done again."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from skelfuse.clip import Clip, FloatArray
from skelfuse.clips.half import halved
from skelfuse.clips.most_active import by_activity
from skelfuse.clips.provenance import Provenance
from skelfuse.clips.view import align_view, normalise_scale
from skelfuse.errors import SkelfuseError
from skelfuse.skeleton import Skeleton

MOST_NAMED = 4
FARTHEST = 1e9  # in any unit; much beyond it float32 cannot square a distance


def reach_of(clip: Clip) -> float:
    """Return the largest coordinate of a clip, whatever its sign."""
    # As a float: a clip of a --half store has coordinates in which FARTHEST is infinite.
    return float(np.abs(clip.coords).max(initial=0, where=np.isfinite(clip.coords)))


def check_reach(clip: Clip) -> None:
    """Refuse a clip whose coordinates cannot be computed with."""
    if (reach := reach_of(clip)) > FARTHEST:
        raise SkelfuseError(
            f"clip '{clip.name}' has coordinates that no recording has",
            expected=f"at most {FARTHEST:g}",
            found=f"{reach:.2g}",
            remedy="correct it, or leave it out",
        )


def prepare(clip: Clip, *, align: bool, scale: bool) -> Clip:
    """Bring a clip into the form that a store was made in; one that shows nobody is an error.

    So is one with numbers that no recording has.
    """
    if not clip.mask.any():
        raise SkelfuseError(f"clip '{clip.name}' shows nobody", remedy="leave it out")
    check_reach(clip)
    clip = align_view(clip) if align else clip
    return normalise_scale(clip) if scale else clip


@dataclass(frozen=True)
class Preparation:
    """The skeleton of a store, and what was done to every clip in it.

    >>> from skelfuse.layouts import KINECT_V2
    >>> Preparation.of_store(KINECT_V2, Provenance({"align": True})).align
    True
    """

    skeleton: Skeleton
    align: bool = False
    scale: bool = False
    half: bool = False  # kept with 3 digits
    max_persons: int | None = None  # all, if the store does not say

    @staticmethod
    def of_store(skeleton: Skeleton, made: Provenance) -> Preparation:
        """Return what was done to the clips of a store."""
        align, scale = bool(made.align), bool(made.scale)
        return Preparation(skeleton, align, scale, made.half, made.max_persons)

    def matched(self, clip: Clip) -> Clip:
        """Return a clip with its joints in the order of the store's, matched by their names.

        >>> from skelfuse.layouts import KINECT_V1, UTD_MHAD  # one body, two orders of its joints
        >>> clip = Clip(np.zeros((9, 1, 20, 3)), UTD_MHAD, name="a")
        >>> Preparation(KINECT_V1).matched(clip).skeleton.joints[:2]
        ('hip_center', 'spine')
        """
        check_reach(clip)
        if self.half and not (self.align or self.scale):
            halved(clip.coords, of=f"clip '{clip.name}'")  # told here, before it is cut into parts
        own, given = self.skeleton, clip.skeleton
        if given == own:
            return clip
        if given.dimensions != own.dimensions or set(given.joints) != set(own.joints):
            raise SkelfuseError(
                f"clip '{clip.name}' has another skeleton than the run was trained on",
                expected=_told(own, given),
                found=_told(given, own),
                remedy="use a run that was trained on this skeleton",
            )
        order = [given.index(joint) for joint in own.joints]
        confidence = None if clip.confidence is None else clip.confidence[:, :, order]
        coords = clip.coords[:, :, order]
        return replace(clip, coords=coords, skeleton=own, confidence=confidence)

    def skeleton_of(self, joint_names: Sequence[str] | None) -> Skeleton:
        """Return the skeleton with its joints in the order of these names, if any are given."""
        own = self.skeleton.joints
        if joint_names is None:
            return self.skeleton
        if sorted(joint_names) != sorted(own):
            raise SkelfuseError(
                "the joints' names are not those of the run's skeleton",
                expected=", ".join(own),
                found=", ".join(joint_names),
                remedy="name all of them, each once",
            )
        return self.skeleton.permuted(tuple(map(own.index, joint_names)))

    def prepared(self, clip: Clip) -> Clip:
        """Return a clip of this skeleton as the store would hold it."""
        clip = prepare(self._of_those_seen(clip), align=self.align, scale=self.scale)
        coords: FloatArray = clip.coords.astype(np.float32)
        if self.half:
            coords = halved(coords, of=f"clip '{clip.name}'").astype(np.float32)
        return replace(clip, coords=coords)

    def _of_those_seen(self, clip: Clip) -> Clip:
        """Return a clip with the people who are seen in it, the most active first."""
        if clip.ranked:
            places = np.flatnonzero(clip.mask.any(axis=(0, 2)))
        else:
            places = by_activity(clip.coords)
        places = places[: self.max_persons]
        if not len(places):  # an error with a name of its own
            return clip
        return replace(clip.of(places), ranked=True)


def person(clip: Clip, number: int) -> Clip:
    """Return a clip of one of its persons alone."""
    return clip.of([number])


def part(clip: Clip, first: int, after: int) -> Clip:
    """Return some frames of a clip, in which somebody else may matter than in the whole of it.

    >>> from skelfuse.layouts import KINECT_V1
    >>> clip = Clip(np.zeros((9, 2, 20, 3)), KINECT_V1, name="a", ranked=True)
    >>> part(clip, 5, 9).frames, part(clip, 5, 9).ranked
    (4, False)
    """
    coords = clip.coords[first:after]
    return replace(clip, coords=coords, confidence=None, intervals=(), origin=None, ranked=False)


def _told(one: Skeleton, other: Skeleton) -> str:
    only = [joint for joint in one.joints if joint not in other.joints]
    text = f"'{one.name}', {len(one)} joints in {one.dimensions} dimensions"
    if not only or len(only) == len(one):
        return text
    more = ", ..." if len(only) > MOST_NAMED else ""
    return f"{text} with {', '.join(only[:MOST_NAMED])}{more}"

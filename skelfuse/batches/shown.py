"""What the clips of a training ever show: of anything else a model has learned nothing."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from skelfuse.batches.augment import Augment
from skelfuse.skeleton import Skeleton
from skelfuse.store import Store


class ShownInTraining(NamedTuple):
    """The joints that are seen in any clip, by name, and the most people of any clip."""

    joints: tuple[str, ...]
    persons: int

    def unseen(self, skeleton: Skeleton) -> tuple[str, ...]:
        """Return the joints of a skeleton that no clip showed.

        >>> arm = Skeleton("arm", ("elbow", "hand"), bones=(("hand", "elbow"),), root="elbow")
        >>> ShownInTraining(("hand",), 1).unseen(arm)
        ('elbow',)
        """
        return tuple(joint for joint in skeleton.joints if joint not in self.joints)


def shown_by(
    store: Store,
    indices: Sequence[int] | npt.NDArray[np.integer],
    *,
    persons: int,
    augment: Augment | None = None,
) -> ShownInTraining:
    """Return what the clips `indices` show of at most so many `persons`; mirrored, both sides do.

    It looks no further than until every joint was seen, which mostly is the first clip.
    """
    skeleton = store.skeleton
    seen = np.zeros(len(skeleton), bool)
    for index in indices:
        coords = store.coords(int(index))[:, :persons]  # [T,M,N,D]
        there = ~np.isnan(coords).any(axis=3)  # [T,M,N]
        seen |= there.reshape(-1, len(skeleton)).any(axis=0)
        if seen.all():
            break
    joints = {joint for joint, known in zip(skeleton.joints, seen, strict=True) if known}
    if augment is not None and augment.mirror:
        joints |= {joint for pair in skeleton.pairs for joint in pair if joints.intersection(pair)}
    most = min(persons, int(store.persons[np.asarray(indices)].max()))
    return ShownInTraining(tuple(joint for joint in skeleton.joints if joint in joints), most)

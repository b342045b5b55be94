"""What a model says about a clip."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from skelfuse.arrays import Array
from skelfuse.errors import SkelfuseError
from skelfuse.explain.class_names import number_of

REPR_CLASSES = 3


@dataclass(frozen=True, eq=False)
class Prediction:
    """The classes of a model and how likely each is for one clip.

    `persons` has one entry for each person of the clip, seen alone, if it was asked for; None for
    one of whom too little is seen. `shares` `[classes,N]` tells how much each joint raised (or
    lowered) each class's logit beyond that of the average training clip, if it was asked for, and
    `own_share` how much of the decision is what joints did each by itself; the rest is how they
    went together. `limbs` tells what each limb is worth to the likeliest class, if asked for.
    `doubts` say what of the clip is as in no training clip, so that the decision may be wrong.

    >>> found = Prediction("clip", ("sit", "stand", "wave"), np.array([0.25, 0.05, 0.7]))
    >>> found.best, found.probability, found.top(2)
    ('wave', 0.7, [('wave', 0.7), ('sit', 0.25)])
    >>> found
    Prediction('clip': wave 70.0%, sit 25.0%, stand 5.0%)
    """

    name: str  # the clip's
    classes: tuple[str, ...]
    probabilities: Array  # [classes], in the order of `classes`
    persons: tuple[Prediction | None, ...] = ()
    joints: tuple[str, ...] = ()  # what the columns of `shares` are
    shares: Array | None = None
    own_share: float | None = None  # of the own path in the decision, between 0 and 1
    limbs: Mapping[str, float] | None = None  # shares in the class's log probability, by hiding
    doubts: tuple[str, ...] = ()

    def __repr__(self) -> str:
        classes = ", ".join(f"{name} {sure:.1%}" for name, sure in self.top(REPR_CLASSES))
        more = ", ..." if len(self.classes) > REPR_CLASSES else ""
        return f"Prediction({self.name!r}: {classes}{more})"

    @property
    def best(self) -> str:
        """The likeliest class."""
        return self.classes[int(self.probabilities.argmax())]

    @property
    def probability(self) -> float:
        """How likely the likeliest class is."""
        return float(self.probabilities.max())

    def top(self, count: int) -> list[tuple[str, float]]:
        """Return the likeliest classes with their probabilities, at most `count`."""
        order = np.argsort(-self.probabilities, kind="stable")[:count]
        return [(self.classes[i], float(self.probabilities[i])) for i in order]

    def by_joint(self, class_name: str | None = None) -> list[tuple[str, float]]:
        """Return each joint's share in a class (the likeliest one), the largest first.

        >>> shares = np.array([[0.5, -0.25, 1.0], [0, 0, 0]])
        >>> found = Prediction("clip", ("nod", "bow"), np.array([0.9, 0.1]),
        ...                    joints=("neck", "hip", "head"), shares=shares)
        >>> found.by_joint()
        [('head', 1.0), ('neck', 0.5), ('hip', -0.25)]
        """
        if self.shares is None:
            raise SkelfuseError("joints were not asked for", remedy="predict(clip, joints=True)")
        row = self.shares[number_of(self.classes, class_name or self.best)]
        order = np.argsort(-row, kind="stable")
        return [(self.joints[i], float(row[i])) for i in order]

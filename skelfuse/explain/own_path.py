"""What the model's own sums say beside the shares: joints, statistics, and joints together."""

from __future__ import annotations

from collections import defaultdict
from typing import NamedTuple

import numpy as np

from skelfuse.arrays import Array, array_of
from skelfuse.errors import SkelfuseError
from skelfuse.explain.evidence import evidence_of
from skelfuse.explain.seen import Seen
from skelfuse.models.explainable import explainable
from skelfuse.run import Run
from skelfuse.telling.words import scale_words, statistic_kind


class OwnPath(NamedTuple):
    """An exact sum: `own` and `together` add up to what a logit exceeds the average clip's by."""

    own: dict[str, float]  # of each joint
    together: float  # what only several joints at once tell
    statistics: dict[tuple[str, str], float] | None  # (joint, statistic at a scale, in words)


def own_path(run: Run, seen: Seen, weights: Array) -> OwnPath | None:
    """Return the sums of the first crop for classes weighed by `weights [K]`; None without paths.

    The statistics of a joint add up to its own, less what it gives in the average clip.
    """
    try:
        model = explainable(run.model)
    except SkelfuseError:
        return None
    x, mask = seen.x[:1], seen.mask[:1]
    split = model.by_joint(x, mask)
    shares = array_of(split.shares[0])  # [K,N]
    together = array_of(split.together[0])  # [K]
    own = dict(zip(model.joints, (weights @ shares).tolist(), strict=True))
    if model.frieren is None:
        return OwnPath(own, float(weights @ together), None)
    evidence = evidence_of(run.model, x, mask)
    each = np.einsum("k,kmnc,fc->mnf", weights, evidence.worth, evidence.weight)
    worth = (each * evidence.values).sum(axis=0)  # [N,F]
    statistics: defaultdict[tuple[str, str], float] = defaultdict(float)
    for f, feature in enumerate(evidence.features):
        words = f"{statistic_kind(feature)}, {scale_words(feature, frames=evidence.frames)}"
        for n, joint in enumerate(model.joints):
            statistics[joint, words] += float(worth[n, f])
    return OwnPath(own, float(weights @ together), dict(statistics))

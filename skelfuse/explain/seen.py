"""A clip as a run's model is given it, and what is known of a clip of which nothing is seen."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from skelfuse.arrays import Array
from skelfuse.batches import batch_of
from skelfuse.batches.sampling import sample_times, spread
from skelfuse.clip import Clip
from skelfuse.models.persons import looked_at
from skelfuse.run import Run


class Seen(NamedTuple):
    """A clip as the model sees it."""

    x: Tensor  # [C,T,M,N,D], C crops
    mask: Tensor  # [C,T,M,N], False too where the model does not look
    position: Tensor  # [C,T], where in the clip each frame is, in frames


def log_class_shares(run: Run) -> Array:
    """Return the log of each class's share in training, `[K]`: what is known of a clip unseen.

    A training that weighted its classes equally, or a run of an earlier version, which has not
    kept its counts, gives them equal shares. A class without a clip counts as half a clip.
    """
    count = len(run.class_names)
    if run.class_counts is None or run.config.train.class_weights != "none":
        return np.full(count, -np.log(count))
    clips = np.maximum(np.asarray(run.class_counts, np.float64), 0.5)
    return np.asarray(np.log(clips / clips.sum()))


def seen_by(run: Run, clip: Clip, *, crops: int = 1) -> Seen:
    """Return a prepared clip as the run's model is given it."""
    sampling = run.config.sampling
    device = next(run.model.parameters()).device
    batch = batch_of([clip], sampling=sampling, device=device, crops=crops)
    rate = None
    if sampling.fps is not None and clip.fps is not None:
        rate = torch.tensor([clip.fps / sampling.fps], dtype=torch.float64).repeat(crops)
    frames = torch.tensor([clip.frames]).repeat(crops)
    when = sample_times(sampling, frames, rate, spread(sampling, 1, crops))
    return Seen(batch.x, looked_at(run.model, batch.x, batch.mask), when.position)

"""How fast the frames come that a model sees: not the camera's rate where clips are resized."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import torch

from skelfuse.batches.sampling import Sampling, sample_times, spread
from skelfuse.store import Store


class SeenRate(NamedTuple):
    """Frames per second after sampling, over the clips of a store that say their own rate."""

    median: float
    low: float  # a tenth of the clips are slower,
    high: float  # and a tenth faster
    clips: int


def seen_rate(sampling: Sampling, store: Store) -> SeenRate | None:
    """Return the rate at which a model sees a store's clips; None where no clip says its own.

    A model that sees single frames sees no rate either.
    """
    known = [i for i, fps in enumerate(store.fps) if fps]
    if not known or sampling.frames == 1:
        return None
    own = torch.tensor([store.fps[i] for i in known], dtype=torch.float64)  # [C]
    frames = torch.from_numpy(store.frames[known])
    relative = None if sampling.fps is None else own / sampling.fps
    when = sample_times(sampling, frames, relative, spread(sampling, len(known)))
    step = when.position.diff(dim=1)  # [C,T-1] in the clips' own frames
    step = torch.where(when.real[:, 1:], step, torch.nan).nanmedian(dim=1).values
    rates = (own / step)[torch.isfinite(step) & (step > 0)].numpy()
    if not rates.size:  # every clip is a single frame
        return None
    low, middle, high = (float(rate) for rate in np.quantile(rates, [0.1, 0.5, 0.9]))
    return SeenRate(middle, low, high, len(rates))

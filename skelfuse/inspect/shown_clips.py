"""Clips of a store that a run's model is shown, while a hook of its caller looks on."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import torch

from skelfuse.batches import Batches
from skelfuse.batches.joints import in_order
from skelfuse.evaluation.matching import joint_order
from skelfuse.run import Run
from skelfuse.store import Store

CLIPS_SHOWN = 1024


@torch.no_grad()
def show_clips(run: Run, store: Store, indices: Sequence[int] | npt.NDArray[np.integer]) -> None:
    """Run the model on clips of a store; of many, on `CLIPS_SHOWN` evenly spread ones.

    What it answers is of no interest: who calls this has hooked one of its layers.
    """
    order = joint_order(run, store)
    every = np.asarray(indices)
    if len(every) > CLIPS_SHOWN:
        every = every[np.linspace(0, len(every) - 1, CLIPS_SHOWN).round().astype(np.intp)]
    device = next(run.model.parameters()).device
    for batch in Batches(store, every, sampling=run.config.sampling, device=device).epoch():
        seen = batch.seen
        run.model(in_order(batch.x, order), None if seen is None else in_order(seen, order))

"""What goes into a run's graph and what comes out of it: told in its file, and made here."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from torch.nn import functional as F

from skelfuse import __version__
from skelfuse.batches import Batch, batch_of
from skelfuse.batches.sampling import DRAWN
from skelfuse.clip import Clip
from skelfuse.clips.preparation import Preparation
from skelfuse.predict import Recogniser
from skelfuse.run import Run

FACTS = "skelfuse.json"  # by this name in the file
OF_THE_STORE = ("align", "scale", "half", "max_persons")  # what was done to its clips


def facts_of(run: Run) -> dict[str, Any]:
    """Return what somebody without skelfuse needs to know of a run's graph."""
    sampling = run.config.sampling
    shape = [sampling.frames, sampling.persons, len(run.skeleton)]
    how = {key: value for key, value in asdict(sampling).items() if key not in DRAWN}
    made = Preparation.of_store(run.skeleton, run.provenance)
    return {
        "skelfuse": __version__,
        "classes": list(run.class_names),
        "skeleton": run.skeleton.to_dict(),
        "x": ["batch", *shape, run.skeleton.dimensions],
        "mask": ["batch", *shape],
        "probabilities": ["batch", len(run.class_names)],
        "sampling": {**how, "share": sampling.crop[1]},
        "store": {key: getattr(made, key) for key in OF_THE_STORE},
    }


def inputs(recogniser: Recogniser, clips: Sequence[Clip]) -> Batch:
    """Return clips as the run's exported graph takes them: `x [B,T,M,N,D]` and `mask [B,T,M,N]`.

    Joints are matched by name, and clips prepared and sampled, as `recogniser.predict` does it.
    """
    prepare = recogniser.preparation
    whole = [prepare.prepared(prepare.matched(clip)) for clip in clips]
    sampling = recogniser.run.config.sampling
    batch = batch_of(whole, sampling=sampling, device=recogniser.device)
    absent = sampling.persons - batch.x.shape[2]
    return batch._replace(
        x=F.pad(batch.x, (0, 0, 0, 0, 0, absent)), mask=F.pad(batch.mask, (0, 0, 0, absent))
    )

"""A store of clips of all lengths and rates with one to three people, and batches of it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from helpers.stores import stored
from skelfuse.batches import Augment, Batches, Sampling
from skelfuse.clip import Clip
from skelfuse.layouts import KINECT_V2
from skelfuse.skeleton import Skeleton
from skelfuse.store import Store

CLIPS = 37
SAMPLING = Sampling(frames=8, crop=(0.5, 1.0), jitter=0.3)
AUGMENT = Augment(
    (0.3, 0.3, 0.3), 0.1, 0.1, 0.1, 0.01, 0.5, 0.1, 0.1, swap_persons=0.5, tempo=0.3, reverse=0.2
)


def varied_store(path: Path, skeleton: Skeleton = KINECT_V2) -> Store:
    """Write clips of 1 to 29 frames in four classes; a tenth of the joints is missing."""
    rng, clips = np.random.default_rng(7), []
    for i in range(CLIPS):
        frames, persons = int(rng.integers(1, 30)), 1 + i % 3
        coords = rng.normal(size=(frames, persons, len(skeleton), skeleton.dimensions))
        coords = coords.astype(np.float32)
        coords[rng.random(coords.shape[:3]) < 0.1] = np.nan
        label, fps = None if i == 5 else f"class {i % 4}", (15, 30, 60)[i // 3 % 3]
        clips.append(Clip(coords, skeleton, name=f"c{i}", label=label, fps=fps))
    return stored(path, clips)


def training(store: Store, clips: int = CLIPS, **options: Any) -> Batches:
    """Return batches of the first clips as training has them: drawn, changed and shuffled."""
    defaults: dict[str, Any] = {
        "sampling": SAMPLING,
        "augment": AUGMENT,
        "batch_size": 8,
        "shuffle": True,
        "seed": 4,
    }
    return Batches(store, range(clips), **(defaults | options))

"""A small world for tests that need a run: six actions of a body of five joints."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import numpy as np
import torch

from helpers.stores import stored
from skelfuse.batches import Sampling
from skelfuse.clip import Clip
from skelfuse.datasets.protocols import split
from skelfuse.datasets.summary import clip_table
from skelfuse.skeleton import Skeleton
from skelfuse.store import Store
from skelfuse.training import Fit, ModelChoice, TrainConfig, train
from skelfuse.training.checkpoint import read_checkpoint, write_checkpoint

BODY = Skeleton(
    "five",
    joints=("hip", "head", "left hand", "right hand", "foot"),
    bones=(("head", "hip"), ("left hand", "head"), ("right hand", "head"), ("foot", "hip")),
    root="hip",
    pairs=(("left hand", "right hand"),),
)
ACTIONS = ["A1 nod", "A2 wave, left", "A3 wave right", "A9 kick", "A10 crouch", "A11 stand"]
CONFIG = TrainConfig(
    protocol="official",
    sampling=Sampling(frames=16, crop=(0.6, 1.0), persons=1),
    model=ModelChoice("skelfuse", "nano", {"dropout": 0.1, "evidence_dropout": 0.1}),
    train=Fit(epochs=4, batch_size=16, validation=0.2, warmup_epochs=1, average=0.9),
)


def clip(i: int, action: int, skeleton: Skeleton = BODY, **fields: Any) -> Clip:
    """Return a person who moves the joint of the action up and down; the last one stands."""
    draw = np.random.default_rng(1000 * action + i)
    T = int(draw.integers(12, 30))
    rest = {"hip": (0, 0), "head": (0, 1), "foot": (0, -1), "left hand": (1, 0)}
    rest["right hand"] = (-1, 0)
    moved = ["head", "left hand", "right hand", "foot", "hip", ""][action]
    coords = np.zeros((T, 1, 5, 3), np.float32)
    noise = 0.15 * draw.normal(size=(T, 5, 3))
    wave = np.sin(np.linspace(0, 9, T) * draw.uniform(0.8, 1.2))
    for n, joint in enumerate(BODY.joints):
        x, y = rest[joint]
        place = skeleton.index(joint)
        coords[:, 0, place] = (x, y, 0) + noise[:, n]
        coords[:, 0, place, 1] += wave * (joint == moved)
    fields = {"label": ACTIONS[action], "subject": f"s{i % 7}", **fields}
    fields.setdefault("splits", {"official": "test" if i % 7 < 5 and i % 2 else "train"})
    return Clip(coords, skeleton, name=f"{action}-{i}", **fields)


def written(path: Path, clips: Iterable[Clip], **made: bool) -> Path:
    return stored(path, clips, **{"align": False, **made}).path


def whole_store(path: Path) -> Store:
    """Return a store with 24 clips of every action, 7 people, and the protocol "official"."""
    return Store(written(path, [clip(i, a) for a in range(6) for i in range(24)]))


def trained(store: Store, out: Path, config: TrainConfig = CONFIG) -> Path:
    """Return the folder of a run that was really trained."""
    train(config, store, split(clip_table(store), "official"), out, device="cpu")
    return out


def rewritten(
    run: Path, to: Path, change: Callable[[dict[str, Any], dict[str, torch.Tensor]], None]
) -> Path:
    """Return a run whose best checkpoint was changed."""
    facts, tensors = read_checkpoint(run / "best.safetensors")
    change(facts, tensors)
    to.mkdir()
    write_checkpoint(to / "best.safetensors", tensors, facts)
    return to

"""A stick figure with three actions, its files, and a run that has learned them; for tests."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from skelfuse.batches import Augment, Sampling
from skelfuse.clip import Clip
from skelfuse.datasets.preprocess import PreprocessOptions, find_sources, preprocess
from skelfuse.skeleton import Skeleton
from skelfuse.store import Store
from skelfuse.training import Fit, ModelChoice, TrainConfig, train

# Each joint is told of its own course and its bone's alone.
PURE = ModelChoice("skelfuse", "pure", {"directions": 3, "streams": ("joint", "bone")})
Array = npt.NDArray[Any]
ACTIONS = ("bow", "nod", "wave")
JOINTS = ("hip", "neck", "head", "left_hand", "right_hand")
BONES = (("neck", "hip"), ("head", "neck"), ("left_hand", "neck"), ("right_hand", "neck"))
STICK = Skeleton(
    "stick", JOINTS, BONES, root="hip", pairs=(("left_hand", "right_hand"),), dimensions=2
)


def acted(action: str, frames: int = 60, seed: int = 0) -> Array:
    """Return somebody who bows, nods or waves the right hand, `[T,N,D]`."""
    draw = np.random.default_rng([seed, ACTIONS.index(action)])
    rest = np.array([[0.0, 0], [0, 5], [0, 7], [-3, 2], [3, 2]])
    coords = rest + draw.normal(scale=0.02, size=(frames, 5, 2))
    turn = 2 * np.pi * (1 + 0.3 * draw.random()) * np.arange(frames) / 30 + 6 * draw.random()
    if action == "wave":
        coords[:, 4] += np.stack([2 * np.sin(turn), np.full(frames, 4.0)], axis=1)
    elif action == "nod":
        coords[:, 2, 1] += np.sin(turn)
    else:
        coords[:, 1:3, 0] += 2 * np.sin(turn)[:, None]
    coords += draw.normal(size=2)
    return np.asarray(coords, np.float32)


def clip_of(coords: Array, skeleton: Skeleton = STICK, name: str = "a") -> Clip:
    return Clip(coords[:, None] if coords.ndim == 3 else coords, skeleton, name=name, fps=30)


def write_npz(
    path: Path, clips: list[Array], labels: list[str], joints: tuple[str, ...] = JOINTS
) -> Path:
    order = [JOINTS.index(joint) for joint in joints]
    np.savez(
        path,
        coords=np.concatenate(clips)[..., order, :],
        lengths=[len(clip) for clip in clips],
        label=labels,
        joint_names=joints,
        bones=BONES,
        fps=30,
    )
    return path


def stored(raw: Path, out: Path, **options: Any) -> Store:
    chosen = PreprocessOptions(**options)
    outcome = preprocess(find_sources([raw], chosen), out, chosen, jobs=1)
    assert outcome.error is None
    return Store(out)


def train_run(folder: Path, model: ModelChoice) -> Path:
    """Train on sixty clips, in seconds, and return the run's folder."""
    labels = [ACTIONS[i % 3] for i in range(60)]
    clips = [acted(label, 60, seed) for seed, label in enumerate(labels)]
    store = stored(write_npz(folder / "mine.npz", clips, labels), folder / "store.h5")
    fit = Fit(epochs=20, validation=0, warmup_epochs=1, average=0, batch_size=20)
    augment = Augment(joint_dropout=0.1, frame_dropout=0.1)
    config = TrainConfig(sampling=Sampling(frames=16), augment=augment, model=model, train=fit)
    return train(config, store, {"train": np.arange(60)}, folder / "run", device="cpu").folder

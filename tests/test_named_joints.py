"""On clips of which it is known what moves: what an explanation names is what moved."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest

from helpers.stores import stored
from skelfuse.batches import Augment, Sampling
from skelfuse.clip import Clip
from skelfuse.explain.limbs import limbs_of
from skelfuse.explain.verdict import verdict
from skelfuse.layouts import KINECT_V1
from skelfuse.predict import Recogniser, load
from skelfuse.training import Fit, ModelChoice, TrainConfig, train

pytestmark = pytest.mark.training

LIMBS = {
    name: joints for name, joints in limbs_of(KINECT_V1).items() if name[-3:] in ("arm", "leg")
}
CLASSES = (*LIMBS, "still")  # what is left where all that moved is hidden
REST = np.random.default_rng(5).uniform(-1, 1, (len(KINECT_V1), 3))


def clip_of(limb: str, number: int) -> Clip:
    """Return somebody who swings a limb, the more the farther from the body, or stands still."""
    draw = np.random.default_rng([number, CLASSES.index(limb)])
    frames = int(draw.integers(24, 40))
    coords: npt.NDArray[np.float32] = np.empty((frames, 1, len(KINECT_V1), 3), np.float32)
    coords[:, 0] = REST + draw.normal(scale=0.03, size=(frames, len(KINECT_V1), 3))
    swing = np.sin(np.arange(frames) / draw.uniform(2, 4) + draw.uniform(0, 6))
    for reach, joint in enumerate(LIMBS.get(limb, ()), 1):
        coords[:, 0, KINECT_V1.index(joint), 1] += 0.2 * reach * swing
    return Clip(coords, KINECT_V1, name=f"{limb} {number}", label=limb, fps=30)


@pytest.fixture(scope="module")
def recogniser(tmp_path_factory: pytest.TempPathFactory) -> Recogniser:
    folder: Path = tmp_path_factory.mktemp("limbs")
    clips = [clip_of(limb, number) for number in range(12) for limb in CLASSES]
    config = TrainConfig(
        sampling=Sampling(frames=16),
        augment=Augment(joint_dropout=0.3),
        model=ModelChoice("skelfuse", "pure", {"directions": 3, "streams": ("joint", "bone")}),
        train=Fit(
            epochs=20, validation=0, warmup_epochs=1, average=0, batch_size=16, learning_rate=0.01
        ),
    )
    store = stored(folder / "store.h5", clips)
    train(config, store, {"train": np.arange(len(clips))}, folder / "run", device="cpu")
    return load(folder / "run", device="cpu")


@pytest.mark.long
def test_the_named_joints_are_those_that_moved(recogniser: Recogniser) -> None:
    clips = [clip_of(limb, number) for number in range(100, 105) for limb in LIMBS]
    found = [recogniser.explain(clip, rounds=4) for clip in clips]
    correct = [one for one in found if one.target == one.label]
    assert len(correct) >= 18
    right = [one for one in correct if one.named and {*one.named.names} <= {*LIMBS[one.target]}]
    assert len(right) >= 0.95 * len(correct)
    for one in right:
        assert max(one.limbs, key=lambda name: one.limbs[name]) == one.target
        assert one.target.partition(" ")[0] in verdict(one)[1]

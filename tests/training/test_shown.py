"""What no training clip showed says nothing: a joint, a second person."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn

from helpers import stick_figure
from skelfuse.batches import Augment, Sampling
from skelfuse.batches.shown import shown_by
from skelfuse.layers.known_norm import follow
from skelfuse.layouts import COCO_17
from skelfuse.models import SkelFuse
from skelfuse.models.persons import keep_to
from skelfuse.models.sizes import NANO
from skelfuse.predict import load
from skelfuse.training import Fit, ModelChoice, TrainConfig, Watcher, train
from skelfuse.training.build import build_model, checked_choice

pytestmark = pytest.mark.training

HAND = stick_figure.JOINTS.index("left_hand")
MODELS = {
    "skelfuse": ModelChoice("skelfuse", "nano"),
    "pure": ModelChoice("skelfuse", "pure", {"directions": 4}),
    "stgcn": ModelChoice("stgcn", options={"channels": (4,), "blocks": (1,)}),
    "ddnet": ModelChoice("ddnet", options={"filters": 4}),
}


class Notes(Watcher):
    def __init__(self) -> None:
        self.told: list[str] = []

    def on_note(self, text: str) -> None:
        self.told.append(text)


@pytest.mark.parametrize("name", MODELS)
def test_what_training_never_showed_changes_no_decision(name: str, tmp_path: Path) -> None:
    clips = [stick_figure.acted(stick_figure.ACTIONS[i % 3], 30, i) for i in range(24)]
    for clip in clips:
        clip[:, HAND] = np.nan
    labels = [stick_figure.ACTIONS[i % 3] for i in range(24)]
    raw = stick_figure.write_npz(tmp_path / "mine.npz", clips, labels)
    store = stick_figure.stored(raw, tmp_path / "store.h5")
    notes = Notes()
    fit = Fit(epochs=2, validation=0, batch_size=12)
    config = TrainConfig(sampling=Sampling(frames=8), model=MODELS[name], train=fit)
    train(config, store, {"train": np.arange(24)}, tmp_path / "run", device="cpu", watcher=notes)
    assert any("left_hand" in told and "no training clip" in told for told in notes.told)

    recogniser = load(tmp_path / "run", device="cpu")
    alone = recogniser.predict(stick_figure.clip_of(clips[0])).probabilities
    seen = clips[0].copy()
    seen[:, HAND] = 40.0
    bystander = np.broadcast_to(clips[1][:1] + 60, clips[1].shape)  # training had none
    beside = np.stack([clips[0], bystander], axis=1)
    for coords in (seen, beside):
        found = recogniser.predict(stick_figure.clip_of(coords)).probabilities
        np.testing.assert_allclose(found, alone, atol=1e-6)


@pytest.mark.parametrize("name", MODELS)
def test_a_model_without_a_mask_keeps_to_what_it_was_shown(name: str) -> None:
    torch.manual_seed(0)
    model = build_model(checked_choice(MODELS[name]), COCO_17, 2).eval()
    x = torch.randn(3, 16, 2, 17, 2)
    mask = torch.ones(x.shape[:4], dtype=torch.bool)
    mask[:, :, :, 5] = mask[:, :, 1] = False
    expected = model(x, mask)
    keep_to(model, set(COCO_17.joints) - {COCO_17.joints[5]}, persons=1)
    torch.testing.assert_close(model(x), expected)


def test_what_clips_show(tmp_path: Path) -> None:
    clips = [stick_figure.acted("wave", 30, seed) for seed in range(3)]
    clips[0][:, HAND] = clips[1][:, HAND] = clips[2][:20, HAND] = np.nan
    raw = stick_figure.write_npz(tmp_path / "mine.npz", clips, ["wave"] * 3)
    store = stick_figure.stored(raw, tmp_path / "store.h5")
    without = tuple(joint for joint in stick_figure.JOINTS if joint != "left_hand")
    assert shown_by(store, [0, 1], persons=2) == (without, 1)
    assert shown_by(store, [0, 1, 2], persons=2) == (stick_figure.JOINTS, 1)
    mirrored = shown_by(store, [0, 1], persons=2, augment=Augment(mirror=0.5))
    assert mirrored.joints == stick_figure.JOINTS


def test_a_batch_without_a_partner_says_nothing_of_partners() -> None:
    torch.manual_seed(0)
    model = SkelFuse(COCO_17, 2, size=NANO).train()
    norm = model.embed.norm
    model(torch.randn(4, 16, 2, 17, 2))
    assert norm.running_var is not None
    pairs = norm.running_var.clone()
    mask = torch.ones(4, 16, 2, 17, dtype=torch.bool)
    mask[:, :, 1] = False
    for _ in range(3):
        model(torch.randn(4, 16, 2, 17, 2), mask)
    unchanged = norm.running_var == pairs
    of_partners = torch.tensor(["partner" in name for name in model.features_of.stream_of])
    assert of_partners.any()
    assert unchanged.equal(of_partners)


def test_nothing_follows_what_a_batch_has_nothing_of() -> None:
    norm = nn.BatchNorm1d(2)
    norm.momentum = 0.5
    follow(norm, torch.tensor([4.0, 4.0]), torch.tensor([9.0, 9.0]), torch.tensor([True, False]))
    assert norm.running_mean is not None
    assert norm.running_var is not None
    assert norm.running_mean.tolist() == [2.0, 0.0]
    assert norm.running_var.tolist() == [5.0, 1.0]

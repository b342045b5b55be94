"""A stream of one's own goes all the way: trained, loaded, explained."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from helpers.stores import stored
from skelfuse.batches import Sampling
from skelfuse.clip import Clip
from skelfuse.explain.evidence import evidence_of
from skelfuse.inspect.head_source import head_weights
from skelfuse.models import describe
from skelfuse.models.persons import Bodies
from skelfuse.models.streams import (
    STREAMS,
    Signals,
    Stream,
)
from skelfuse.run import load_run
from skelfuse.skeleton import Skeleton
from skelfuse.store import Store
from skelfuse.training import Fit, ModelChoice, TrainConfig, train

ARM = Skeleton(  # in the alphabet's order, as models have it
    "arm",
    joints=("elbow", "hand", "shoulder"),
    bones=(("elbow", "shoulder"), ("hand", "elbow")),
    root="shoulder",
)
HAND = 1


class Height(Stream):
    """A stream of one's own: the height of a joint above the lowest frame, and its square."""

    alike = True

    def __init__(self, skeleton: Skeleton) -> None:
        super().__init__(skeleton)
        self.names = ("height", "squared height")

    def forward(self, bodies: Bodies) -> Signals:
        height = bodies.x[..., 1] - bodies.x[..., 1].amin(dim=1, keepdim=True)
        known = None if bodies.ever is None else bodies.ever[..., None]
        return Signals(torch.stack([height, height.square()], dim=-1), known)


@pytest.fixture
def store(tmp_path: Path) -> Store:
    """Return clips in which a hand rises, or goes aside."""
    clips = []
    for i in range(16):
        coords = np.random.default_rng(i).normal(scale=0.05, size=(12, 1, 3, 3))
        coords[:, 0, HAND, i % 2] += np.linspace(0, 1.5, 12)
        clips.append(Clip(coords, ARM, name=f"clip{i}", label="xy"[i % 2], subject=str(i % 4)))
    return stored(tmp_path / "s.h5", clips)


@pytest.mark.parametrize("size", ["nano", "pure"])
@pytest.mark.training
def test_a_stream_of_ones_own_goes_all_the_way(
    size: str, store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(STREAMS, "height", Height)
    config = TrainConfig(
        sampling=Sampling(frames=8),
        model=ModelChoice("skelfuse", size, {"streams": ("joint", "height")}),
        train=Fit(epochs=2, batch_size=8, warmup_epochs=1.0, validation=0),
    )
    train(config, store, {"train": np.arange(16)}, tmp_path / "run", device="cpu")
    run = load_run(tmp_path / "run", device="cpu")
    names = ("height", "squared height")
    kernels = ("", ", scale1", ", scale2", ", scale4")
    head = head_weights(run.model, run.class_names)
    assert head.inputs[-8:] == tuple(f"{name}{kernel}" for kernel in kernels for name in names)
    assert head.directions.shape[1] == len(head.inputs)
    coords = torch.tensor(np.array(store.coords(1)), dtype=torch.float32)[None]  # [1,T,M,N,D]
    found = evidence_of(run.model, coords, None)
    logits = run.model(coords)[0].detach()
    for number in range(2):
        assert found.reasons(number).total == pytest.approx(float(logits[number]), abs=1e-5)
    layers = {layer.name: layer for layer in describe(run.model, depth=3).layers}
    taps = layers["features_of.kernels.height"]
    assert taps.kind == "MotionKernels"
    assert taps.parameters == 2 + 3 + 5  # one set for both signals

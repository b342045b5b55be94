"""The rate at which a model sees frames, from the store to the printed kernels."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from helpers.commands import called, ran
from helpers.stores import stored
from skelfuse.batches import Sampling
from skelfuse.batches.rate import seen_rate
from skelfuse.clip import Clip
from skelfuse.run import load_run
from skelfuse.skeleton import Skeleton
from skelfuse.store import Store

STICK = Skeleton("stick", joints=("a", "b"), bones=(("b", "a"),), root="a")


def store_of(path: Path, lengths: list[int], fps: float | None) -> Store:
    random, clips = np.random.default_rng(0), []
    for i, frames in enumerate(lengths):
        coords = random.normal(size=(frames, 1, 2, 3)).astype(np.float32)
        subject, label = str(i % 4), "yx"[i % 2]
        clips.append(Clip(coords, STICK, name=f"c{i}", label=label, subject=subject, fps=fps))
    return stored(path, clips)


def test_a_clip_resized_to_half_its_frames_is_seen_at_half_its_rate(tmp_path: Path) -> None:
    store = store_of(tmp_path / "s.h5", [61] * 5, fps=30)
    seen = seen_rate(Sampling(frames=31), store)
    assert seen is not None
    assert seen.median == pytest.approx(15)
    assert [seen.low, seen.high] == pytest.approx([15, 15])
    assert seen.clips == 5


def test_without_a_rate_of_their_own_nothing_is_known(tmp_path: Path) -> None:
    assert seen_rate(Sampling(), store_of(tmp_path / "a.h5", [20], fps=None)) is None
    assert seen_rate(Sampling(), store_of(tmp_path / "b.h5", [1, 1], fps=30)) is None


@pytest.mark.training
def test_a_run_remembers_it(tmp_path: Path) -> None:
    store, run = store_of(tmp_path / "s.h5", [33] * 16, fps=30), tmp_path / "run"
    sets = ["train.epochs=1", "train.validation=0", "sampling.frames=17", "model.size=nano"]
    command = ["train", "--data", str(store.path), "--out", str(run), "--protocol", "loso:1"]
    ran(*command, *(f"--set={one}" for one in sets))
    seen = load_run(run).seen_rate
    assert seen is not None
    assert seen.median == pytest.approx(15)
    shown = called("inspect-kernels", run).output
    assert "15 frames per second (of 16 clips of its training store)" in shown
    assert "peak (Hz)" in shown


@pytest.mark.training
def test_single_frames_have_no_rate_and_can_be_learned_from(tmp_path: Path) -> None:
    store = store_of(tmp_path / "s.h5", [20] * 12, fps=30)
    assert seen_rate(Sampling(frames=1), store) is None
    command = ["train", f"--data={store.path}", f"--out={tmp_path / 'run'}", "--protocol=loso:1"]
    command += ["--set=sampling.frames=1", "--set=model.size=nano", "--set=train.epochs=1"]
    ran(*command)

"""Where clips are kept, and on which device, changes nothing about the batches."""

from __future__ import annotations

import threading
from collections.abc import Generator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from helpers import varied_store
from helpers.varied_store import AUGMENT, SAMPLING, training
from skelfuse.batches import Batches, ClipSource, Sampling, batch_of
from skelfuse.clip import Clip
from skelfuse.errors import SkelfuseError
from skelfuse.layouts import COCO_17, HAND_21, KINECT_V2
from skelfuse.skeleton import Skeleton
from skelfuse.store import Store


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Store:
    found: Store = varied_store.varied_store(tmp_path_factory.mktemp("batches") / "s.h5")
    return found


@pytest.mark.parametrize("skeleton", [KINECT_V2, COCO_17, HAND_21])
def test_held_in_memory_or_read_from_the_file_a_batch_is_the_same(
    tmp_path: Path, skeleton: Skeleton
) -> None:
    store = varied_store.varied_store(tmp_path / "s.h5", skeleton)
    sampling = replace(SAMPLING, align=skeleton is not HAND_21, scale=True, fps=20)
    augment = replace(AUGMENT, rotate=(0.3, 0.3, 0.3) if skeleton.dimensions == 3 else (0.3,))
    held, mapped = (
        training(store, sampling=sampling, augment=augment, memory_limit=limit)
        for limit in (1 << 30, 0)
    )
    assert held.source is not None
    assert mapped.source is not None
    assert not held.source.mapped
    assert mapped.source.mapped
    for one, other in zip(held.epoch(0), mapped.epoch(0), strict=True):
        torch.testing.assert_close(one.x, other.x, rtol=1e-5, atol=1e-5)
        assert torch.equal(one.mask, other.mask)
        assert torch.equal(one.index, other.index)


def test_a_split_prepared_in_parts_is_the_same(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = next(training(store).epoch(0))
    monkeypatch.setattr("skelfuse.batches.source.ROWS_AT_ONCE", 40)
    for part, as_before in zip(next(training(store).epoch(0)), whole, strict=True):
        assert torch.equal(part, as_before)


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device")
@pytest.mark.parametrize("limit", [1 << 30, 0])
def test_on_a_gpu_a_batch_is_the_same(store: Store, limit: int) -> None:
    options: dict[str, Any] = {
        "sampling": replace(SAMPLING, align=True, scale=True),
        "memory_limit": limit,
    }
    there = training(store, device="cuda", **options).epoch(0)
    for one, other in zip(training(store, **options).epoch(0), there, strict=True):
        assert all(part.device.type == "cuda" for part in other)
        torch.testing.assert_close(other.x.cpu(), one.x, rtol=1e-4, atol=1e-4)
        assert torch.equal(other.mask.cpu(), one.mask)


def test_an_epoch_that_is_given_up_leaves_no_thread(store: Store) -> None:
    before = {*threading.enumerate()}  # an epoch of another test may not be closed yet
    epoch = training(store, memory_limit=0).epoch(0)
    next(epoch)
    assert isinstance(epoch, Generator)
    begun = {*threading.enumerate()} - before
    assert [thread.name for thread in begun] == ["skelfuse-reader_0"]
    epoch.close()
    assert not begun & {*threading.enumerate()}


def test_memory_is_counted_in_rows_that_are_kept(store: Store) -> None:
    source = ClipSource(store, np.arange(3), sampling=replace(SAMPLING, persons=2))
    rows = int((store.frames[:3] * np.minimum(store.persons[:3], 2)).sum())
    assert source.bytes == rows * 25 * (3 * 4 + 1)
    assert source.persons == 2


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"frames": 0}, "'frames' is out of range"),
        ({"persons": 0}, "'persons' is out of range"),
        ({"mode": "nearest"}, "unknown mode: expected resize, uniform, crop, found nearest"),
        ({"crop": (0.9, 0.5)}, "not a range of shares"),
        ({"crop": (0.0, 0.5)}, "not a range of shares"),
        ({"mode": "crop", "crop": (0.5, 1.0)}, "keeps as many frames as it gives"),
        ({"jitter": 0.6}, "'jitter' is out of range"),
        ({"uneven": 1.1}, "'uneven' is out of range"),
        ({"fps": 0.0}, "'fps' is out of range"),
    ],
)
def test_what_cannot_be_sampled_is_an_error(options: dict[str, Any], message: str) -> None:
    with pytest.raises(SkelfuseError, match=message):
        Sampling(**options)


def test_clips_of_two_skeletons_are_no_batch(store: Store) -> None:
    other = Clip(np.zeros((3, 1, 21, 3)), HAND_21, name="other")
    with pytest.raises(SkelfuseError, match="clip 'other' has another skeleton"):
        batch_of([store[0], other], sampling=SAMPLING)
    with pytest.raises(SkelfuseError, match="a batch needs clips"):
        batch_of([], sampling=SAMPLING)


# mode: clips of a batch of training, sum of |x|, joints seen; the same of an evaluation
GOLDEN = {
    "resize": (([2, 26, 32], 2439.59, 1096), ([0, 0, 1], 10055.01, 4029)),
    "uniform": (([2, 26, 32], 2723.13, 1209), ([0, 0, 1], 10905.71, 4350)),
    "crop": (([2, 26, 32], 2663.91, 1221), ([0, 0, 1], 10120.61, 4218)),
}


@pytest.mark.parametrize("mode", GOLDEN)
def test_batches_are_those_of_earlier_versions(store: Store, mode: Any) -> None:
    kept = (1.0, 1.0) if mode == "crop" else SAMPLING.crop
    sampling = replace(SAMPLING, mode=mode, crop=kept, fps=20, uneven=0.2, align=True, scale=True)
    drawn = next(training(store, sampling=sampling).epoch(3))
    fixed = next(
        Batches(store, range(varied_store.CLIPS), sampling=sampling, crops=2, batch_size=8).epoch()
    )
    for batch, (clips, size, seen) in zip((drawn, fixed), GOLDEN[mode], strict=True):
        assert batch.index.tolist()[:3] == clips
        assert float(batch.x.double().abs().sum()) == pytest.approx(size, abs=0.02)
        assert int(batch.mask.sum()) == seen

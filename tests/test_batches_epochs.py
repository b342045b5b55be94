"""Epochs can be repeated, entered in the middle, and shared by processes."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from helpers import varied_store
from helpers.varied_store import SAMPLING, training
from skelfuse.batches import Augment, Batch, Batches, Sampling, batch_of
from skelfuse.errors import SkelfuseError
from skelfuse.store import Store


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Store:
    found: Store = varied_store.varied_store(tmp_path_factory.mktemp("batches") / "s.h5")
    return found


def assert_equal(one: Batch, other: Batch) -> None:
    for a, b in zip(one, other, strict=True):
        assert torch.equal(a, b)


def test_an_epoch_holds_every_clip_once_with_its_label(store: Store) -> None:
    batches = training(store)
    found = list(batches.epoch(0))
    assert len(found) == len(batches) == 5
    index = torch.cat([batch.index for batch in found])
    assert sorted(index.tolist()) == list(range(37))
    label = torch.cat([batch.label for batch in found])
    assert label.tolist() == store.labels[index.numpy()].tolist()
    assert label.min() == -1
    for batch in found:
        assert batch.x.shape[1:] == (8, 2, 25, 3)
        assert batch.x.dtype == torch.float32
        assert batch.mask.dtype == torch.bool
        assert batch.mask.shape == batch.x.shape[:4]
        assert torch.isfinite(batch.x).all()


def test_an_epoch_is_the_same_again_and_another_is_another(store: Store) -> None:
    first = list(training(store).epoch(3))
    for one, other in zip(first, training(store).epoch(3), strict=True):
        assert_equal(one, other)
    for batches, epoch in ((training(store), 4), (training(store, seed=5), 3)):
        other = next(batches.epoch(epoch))
        assert other.index.tolist() != first[0].index.tolist()
        both = set(other.index.tolist()) & set(torch.cat([b.index for b in first]).tolist())
        assert both  # the clips are the same, and yet each is changed in a new way
        for clip in both:
            before = next(b.x[b.index == clip] for b in first if (b.index == clip).any())
            assert not torch.equal(before, other.x[other.index == clip])


@pytest.mark.parametrize("limit", [1 << 30, 0])
def test_entering_in_the_middle_is_as_if_from_the_start(store: Store, limit: int) -> None:
    batches = training(store, memory_limit=limit)
    whole = list(batches.epoch(2))
    for start in range(6):
        rest = list(batches.epoch(2, start))
        assert len(rest) == 5 - start
        for one, other in zip(rest, whole[start:], strict=True):
            assert_equal(one, other)


@pytest.mark.parametrize("world", [2, 3])
@pytest.mark.parametrize("clips", [37, 33])
def test_ranks_together_take_what_one_process_takes(store: Store, world: int, clips: int) -> None:
    alone = list(training(store, clips, batch_size=4 * world).epoch(1))
    ranks = [
        list(training(store, clips, batch_size=4, rank=rank, world=world).epoch(1))
        for rank in range(world)
    ]
    assert {len(batches) for batches in ranks} == {len(alone)}
    for step, whole in enumerate(alone):
        for rank in range(world):
            part = ranks[rank][step]
            mine = slice(rank, None, world)
            assert part.index.tolist() == whole.index[mine].tolist()
            torch.testing.assert_close(part.x, whole.x[mine])
            assert torch.equal(part.mask, whole.mask[mine])


@given(st.integers(4, 37), st.integers(1, 20), st.integers(1, 4))
def test_however_many_clips_and_ranks_every_rank_has_as_many_steps(
    store: Store, clips: int, batch_size: int, world: int
) -> None:
    ranks = [
        training(store, clips, batch_size=batch_size, rank=rank, world=world, memory_limit=0)
        for rank in range(world)
    ]
    assert len({len(batches) for batches in ranks}) == 1
    sizes = np.diff(ranks[0]._cuts())
    assert sizes.sum() == clips
    assert (sizes[:-1] == batch_size * world).all()
    assert sizes[-1] >= min(2 * world, batch_size * world, clips)


def test_a_small_rest_joins_the_batch_before_it(store: Store) -> None:
    def sizes(**options: Any) -> list[int]:
        return [len(batch.x) for batch in training(store, 33, **options).epoch(0)]

    assert sizes(batch_size=8) == [8, 8, 8, 9]
    assert sizes(batch_size=10) == [10, 10, 10, 3]
    assert sizes(batch_size=50) == [33]
    assert sizes(batch_size=8, shuffle=False) == [8, 8, 8, 8, 1]


def test_not_shuffled_every_clip_belongs_to_one_rank(store: Store) -> None:
    chosen = [3, 30, 7, 12, 5]
    for world in (1, 2, 3, 8):
        found = [
            clip
            for rank in range(world)
            for batch in Batches(
                store, chosen, sampling=SAMPLING, batch_size=2, rank=rank, world=world
            ).epoch()
            for clip in batch.index.tolist()
        ]
        assert sorted(found) == sorted(chosen)
    in_order = [b.index.tolist() for b in Batches(store, chosen, sampling=SAMPLING).epoch()]
    assert in_order == [chosen]


@pytest.mark.parametrize("fps", [None, 12])
def test_evaluation_draws_nothing(store: Store, fps: float | None) -> None:
    sampling = replace(SAMPLING, fps=fps)
    batches = Batches(store, range(36, 0, -1), sampling=sampling)
    assert_equal(next(batches.epoch(0)), next(batches.epoch(1)))
    direct = batch_of([store[i] for i in range(36, 0, -1)], sampling=sampling)
    batch = next(batches.epoch())
    assert torch.equal(batch.x, direct.x)
    assert torch.equal(batch.mask, direct.mask)


def test_crops_of_a_clip_follow_one_another(store: Store) -> None:
    batches = Batches(store, range(6), sampling=SAMPLING, batch_size=4, crops=3)
    found = list(batches.epoch())
    assert [len(batch.x) for batch in found] == [12, 6]
    assert found[0].index.tolist() == [0, 0, 0, 1, 1, 1, 2, 2, 2, 3, 3, 3]
    assert found[0].label.tolist() == store.labels[found[0].index.numpy()].tolist()
    direct = batch_of([store[i] for i in range(4)], sampling=SAMPLING, crops=3)
    assert torch.equal(found[0].x, direct.x)


def test_batches_that_cannot_be_are_an_error(store: Store) -> None:
    with pytest.raises(SkelfuseError, match="too few clips for a batch: expected at least 1"):
        Batches(store, [], sampling=SAMPLING)
    with pytest.raises(SkelfuseError, match="too few clips"):
        training(store, 2, world=3)
    with pytest.raises(SkelfuseError, match="out of range"):
        training(store, batch_size=0)
    with pytest.raises(SkelfuseError, match="several crops only in evaluation"):
        training(store, crops=2)
    with pytest.raises(SkelfuseError, match="rotate does not fit"):
        training(store, augment=Augment(rotate=(0.1,)))
    with pytest.raises(SkelfuseError, match="all the same"):
        Batches(store, range(3), sampling=Sampling(), crops=2)

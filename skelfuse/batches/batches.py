"""Batches of clips for training, evaluation and prediction."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from skelfuse.batches.augment import Augment, augmented, order_of_persons, retimed
from skelfuse.batches.chance import clip_keys, shuffled
from skelfuse.batches.place import check_placement
from skelfuse.batches.resample import resample
from skelfuse.batches.sampling import Choice, Sampling, between, drawn, sample_times, spread
from skelfuse.batches.sent import sent
from skelfuse.batches.source import ClipSource, prepared, relative_rates
from skelfuse.batches.tracks import Tracks, pack
from skelfuse.clip import Clip
from skelfuse.errors import SkelfuseError
from skelfuse.skeleton import Skeleton
from skelfuse.store import Store


class Batch(NamedTuple):
    """Clips as a model takes them; with several crops those of a clip follow one another."""

    x: Tensor  # [B,T,M,N,D] float32, finite everywhere; an absent person is zero
    mask: Tensor  # [B,T,M,N], True where a joint was seen
    label: Tensor  # [B] int64, -1 where the clip has none
    index: Tensor  # type: ignore[assignment]  # [B] int64, of the clip in the store

    @property
    def seen(self) -> Tensor | None:
        """The mask for a model: None where it hides nothing, which saves work.

        Models never look at values, so this is decided here, and on a CPU alone: to look would
        make a GPU wait.
        """
        nothing_hidden = self.mask.device.type == "cpu" and bool(self.mask.all())
        return None if nothing_hidden else self.mask


class Batches:
    """The batches of a split, the same ones for the same seed and epoch.

    `shuffle` is training: the order, crops and jitter are drawn for each epoch. Without it clips
    come in the order of `indices`, at fixed times; `crops` of each, whose scores are to be
    averaged: `logits.unflatten(0, (-1, crops)).mean(1)`. `augment` applies wherever it is given.

    `batch_size` counts the clips of one rank. Shuffled, all `world` ranks together take
    `batch_size·world` clips a step, the same ones, changed in the same way, as a single process
    with that batch size would; a rank takes every `world`-th of them. What is left at the end of
    an epoch is a smaller batch, or joins the one before it if it is less than an eighth of a
    batch or two clips a rank (too few to normalise over).
    Not shuffled, each clip belongs to one rank, and ranks may have different numbers of batches.
    """

    def __init__(
        self,
        store: Store,
        indices: Sequence[int] | npt.NDArray[np.integer],
        *,
        sampling: Sampling,
        augment: Augment | None = None,
        batch_size: int = 64,
        shuffle: bool = False,
        seed: int = 0,
        device: str | torch.device = "cpu",
        rank: int = 0,
        world: int = 1,
        crops: int = 1,
        memory_limit: int | None = None,
    ) -> None:
        own = np.asarray(indices, np.int64)
        if not len(own) or (shuffle and len(own) < world):
            raise SkelfuseError(
                "too few clips for a batch",
                file=store.path,
                expected=f"at least {world if shuffle else 1}",
                found=len(own),
            )
        if batch_size < 1 or crops < 1 or (shuffle and crops > 1):
            raise SkelfuseError(
                "batch_size or crops out of range",
                expected="batch_size and crops of at least 1, several crops only in evaluation",
                found=f"batch_size {batch_size}, crops {crops}",
            )
        if augment is not None:
            augment.check(store.skeleton)
        if crops > 1:
            spread(sampling, 1, crops)  # raises where crops would all be the same
        self.sampling, self.augment, self.batch_size = sampling, augment, batch_size
        self.shuffle, self.seed, self.crops = shuffle, seed, crops
        self.rank, self.world = rank, world
        self.device = torch.device(device)
        self.store = store
        self.places = torch.arange(len(own))  # in the split, whichever rank takes the clip
        if not shuffle:
            self.places = self.places[rank::world]
            own = own[rank::world]
        self.indices = torch.from_numpy(own)
        labels = torch.from_numpy(store.labels[own].astype(np.int64))
        self.source = (
            ClipSource(store, own, sampling=sampling, device=device, memory_limit=memory_limit)
            if len(own)
            else None  # more ranks than clips
        )
        # Of every clip of this rank.
        self.tables = [sent(one, self.device) for one in (self.places, self.indices, labels)]
        rates = None if self.source is None else self.source.rates
        self.rates = None if rates is None else sent(rates, self.device)

    def __len__(self) -> int:
        return len(self._cuts()) - 1

    def epoch(self, epoch: int = 0, start: int = 0) -> Iterator[Batch]:
        """Yield the batches of an epoch from number `start` on, as if those before had been."""
        if self.source is None:
            return
        count = len(self.places)
        order = shuffled(self.seed, epoch, count) if self.shuffle else torch.arange(count)
        if not self.source.mapped:
            order = sent(order, self.device)  # once an epoch: its batches are parts of it
        cuts = self._cuts()
        steps = [order[a:b] for a, b in zip(cuts[start:], cuts[start + 1 :], strict=False)]
        if self.shuffle:
            steps = [step[self.rank :: self.world] for step in steps]
        for which, tracks in zip(steps, self.source.stream(steps), strict=True):
            yield self._batch(tracks, which, epoch)

    def _cuts(self) -> list[int]:
        """Return where batches begin and end, in clips of all ranks together if shuffled."""
        count = len(self.places)
        world = self.world if self.shuffle else 1
        whole = self.batch_size * world
        cuts = [*range(0, count, whole), count]
        tail = count % whole
        if self.shuffle and tail and tail < max(whole / 8, 2 * world) and len(cuts) > 2:
            cuts.pop(-2)
        return cuts

    def _batch(self, tracks: Tracks, which: Tensor, epoch: int) -> Batch:
        assert self.source is not None
        which = sent(which, self.device).repeat_interleave(self.crops)
        place, index, label = (one[which] for one in self.tables)
        keys = clip_keys(self.seed, epoch, place)
        if self.shuffle:
            choice = drawn(self.sampling, keys)
        else:
            clips = len(which) // self.crops
            choice = spread(self.sampling, clips, self.crops, device=self.device)
        x, mask = _tensors(
            tracks,
            self.store.skeleton,
            self.sampling,
            choice,
            rates=None if self.rates is None else self.rates[which],
            augment=self.augment,
            keys=keys,
            crops=self.crops,
        )
        return Batch(x, mask, label, index)


def batch_of(
    clips: Sequence[Clip],
    *,
    sampling: Sampling,
    device: str | torch.device = "cpu",
    crops: int = 1,
    augment: Augment | None = None,
    keys: Tensor | None = None,
) -> Batch:
    """Return clips of one skeleton as a batch, as `Batches` would in evaluation.

    With random `keys [B]` (int64) it is as in training: times are drawn, and `augment` applies.
    `index` counts the clips given, and no clip has a label.

    >>> from skelfuse.layouts import KINECT_V2
    >>> clips = [Clip(np.ones((t, 1, 25, 3)), KINECT_V2, name=f"{t} frames") for t in (1, 40)]
    >>> batch_of(clips, sampling=Sampling(frames=16)).x.shape
    torch.Size([2, 16, 1, 25, 3])
    """
    if not clips:
        raise SkelfuseError("a batch needs clips", expected="at least 1", found=0)
    skeleton = clips[0].skeleton
    for clip in clips:
        if clip.skeleton != skeleton:
            raise SkelfuseError(
                f"clip '{clip.name}' has another skeleton than the clips before it",
                expected=skeleton.name,
                found=clip.skeleton.name,
                remedy="make a batch of clips of one skeleton",
            )
    check_placement(sampling, skeleton)
    persons = min(sampling.persons, max(clip.persons for clip in clips))
    device = torch.device(device)
    raw = pack([clip.coords for clip in clips], persons)
    tracks = prepared(raw, skeleton, sampling).to(device)
    rates = None
    if sampling.fps is not None:
        fps, names = [clip.fps for clip in clips], [clip.name for clip in clips]
        rates = sent(relative_rates(fps, names, sampling.fps), device).repeat_interleave(crops)
    if keys is None:
        choice = spread(sampling, len(clips), crops, device=device)
    else:
        keys = sent(keys, device)
        choice = drawn(sampling, keys)
    x, mask = _tensors(
        tracks,
        skeleton,
        sampling,
        choice,
        rates=rates,
        augment=augment,
        keys=keys,
        crops=crops,
    )
    index = torch.arange(len(clips), device=x.device).repeat_interleave(crops)
    return Batch(x, mask, torch.full_like(index, -1), index)


def _tensors(
    tracks: Tracks,
    skeleton: Skeleton,
    sampling: Sampling,
    choice: Choice,
    *,
    rates: Tensor | None,
    augment: Augment | None = None,
    keys: Tensor | None = None,
    crops: int = 1,
) -> tuple[Tensor, Tensor]:
    """Return `x [B,T,M,N,D]` and `mask [B,T,M,N]` of the clips of `tracks`."""
    if crops > 1:
        number = torch.arange(len(tracks.frames), device=tracks.frames.device)
        tracks = tracks.clips(number.repeat_interleave(crops))
    when = sample_times(sampling, tracks.frames, rates, choice)
    if augment is not None and keys is not None:
        when = retimed(augment, when, keys)
        order = order_of_persons(augment, tracks.present, keys)
        if order is not None:
            tracks = tracks._replace(
                start=tracks.start.gather(1, order), present=tracks.present.gather(1, order)
            )
    frames = between(when, tracks.frames, whole=sampling.mode == "uniform")
    x, mask = resample(tracks, frames, when.real)
    if augment is not None and keys is not None:
        x, mask = augmented(augment, x, mask, keys, skeleton)
    return x, mask

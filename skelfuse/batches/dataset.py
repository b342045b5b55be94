"""The clips of a store as a map-style dataset of torch, for a `DataLoader` of one's own."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor
from torch.utils.data import Dataset

from skelfuse.batches.augment import Augment
from skelfuse.batches.batches import batch_of
from skelfuse.batches.sampling import Sampling
from skelfuse.errors import SkelfuseError
from skelfuse.store import Store


class ClipDataset(Dataset[tuple[Tensor, Tensor, int]]):
    """Clips as `x [T,M,N,D]`, `mask [T,M,N]` and the number of their class, -1 where unknown.

    Clips of fewer people than M have absent ones, whose mask is False. Sample times are those of an
    evaluation; with `random` they are drawn anew each time, as in training, and `augment` changes
    the clips. What is drawn follows torch's random numbers, so workers draw different ones.
    """

    def __init__(
        self,
        store: Store,
        indices: Sequence[int] | npt.NDArray[np.integer] | None = None,
        *,
        sampling: Sampling | None = None,
        augment: Augment | None = None,
        random: bool = False,
    ) -> None:
        if augment is not None:
            if not random:
                raise SkelfuseError("augment changes clips at random", remedy="give random=True")
            augment.check(store.skeleton)
        self.store = store
        self.indices = np.arange(len(store)) if indices is None else np.asarray(indices, np.int64)
        self.sampling = sampling or Sampling()
        self.augment, self.random = augment, random
        self.persons = min(self.sampling.persons, int(store.persons.max()))  # M

    def __len__(self) -> int:
        return len(self.indices)

    def __getitem__(self, place: int) -> tuple[Tensor, Tensor, int]:
        if not -len(self) <= place < len(self):
            raise IndexError(f"clip {place} of {len(self)}")
        index = int(self.indices[place])
        keys = torch.randint(2**62, (1,)) if self.random else None
        clip = self.store[index]
        found = batch_of([clip], sampling=self.sampling, augment=self.augment, keys=keys)
        T, M, N, D = found.x.shape[1:]
        x = found.x.new_zeros(T, self.persons, N, D)
        mask = found.mask.new_zeros(T, self.persons, N)
        x[:, :M], mask[:, :M] = found.x[0], found.mask[0]
        return x, mask, int(self.store.labels[index])

    def __repr__(self) -> str:
        how = "drawn at random" if self.random else "as in evaluation"
        return f"ClipDataset({len(self)} clips of {self.store.path}, {how})"

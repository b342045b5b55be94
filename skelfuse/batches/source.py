"""The clips of a split, ready to sample: in memory where they fit, else read as needed."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from skelfuse.batches.gaps import fill_gaps
from skelfuse.batches.place import check_placement, measured, placed
from skelfuse.batches.sampling import Sampling
from skelfuse.batches.tracks import Tracks, pack, places
from skelfuse.errors import SkelfuseError
from skelfuse.skeleton import Skeleton
from skelfuse.store import Store

AHEAD = 3  # batches under way
ROWS_AT_ONCE = 1 << 15  # rows prepared together when a split is loaded; bounds working memory


def prepared(raw: Tracks, skeleton: Skeleton, sampling: Sampling) -> Tracks:
    """Return tracks as they were packed with every gap filled, and moved, turned and scaled."""
    owners = raw.owners()
    placement = measured(raw, owners, skeleton, sampling)
    return placed(fill_gaps(raw, owners, skeleton), owners, placement)


class ClipSource:
    """The clips `indices` of a store, `C` of them, as `Tracks` on a device.

    If their rows take at most `memory_limit` bytes (None: what `room` allows) they are prepared
    once and stay on the device. Otherwise (`mapped`) a thread reads each batch from the store's
    memory map, prepares and sends it, a few batches ahead. Both give the same numbers.
    """

    def __init__(
        self,
        store: Store,
        indices: npt.NDArray[np.int64],
        *,
        sampling: Sampling,
        device: str | torch.device = "cpu",
        memory_limit: int | None = None,
    ) -> None:
        check_placement(sampling, store.skeleton)
        self.store = store
        self.indices = indices
        self.sampling = sampling
        self.device = torch.device(device)
        self.persons = min(sampling.persons, int(store.persons.max()))  # M: one for all splits
        self.rates = _rates(store, indices, sampling)
        frames = torch.from_numpy(store.frames[indices])
        persons = torch.from_numpy(store.persons[indices]).long().clamp_max(self.persons)
        self._tables = places(frames, persons, self.persons)
        row = len(store.skeleton) * (4 * store.skeleton.dimensions + 1)  # float32 and the mask
        self.bytes = self._tables[-1] * row
        self.mapped = self.bytes > (room(self.device) if memory_limit is None else memory_limit)
        self.held = None if self.mapped else self._loaded(frames)

    def stream(self, batches: Sequence[Tensor]) -> Iterator[Tracks]:
        """Yield the clips of each batch, which is `[B]` places in `indices`.

        The places are on the device, or on the CPU if `mapped`. The rows may be those of other
        clips too.
        """
        if self.held is not None:
            yield from (self.held.clips(batch) for batch in batches)
            return
        with ThreadPoolExecutor(1, "skelfuse-reader") as reader:
            coming = deque(reader.submit(self._sent, batch) for batch in batches[:AHEAD])
            for batch in [*batches[AHEAD:], *[None] * len(coming)]:
                tracks = coming.popleft().result()
                if batch is not None:
                    coming.append(reader.submit(self._sent, batch))
                yield tracks

    def _read(self, batch: Tensor) -> Tracks:
        clips = [self.store.coords(i) for i in self.indices[batch.numpy()].tolist()]
        return pack(clips, self.persons)

    def _prepared(self, raw: Tracks) -> Tracks:
        return prepared(raw, self.store.skeleton, self.sampling)

    def _sent(self, batch: Tensor) -> Tracks:
        # Prepared on the CPU: it takes looks at values, for each of which a GPU would wait.
        return self._prepared(self._read(batch)).to(self.device)

    def _loaded(self, frames: Tensor) -> Tracks:
        start, present, total = self._tables
        N, D = len(self.store.skeleton), self.store.skeleton.dimensions
        coords = torch.empty(total, N, D, device=self.device)
        seen = torch.empty(total, N, dtype=torch.bool, device=self.device)
        rows, at = frames * present.sum(dim=1), 0
        for part in torch.split(torch.arange(len(frames)), _parts(rows)):
            tracks = self._prepared(self._read(part).to(self.device))
            coords[at : at + len(tracks.coords)] = tracks.coords
            seen[at : at + len(tracks.coords)] = tracks.seen
            at += len(tracks.coords)
        return Tracks(coords, seen, start, present, frames).to(self.device)


def room(device: torch.device) -> int:
    """Return how many bytes of clips a device keeps: of a GPU half of what is free there.

    >>> room(torch.device("cpu")) == 2 * 2**30
    True
    """
    if device.type != "cuda":
        return 2 << 30
    return int(torch.cuda.mem_get_info(device)[0]) // 2


def _parts(rows: Tensor) -> list[int]:
    """Return how many clips to take at a time so that few rows come together; `rows [C]`."""
    group = (rows.cumsum(0) - rows) // ROWS_AT_ONCE
    return [int(count) for count in torch.unique_consecutive(group, return_counts=True)[1]]


def _rates(store: Store, indices: npt.NDArray[np.int64], sampling: Sampling) -> Tensor | None:
    """Return each clip's frames for one sample time at the wanted rate, `[C]`."""
    if sampling.fps is None:
        return None
    fps = [store.fps[i] for i in indices.tolist()]
    names = [store.names[i] for i in indices.tolist()]
    return relative_rates(fps, names, sampling.fps)


def relative_rates(fps: Sequence[float | None], names: Sequence[str], wanted: float) -> Tensor:
    """Return `fps [C]` over the wanted one; a clip that does not say its rate is an error.

    >>> relative_rates([30, 60], ["a", "b"], 30).tolist()
    [1.0, 2.0]
    """
    for name, rate in zip(names, fps, strict=True):
        if rate is None:
            raise SkelfuseError(
                f"clip '{name}' does not say its frame rate, and sampling.fps is {wanted:g}",
                remedy="give the rate when making the store (--fps), or leave sampling.fps out",
            )
    return torch.tensor([rate / wanted for rate in fps if rate], dtype=torch.float64)

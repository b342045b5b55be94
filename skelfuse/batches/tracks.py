"""Clips of any length and any number of persons as one tensor of rows, without padding."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from skelfuse.batches.sent import sent
from skelfuse.clip import FloatArray


class Tracks(NamedTuple):
    """Each person of each clip is a track: a run of rows, one row a frame.

    Tracks lie end to end, clip after clip and within a clip person after person. Rows and tables
    are on one device, where the rows to read are worked out.
    """

    coords: Tensor  # [R,N,D]
    seen: Tensor  # [R,N], True where a joint was seen
    start: Tensor  # [C,M] int64, the row of each person's first frame; 0 for an absent person
    present: Tensor  # [C,M] bool, whether the clip has this person at all
    frames: Tensor  # [C] int64, T of each clip

    def to(self, device: torch.device) -> Tracks:
        """Return the same tracks on a device; nothing waits for the copy."""
        return Tracks(*(sent(part, device) for part in self))

    def clips(self, which: Tensor) -> Tracks:
        """Return the clips `which [B]`, in this order, of the same rows."""
        return self._replace(
            start=self.start[which], present=self.present[which], frames=self.frames[which]
        )

    def owners(self) -> Owners:
        """Return to whom every row belongs; the tracks must be all that `coords` holds."""
        clip = self.present.nonzero()[:, 0]  # [P]
        lengths = self.frames[clip]
        number = torch.arange(len(clip), device=clip.device)
        track = torch.repeat_interleave(number, lengths)  # [R]
        first = self.start[self.present]
        return Owners(clip, track, first[track], (first + lengths - 1)[track])


class Owners(NamedTuple):
    """To whom rows belong; P tracks."""

    clip_of_track: Tensor  # [P]
    track: Tensor  # [R]
    first: Tensor  # [R], the first row of the row's track
    last: Tensor  # [R], the last one

    @property
    def clip(self) -> Tensor:
        """The clip of every row, `[R]`."""
        return self.clip_of_track[self.track]


def pack(clips: Sequence[FloatArray], persons: int) -> Tracks:
    """Lay clips, each `[T,M,N,D]`, end to end; of each the first `persons` persons are kept.

    >>> pair, single = np.zeros((4, 2, 5, 3)), np.zeros((7, 1, 5, 3))
    >>> tracks = pack([pair, single], persons=2)
    >>> tracks.coords.shape, tracks.start.tolist()
    (torch.Size([15, 5, 3]), [[0, 4], [8, 0]])
    """
    frames = torch.tensor([len(clip) for clip in clips])
    kept = torch.tensor([min(clip.shape[1], persons) for clip in clips])
    start, present, total = places(frames, kept, persons)
    coords = np.empty((total, *clips[0].shape[2:]), np.float32)
    at = 0
    for clip, count in zip(clips, kept.tolist(), strict=True):
        size = len(clip) * count
        tracks = coords[at : at + size].reshape(count, *clip.shape[:1], *clip.shape[2:])
        tracks[...] = clip[:, :count].swapaxes(0, 1)
        at += size
    rows = torch.from_numpy(coords)
    return Tracks(rows, ~rows.isnan().any(dim=-1), start, present, frames)


def places(frames: Tensor, persons: Tensor, most: int) -> tuple[Tensor, Tensor, int]:
    """Return `start [C,M]`, `present [C,M]` and the number of rows, for `frames`, `persons [C]`."""
    first = torch.cumsum(frames * persons, dim=0)
    total = int(first[-1])
    person = torch.arange(most)
    present = person < persons[:, None]  # [C,M]
    start = (first - frames * persons)[:, None] + person * frames[:, None]
    return torch.where(present, start, 0), present, total

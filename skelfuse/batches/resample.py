"""From rows to batches: the frames that were chosen of each clip, gathered and interpolated."""

from __future__ import annotations

import torch
from torch import Tensor

from skelfuse.batches.sampling import Frames
from skelfuse.batches.tracks import Tracks


def resample(tracks: Tracks, frames: Frames, real: Tensor) -> tuple[Tensor, Tensor]:
    """Return `x [B,T,M,N,D]` and `mask [B,T,M,N]` of B clips at T sample times each.

    A joint between two frames counts as seen if it was seen in both. Where the clip is over
    (`real [B,T]` is False) its last position is held and masked. An absent person is zero.
    """
    present = tracks.present[:, None].expand(-1, real.shape[1], -1)  # [B,T,M]
    low = tracks.start[:, None] + frames.low[..., None] * present
    x, mask = _rows(tracks, low)
    weight = frames.weight[..., None].expand_as(present)
    # Looking saves work on a CPU; a GPU would have to wait for the answer.
    looks = weight.device.type == "cpu"
    if not looks or bool(weight.any()):
        high = tracks.start[:, None] + frames.high[..., None] * present
        later, seen = _rows(tracks, high)
        x = torch.lerp(x, later, weight[..., None, None])
        mask = mask & seen
    mask = mask & (present & real[..., None])[..., None]
    if not looks or not bool(tracks.present.all()):
        x = torch.where(present[..., None, None], x, 0.0)
    return x, mask


def _rows(tracks: Tracks, rows: Tensor) -> tuple[Tensor, Tensor]:
    flat = rows.flatten()
    return (
        torch.unflatten(tracks.coords.index_select(0, flat), 0, rows.shape),
        torch.unflatten(tracks.seen.index_select(0, flat), 0, rows.shape),
    )

"""How fast the frames come that a model sees, without which no tap has a time and no peak hertz."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch

from skelfuse.batches import Sampling
from skelfuse.batches.sampling import moments, spread
from skelfuse.errors import SkelfuseError
from skelfuse.store import Store


@dataclass(frozen=True)
class FrameRate:
    """Frames per second after sampling: not the camera's, where clips are resized to T frames."""

    hz: float | None = None  # None: unknown, and frequencies stay in cycles per frame
    source: str = "unknown: frequencies are per frame; give the rate, or the store"
    range: tuple[float, float] | None = None  # of the middle 80 % of clips, where they differ

    @property
    def unit(self) -> str:
        """The unit of frequencies."""
        return "Hz" if self.hz else "/frame"

    def frequency(self, cycles_per_frame: float) -> float:
        """Return a frequency in `unit`.

        >>> FrameRate(30.0).frequency(0.25), FrameRate().frequency(0.25)
        (7.5, 0.25)
        """
        return cycles_per_frame * (self.hz or 1.0)

    def milliseconds(self, frames: float) -> float | None:
        """Return how long so many frames last."""
        return None if self.hz is None else 1000 * frames / self.hz


def frame_rate(
    sampling: Sampling, *, given: float | None = None, store: Store | None = None
) -> FrameRate:
    """Return the rate at which a model sees frames: as `given`, or of a store's clips.

    Clips of different length that are resized to T frames have different rates; the median stands
    for them, and `range` says how far they differ. Without a store, `sampling.fps` tells.

    >>> frame_rate(Sampling(frames=32, fps=15)).hz
    15.0
    """
    if given is not None:
        if not 0 < given < float("inf"):
            raise SkelfuseError("a frame rate must be a positive number", found=given)
        return FrameRate(float(given), "as given")
    if store is not None:
        return _of_clips(sampling, store)
    if sampling.fps is not None:
        most = "" if sampling.mode == "crop" else "; long clips are slower"
        return FrameRate(float(sampling.fps), f"sampling.fps{most}")
    return FrameRate()


def _of_clips(sampling: Sampling, store: Store) -> FrameRate:
    known = [i for i, fps in enumerate(store.fps) if fps]
    if not known:
        return FrameRate(source="unknown: the store's clips do not say their rate; give it")
    own = torch.tensor([store.fps[i] for i in known], dtype=torch.float64)  # [C]
    frames = torch.from_numpy(store.frames[known])
    relative = None if sampling.fps is None else own / sampling.fps
    when = moments(sampling, frames, relative, spread(sampling, len(known)))
    step = when.position.diff(dim=1)  # [C,T-1] in the clips' own frames
    step = torch.where(when.real[:, 1:], step, torch.nan).nanmedian(dim=1).values
    rates = (own / step)[torch.isfinite(step) & (step > 0)].numpy()
    if not rates.size:
        return FrameRate(source="unknown: every clip is a single frame")
    low, middle, high = (float(rate) for rate in np.quantile(rates, [0.1, 0.5, 0.9]))
    spread_out = high - low > 0.01 * middle
    clips = f"{len(rates):,} clips"
    if not spread_out:
        return FrameRate(middle, f"of {clips}")
    return FrameRate(middle, f"median of {clips}, 80 % from {low:.3g} to {high:.3g}", (low, high))

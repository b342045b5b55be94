"""How fast the frames come that a model sees, without which no tap has a time and no peak hertz."""

from __future__ import annotations

from dataclasses import dataclass

from skelfuse.batches import Sampling
from skelfuse.batches.rate import SeenRate, seen_rate
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
    sampling: Sampling,
    *,
    given: float | None = None,
    store: Store | None = None,
    trained: SeenRate | None = None,
) -> FrameRate:
    """Return the rate at which a model sees frames.

    It is the one `given`, else that of a store's clips, else that of those it was `trained` with,
    else `sampling.fps`. Clips of different length that are resized to T frames have different
    rates; the median stands for them, and `range` says how far they differ.

    >>> frame_rate(Sampling(frames=32, fps=15)).hz
    15.0
    """
    if given is not None:
        if not 0 < given < float("inf"):
            raise SkelfuseError(
                "a frame rate must be a positive number",
                found=given,
                remedy="give frames per second, such as 30",
            )
        return FrameRate(float(given), "as given")
    if store is not None:
        seen = seen_rate(sampling, store)
        if seen is None:
            return FrameRate(source="unknown: the store's clips do not say their rate; give it")
        return _of_clips(seen, "clips")
    if trained is not None:
        return _of_clips(trained, "clips of its training store")
    if sampling.fps is not None:
        most = "" if sampling.mode == "crop" else "; long clips are slower"
        return FrameRate(float(sampling.fps), f"sampling.fps{most}")
    return FrameRate()


def _of_clips(seen: SeenRate, whose: str) -> FrameRate:
    clips = f"{seen.clips:,} {whose}"
    if seen.high - seen.low <= 0.01 * seen.median:
        return FrameRate(seen.median, f"of {clips}")
    spread_out = f"80 % from {seen.low:.3g} to {seen.high:.3g}"
    return FrameRate(seen.median, f"median of {clips}, {spread_out}", (seen.low, seen.high))

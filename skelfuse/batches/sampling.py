"""How a clip of any length becomes T frames: at which times it is looked at."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, NamedTuple, get_args

import torch
from torch import Tensor

from skelfuse.batches.chance import Purpose, symmetric, uniform
from skelfuse.errors import SkelfuseError
from skelfuse.ranges import check_range

Mode = Literal["resize", "uniform", "crop"]

DRAWN = ("crop", "jitter", "uneven")  # how training draws, not what a model is made for
_SNAP = 1e-4  # a sample time this close to a frame, in frames, is that frame


@dataclass(frozen=True)
class Sampling:
    """How clips become tensors of one shape; part of what a trained model must be given with.

    - `frames`: T.
    - `mode`: "resize" interpolates linearly between frames, from the first to the last;
      "uniform" takes one whole frame out of each of T equal segments (frames repeat in a clip
      shorter than T); "crop" takes T frames on end at the clip's own rate, or at `fps`.
    - `crop`: in training the share of the clip that is kept, drawn between these two, anywhere
      in the clip. Evaluation keeps the larger share, from the middle: by default the whole clip.
    - `jitter`: in training every sample time moves by up to this share of the distance between
      them, 0.5 at most, so that they stay in order.
    - `uneven`: in training sample times lie this share of the way from evenly spaced to wherever
      chance puts them, in order: at 1 there are as many as ever, drawn one without the others.
    - `fps`: sample times are never closer than at this rate, so that a movement has one speed at
      any frame rate.
      A clip that is over before T frames is masked from there on; in "resize" and "uniform" a
      clip too long for T such frames is squeezed into them. Every clip must say its rate.
    - `persons`: M, the most persons of any clip, but at most this.
    - `align`: turn every clip as `skelfuse.clips.view.align_view` does, which also centres it.
    - `centre`: move every clip so that the first body seen begins at the origin.
    - `scale`: divide every clip by the length of its first body's torso (or bones), as
      `skelfuse.clips.view.normalise_scale` does; for pixels, and units that differ between clips.

    Where the joints needed are never seen, others tell the view and the size (`batches.torso`). A
    clip that shows too little for that is left as turned, or as large, as it is; a training must
    not end for one clip.

    >>> Sampling(frames=32, crop=(0.5, 1.0)).mode
    'resize'
    """

    frames: int = 64
    mode: Mode = "resize"
    crop: tuple[float, float] = (1.0, 1.0)
    jitter: float = 0.0
    uneven: float = 0.0
    fps: float | None = None
    persons: int = 2
    align: bool = False
    centre: bool = True
    scale: bool = False

    def __post_init__(self) -> None:
        check_range(self, "frames", "persons", low=1)
        check_range(self, "jitter", high=0.5)
        check_range(self, "uneven", high=1)
        check_range(self, "fps", above=True)
        if self.mode not in get_args(Mode):
            expected = ", ".join(get_args(Mode))
            raise SkelfuseError(
                "unknown mode", within="sampling", expected=expected, found=self.mode, key="mode"
            )
        if len(self.crop) != 2 or not 0 < self.crop[0] <= self.crop[1] <= 1:
            raise SkelfuseError(
                "crop is not a range of shares",
                within="sampling",
                expected="two numbers, 0 < least <= most <= 1",
                found=self.crop,
                key="crop",
            )
        if self.mode == "crop" and self.crop != (1, 1):
            raise SkelfuseError(
                "mode 'crop' keeps as many frames as it gives",
                within="sampling",
                expected="crop left at (1, 1)",
                found=self.crop,
                remedy="change frames, or the mode",
                key="mode",
            )


class Choice(NamedTuple):
    """What is left open by `Sampling`: which part of each clip, and how its sample times shift."""

    share: Tensor  # [B], of the clip that is kept
    place: Tensor  # [B], 0 takes the part at the clip's beginning, 1 that at its end
    shift: Tensor  # [B,T] or [B,1], in distances between sample times
    chance: Tensor | None = None  # [B,T], 0 to 1: where uneven ones are drawn to, in any order


def drawn(sampling: Sampling, keys: Tensor) -> Choice:
    """Return a random choice for each clip, as in training; `keys [B]` are the clips'."""
    least, most = sampling.crop
    share, place = uniform(keys, Purpose.CROP, 2).double().unbind(1)
    if sampling.jitter:
        shift = sampling.jitter * symmetric(keys, Purpose.JITTER, sampling.frames).double()
    else:
        shift = share.new_zeros(len(keys), 1)
    chance = uniform(keys, Purpose.UNEVEN, sampling.frames).double() if sampling.uneven else None
    return Choice(least + (most - least) * share, place, shift, chance)


def spread(
    sampling: Sampling, clips: int, crops: int = 1, *, device: torch.device | None = None
) -> Choice:
    """Return fixed choices, `crops` for each clip, one after the other: `B = clips·crops`.

    One crop is the largest share, from the middle. Several keep the mean share, and lie evenly
    from the clip's beginning to its end; in mode "uniform" each also takes another frame of
    every segment.
    """
    least, most = sampling.crop
    if crops == 1:
        share, place, phase = (
            torch.full((1,), value, dtype=torch.float64, device=device)
            for value in (most, 0.5, 0.0)
        )
    else:
        if sampling.mode == "resize" and least == most == 1:
            raise SkelfuseError(
                f"{crops} crops of whole clips are all the same",
                expected="sampling.crop to leave something out, as (0.8, 1.0) does",
                remedy="evaluate with one crop, or train with sampling.crop",
            )
        place = torch.linspace(0, 1, crops, dtype=torch.float64, device=device)
        share = torch.full_like(place, (least + most) / 2)
        number = torch.arange(crops, dtype=torch.float64, device=device)
        phase = (number + 0.5) / crops - 0.5
        if sampling.mode != "uniform":
            phase = torch.zeros_like(place)
    return Choice(share.repeat(clips), place.repeat(clips), phase.repeat(clips)[:, None])


class SampleTimes(NamedTuple):
    """When clips are looked at, float64: single precision cannot count long ones."""

    position: Tensor  # [B,T], in frames of the clip; may lie between two
    real: Tensor  # [B,T], False where the clip is over


def sample_times(
    sampling: Sampling, frames: Tensor, rate: Tensor | None, choice: Choice
) -> SampleTimes:
    """Return when clips with `frames [B]` are looked at; `rate [B]` is their fps over the wanted.

    >>> whole = spread(Sampling(frames=5), clips=1)
    >>> sample_times(Sampling(frames=5), torch.tensor([3]), None, whole).position
    tensor([[0.0000, 0.5000, 1.0000, 1.5000, 2.0000]], dtype=torch.float64)
    """
    T, end = sampling.frames, (frames - 1).double()
    i = torch.arange(T, dtype=torch.float64, device=frames.device)[None]
    if sampling.mode == "resize":
        span = end * choice.share
        step = span / max(T - 1, 1)
        begin = choice.place * (end - span)
        if T == 1:
            i = i + 0.5
    elif sampling.mode == "uniform":
        span = frames * choice.share
        step = span / T
        begin = choice.place * (frames - span)
        i = i + 0.5
    else:
        span = end
        step = torch.ones_like(end)
    if rate is not None:
        step = torch.maximum(step, rate) if sampling.mode != "crop" else rate
    if sampling.mode == "crop":
        free = (end - (T - 1) * step).clamp_min(0)
        begin = torch.minimum((choice.place * (free + 1)).floor(), free)
        span = torch.minimum(end - begin, (T - 1) * step)
    along = i * step[:, None]  # [B,T]
    real = along <= span[:, None] + _SNAP
    real[:, 0] = True
    moved = along + choice.shift * step[:, None]
    if choice.chance is not None:
        anywhere = torch.where(real, choice.chance, torch.inf).sort(dim=1).values  # the real first
        anywhere = anywhere.nan_to_num(posinf=1.0) * span[:, None]
        moved = torch.lerp(moved, anywhere, sampling.uneven)
    position = begin[:, None] + moved
    latest = (begin + span)[:, None]
    return SampleTimes(position.maximum(begin[:, None]).minimum(latest), real)


class Frames(NamedTuple):
    """The two frames that each sample time lies between, and how far it has come from the first."""

    low: Tensor  # [B,T] int64
    high: Tensor  # [B,T] int64, equal to low where the sample time is a frame
    weight: Tensor  # [B,T] float32, of high


def between(when: SampleTimes, frames: Tensor, *, whole: bool = False) -> Frames:
    """Return the frames around the sample times of clips with `frames [B]`.

    `whole` takes the frame that the sample time falls into alone.

    >>> when = SampleTimes(torch.tensor([[0.0, 0.25, 2.0]]), torch.ones(1, 3, dtype=torch.bool))
    >>> low, high, weight = between(when, torch.tensor([3]))
    >>> low.tolist(), high.tolist(), weight.tolist()
    ([[0, 0, 2]], [[0, 1, 2]], [[0.0, 0.25, 0.0]])
    """
    last = frames[:, None] - 1
    nearest = when.position.round()
    position = torch.where((when.position - nearest).abs() < _SNAP, nearest, when.position)
    low = position.floor().long().minimum(last)
    if whole:
        return Frames(low, low, torch.zeros_like(position, dtype=torch.float32))
    weight = (position - low).clamp(0, 1)
    high = torch.where(weight > 0, low + 1, low).minimum(last)
    return Frames(low, high, weight.float())

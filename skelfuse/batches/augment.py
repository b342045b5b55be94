"""Changes to a clip that leave its action the same; each is off unless asked for.

All work on whole batches, on the batch's device, where the clips' keys are too. Space is changed
about the origin, which is where the first body begins unless `Sampling.centre` is off. What is
made to go missing is masked and zero.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Tensor

from skelfuse.batches.chance import Purpose, normal, symmetric, uniform
from skelfuse.batches.sampling import SampleTimes
from skelfuse.batches.sent import indices_on
from skelfuse.errors import SkelfuseError
from skelfuse.ranges import check_range
from skelfuse.skeleton import Skeleton


@dataclass(frozen=True)
class Augment:
    """How far clips are changed in training; units are those after `Sampling.scale`.

    - `rotate`: turn by up to these angles in radians, drawn for each clip: about x, then y, then
      z in space (three numbers); in the plane one number.
    - `scale`: grow or shrink by up to this share. `shear`: add up to this share of every other
      axis to each. `shift`: move by up to this much along every axis.
    - `noise`: standard deviation of what is added to every coordinate of every frame.
    - `mirror`: probability that left and right change: x is negated, and paired joints swap names.
    - `joint_dropout`, `frame_dropout`: probability that a joint of a person goes missing for the
      whole clip, and that a frame does for everybody; a joint and a frame that shows one stay.
    - `swap_persons`: probability that the persons come in another order.
    - `tempo`: slow down and speed up smoothly within the clip, by up to this share.
    - `reverse`: probability that time runs backwards. That makes sitting down of standing up.

    >>> Augment(rotate=(0.3, 0.3, 0.3), scale=0.1).mirror
    0.0
    """

    rotate: tuple[float, ...] = ()
    scale: float = 0.0
    shear: float = 0.0
    shift: float = 0.0
    noise: float = 0.0
    mirror: float = 0.0
    joint_dropout: float = 0.0
    frame_dropout: float = 0.0
    swap_persons: float = 0.0
    tempo: float = 0.0
    reverse: float = 0.0

    def __post_init__(self) -> None:
        check_range(self, "mirror", "swap_persons", "reverse", high=1)
        check_range(self, "joint_dropout", "frame_dropout", "scale", "tempo", high=1, below=True)
        check_range(self, "shear", "shift", "noise")
        if not all(0 <= angle < math.inf for angle in self.rotate):
            raise SkelfuseError(
                "'rotate' is out of range",
                expected="angles of 0 or more",
                found=self.rotate,
                key="rotate",
            )

    def check(self, skeleton: Skeleton) -> None:
        """Raise where the angles do not fit the skeleton's dimensions."""
        wanted = 3 if skeleton.dimensions == 3 else 1
        if self.rotate and len(self.rotate) != wanted:
            raise SkelfuseError(
                f"rotate does not fit skeleton '{skeleton.name}'",
                within="augment",
                expected="angles about x, y and z" if wanted == 3 else "one angle in the plane",
                found=self.rotate,
                key="augment.rotate",
            )


def retimed(augment: Augment, when: SampleTimes, keys: Tensor) -> SampleTimes:
    """Return the times with tempo and direction of time changed; first and last stay the ends.

    With `s` from 0 to 1 along the clip, tempo makes it `s + a·sin(πs)/π + b·sin(2πs)/2π`, with
    |a| and |b| up to half of `tempo`: a speed between 1 - tempo and 1 + tempo.
    """
    if not (augment.tempo or augment.reverse):
        return when
    position, real = when
    first = torch.where(real, position, math.inf).amin(dim=1, keepdim=True)
    last = torch.where(real, position, -math.inf).amax(dim=1, keepdim=True)
    if augment.tempo:
        a, b = (augment.tempo / 2 * symmetric(keys, Purpose.TEMPO, 2).double()).chunk(2, dim=1)
        s = ((position - first) / (last - first).clamp_min(1e-9)).clamp(0, 1)
        s = s + a * (math.pi * s).sin() / math.pi + b * (2 * math.pi * s).sin() / (2 * math.pi)
        position = first + (last - first) * s
    if augment.reverse:
        backwards = uniform(keys, Purpose.REVERSE, 1) < augment.reverse  # [B,1]
        position = torch.where(backwards & real, first + last - position, position)
    return SampleTimes(position, real)


def order_of_persons(augment: Augment, present: Tensor, keys: Tensor) -> Tensor | None:
    """Return the order `[B,M]` in which persons come, absent ones last; None where all stay."""
    M = present.shape[1]
    if not augment.swap_persons or M == 1:
        return None
    draw = uniform(keys, Purpose.PERSONS, M + 1)
    order = (draw[:, 1:] + ~present).argsort(dim=1)
    return torch.where(
        draw[:, :1] < augment.swap_persons, order, torch.arange(M, device=keys.device)
    )


def augmented(
    augment: Augment, x: Tensor, mask: Tensor, keys: Tensor, skeleton: Skeleton
) -> tuple[Tensor, Tensor]:
    """Return `x [B,T,M,N,D]` and `mask [B,T,M,N]` changed in space; `keys [B]` are the clips'.

    >>> arm = Skeleton("arm", joints=("a", "b"), bones=(("b", "a"),), root="a", dimensions=2)
    >>> x, mask = torch.ones(1, 1, 1, 2, 2), torch.ones(1, 1, 1, 2, dtype=torch.bool)
    >>> augmented(Augment(mirror=1.0), x, mask, torch.tensor([7]), arm)[0].flatten().tolist()
    [-1.0, 1.0, -1.0, 1.0]
    """
    somebody = mask.any(dim=3).any(dim=1)[:, None, :, None, None]  # [B,1,M,1,1]
    matrix = _matrix(augment, keys, skeleton.dimensions)
    if augment.mirror:
        flip = uniform(keys, Purpose.MIRROR, 1)[:, 0] < augment.mirror
        other = indices_on(x.device, tuple(skeleton.mirror))
        x = torch.where(flip[:, None, None, None, None], x.index_select(3, other), x)
        mask = torch.where(flip[:, None, None, None], mask.index_select(3, other), mask)
        sign = torch.ones(len(x), 1, skeleton.dimensions, device=x.device)
        sign[:, 0, 0] = torch.where(flip, -1.0, 1.0)
        x = x * sign[:, None, None]
    if matrix is not None:
        x = torch.bmm(x.flatten(1, 3), matrix.transpose(1, 2)).view_as(x)
    if augment.shift:
        by = augment.shift * symmetric(keys, Purpose.SHIFT, x.shape[-1])
        x = x + by[:, None, None, None]
    if augment.noise:
        z = normal(keys, Purpose.NOISE, x[0].numel())
        x = x + augment.noise * z.view_as(x)
    if augment.shift or augment.noise:
        x = torch.where(somebody, x, 0.0)
    if augment.joint_dropout or augment.frame_dropout:
        kept = _kept(augment, mask, keys)
        mask = mask & kept
        x = torch.where(kept[..., None], x, 0.0)
    return x, mask


def _matrix(augment: Augment, keys: Tensor, D: int) -> Tensor | None:
    """Return what turns, shears and scales each clip, `[B,D,D]`."""
    if not (augment.rotate or augment.scale or augment.shear):
        return None
    one = torch.eye(D, device=keys.device)
    matrix = one.expand(len(keys), D, D)
    if augment.rotate:
        draws = symmetric(keys, Purpose.ROTATE, len(augment.rotate)).unbind(1)
        planes = ((1, 2), (2, 0), (0, 1)) if D == 3 else ((0, 1),)
        for draw, most, (a, b) in zip(draws, augment.rotate, planes, strict=True):
            angle = draw * most
            turn = one.repeat(len(keys), 1, 1)
            turn[:, a, a] = turn[:, b, b] = angle.cos()
            turn[:, b, a] = angle.sin()
            turn[:, a, b] = -angle.sin()
            matrix = turn @ matrix
    if augment.shear:
        lean = augment.shear * symmetric(keys, Purpose.SHEAR, D * D).view(-1, D, D)
        matrix = (one + lean * (1 - one)) @ matrix
    if augment.scale:
        matrix = matrix * (1 + augment.scale * symmetric(keys, Purpose.SCALE, 1))[..., None]
    return matrix


def _kept(augment: Augment, mask: Tensor, keys: Tensor) -> Tensor:
    """Return what stays of `mask [B,T,M,N]`, in a shape that expands to it."""
    B, T, M, N = mask.shape
    kept = mask.new_ones(B, 1, 1, 1)
    if augment.joint_dropout:
        draw = uniform(keys, Purpose.JOINTS, M * N).view(B, 1, M, N)
        seen = mask.any(dim=1, keepdim=True)
        kept = kept & _outside(draw, augment.joint_dropout, seen, seen, dim=3)
    if augment.frame_dropout:
        draw = uniform(keys, Purpose.FRAMES, T).view(B, T, 1, 1)
        seen = mask.flatten(2).any(dim=2)[..., None, None]
        # A frame that shows only joints that went missing would leave an empty clip.
        shown = (mask & kept).flatten(2).any(dim=2)[..., None, None]
        kept = kept & _outside(draw, augment.frame_dropout, seen, shown, dim=1)
    return kept


def _outside(draw: Tensor, share: float, seen: Tensor, shown: Tensor, dim: int) -> Tensor:
    """Return what the dropout leaves of what was seen; of what is `shown` at least the largest."""
    draw = torch.where(seen, draw, -1.0)
    last = torch.where(shown, draw, -1.0)
    return (draw >= share) | (last == last.amax(dim=dim, keepdim=True))

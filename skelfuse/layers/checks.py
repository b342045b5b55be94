"""What every layer asks of its input before it computes: told once, in one voice."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import torch
from torch import Tensor

from skelfuse.errors import SkelfuseError


class Checked(NamedTuple):
    """A sequence that is safe to compute with: what the mask rules out is zero, not NaN."""

    x: Tensor  # [B,T,N,C], float32 or float64
    mask: Tensor | None  # [B,T,N], or None where every frame of every joint counts


def checked_sequence(x: Tensor, mask: Tensor | None, *, channels: int, axis: str) -> Checked:
    """Check a sequence `x [B,T,N,C]` and its `mask [B,T,N]`; widen half precision to float32.

    Only shapes and kinds are looked at, never values: nothing waits for a GPU, and the same
    operations run whatever the clip. A NaN that counts as seen therefore goes on as NaN.

    >>> x = torch.full((1, 2, 1, 3), float("nan"))
    >>> checked_sequence(x, torch.zeros(1, 2, 1, dtype=torch.bool), channels=3, axis="D").x.sum()
    tensor(0.)
    >>> checked_sequence(x, None, channels=2, axis="D")
    Traceback (most recent call last):
    ...
    skelfuse.errors.SkelfuseError: x has the wrong shape: expected [B,T,N,D] with T at least 1 \
and D = 2, found [1, 2, 1, 3]; build the layer for the D that x has, or reorder the axes of x
    """
    _check_shapes(x, mask, channels, axis)
    if x.dtype in (torch.float16, torch.bfloat16):
        x = x.float()
    # Selecting, not multiplying: NaN · 0 is NaN, and so would be its gradient.
    return Checked(x if mask is None else torch.where(mask[..., None], x, 0.0), mask)


def _check_shapes(x: Tensor, mask: Tensor | None, channels: int, axis: str) -> None:
    if x.ndim != 4 or x.shape[3] != channels or x.shape[1] < 1:
        raise SkelfuseError(
            "x has the wrong shape",
            expected=f"[B,T,N,{axis}] with T at least 1 and {axis} = {channels}",
            found=list(x.shape),
            remedy=f"build the layer for the {axis} that x has, or reorder the axes of x",
        )
    if not x.is_floating_point():
        raise SkelfuseError(
            "x must hold floating-point numbers", found=x.dtype, remedy="call x.float()"
        )
    if mask is None:
        return
    if mask.dtype != torch.bool:
        raise SkelfuseError(
            "the mask has the wrong type",
            expected="torch.bool, True where a joint was seen",
            found=mask.dtype,
            remedy="call mask.bool()",
        )
    if mask.shape != x.shape[:3]:
        raise SkelfuseError(
            "the mask has another shape than x",
            expected=f"[B,T,N] = {list(x.shape[:3])}",
            found=list(mask.shape),
            remedy="give one truth value per frame and joint",
        )


def check_clips(features: Tensor, *, training: bool) -> None:
    """Raise where features `[B,F]` are of a single clip, and a batch of them must be normalised.

    >>> check_clips(torch.zeros(1, 9), training=False)
    >>> check_clips(torch.zeros(1, 9), training=True)
    Traceback (most recent call last):
    ...
    skelfuse.errors.SkelfuseError: a batch of one clip cannot be normalised in training: expected \
two clips or more, found 1; raise the batch size, or drop the last, smaller batch
    """
    if training and len(features) == 1:
        raise SkelfuseError(
            "a batch of one clip cannot be normalised in training",
            expected="two clips or more",
            found=1,
            remedy="raise the batch size, or drop the last, smaller batch",
        )


def whole_number(name: str, value: int, least: int) -> int:
    """Return `value` if it is a whole number and at least `least`.

    >>> whole_number("directions", 0, 1)
    Traceback (most recent call last):
    ...
    skelfuse.errors.SkelfuseError: directions is out of range: expected a whole number, \
at least 1, found 0
    """
    if isinstance(value, bool) or not isinstance(value, int) or value < least:
        raise SkelfuseError(
            f"{name} is out of range",
            expected=f"a whole number, at least {least}",
            found=repr(value),
            key=name,
        )
    return value


def different_numbers(name: str, values: Sequence[int]) -> tuple[int, ...]:
    """Return `values` if there is at least one, all are positive and no two are equal.

    >>> different_numbers("scales", (1, 2, 2))
    Traceback (most recent call last):
    ...
    skelfuse.errors.SkelfuseError: scales has the wrong values: expected different whole numbers, \
each at least 1, found (1, 2, 2)
    """
    plain = isinstance(values, Sequence) and not isinstance(values, str)
    numbers = tuple(values) if plain else ()
    whole = all(isinstance(n, int) and not isinstance(n, bool) and n >= 1 for n in numbers)
    if not numbers or not whole or len(set(numbers)) < len(numbers):
        raise SkelfuseError(
            f"{name} has the wrong values",
            expected="different whole numbers, each at least 1",
            found=repr(values),
            key=name,
        )
    return numbers

"""Fewer frames: some neighbouring frames become one step, at which a model computes."""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor

from skelfuse.models.persons import Bodies


class Seen(NamedTuple):
    """What of bodies was seen at which step; None throughout where everything was."""

    joints: Tensor | None  # [R,S,N], True where a joint was seen in some frame of the step
    frames: Tensor | None  # [R,S], True from the first step in which anything was seen to the last
    alive: Tensor | None  # [R,S,N,1], 1 within a clip for each joint that it shows at all, or 0


def in_steps(values: Tensor, step: int) -> Tensor:
    """Return the mean of every `step` frames of `values [R,T,...]`: `[R,T/step,...]`.

    >>> in_steps(torch.tensor([[1.0, 3.0, 5.0, 7.0]]), 2).tolist()
    [[2.0, 6.0]]
    """
    return values if step == 1 else torch.unflatten(values, 1, (-1, step)).mean(dim=2)


def only(h: Tensor, alive: Tensor | None) -> Tensor:
    """Return `h [R,S,N,C]` with 0 where `alive [R,S,N,1]` is."""
    return h if alive is None else h * alive.to(h.dtype)


def seen_in_steps(bodies: Bodies, step: int) -> Seen:
    """Return what of `bodies` was seen at each step of so many frames.

    >>> mask = torch.tensor([[True, True], [True, False], [False, False], [False, False]])[None]
    >>> inside = torch.tensor([[True, True, False, False]])
    >>> seen = seen_in_steps(Bodies(torch.zeros(1, 4, 2, 3), mask, inside, persons=1), 2)
    >>> seen.joints.tolist(), seen.frames.tolist()
    ([[[True, True], [False, False]]], [[True, False]])
    """
    if bodies.mask is None or bodies.inside is None:
        return Seen(None, None, None)
    joints = torch.unflatten(bodies.mask, 1, (-1, step)).any(dim=2)
    frames = torch.unflatten(bodies.inside, 1, (-1, step)).any(dim=2)
    alive = frames[:, :, None] & bodies.mask.any(dim=1, keepdim=True)  # [R,S,N]
    return Seen(joints, frames, alive[..., None].to(bodies.x.dtype))

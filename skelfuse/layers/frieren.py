"""FrierenFuse: what each joint's features did along time, as named numbers that only add up."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

import torch
from torch import Tensor, nn

from skelfuse.errors import SkelfuseError
from skelfuse.layers.bound import Bound, RobustBound
from skelfuse.layers.checks import checked_sequence, different_numbers, whole_number
from skelfuse.layers.directions import Directions
from skelfuse.layers.nonnegative import NonNegativeLinear
from skelfuse.layers.statistics import Feature, feature_names, motion_statistics


class Fused(NamedTuple):
    """What FrierenFuse returns."""

    h: Tensor  # [B,T,N,C] the sequence with its summary added at every frame that counts
    y: Tensor  # [B,N,C] the summary of each joint, or so many numbers as `outputs` says
    features: Tensor  # [B,N,F] the named statistics it is made of, none negative


class FrierenFuse(nn.Module):
    """Sum up along time what the features of each joint do; every part of the sum has a name.

    1. directions `v = x U`, orthonormal (`Directions`);
    2. a robust bound on v (`RobustBound`);
    3. statistics of v over the frames that count, at several scales and in several windows
       (`motion_statistics`), none negative;
    4. `y = features · W` with `W >= 0` (`NonNegativeLinear`): no contribution cancels another;
    5. `h = x + σ(β)·y` at every frame that counts, 0 at the others. `gate` is σ(β) at the start;
       None leaves x as it is, for models that go on with y alone.

    `groups` are equal parts of the channels, each with its own directions and weights, that do
    not see each other. `outputs` is the size of y where it is not C; then there is no residual.

    Padding, gaps and NaN where the mask is False change nothing; joints do not mix. Half-precision
    input is computed in float32 and returned as it came. The cost is linear in T.

    >>> _ = torch.manual_seed(0)
    >>> fuse = FrierenFuse(channels=16, directions=4)
    >>> x = torch.randn(2, 30, 25, 16)  # [B,T,N,C]
    >>> mask = torch.ones(2, 30, 25, dtype=torch.bool)  # [B,T,N]
    >>> h, y, features = fuse(x, mask)
    >>> h.shape, y.shape, features.shape
    (torch.Size([2, 30, 25, 16]), torch.Size([2, 25, 16]), torch.Size([2, 25, 100]))
    >>> print(fuse.feature_names[5])
    mean Δ- at scale 1, direction 1
    >>> fuse.weight().shape, fuse.directions().shape
    (torch.Size([100, 16]), torch.Size([16, 4]))
    """

    def __init__(
        self,
        channels: int,
        directions: int = 8,
        scales: Sequence[int] = (1, 2, 4),
        poly_order: int = 2,
        *,
        bound: Bound = "none",
        windows: Sequence[int] = (1,),
        bound_limit: float = 3.0,
        start_inputs: int = 3,
        gate: float | None = 0.05,
        groups: int = 1,
        outputs: int | None = None,
    ) -> None:
        super().__init__()
        outputs = channels if outputs is None else whole_number("outputs", outputs, 1)
        if gate is not None and outputs != channels:
            raise SkelfuseError(
                "y cannot be added to x: it has another size",
                expected=f"outputs of {channels}, or gate=None",
                found=outputs,
            )
        if gate is not None and not 0 < gate < 1:
            raise SkelfuseError(
                "gate is out of range", expected="between 0 and 1", found=repr(gate)
            )
        self.channels = whole_number("channels", channels, 1)
        self.scales = different_numbers("scales", scales)
        self.poly_order = whole_number("poly_order", poly_order, 0)
        self.windows = different_numbers("windows", windows)
        self.project = Directions(channels, directions, groups=groups)
        self.bound = RobustBound(directions, bound, limit=bound_limit)
        self.feature_names: tuple[Feature, ...] = feature_names(
            directions, self.scales, self.poly_order, self.windows
        )
        self.head = NonNegativeLinear(
            len(self.feature_names),
            outputs,
            start_inputs=start_inputs,
            groups=groups,
            turn=directions // groups,
        )
        self.beta = (
            None if gate is None else nn.Parameter(torch.tensor(math.log(gate / (1 - gate))))
        )

    def forward(self, x: Tensor, mask: Tensor | None = None) -> Fused:
        """Fuse `x [B,T,N,C]` over the frames where `mask [B,T,N]` is True (all, without one)."""
        given = x.dtype
        x, mask = checked_sequence(x, mask, channels=self.channels, axis="C")
        with torch.autocast(x.device.type, enabled=False):  # long sums need float32
            v = x @ self.project().to(x.dtype)  # [B,T,N,K]
            features = motion_statistics(
                self.bound(v, mask),
                mask,
                scales=self.scales,
                order=self.poly_order,
                windows=self.windows,
            )  # [B,N,F]
            y = self.head(features)  # [B,N,C]
            h = x if self.beta is None else self._with_residual(x, y, mask, self.beta)
        return Fused(h.to(given), y.to(given), features.to(given))

    def _with_residual(self, x: Tensor, y: Tensor, mask: Tensor | None, beta: Tensor) -> Tensor:
        added = beta.sigmoid().to(x.dtype) * y[:, None]  # [B,1,N,C]
        return x + (added if mask is None else added * mask[..., None].to(x.dtype))

    def weight(self) -> Tensor:
        """Return `W [F,outputs]`, never negative; row f belongs to `feature_names[f]`."""
        return self.head.weight()

    def directions(self) -> Tensor:
        """Return `U [C,K]`: orthonormal columns, or a tight frame where K > C."""
        frame: Tensor = self.project()
        return frame

    def extra_repr(self) -> str:
        """Show the choices in the printed model."""
        return f"scales={self.scales}, poly_order={self.poly_order}, windows={self.windows}"

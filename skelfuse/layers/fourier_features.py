"""Fourier features: coordinates as waves, so that a network can see fine detail in them."""

from __future__ import annotations

import math
from typing import Literal

import torch
from torch import Tensor, nn

from skelfuse.errors import SkelfuseError
from skelfuse.layers.checks import whole_number

Kind = Literal["gaussian", "linear"]


class FourierFeatures(nn.Module):
    """Map `v [...,D]` to `[a·cos 2πBv, a·sin 2πBv]`, `[...,out_features]`; `a` gives it length 1.

    The product of two such vectors depends on `v₁ - v₂` only: mean of `cos 2πB(v₁ - v₂)`. A network
    on plain coordinates learns low frequencies first and high ones hardly ever; on these features
    it learns what B spans.

    - "gaussian": the rows of B are drawn from N(0, σ²), `bands` of them, all axes together; σ is
      in cycles per unit of v, and the seed of torch fixes the draw. `learnable` trains σ;
    - "linear": on each axis by itself `bands` frequencies in even steps up to `highest`, in cycles
      per unit of v. For time in frames the Nyquist limit is 0.5, for time in seconds fps / 2.

    Where the mask is False the result is 0.

    >>> time = torch.arange(4.0)[:, None]                   # [T,1], in frames
    >>> waves = FourierFeatures(1, bands=2, kind="linear", highest=0.5)
    >>> waves(time).round(decimals=3) + 0.0                 # [T, 2 cosines and 2 sines]
    tensor([[ 0.7070,  0.7070,  0.0000,  0.0000],
            [ 0.0000, -0.7070,  0.7070,  0.0000],
            [-0.7070,  0.7070,  0.0000,  0.0000],
            [ 0.0000, -0.7070, -0.7070,  0.0000]])
    """

    directions: Tensor
    log_sigma: Tensor

    def __init__(
        self,
        inputs: int,
        bands: int = 64,
        sigma: float = 1.0,
        *,
        kind: Kind = "gaussian",
        learnable: bool = False,
        highest: float = 0.5,
    ) -> None:
        super().__init__()
        self.inputs = whole_number("inputs", inputs, 1)
        self.bands = whole_number("bands", bands, 1)
        if kind not in ("gaussian", "linear"):
            raise SkelfuseError("unknown kind", expected="gaussian or linear", found=repr(kind))
        if learnable and kind == "linear":
            raise SkelfuseError(
                "linear bands are fixed", remedy='use kind="gaussian" for a learnable sigma'
            )
        if not (0 < sigma < math.inf and 0 < highest < math.inf):
            raise SkelfuseError(
                "sigma or highest is out of range",
                expected="numbers above 0",
                found=f"{sigma!r} and {highest!r}",
            )
        self.kind = kind
        if kind == "gaussian":
            directions = torch.randn(bands, inputs)
        else:
            steps = torch.arange(1, bands + 1) * (highest / bands)
            directions = torch.kron(torch.eye(inputs), steps[:, None])  # [D·bands,D]
        self.register_buffer("directions", directions)
        log_sigma = torch.tensor(math.log(sigma) if kind == "gaussian" else 0.0)
        if learnable:
            self.log_sigma = nn.Parameter(log_sigma)
        else:
            self.register_buffer("log_sigma", log_sigma)

    @property
    def out_features(self) -> int:
        """A cosine and a sine for each frequency."""
        return 2 * self.directions.shape[0]

    def frequencies(self) -> Tensor:
        """Return `B [F,D]` in cycles per unit of each axis."""
        exact = self.directions if self.directions.dtype == torch.float64 else None
        directions = self.directions.float() if exact is None else exact
        return directions * self.log_sigma.to(directions.dtype).exp()

    def forward(self, v: Tensor, mask: Tensor | None = None) -> Tensor:
        """Map `v [...,D]`, of which `mask [...]` counts, to `[...,out_features]`."""
        given = v.dtype
        v = self._checked(v, mask)
        with torch.autocast(v.device.type, enabled=False):  # a phase needs all its digits
            turns = v @ self.frequencies().to(v.dtype).T  # [...,F]
            # Whole turns taken off first: large arguments would lose accuracy in the cosine.
            angle = 2 * math.pi * (turns - turns.detach().round())
            waves = torch.cat([angle.cos(), angle.sin()], dim=-1) / math.sqrt(turns.shape[-1])
        if mask is not None:
            waves = torch.where(mask[..., None], waves, 0.0)
        return waves.to(given)

    def _checked(self, v: Tensor, mask: Tensor | None) -> Tensor:
        if v.ndim < 1 or v.shape[-1] != self.inputs or not v.is_floating_point():
            raise SkelfuseError(
                "v has the wrong shape or type",
                expected=f"floating-point [...,D] with D = {self.inputs}",
                found=f"{v.dtype} {list(v.shape)}",
                remedy="build the layer for the D that v has",
            )
        if v.dtype in (torch.float16, torch.bfloat16):
            v = v.float()
        if mask is not None:
            if mask.dtype != torch.bool or mask.shape != v.shape[:-1]:
                raise SkelfuseError(
                    "the mask does not fit v",
                    expected=f"torch.bool {list(v.shape[:-1])}",
                    found=f"{mask.dtype} {list(mask.shape)}",
                )
            v = torch.where(mask[..., None], v, 0.0)
        return v

    def extra_repr(self) -> str:
        """Show the choices in the printed model."""
        return f"inputs={self.inputs}, bands={self.bands}, kind={self.kind!r}"

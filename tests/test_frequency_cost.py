"""No frequency layer's work grows faster than T log T, counted, not timed."""

from __future__ import annotations

import math
from typing import Any

import pytest
import torch
from torch import Tensor
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils.flop_counter import flop_registry

from skelfuse.layers import (
    ChannelGate,
    DCTChannels,
    FourierFeatures,
    GlobalFilter,
    SpectralFrameWeighting,
    SpectralMotion,
)

SHORT, TIMES = 128, 16
CHANNELS, JOINTS = 2, 3


class Work(TorchDispatchMode):  # type: ignore[no-untyped-call]
    """Count operations: those of products and convolutions, N log N of transforms, else results."""

    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.operations = 0.0

    def __torch_dispatch__(
        self, func: Any, types: Any, args: tuple[Any, ...] = (), kwargs: Any = None
    ) -> Any:
        found = func(*args, **(kwargs or {}))
        made = found if isinstance(found, tuple | list) else [found]
        numbers = sum(one.numel() for one in made if isinstance(one, Tensor))
        if func.overloadpacket in flop_registry:
            self.operations += flop_registry[func.overloadpacket](
                *args, **(kwargs or {}), out_val=found
            )
        elif "_fft" in str(func):
            length = max(math.prod(args[0].shape[axis] for axis in args[1]), 2)
            self.operations += numbers * math.log2(length)
        elif not func.is_view:
            self.operations += numbers
        return found


class Quadratic(torch.nn.Module):
    """What must not pass: the transform as a matrix, or all pairs of frames."""

    def __init__(self, how: str) -> None:
        super().__init__()
        self.how = how

    def forward(self, x: Tensor, _: Tensor | None = None) -> Tensor:
        time = torch.arange(x.shape[1], dtype=x.dtype)
        waves = (time[:, None] * time).cos()
        if self.how == "product":
            return torch.einsum("btnc,ft->bfnc", x, waves)
        return (x[:, :, None] * waves[..., None, None]).sum(1)


class Gated(torch.nn.Module):
    """The gate, on what it is made for."""

    def __init__(self) -> None:
        super().__init__()
        self.dct, self.gate = DCTChannels(16), ChannelGate((16, JOINTS), mode="dynamic")

    def forward(self, x: Tensor, mask: Tensor | None = None) -> Tensor:
        gates: Tensor = self.gate(self.dct(x, mask))
        return gates


def growth(layer: torch.nn.Module, *, masked: bool) -> float:
    """Return how much more work each frame is in a clip that is TIMES as long."""
    each = []
    for T in (SHORT, SHORT * TIMES):
        x = torch.randn(2, T, JOINTS, CHANNELS, requires_grad=True)
        mask = torch.rand(2, T, JOINTS) > 0.1
        mask[1, T // 2 :] = False
        with Work() as work:
            layer(x, mask if masked else None).sum().backward()
        each.append(work.operations / T)
    return float(each[1] / each[0])


LINEAR = 1.0
LOGARITHM = math.log(SHORT * TIMES) / math.log(SHORT)
PROMISED: dict[str, tuple[torch.nn.Module, float]] = {
    "dct": (DCTChannels(16), LINEAR),
    "gate": (Gated(), LINEAR),
    "frame weighting": (SpectralFrameWeighting(CHANNELS), LINEAR),
    "fourier": (FourierFeatures(CHANNELS, bands=4), LINEAR),
    "global filter": (GlobalFilter(CHANNELS, frames=32), LOGARITHM),
    "motion, line": (SpectralMotion(), LOGARITHM),
    "motion, mirror": (SpectralMotion(ends="mirror"), LOGARITHM),
    "motion, circle": (SpectralMotion(ends="circle"), LOGARITHM),
}


@pytest.mark.parametrize("masked", [False, True])
@pytest.mark.parametrize("name", PROMISED)
def test_the_work_of_a_frame_hardly_grows_with_the_clip(name: str, masked: bool) -> None:
    layer, most = PROMISED[name]
    assert growth(layer, masked=masked) < 1.02 * most


@pytest.mark.parametrize("how", ["product", "pairs"])
def test_the_count_sees_what_is_quadratic(how: str) -> None:
    assert growth(Quadratic(how), masked=False) > 8

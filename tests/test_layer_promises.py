"""What every layer for clips with gaps promises: blind to gaps, right, exportable."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import pytest
import torch
from torch import Tensor, nn
from torch.func import functional_call

from helpers.gapped import gapped, padded
from skelfuse.errors import SkelfuseError
from skelfuse.layers import (
    DCTChannels,
    FourierFeatures,
    FrierenFuse,
    GlobalFilter,
    MotionKernels,
    SpectralFrameWeighting,
    SpectralMotion,
)

pytestmark = pytest.mark.usefixtures("seeded")


class Case(NamedTuple):
    """A layer from `[B,T,N,2]`, what rounding may change, and the shortest clip of one graph."""

    make: Callable[[], nn.Module]
    close: dict[str, Any]
    shortest: int = 4


def stirred(layer: nn.Module) -> nn.Module:
    """Return a layer whose weights are not those that it starts with."""
    with torch.no_grad():
        for weight in layer.parameters():
            weight.add_(0.5 * torch.randn_like(weight))
    return layer


class FusedFrames(nn.Module):
    """FrierenFuse, most of whose frames are what it says of the clip."""

    def __init__(self, bound: Any) -> None:
        super().__init__()
        self.fuse = FrierenFuse(2, 4, (1, 2), bound=bound, windows=(1, 2)).eval()
        assert self.fuse.beta is not None
        self.fuse.beta.data.fill_(2.0)

    def forward(self, x: Tensor, mask: Tensor | None = None) -> Tensor:
        frames: Tensor = self.fuse(x, mask).h
        return frames


def fused(bound: Any) -> Case:
    return Case(lambda: FusedFrames(bound), {"atol": 1e-5, "rtol": 1e-5}, shortest=10)


def motion(ends: Any) -> Case:
    return Case(lambda: SpectralMotion(ends=ends, fps=2.0), {"atol": 4e-5, "rtol": 1e-5})


def waves(**how: Any) -> Case:
    return Case(lambda: FourierFeatures(2, 3, **how), {"atol": 1e-5, "rtol": 1e-5})


DCT = Case(lambda: DCTChannels(5), {}, shortest=6)  # two windows
WEIGHTING = Case(lambda: SpectralFrameWeighting(2, 7, sharpness=1.0), {"atol": 1e-6, "rtol": 1e-5})
# From frames to as many frames.
SAME_LENGTH = {
    "kernels": Case(lambda: MotionKernels(2, bank=2), {"atol": 1e-5, "rtol": 1e-5}, shortest=10),
    "global filter": Case(
        lambda: stirred(GlobalFilter(2, 16)), {"atol": 1e-5, "rtol": 1e-5}, shortest=9
    ),
    "global filter of a norm": Case(
        lambda: stirred(GlobalFilter(2, 16, instance_norm=True)),
        {"atol": 2e-5, "rtol": 1e-5},
        shortest=9,
    ),
    **{f"fuse, {bound}": fused(bound) for bound in ("none", "sequence", "population")},
    **{f"motion, {ends}": motion(ends) for ends in ("line", "mirror", "circle")},
    "drawn waves": waves(learnable=True),
    "steady waves": waves(kind="linear"),
}
ALL = {"cosines": DCT, "frame weighting": WEIGHTING, **SAME_LENGTH}


@pytest.fixture(params=ALL)
def case(request: pytest.FixtureRequest) -> Case:
    return ALL[request.param]


@pytest.mark.parametrize("name", SAME_LENGTH)
@pytest.mark.parametrize("T", [1, 2, 7, 20])
def test_padding_changes_nothing(name: str, T: int) -> None:
    layer, close = SAME_LENGTH[name].make(), SAME_LENGTH[name].close
    for before, after in ((0, 1), (3, 0), (17, 30)):
        x, mask = gapped(2, T, 3, 2)
        long = layer(*padded(x, mask, before, after))
        torch.testing.assert_close(long[:, before : before + T], layer(x, mask), **close)
        whole = x.nan_to_num()
        wide, counts = padded(whole, torch.ones_like(mask), before, after)
        found = layer(wide, counts)
        torch.testing.assert_close(found[:, before : before + T], layer(whole), **close)
        assert not found[~counts].any()


def test_bodies_do_not_mix(case: Case) -> None:
    layer, (x, mask) = case.make(), gapped(3, 20, 5, 2)
    mask[:, [0, -1]] = True  # so that each body's clip is the same length without a joint
    x = torch.where(mask[..., None], x.nan_to_num(), torch.nan)
    found, joints = layer(x, mask), case.make is not WEIGHTING.make
    for body in range(3):
        some = slice(2, 3) if joints else slice(None)  # what a body did as a whole is its weight
        alone = layer(x[body : body + 1, :, some], mask[body : body + 1, :, some])
        here = found[body : body + 1]
        expected = here[:, :, some] if joints else here
        torch.testing.assert_close(alone, expected, **case.close)


def test_what_does_not_count_leaks_neither_forward_nor_backward(case: Case) -> None:
    layer, (x, mask) = case.make(), gapped(2, 15, 4, 2)
    x.requires_grad_()
    found = layer(x, mask)
    assert torch.equal(found, layer(torch.where(mask[..., None], x.detach(), 1e9), mask))
    found.square().sum().backward()
    assert x.grad is not None
    assert bool(x.grad.isfinite().all())
    assert not x.grad[~mask].any()
    assert all(p.grad is not None and p.grad.any() for p in layer.parameters())


@pytest.mark.parametrize("T", [1, 2, 7])
def test_gradcheck(case: Case, T: int) -> None:
    layer = case.make().double()
    weights = {name: p.detach().clone().requires_grad_() for name, p in layer.named_parameters()}
    x = torch.randn(1, T, 2, 2, dtype=torch.float64, requires_grad=True)
    for mask in (None, torch.rand(1, T, 2) < 0.7):

        def run(x: Tensor, *values: Tensor, mask: Tensor | None = mask) -> Any:
            return functional_call(layer, dict(zip(weights, values, strict=True)), (x, mask))

        assert torch.autograd.gradcheck(run, (x, *weights.values()), fast_mode=True)


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16])
def test_half_precision_is_summed_in_single(case: Case, dtype: torch.dtype) -> None:
    layer = case.make()
    x, mask = (3 + torch.randn(2, 100, 3, 2)).to(dtype), torch.rand(2, 100, 3) < 0.7
    exact = layer(x.float(), mask)
    assert torch.equal(layer(x, mask), exact.to(dtype))
    with torch.autocast("cpu", dtype=torch.bfloat16):
        assert torch.equal(layer(x.float(), mask), exact)
    half = layer.to(dtype)
    assert half(x.requires_grad_(), mask).dtype == dtype
    half(x, mask).sum().backward()


@pytest.mark.export
@pytest.mark.usefixtures("exportable")
def test_compiled_and_exported_give_the_same_numbers(case: Case) -> None:
    layer = case.make().eval()
    clips = gapped(3, 20, 4, 2)
    compiled = torch.compile(layer, backend="aot_eager", fullgraph=True)
    torch.testing.assert_close(compiled(*clips), layer(*clips), **case.close)
    free = {0: torch.export.Dim("B"), 1: torch.export.Dim("T", min=case.shortest)}
    program = torch.export.export(layer, clips, dynamic_shapes=(free, free)).module()
    for B, T in ((3, 20), (1, case.shortest), (4, 33)):
        clips = gapped(B, T, 4, 2)
        torch.testing.assert_close(program(*clips), layer(*clips), **case.close)


BAD: list[tuple[tuple[Any, ...], str]] = [
    ((torch.zeros(5, 3, 4),), r"x has the wrong shape: expected \[B,T,N,[CD]\].*found \[5, 3, 4\]"),
    ((torch.zeros(1, 5, 3, 7),), r"= 4, found \[1, 5, 3, 7\]; build the layer for"),
    ((torch.zeros(1, 0, 3, 4),), r"T at least 1"),
    ((torch.zeros(1, 5, 3, 4, dtype=torch.int64),), r"floating-point.*torch.int64; call x.float"),
    ((torch.zeros(1, 5, 3, 4), torch.ones(1, 5, 3)), r"expected torch.bool.*; call mask.bool"),
    (
        (torch.zeros(1, 5, 3, 4), torch.ones(1, 5, dtype=torch.bool)),
        r"\[B,T,N\] = \[1, 5, 3\], found \[1, 5\]; give one truth value per frame and joint",
    ),
]
OF_FOUR: list[nn.Module] = [
    *(MotionKernels(4), FrierenFuse(4), GlobalFilter(4), SpectralFrameWeighting(4)),
    *(DCTChannels(4), SpectralMotion()),
]


@pytest.mark.parametrize("layer", OF_FOUR, ids=lambda layer: type(layer).__name__)
def test_bad_input_is_told(layer: nn.Module) -> None:
    for args, message in BAD:
        if "= 4" in message and isinstance(layer, DCTChannels | SpectralMotion):
            continue  # they take any number of channels
        with pytest.raises(SkelfuseError, match=message):
            layer(*args)

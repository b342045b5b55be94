"""The layers in use: compiled, saved, bad input, cost, seeds."""

from __future__ import annotations

import copy
from typing import Any

import pytest
import torch
from torch import Tensor, nn
from torch.utils._python_dispatch import TorchDispatchMode

from helpers.without_values import run_without_values
from skelfuse.errors import SkelfuseError
from skelfuse.layers import (
    DCTChannels,
    FourierFeatures,
    FrierenFuse,
    Fused,
    GlobalFilter,
    MotionKernels,
    SpectralFrameWeighting,
    SpectralMotion,
)

pytestmark = pytest.mark.usefixtures("seeded")


class Pair(nn.Module):
    """Kernels and FrierenFuse, as every model has them."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__()
        self.kernels = MotionKernels(3)
        self.fuse = FrierenFuse(12, **kwargs)

    def forward(self, x: Tensor, mask: Tensor | None = None) -> Fused:
        fused: Fused = self.fuse(self.kernels(x, mask), mask)
        return fused


def arguments(B: int, T: int, masked: bool) -> tuple[Tensor, ...]:
    x, mask = torch.randn(B, T, 4, 3), torch.rand(B, T, 4) < 0.8
    return (torch.where(mask[..., None], x, torch.nan), mask) if masked else (x,)


@pytest.mark.export
def test_compiled_gives_the_same_numbers_and_gradients() -> None:
    pair = Pair(bound="sequence", directions=14)
    other = copy.deepcopy(pair)
    compiled = torch.compile(other, backend="aot_eager", fullgraph=True)
    args = arguments(3, 20, masked=True)
    expected, found = pair(*args), compiled(*args)
    for a, b in zip(found, expected, strict=True):
        torch.testing.assert_close(a, b)
    for result in (expected, found):
        (result.h.square().sum() + result.y.sum()).backward()
    for a, b in zip(other.parameters(), pair.parameters(), strict=True):
        assert a.grad is not None
        torch.testing.assert_close(a.grad, b.grad, rtol=1e-4, atol=1e-4)


@pytest.mark.training
def test_seeds_reproduce_bit_for_bit() -> None:
    results = []
    for _ in range(2):
        torch.manual_seed(7)
        pair = Pair(bound="population", windows=(1, 2))
        step = torch.optim.AdamW(pair.parameters(), lr=0.01)
        for _ in range(3):
            step.zero_grad()
            pair(*arguments(2, 15, masked=True)).y.square().sum().backward()
            step.step()
        results.append(pair.state_dict())
    assert all(torch.equal(results[0][name], results[1][name]) for name in results[0])


def test_saved_and_loaded_is_the_same() -> None:
    pair, other = Pair(bound="population"), Pair(bound="population")
    pair(*arguments(2, 15, masked=True))
    other.load_state_dict(pair.state_dict())
    args = arguments(2, 15, masked=True)
    expected, found = pair.eval()(*args), other.eval()(*args)
    assert all(torch.equal(a, b) for a, b in zip(found, expected, strict=True))


class Largest(TorchDispatchMode):  # type: ignore[no-untyped-call]
    """Watch every tensor that is computed and remember the most numbers in one."""

    numbers = 0

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        out = func(*args, **(kwargs or {}))
        for value in out if isinstance(out, (tuple, list)) else [out]:
            if isinstance(value, Tensor):
                self.numbers = max(self.numbers, value.untyped_storage().nbytes() // 4)
        return out


@pytest.mark.parametrize("masked", [False, True])
def test_no_intermediate_is_larger_than_a_few_times_the_signals(masked: bool) -> None:
    B, T, N, C, K = 2, 512, 25, 4, 16
    fuse = FrierenFuse(C, K)
    x = torch.randn(B, T, N, C, requires_grad=True)
    mask = torch.rand(B, T, N) < 0.8 if masked else None
    kept: dict[int, int] = {}

    def keep(tensor: Tensor) -> Tensor:
        kept[tensor.untyped_storage().data_ptr()] = tensor.untyped_storage().nbytes() // 4
        return tensor

    watch = Largest()  # type: ignore[no-untyped-call]
    with watch as largest, torch.autograd.graph.saved_tensors_hooks(keep, lambda t: t):
        y = fuse(x, mask).y
        y.sum().backward()
    signals = B * T * N * K
    assert largest.numbers <= 1.5 * signals
    assert sum(kept.values()) <= 10 * signals  # for the backward pass, three scales together


LAYERS: list[nn.Module] = [
    *(MotionKernels(4), FrierenFuse(4), GlobalFilter(4), SpectralMotion()),
    *(SpectralFrameWeighting(4), DCTChannels(4), FourierFeatures(4, 3)),
]


@pytest.mark.parametrize("layer", LAYERS, ids=lambda layer: type(layer).__name__)
def test_nan_that_counts_stays_nan(layer: nn.Module) -> None:
    x = torch.randn(2, 9, 3, 4)
    x[1, 7, 2, 3] = torch.nan
    mask = torch.ones(2, 9, 3, dtype=torch.bool)

    def found(*given: Tensor) -> Tensor:
        y = layer(*given)
        return y.y if isinstance(y, Fused) else y

    for given in ((x, mask), (x,)):
        bad = found(*given).isnan()
        assert bad[1].any()
        assert not bad[0].any()
    mask[1, 7, 2] = False
    assert bool(found(x, mask).isfinite().all())


@pytest.mark.slow
@pytest.mark.parametrize("layer", LAYERS, ids=lambda layer: type(layer).__name__)
def test_no_layer_looks_at_values(layer: nn.Module) -> None:
    x, mask = torch.randn(2, 9, 3, 4), torch.rand(2, 9, 3) > 0.3
    run_without_values(layer, x, mask)
    run_without_values(layer, x)


def test_large_numbers_are_not_taken_for_bad_ones() -> None:
    x = torch.full((1, 5, 3, 4), 6e4, dtype=torch.float16)
    assert bool(MotionKernels(4, scales=(1,))(x).isfinite().all())


@pytest.mark.parametrize(
    ("kwargs", "message"),
    [
        ({"channels": 0}, "channels is out of range: expected a whole number, at least 1, found 0"),
        ({"directions": 0}, "directions is out of range"),
        ({"poly_order": -1}, "poly_order is out of range: expected a whole number, at least 0"),
        ({"scales": (0, 1)}, r"scales has the wrong values.*found \(0, 1\)"),
        ({"scales": ()}, "scales has the wrong values"),
        ({"windows": (1, -2)}, "windows has the wrong values"),
        ({"bound": "soft"}, "unknown bound: expected none, sequence or population, found 'soft'"),
        ({"bound_limit": 0.0}, "the bound is out of range"),
        ({"gate": 1.0}, "gate is out of range"),
        ({"start_inputs": 0}, "start_inputs is out of range"),
    ],
)
def test_bad_choices_are_told(kwargs: dict[str, Any], message: str) -> None:
    with pytest.raises(SkelfuseError, match=message):
        FrierenFuse(**{"channels": 4, **kwargs})

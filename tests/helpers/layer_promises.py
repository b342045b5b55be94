"""What every layer for clips with gaps promises, and such clips to check it on."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn
from torch.func import functional_call


def gapped(B: int, T: int, N: int, C: int) -> tuple[Tensor, Tensor]:
    """Irregular gaps, sometimes everything, sometimes nothing; NaN wherever it does not count."""
    x, mask = torch.randn(B, T, N, C), torch.rand(B, T, N) < 1.2 * torch.rand(B, 1, N)
    return torch.where(mask[..., None], x, torch.nan), mask


def padded(x: Tensor, mask: Tensor, before: int, after: int) -> tuple[Tensor, Tensor]:
    B, T, N, C = x.shape
    wide = torch.full((B, before + T + after, N, C), torch.nan, dtype=x.dtype)
    counts = torch.zeros(B, before + T + after, N, dtype=torch.bool)
    wide[:, before : before + T], counts[:, before : before + T] = x, mask
    return wide, counts


def padding_changes_nothing(
    layer: nn.Module, T: int, before: int, after: int, **close: Any
) -> None:
    """Give a layer from frames to frames more of them that do not count."""
    x, mask = gapped(2, T, 3, 2)
    long = layer(*padded(x, mask, before, after))
    torch.testing.assert_close(long[:, before : before + T], layer(x, mask), **close)
    whole = x.nan_to_num()
    wide, counts = padded(whole, torch.ones_like(mask), before, after)
    found = layer(wide, counts)
    torch.testing.assert_close(found[:, before : before + T], layer(whole), **close)
    assert not found[~counts].any()


def joints_and_bodies_do_not_mix(layer: nn.Module, **close: Any) -> None:
    x, mask = gapped(3, 20, 5, 2)
    mask[:, [0, -1]] = True  # so that each body's clip is the same length without a joint
    x = torch.where(mask[..., None], x.nan_to_num(), torch.nan)
    found = layer(x, mask)
    for body in range(3):
        alone = layer(x[body : body + 1, :, 2:3], mask[body : body + 1, :, 2:3])
        torch.testing.assert_close(alone[0, :, 0], found[body, :, 2], **close)


def nothing_leaks(layer: nn.Module, x: Tensor, mask: Tensor) -> None:
    """Whatever stands where the mask is off, it changes no number and gets no gradient."""
    x = x.clone().requires_grad_()
    found = layer(x, mask)
    assert torch.equal(found, layer(torch.where(mask[..., None], x.detach(), 1e9), mask))
    found.square().sum().backward()
    assert x.grad is not None
    assert bool(x.grad.isfinite().all())
    assert not x.grad[~mask].any()


def gradients_are_right(layer: nn.Module, x: Tensor, mask: Tensor | None) -> None:
    """Compare the gradients of input and weights, all in double precision, with differences."""
    weights = {name: p.detach().clone().requires_grad_() for name, p in layer.named_parameters()}

    def run(x: Tensor, *values: Tensor) -> Any:
        return functional_call(layer, dict(zip(weights, values, strict=True)), (x, mask))

    assert torch.autograd.gradcheck(run, (x.requires_grad_(), *weights.values()), fast_mode=True)


def half_precision_is_summed_in_single(layer: nn.Module, dtype: torch.dtype) -> None:
    x, mask = (3 + torch.randn(2, 100, 3, 2)).to(dtype), torch.rand(2, 100, 3) < 0.7
    exact = layer(x.float(), mask)
    assert torch.equal(layer(x, mask), exact.to(dtype))
    with torch.autocast("cpu", dtype=torch.bfloat16):
        assert torch.equal(layer(x.float(), mask), exact)


def exported_is_the_same_at_every_size(layer: nn.Module, *, shortest: int, **close: Any) -> None:
    free = {0: torch.export.Dim("B"), 1: torch.export.Dim("T", min=shortest)}
    first = gapped(3, 20, 4, 2)
    program = torch.export.export(layer, first, dynamic_shapes=(free, free)).module()
    for B, T in ((3, 20), (1, shortest), (4, 33)):
        clips = gapped(B, T, 4, 2)
        torch.testing.assert_close(program(*clips), layer(*clips), **close)


def compiled_is_the_same(layer: nn.Module, **close: Any) -> None:
    clips = gapped(3, 20, 4, 2)
    compiled = torch.compile(layer, backend="aot_eager", fullgraph=True)
    torch.testing.assert_close(compiled(*clips), layer(*clips), **close)

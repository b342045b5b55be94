"""Stored, compiled, exported or rounded, a model gives the same numbers (see test_contracts)."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from helpers.contract_models import ENTRIES, NAMES, clips, close, made, ready, trained
from skelfuse.models import SkelFuse
from skelfuse.models.deployed import deployed

pytestmark = pytest.mark.training


@pytest.fixture(params=NAMES)
def name(request: pytest.FixtureRequest) -> str:
    """Return each model's name, as in test_contracts."""
    return str(request.param)


@pytest.fixture
def model(name: str) -> nn.Module:
    """Return each model, as in test_contracts."""
    return trained(name)


@pytest.mark.export
@pytest.mark.parametrize("name", ENTRIES)  # what variants add has tests of its own
def test_compiled_model_gives_the_same_numbers(model: nn.Module) -> None:
    torch.compiler.reset()
    compiled = torch.compile(model, backend="eager", fullgraph=True)
    first = clips(3)
    for tensor in first:
        torch._dynamo.mark_dynamic(tensor, 0)  # one graph, whole, is to do for any batch
    with torch.no_grad():
        for given in (first, clips(5)):
            close(compiled(*given), model(*given))


@pytest.mark.export
@pytest.mark.parametrize("name", [*ENTRIES, "skelfuse gated by clip"])
@pytest.mark.usefixtures("exportable")
def test_exported_model_gives_the_same_numbers_for_any_batch(model: nn.Module) -> None:
    batch = {0: torch.export.Dim("batch", min=1, max=1024)}
    graph = torch.export.export(model, clips(3), dynamic_shapes=(batch, batch))
    for count in (1, 3, 5):
        close(graph.module()(*clips(count)), model(*clips(count)))


def test_a_seed_reproduces_training_bit_for_bit(name: str) -> None:
    first, second = trained(name).state_dict(), ready(name).state_dict()
    assert first.keys() == second.keys()
    assert all(torch.equal(first[key], second[key]) for key in first)


def test_double_precision_agrees(name: str, model: nn.Module) -> None:
    double = made(name).eval()
    double.load_state_dict(model.state_dict())
    x, mask = clips()
    logits = double.double()(x.double(), mask)
    assert logits.dtype == torch.float64
    torch.testing.assert_close(logits.float(), model(x, mask), rtol=1e-3, atol=1e-4)
    torch.testing.assert_close(deployed(double)(x.double(), mask), logits)
    if isinstance(double, SkelFuse):
        found = double.by_joint(x.double(), mask)
        assert found.shares.dtype == torch.float64
        whole = found.shares.sum(dim=2) + found.together + found.rest
        torch.testing.assert_close(whole, found.logits)


@pytest.mark.parametrize("kind", [torch.bfloat16, torch.float16])
def test_half_precision_agrees(name: str, model: nn.Module, kind: torch.dtype) -> None:
    half = made(name).eval()
    half.load_state_dict(model.state_dict())
    half, (x, mask) = half.to(kind), clips()
    exact = model(x, mask).detach()
    for used in (half, deployed(half)):
        with torch.no_grad():
            logits = used(x.to(kind), mask)
        assert logits.dtype == kind
        assert (logits - exact).abs().max() < 0.1 * exact.abs().max()
    if isinstance(half, SkelFuse):
        assert half.by_joint(x.to(kind), mask).shares.dtype == torch.float32


def test_mixed_precision_agrees(model: nn.Module) -> None:
    with torch.no_grad(), torch.autocast("cpu", torch.bfloat16):
        logits = model(*clips())
    exact = model(*clips()).detach()
    assert (logits - exact).abs().max() < 0.05 * exact.abs().max()


@pytest.mark.skipif(not torch.cuda.is_available(), reason="there is no CUDA device here")
def test_the_gpu_gives_the_same_numbers(name: str) -> None:
    model, (x, mask) = ready(name), clips()
    here = model(x, mask).detach()
    there = model.cuda()(x.cuda(), mask.cuda())
    # Convolutions on the GPU may use TF32, with ten bits of mantissa.
    torch.testing.assert_close(there.detach().cpu(), here, rtol=2e-2, atol=2e-2)

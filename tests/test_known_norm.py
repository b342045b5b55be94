"""Normalisation over what is known: BatchNorm's twin where all is, and 0 where something is not."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
import torch.distributed as dist
from torch import Tensor, multiprocessing, nn

from skelfuse.layers.known_norm import KnownNorm
from skelfuse.layers.shared_batch_norm import SharedBatchNorm, share_batch_norms
from skelfuse.training.distributed import Team


def drawn() -> tuple[Tensor, Tensor]:
    """Return `x [R,T,N,C]` and what is known of it."""
    torch.manual_seed(0)
    return torch.randn(4, 6, 5, 3) * torch.tensor([1.0, 5.0, 0.1]) + 2, torch.rand(4, 6, 5, 3) > 0.3


def pair(*, affine: bool) -> tuple[KnownNorm, nn.BatchNorm1d]:
    norm, usual = KnownNorm(3, affine=affine), nn.BatchNorm1d(3, affine=affine)
    if affine:
        nn.init.normal_(norm.weight)
        nn.init.normal_(norm.bias)
        usual.load_state_dict(norm.state_dict())
    return norm, usual


def same_statistics(norm: nn.Module, other: nn.Module) -> None:
    for name, value in norm.named_buffers():
        torch.testing.assert_close(value, other.get_buffer(name), msg=name)


@pytest.mark.parametrize("affine", [False, True])
@pytest.mark.parametrize("known", [False, True])
def test_where_everything_is_known_it_is_batch_norm(affine: bool, known: bool) -> None:
    norm, usual = pair(affine=affine)
    x, _ = drawn()
    everything = torch.ones(4, 6, 5, 1, dtype=torch.bool) if known else None
    for _ in range(3):
        torch.testing.assert_close(
            norm(x, everything), usual(x.flatten(0, 2)).view_as(x), rtol=1e-5, atol=1e-5
        )
        x = x * 2
    same_statistics(norm, usual)
    norm, usual = norm.eval(), usual.eval()
    torch.testing.assert_close(
        norm(x, everything), usual(x.flatten(0, 2)).view_as(x), rtol=1e-5, atol=1e-5
    )


@pytest.mark.parametrize("affine", [False, True])
def test_what_is_not_known_does_not_count_and_becomes_zero(affine: bool) -> None:
    norm, usual = pair(affine=affine)
    norm.momentum = usual.momentum = 1.0
    x, known = drawn()
    found = norm(x.masked_fill(~known, 1e3), known)
    assert not found[~known].any()
    for channel in range(3):
        here = known[..., channel]
        rows = x[here]  # the other channels of these rows are looked at by nobody
        expected = usual(rows)[:, channel]
        torch.testing.assert_close(found[..., channel][here], expected, rtol=1e-4, atol=1e-5)
        for kept in ("running_mean", "running_var"):
            torch.testing.assert_close(
                norm.get_buffer(kept)[channel], usual.get_buffer(kept)[channel]
            )
    norm.eval()
    assert not norm(x, known)[~known].any()
    torch.testing.assert_close(norm(x, known)[known], norm(x)[known])


def test_a_channel_of_which_nothing_is_known_keeps_its_statistics() -> None:
    norm = KnownNorm(3, momentum=0.5)
    x, known = drawn()
    known[..., 1] = False
    assert not norm(x, known)[..., 1].any()
    assert norm.running_mean is not None
    assert norm.running_var is not None
    assert norm.running_mean[1] == 0
    assert norm.running_var[1] == 1
    assert (norm.running_mean[[0, 2]] != 0).all()
    assert norm(x, torch.zeros_like(known)).count_nonzero() == 0  # nothing at all is known


def test_far_from_zero_nothing_is_lost() -> None:
    norm, (x, known) = KnownNorm(3, momentum=1.0), drawn()
    near = norm(x, known)
    torch.testing.assert_close(norm(x + 1000, known), near, rtol=1e-2, atol=1e-2)


@pytest.mark.parametrize("training", [False, True])
@pytest.mark.parametrize("affine", [False, True])
@pytest.mark.parametrize("masked", [False, True])
def test_gradcheck(training: bool, affine: bool, masked: bool) -> None:
    norm, _ = pair(affine=affine)
    norm.double().train(training)
    x, known = drawn()
    x, known = x[:2, :2, :2].double().requires_grad_(), known[:2, :2, :2]
    names = [name for name, _ in norm.named_parameters()]
    weights = [p.detach().clone().requires_grad_() for p in norm.parameters()]

    def normal(x: Tensor, *weights: Tensor) -> Tensor:
        given = dict(zip(names, weights, strict=True))
        found: Tensor = torch.func.functional_call(norm, given, (x, known if masked else None))
        return found

    assert torch.autograd.gradcheck(normal, (x, *weights))


def test_half_precision_is_normalised_in_float32() -> None:
    x, known = drawn()
    half = x.bfloat16()
    expected = KnownNorm(3)(half.float(), known)
    found = KnownNorm(3)(half, known)
    assert found.dtype == torch.bfloat16
    torch.testing.assert_close(found, expected.bfloat16())


class Net(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.known, self.usual = KnownNorm(3), nn.BatchNorm1d(3)


@pytest.mark.parametrize("device", ["cpu", "cuda"])
def test_it_shares_by_itself_and_is_not_replaced(device: str) -> None:
    net = Team(torch.device(device), world=2).joined_norms(Net())
    assert type(net.known) is KnownNorm
    expected = SharedBatchNorm if device == "cpu" else nn.SyncBatchNorm
    assert type(net.usual) is expected
    assert type(share_batch_norms(Net()).known) is KnownNorm


def _one_of_two(rank: int, place: str, masked: bool) -> None:
    dist.init_process_group("gloo", init_method=f"file://{place}/store", rank=rank, world_size=2)
    torch.save(_learned(rank, masked=masked), f"{place}/{rank}.pt")
    dist.destroy_process_group()


def _learned(rank: int | None, *, masked: bool) -> dict[str, Tensor]:
    """Return what comes of one step on one's own two clips, or of all four alone."""
    norm, _ = pair(affine=False)
    x, known = drawn()
    weight = torch.randn(x.shape)
    mine = slice(None) if rank is None else slice(2 * rank, 2 * rank + 2)
    given = x[mine].requires_grad_()
    y = norm(given, known[mine] if masked else None)
    (y * weight[mine]).sum().backward()
    assert given.grad is not None
    return {"y": y.detach(), "grad": given.grad, **dict(norm.named_buffers())}


@pytest.mark.process
@pytest.mark.parametrize("masked", [False, True])
def test_two_processes_share_their_statistics(masked: bool, tmp_path: Path) -> None:
    multiprocessing.start_processes(  # type: ignore[attr-defined, no-untyped-call]
        _one_of_two, args=(str(tmp_path), masked), nprocs=2, start_method="fork"
    )
    expected = _learned(None, masked=masked)
    first, second = (torch.load(tmp_path / f"{rank}.pt") for rank in range(2))
    for name in ("y", "grad"):
        both = torch.cat([first[name], second[name]])
        torch.testing.assert_close(both, expected[name], rtol=1e-4, atol=1e-5)
    for name in ("running_mean", "running_var"):
        torch.testing.assert_close(first[name], expected[name])
        torch.testing.assert_close(second[name], first[name])

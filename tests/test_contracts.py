"""What every model promises, whatever is inside it: one suite for all of MODELS."""

from __future__ import annotations

import copy
from typing import Any

import pytest
import torch
from torch import Tensor, nn
from torch._subclasses.fake_tensor import DataDependentOutputException

from helpers.contract_models import (
    BODY,
    CLASSES,
    ENTRIES,
    NAMES,
    SHUFFLE,
    built,
    clips,
    close,
    loss_of,
    made,
    ready,
    trained,
)
from helpers.without_values import run_without_values
from skelfuse.errors import SkelfuseError
from skelfuse.models import MODELS
from skelfuse.models.deployed import deployed

pytestmark = pytest.mark.training


@pytest.fixture(params=NAMES)
def name(request: pytest.FixtureRequest) -> str:
    """Return each model's name in turn: a test with it runs for every model."""
    return str(request.param)


@pytest.fixture
def model(name: str) -> nn.Module:
    """Return each model, trained a little, once for all tests that only evaluate it."""
    return trained(name)


def test_every_model_has_an_entry() -> None:
    assert set(ENTRIES) == set(MODELS)


def test_any_number_of_frames_and_persons(model: nn.Module) -> None:
    for persons, frames in ((1, 1), (2, 2), (5, 3), (1, 16), (5, 33)):
        x, mask = clips(3, persons, frames)
        for logits in (model(x, mask), model(x.nan_to_num(0.5))):
            assert logits.shape == (3, CLASSES), (persons, frames)
            assert logits.isfinite().all(), (persons, frames)


def test_the_clip_decides(model: nn.Module) -> None:
    logits = model(*clips(4))
    apart = (logits[:, None] - logits[None]).abs().amax(dim=2) + torch.eye(4)
    assert apart.min() > 0.1  # otherwise the invariances below would prove nothing


def test_gradients_reach_every_parameter(name: str) -> None:
    model = built(name)
    x, mask = clips(8)
    loss: Tensor = loss_of(model(x, mask))
    loss.backward()  # type: ignore[no-untyped-call]
    for path, parameter in model.named_parameters():
        assert parameter.grad is not None, path
        assert parameter.grad.isfinite().all(), path
        assert parameter.grad.abs().sum() > 0, path


@pytest.mark.parametrize("masked", [True, False])
def test_gradients_reach_the_clip(masked: bool, model: nn.Module) -> None:
    x, mask = clips()
    x = x.nan_to_num(0.5).requires_grad_()
    (grad,) = torch.autograd.grad(model(x, mask if masked else None).square().sum(), x)
    assert grad.isfinite().all()
    assert (grad.abs().amax(dim=(1, 2, 3, 4)) > 0).all()
    assert not masked or not grad[~mask].any()  # what was not seen has no say


def test_a_batch_is_its_clips(model: nn.Module) -> None:
    x, mask = clips(2)
    single = [model(x[i : i + 1], mask[i : i + 1]) for i in range(2)]
    close(model(x, mask), torch.cat(single))


def test_padding_changes_nothing(model: nn.Module) -> None:
    x, mask = clips()
    expected = model(x, mask)
    for padding in (1, 2, 5, 32):
        more = torch.full_like(x[:, :1].expand(-1, padding, -1, -1, -1), 7)
        seen = torch.cat([mask, mask.new_zeros(4, padding, 2, len(BODY))], dim=1)
        close(model(torch.cat([x, more], dim=1), seen), expected)


def test_joint_order_changes_nothing(name: str, model: nn.Module) -> None:
    shuffled = made(name, BODY.permuted(SHUFFLE)).eval()
    shuffled.load_state_dict(model.state_dict())
    x, mask = clips()
    order = list(SHUFFLE)
    logits = shuffled(x[:, :, :, order], mask[:, :, :, order])
    close(logits, model(x, mask))
    assert not torch.allclose(shuffled(x, mask), logits)  # the order that the file says counts


def test_a_seed_means_the_same_model_for_any_joint_order(name: str) -> None:
    mine, other = trained(name), ready(name, BODY.permuted(SHUFFLE))
    for (path, a), b in zip(mine.state_dict().items(), other.state_dict().values(), strict=True):
        torch.testing.assert_close(a, b, rtol=1e-4, atol=1e-5, msg=path)


def test_person_order_changes_nothing(model: nn.Module) -> None:
    x, mask = clips(persons=3)
    close(model(x[:, :, [2, 0, 1]], mask[:, :, [2, 0, 1]]), model(x, mask))


def test_an_absent_person_changes_nothing(model: nn.Module) -> None:
    x, mask = clips()
    more = torch.cat([torch.full_like(x[:, :, :1], torch.nan), x], dim=2)
    seen = torch.cat([torch.zeros_like(mask[:, :, :1]), mask], dim=2)
    close(model(more, seen), model(x, mask))


def test_a_clip_of_nobody_has_finite_logits(model: nn.Module) -> None:
    x, mask = clips()
    assert model(torch.full_like(x, torch.nan), torch.zeros_like(mask)).isfinite().all()


@pytest.mark.parametrize("training", [False, True])
def test_what_was_not_seen_does_not_leak(name: str, training: bool) -> None:
    x, mask = clips()
    found = []
    for hidden in (torch.nan, torch.inf, 0.0, -1e30):
        model = copy.deepcopy(trained(name)).train(training)
        given = x.masked_fill(~mask[..., None], hidden).requires_grad_()
        torch.manual_seed(3)
        logits = model(given, mask)
        logits.square().sum().backward()
        assert given.grad is not None
        assert given.grad.isfinite().all()
        assert given.grad[~mask].count_nonzero() == 0
        weights = [p.grad.flatten() for p in model.parameters() if p.grad is not None]
        found.append(torch.cat([logits.detach().flatten(), *weights]))
    for other in found[1:]:
        assert other.isfinite().all()
        assert torch.equal(other, found[0])


def test_a_batch_of_one_clip_is_learned_from_or_told(name: str) -> None:
    model, given = built(name).train(), clips(1)
    if name != "stgcn":  # which normalises over frames and joints as well
        with pytest.raises(SkelfuseError, match="expected two clips or more, found 1"):
            model(*given)
        return
    loss_of(model(*given)).backward()  # type: ignore[no-untyped-call]
    assert all(p.grad is not None and p.grad.isfinite().all() for p in model.parameters())


def test_bad_input_is_told(model: nn.Module) -> None:
    x, mask = clips(2)
    for given in ((x[:, :, :, 1:], mask[:, :, :, 1:]), (x, mask.float()), (x[0], mask[0])):
        with pytest.raises(SkelfuseError, match=r"expected .*, found "):
            model(*given)


def test_nan_that_counts_as_seen_gives_no_number_that_looks_right(model: nn.Module) -> None:
    x, mask = clips(3)
    x = x.nan_to_num(0.5)
    x[1, 4, 0, 2, 1] = torch.nan
    mask[1, 4, 0, 2] = True
    for seen in (None, mask):
        logits = model(x, seen)
        assert logits[1].isnan().all()
        assert logits[[0, 2]].isfinite().all()  # the other clips of the batch are as they were


def test_every_part_that_has_weights_is_called(name: str) -> None:
    model = built(name).eval()
    owners = {path.rpartition(".")[0] for path, _ in model.named_parameters()} - {""}
    called: set[str] = set()
    for path in owners:
        model.get_submodule(path).register_forward_hook(lambda *_, path=path: called.add(path))
    model(*clips())
    assert called == owners


def fake_run(model: nn.Module, *, training: bool, masked: bool) -> Tensor:
    x, mask = clips(frames=13 if masked else 16)
    logits: Tensor = run_without_values(model.train(training), x, mask if masked else None)
    return logits


@pytest.mark.export  # what would break a graph in two
def test_no_forward_looks_at_values(name: str) -> None:
    model = built(name)
    for one, training, masked in (
        (model, True, True),
        (model, False, False),
        (model, False, True),
        (deployed(model), False, True),
    ):
        logits = fake_run(one, training=training, masked=masked)
        assert logits.shape[0] == 4
        assert logits.shape[-1] == CLASSES


def test_a_look_at_values_is_found() -> None:
    model: Any = built("skelfuse")
    fold = model.fold.forward

    def looking(x: Tensor, mask: Tensor | None = None) -> object:
        return fold(x, None if mask is None or bool(mask.all()) else mask)

    model.fold.forward = looking
    with pytest.raises(DataDependentOutputException):
        fake_run(model, training=False, masked=True)
    fake_run(model, training=False, masked=False)


@pytest.mark.export
@pytest.mark.usefixtures("exportable")
@pytest.mark.parametrize("masked", [False, True])
def test_one_graph_of_skelfuse_takes_any_batch_time_and_persons(masked: bool) -> None:
    model = deployed(ready("skelfuse"))
    dim = torch.export.Dim
    time = 2 * dim("steps", min=10, max=256)  # torch sets sizes of one apart: the last bend
    free = {0: dim("batch", max=512), 1: time, 2: dim("persons", max=8)}
    given = clips(3, persons=2, frames=24)
    x, mask = given if masked else (given[0].nan_to_num(0.5), None)
    shapes = (free, free if masked else None)
    graph = torch.export.export(model, (x, mask), dynamic_shapes=shapes, strict=False).module()
    for count, persons, frames in ((2, 5, 20), (5, 3, 38)):
        x, seen = clips(count, persons, frames)
        x, mask = (x, seen) if masked else (x.nan_to_num(0.5), None)
        close(graph(x, mask), model(x, mask))


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_the_deployed_form_is_the_same_function(dtype: torch.dtype, model: nn.Module) -> None:
    plain = copy.deepcopy(model).to(dtype)
    folded = deployed(plain)
    few = 1e-5 if dtype == torch.float32 else 1e-10
    for persons, frames in ((1, 1), (3, 7), (2, 32)):
        x, mask = clips(3, persons, frames)
        whole = torch.ones_like(mask)
        x, filled = x.to(dtype), x.nan_to_num(0.5).to(dtype)
        nobody = torch.zeros_like(mask)
        for given in ((x, mask), (filled, None), (filled, whole), (x, nobody)):
            with torch.no_grad():
                found, expected = folded(*given), plain(*given)
            size = max(1.0, expected.abs().max().item())
            torch.testing.assert_close(found, expected, rtol=0, atol=few * size)


def test_the_deployed_form_is_a_copy(name: str) -> None:
    model: Any = copy.deepcopy(trained(name))
    before = {path: value.clone() for path, value in model.state_dict().items()}
    folded, given = deployed(model), clips()
    expected = folded(*given)
    for path, value in model.state_dict().items():
        torch.testing.assert_close(value, before[path], msg=path)
    if folded is model:
        return  # it has no other form
    with torch.no_grad():
        for part in (model.own_classifier, model.embed):
            for parameter in part.parameters():
                parameter.add_(1.0)
    assert torch.equal(folded(*given), expected)

"""What every model promises, whatever is inside it: one suite for all of MODELS."""

from __future__ import annotations

import runpy
from pathlib import Path
from types import SimpleNamespace

import pytest
import torch
from torch import Tensor, nn

from skelfuse.errors import SkelfuseError
from skelfuse.models import MODELS

WORLD = SimpleNamespace(**runpy.run_path(str(Path(__file__).with_name("contract_models.py"))))
BODY = WORLD.BODY
CLASSES = WORLD.CLASSES
ENTRIES = WORLD.ENTRIES
SHUFFLE = WORLD.SHUFFLE
built = WORLD.built
clips = WORLD.clips
close = WORLD.close
loss_of = WORLD.loss_of
made = WORLD.made
model = WORLD.model
name = WORLD.name
ready = WORLD.ready


def test_every_model_has_an_entry() -> None:
    assert set(ENTRIES) == set(MODELS)


@pytest.mark.parametrize("persons", [1, 2, 5])
@pytest.mark.parametrize("frames", [1, 2, 3, 16, 33])
def test_any_number_of_frames_and_persons(frames: int, persons: int, model: nn.Module) -> None:
    x, mask = clips(3, persons, frames)
    for logits in (model(x, mask), model(x.nan_to_num(0.5))):
        assert logits.shape == (3, CLASSES)
        assert logits.isfinite().all()


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


@pytest.mark.parametrize("padding", [1, 2, 5, 32])
def test_padding_changes_nothing(padding: int, model: nn.Module) -> None:
    x, mask = clips()
    longer = torch.cat([x, torch.full_like(x[:, :1].expand(-1, padding, -1, -1, -1), 7)], dim=1)
    seen = torch.cat([mask, mask.new_zeros(4, padding, 2, len(BODY))], dim=1)
    close(model(longer, seen), model(x, mask))


def test_joint_order_changes_nothing(name: str, model: nn.Module) -> None:
    shuffled = made(name, BODY.permuted(SHUFFLE)).eval()
    shuffled.load_state_dict(model.state_dict())
    x, mask = clips()
    order = list(SHUFFLE)
    logits = shuffled(x[:, :, :, order], mask[:, :, :, order])
    close(logits, model(x, mask))
    assert not torch.allclose(shuffled(x, mask), logits)  # the order that the file says counts


def test_a_seed_means_the_same_model_for_any_joint_order(name: str) -> None:
    mine, other = ready(name), ready(name, BODY.permuted(SHUFFLE))
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
        model = ready(name).train(training)
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
    loss_of(model(*given)).backward()
    assert all(p.grad is not None and p.grad.isfinite().all() for p in model.parameters())


def test_bad_input_is_told(model: nn.Module) -> None:
    x, mask = clips(2)
    for given in ((x[:, :, :, 1:], mask[:, :, :, 1:]), (x, mask.float()), (x, None)):
        with pytest.raises(SkelfuseError, match=r"expected .*, found "):
            model(*given)

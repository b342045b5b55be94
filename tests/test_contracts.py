"""What every model promises, whatever is inside it: one suite for all of MODELS."""

from __future__ import annotations

import io
from functools import cache
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from skelfuse.errors import SkelfuseError
from skelfuse.models import MODELS, Size
from skelfuse.skeleton import Skeleton

# Small versions: the promises do not depend on width. A model without an entry fails a test.
ENTRIES: dict[str, dict[str, Any]] = {
    "skelfuse": {"size": Size(channels=4, width=16, dilations=(1, 2)), "directions": 6},
    "pure": {"directions": 6, "windows": (1, 2)},
    "stgcn": {"channels": (8, 16, 24), "blocks": (2, 1, 1)},
    "ddnet": {"filters": 8},
}
LITTLE = ENTRIES["skelfuse"]
SEVERAL = Size(channels=3, width=8, dilations=(1, 2), voters=3)
VARIANTS: dict[str, dict[str, Any]] = {  # of skelfuse, with its options switched on
    "skelfuse of several voters": {**LITTLE, "size": SEVERAL},
    "skelfuse of coordinates alone": {**LITTLE, "distances": False, "partner": False},
    "skelfuse gated": {**LITTLE, "dct_window": 4, "gate": "static", "global_filter": True},
    "skelfuse gated by clip": {
        **LITTLE,
        **{"dct_window": 5, "gate": "dynamic", "fourier": 4, "spectral_motion": True},
    },
    "skelfuse pruned": {
        **LITTLE,
        **{"dct_window": 4, "dct_kept": {"head": (0, 2), "foot": (1,)}, "frame_weighting": True},
    },
}
NAMES = sorted([*ENTRIES, *VARIANTS])
CLASSES = 6

BODY = Skeleton(  # listed in another order than the alphabet's
    "stick figure",
    joints=("spine", "right_hand", "head", "left_hand", "foot"),
    bones=(("right_hand", "head"), ("head", "spine"), ("left_hand", "head"), ("foot", "spine")),
    root="spine",
    pairs=(("left_hand", "right_hand"),),
)
SHUFFLE = (3, 0, 4, 2, 1)


def made(name: str, skeleton: Skeleton = BODY) -> nn.Module:
    arguments = {**ENTRIES, **VARIANTS}[name]
    model: nn.Module = MODELS[name.split(maxsplit=1)[0]](skeleton, CLASSES, **arguments)
    return model


def built(name: str, skeleton: Skeleton = BODY) -> nn.Module:
    torch.manual_seed(1)
    return made(name, skeleton)


def clips(count: int = 4, persons: int = 2, frames: int = 13) -> tuple[Tensor, Tensor]:
    """Return walks of random bodies, with frames, joints and whole persons missing as NaN."""
    torch.manual_seed(count + 10 * persons)
    x = torch.randn(count, frames, persons, len(BODY), 3).cumsum(dim=1) / 3 + 1
    mask = torch.rand(count, frames, persons, len(BODY)) > 0.1
    mask[1 % count, frames // 2 :] = False  # a shorter clip
    mask[2 % count, :, persons - 1] = persons == 1  # somebody who is not there
    return x.masked_fill(~mask[..., None], torch.nan), mask


def loss_of(votes: Tensor) -> Tensor:
    """Return the loss of clips of classes 0, 1, ...; each voter has its own share in it."""
    labels = torch.arange(len(votes)) % CLASSES
    votes = votes.view(len(votes), -1, CLASSES)  # [B,V,classes]
    return nn.functional.cross_entropy(
        votes.flatten(0, 1), labels.repeat_interleave(votes.shape[1])
    )


def ready(name: str, skeleton: Skeleton = BODY) -> nn.Module:
    """Return a model with running statistics and weights that are not the initial ones."""
    model = built(name, skeleton)
    x, mask = clips()
    if skeleton is not BODY:
        x, mask = x[:, :, :, list(SHUFFLE)], mask[:, :, :, list(SHUFFLE)]
    for part in model.modules():
        if isinstance(part, nn.BatchNorm1d | nn.BatchNorm2d):
            part.momentum = 0.5  # a few steps are enough for it to know the data
    torch.manual_seed(2)
    optimiser = torch.optim.SGD(model.parameters(), lr=0.05)
    for _ in range(8):
        optimiser.zero_grad()
        loss: Tensor = loss_of(model(x, mask))
        loss.backward()  # type: ignore[no-untyped-call]
        optimiser.step()
    return model.eval()


@pytest.fixture(params=NAMES)
def name(request: pytest.FixtureRequest) -> str:
    """Return each model's name in turn: a test with it runs for every model."""
    return str(request.param)


@cache
def trained(name: str) -> nn.Module:
    return ready(name)


@pytest.fixture
def model(name: str) -> nn.Module:
    """Return each model, trained a little, once for all tests that only evaluate it."""
    return trained(name)


def close(a: Tensor, b: Tensor) -> None:
    torch.testing.assert_close(a, b, rtol=1e-4, atol=1e-5)


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


def test_weights_survive_a_file(name: str, model: nn.Module) -> None:
    file = io.BytesIO()
    torch.save(model.state_dict(), file)
    file.seek(0)
    torch.manual_seed(99)
    again = made(name).eval()
    again.load_state_dict(torch.load(file, weights_only=True))
    assert torch.equal(again(*clips()), model(*clips()))


def test_compiled_model_gives_the_same_numbers(model: nn.Module) -> None:
    torch.compiler.reset()
    compiled = torch.compile(model, backend="aot_eager", fullgraph=True)
    with torch.no_grad():
        for count in (3, 5):
            close(compiled(*clips(count)), model(*clips(count)))


@pytest.mark.usefixtures("exportable")
def test_exported_model_gives_the_same_numbers_for_any_batch(model: nn.Module) -> None:
    batch = {0: torch.export.Dim("batch", min=1, max=1024)}
    graph = torch.export.export(model, clips(3), dynamic_shapes=(batch, batch))
    for count in (1, 3, 5):
        close(graph.module()(*clips(count)), model(*clips(count)))


def test_a_seed_reproduces_training_bit_for_bit(name: str) -> None:
    first, second = ready(name).state_dict(), ready(name).state_dict()
    assert first.keys() == second.keys()
    assert all(torch.equal(first[key], second[key]) for key in first)


def test_double_precision_agrees(name: str, model: nn.Module) -> None:
    double = made(name).eval()
    double.load_state_dict(model.state_dict())
    x, mask = clips()
    logits = double.double()(x.double(), mask)
    assert logits.dtype == torch.float64
    torch.testing.assert_close(logits.float(), model(x, mask), rtol=1e-3, atol=1e-4)


def test_mixed_precision_agrees(model: nn.Module) -> None:
    with torch.no_grad(), torch.autocast("cpu", torch.bfloat16):
        logits = model(*clips())
    exact = model(*clips()).detach()
    assert (logits - exact).abs().max() < 0.05 * exact.abs().max()


def test_bad_input_is_told(model: nn.Module) -> None:
    x, mask = clips(2)
    for given in ((x[:, :, :, 1:], mask[:, :, :, 1:]), (x, mask.float()), (x, None)):
        with pytest.raises(SkelfuseError, match=r"expected .*, found "):
            model(*given)


@pytest.mark.skipif(not torch.cuda.is_available(), reason="there is no CUDA device here")
def test_the_gpu_gives_the_same_numbers(name: str) -> None:
    model, (x, mask) = ready(name), clips()
    here = model(x, mask).detach()
    there = model.cuda()(x.cuda(), mask.cuda())
    # Convolutions on the GPU may use TF32, with ten bits of mantissa.
    torch.testing.assert_close(there.detach().cpu(), here, rtol=2e-2, atol=2e-2)

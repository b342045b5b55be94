"""DD-Net is the published network: its size to the last weight, its features, its sums."""

from __future__ import annotations

import re

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from skelfuse.errors import SkelfuseError
from skelfuse.layouts import JHMDB_15
from skelfuse.models import DDNet, describe
from skelfuse.models.ddnet import Convolutions, motion
from skelfuse.skeleton import Skeleton


def chain(joints: int, dimensions: int = 3) -> Skeleton:
    names = tuple(f"joint{i:02}" for i in range(joints))
    bones = tuple((names[i], names[i - 1]) for i in range(1, joints))
    return Skeleton("chain", names, bones, root=names[0], dimensions=dimensions)


def parameters(model: nn.Module) -> int:
    return sum(p.numel() for p in model.parameters())


@pytest.mark.parametrize(
    ("skeleton", "classes", "filters", "published"),
    [
        (JHMDB_15, 21, 64, 1.80e6),
        (JHMDB_15, 21, 32, 0.49e6),
        (JHMDB_15, 21, 16, 0.15e6),
        (chain(22), 14, 64, 1.82e6),  # the hand of SHREC'17
        (chain(22), 28, 64, 1.83e6),
    ],
)
def test_size_is_the_published_one(
    skeleton: Skeleton, classes: int, filters: int, published: float
) -> None:
    model = DDNet(skeleton, classes, filters=filters)
    assert parameters(model) == pytest.approx(published, rel=0.05)


def test_size_is_the_published_one_to_the_last_weight() -> None:
    # Trainable parameters as printed by the authors' own JHMDB run with 64 filters.
    assert JHMDB_15.dimensions == 2
    assert parameters(DDNet(JHMDB_15, 21)) == 1_794_837


@pytest.mark.parametrize(("frames", "persons"), [(32, 1), (13, 2)])
def test_cost_is_the_closed_form(frames: int, persons: int) -> None:
    N, D, f, classes = 5, 3, 8, 7
    P = N * (N - 1) // 2
    half = (frames + 1) // 2
    quarter = (half + 1) // 2
    eighth = (quarter + 1) // 2
    tower = 3 * 2 * f * f + f * f
    wanted = frames * ((P + N * D) * 2 * f + 2 * tower) + half * (N * D * 2 * f + tower)
    wanted += half * 3 * (3 * f * 2 * f + 2 * f * 2 * f)
    wanted += quarter * 3 * (2 * f * 4 * f + 4 * f * 4 * f)
    wanted += eighth * 3 * (4 * f * 8 * f + 8 * f * 8 * f)
    head = 8 * f * 128 + 128 * 128 + 128 * classes
    cost = describe(DDNet(chain(N), classes, filters=f), frames=frames, persons=persons)
    assert cost.macs == persons * wanted + head


@pytest.mark.parametrize("step", [1, 2])
def test_motion_of_a_ramp_and_a_parabola(step: int) -> None:
    t = torch.arange(6.0)
    x = torch.stack([3 * t, t * t], dim=1).view(1, 6, 1, 2)
    whole = torch.ones(1, 6, 1, dtype=torch.bool)
    ramp, parabola = motion(x, whole, step)[0]
    last = 6 - step
    assert ramp.tolist() == [3 * step] * last + [0] * step
    assert parabola.tolist() == [2 * i * step + step**2 for i in range(last)] + [0] * step
    gap = whole.clone()
    gap[0, 3] = False  # neither the motion to an unseen frame counts nor the one from it
    ramp = motion(x, gap, step)[0, 0]
    assert ramp.tolist() == [
        3 * step if i < last and 3 not in (i, i + step) else 0 for i in range(6)
    ]


@pytest.fixture
def model() -> DDNet:
    torch.manual_seed(0)
    model = DDNet(chain(4), 6, filters=4)
    for norm in model.modules():
        if isinstance(norm, nn.BatchNorm1d):
            norm.momentum = 0.5
    for _ in range(4):  # so that signals reach the logits as in a trained network
        model(torch.randn(16, 16, 2, 4, 3))
    return model.eval()


def test_where_the_body_stands_does_not_matter(model: DDNet) -> None:
    x = torch.randn(3, 16, 2, 4, 3)
    torch.testing.assert_close(model(x + 5), model(x), rtol=1e-3, atol=1e-4)
    turned = x[..., [1, 2, 0]]
    assert not torch.allclose(model(turned), model(x), atol=1e-2)  # motions have a direction


def test_a_still_body_has_the_same_logits_at_any_size(model: DDNet) -> None:
    still = torch.randn(1, 1, 1, 4, 3).expand(1, 16, 1, 4, 3)
    torch.testing.assert_close(model(3 * still), model(still), rtol=1e-4, atol=1e-5)


def test_a_body_in_one_point_has_finite_logits_and_gradients(model: DDNet) -> None:
    x = torch.ones(2, 16, 1, 4, 3).requires_grad_()
    logits: Tensor = model(x)
    logits.sum().backward()  # type: ignore[no-untyped-call]
    assert logits.isfinite().all()
    assert x.grad is not None
    assert x.grad.isfinite().all()


def test_whole_clips_pass_the_paper_network(model: DDNet) -> None:
    x = torch.randn(3, 16, 1, 4, 3)
    logits = model(x)
    assert (logits[0] - logits[1]).abs().max() > 1e-2
    torch.testing.assert_close(logits, paper(model, x[:, :, 0]), rtol=1e-4, atol=1e-5)


def paper(model: DDNet, x: Tensor) -> Tensor:
    """The network for one person of whom everything was seen, `x [B,16,N,D]`."""
    far = torch.stack(
        [
            (x[:, :, i] - x[:, :, j]).square().sum(2).sqrt()
            for i in range(4)
            for j in range(i + 1, 4)
        ],
        dim=1,
    )  # [B,P,T]
    mean = far.mean(dim=(1, 2), keepdim=True)
    body = x.flatten(2).transpose(1, 2)  # [B,N·D,T]
    slow = F.pad(body[:, :, 1:] - body[:, :, :-1], (0, 1))
    sparse = body[:, :, ::2]
    fast = F.pad(sparse[:, :, 1:] - sparse[:, :, :-1], (0, 1))
    h = torch.cat(
        [
            F.max_pool1d(plain(model.distances, far / mean - 1), 2),
            F.max_pool1d(plain(model.slow, slow), 2),
            plain(model.fast, fast),
        ],
        dim=1,
    )
    stages = [stage for stage in model.stages if isinstance(stage, Convolutions)]
    h = F.max_pool1d(plain(stages[0], h), 2)
    h = F.max_pool1d(plain(stages[1], h), 2)
    h = plain(stages[2], h).amax(dim=2)
    for layer in model.head:
        h = layer(h)
    logits: Tensor = model.classifier(h)
    return logits


def plain(layers: Convolutions, h: Tensor) -> Tensor:
    for convolution, norm in zip(layers.convolutions, layers.norms, strict=True):
        h = F.leaky_relu(norm(convolution(h)), 0.2)
    return h


@pytest.mark.parametrize(
    ("joints", "arguments", "told"),
    [
        (1, {}, "no distances between joints"),
        (4, {"filters": 0}, "expected num_classes and filters of at least 1, found (6, 0)"),
    ],
)
def test_bad_arguments_are_told(joints: int, arguments: dict[str, int], told: str) -> None:
    with pytest.raises(SkelfuseError, match=re.escape(told)):
        DDNet(chain(joints), 6, **arguments)

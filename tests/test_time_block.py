"""A block along time: padding changes nothing, and neither joints nor groups see each other."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from skelfuse.errors import SkelfuseError
from skelfuse.layers.known_norm import KnownNorm
from skelfuse.layers.time_block import TimeBlock, TimeConv


def block(channels: int = 6, **options: int) -> TimeBlock:
    """Return a block as if trained."""
    torch.manual_seed(0)
    made = TimeBlock(channels, **options)
    for part in made.modules():
        if isinstance(part, KnownNorm):
            for value in (part.running_mean, part.weight, part.bias):
                assert value is not None
                nn.init.normal_(value)
    return made.eval()


@pytest.mark.parametrize("training", [False, True])
@pytest.mark.parametrize(("inputs", "outputs", "groups"), [(4, 6, 2), (60, 20, 20), (40, 80, 1)])
def test_a_convolution_along_time_is_one(
    inputs: int, outputs: int, groups: int, training: bool
) -> None:
    torch.manual_seed(0)
    conv = TimeConv(inputs, outputs, taps=3, dilation=2, groups=groups, bias=True).train(training)
    x = torch.randn(2, 9, 3, inputs, requires_grad=True)
    each = x.permute(0, 2, 3, 1).reshape(6, inputs, 9)
    once = F.conv1d(each, conv.weight[..., 0], conv.bias, padding=2, dilation=2, groups=groups)
    expected = once.view(2, 3, outputs, 9).permute(0, 3, 1, 2)
    found = conv(x)
    torch.testing.assert_close(found, expected, rtol=1e-5, atol=1e-5)
    weigh = torch.randn_like(found)
    for one, other in zip(
        *(
            torch.autograd.grad((y * weigh).sum(), (x, *conv.parameters()))
            for y in (found, expected)
        ),
        strict=True,
    ):
        torch.testing.assert_close(one, other, rtol=1e-5, atol=1e-4)


def test_a_tap_is_a_frame() -> None:
    conv = TimeConv(1, 1, taps=3)
    with torch.no_grad():
        conv.weight.copy_(torch.tensor([1.0, 10, 100]).view(1, 1, 3, 1))
    x = torch.tensor([1.0, 2, 3]).view(1, 3, 1, 1)
    assert conv(x).flatten().tolist() == [210, 321, 32]  # earlier, now, later; beyond is 0


@pytest.mark.parametrize("before", [0, 4])
@pytest.mark.parametrize("after", [1, 7])
@pytest.mark.parametrize("dilation", [1, 2])
@pytest.mark.parametrize("training", [False, True])
def test_padding_changes_nothing(before: int, after: int, dilation: int, training: bool) -> None:
    layer = block(dilation=dilation, groups=2).train(training)
    x = torch.randn(2, 9, 3, 6)
    longer = F.pad(x, (0, 0, 0, 0, before, after))
    seen = F.pad(torch.ones(2, 9, 1, 1), (0, 0, 0, 0, before, after))
    found = layer(longer, seen)
    torch.testing.assert_close(found[:, before : before + 9], layer(x), rtol=1e-5, atol=1e-5)
    assert not found[:, :before].any()
    assert not found[:, before + 9 :].any()


def reached(y: Tensor, x: Tensor, axis: int) -> Tensor:
    """Say which place along an axis of y depends on which of x."""
    table = []
    for part in y.unbind(axis):
        (gradient,) = torch.autograd.grad(part.square().sum(), x, retain_graph=True)
        table.append(gradient.abs().movedim(axis, 0).flatten(1).sum(dim=1) > 0)
    return torch.stack(table)


def test_groups_and_joints_do_not_see_each_other() -> None:
    layer, x = block(groups=3), torch.randn(2, 9, 4, 6, requires_grad=True)
    y = layer(x)
    assert reached(y, x, 2).equal(torch.eye(4) > 0)
    pairs = torch.block_diag(*[torch.ones(2, 2)] * 3) > 0  # type: ignore[no-untyped-call]
    assert reached(y, x, 3).equal(pairs)
    assert (reached(block()(x), x, 3)).all()


@pytest.mark.parametrize("dilation", [1, 2, 4])
def test_how_far_it_sees(dilation: int) -> None:
    x = torch.randn(1, 15, 1, 6, requires_grad=True)
    seen = reached(block(dilation=dilation)(x), x, 1)[7].nonzero().flatten().tolist()
    assert seen == [7 - dilation, 7, 7 + dilation]


@pytest.mark.parametrize("training", [True, False])
@pytest.mark.parametrize("masked", [True, False])
def test_gradcheck(training: bool, masked: bool) -> None:
    layer = block(4, groups=2).double().train(training)
    seen = torch.ones(2, 4, 2, 1, dtype=torch.double)
    seen[1, 3:] = 0
    given = seen if masked else None
    x = (torch.randn(2, 4, 2, 4).double() * seen).requires_grad_()
    assert torch.autograd.gradcheck(lambda x: layer(x, given), x)


def test_what_cannot_be_is_told() -> None:
    with pytest.raises(SkelfuseError, match="channels is out of range"):
        TimeBlock(0)

"""Channel gates: a fair draw, a gradient through it, a firm choice, a penalty that counts."""

from __future__ import annotations

import copy
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from skelfuse.errors import SkelfuseError
from skelfuse.layers.dct import DCTChannels
from skelfuse.layers.gates import ChannelGate, Mode

pytestmark = pytest.mark.usefixtures("seeded")
MODES: tuple[Mode, ...] = ("static", "dynamic")


def half_open(gate: ChannelGate) -> ChannelGate:
    """Close every second channel for good."""
    with torch.no_grad():
        if gate.mode == "static":
            gate.weights.view(-1, 2)[1::2] = torch.tensor([3.0, -3.0])
        else:
            gate.excite.bias.view(-1, 2)[1::2] = torch.tensor([3.0, -3.0])
    return gate


@pytest.mark.parametrize("mode", MODES)
def test_most_channels_are_open_at_the_start(mode: Mode) -> None:
    gate = ChannelGate((8, 5), mode=mode, start=0.9)
    x = torch.randn(4, 8, 5, 3)
    assert gate.penalty(x).item() == pytest.approx(0.9 * 40, rel=0.02)
    assert bool(gate.open_channels(x).all())
    assert torch.equal(gate.eval()(x), x)


@pytest.mark.parametrize("mode", MODES)
def test_in_evaluation_a_channel_passes_whole_or_not_at_all(mode: Mode) -> None:
    gate = half_open(ChannelGate((4, 3), mode=mode)).eval()
    x = torch.randn(5, 4, 3, 2, 7)
    found = gate(x)
    opened = gate.open_channels(x)
    assert opened.shape == ((4, 3) if mode == "static" else (5, 4, 3))
    assert opened.sum() * (1 if mode == "dynamic" else 5) == 30
    opened = opened.expand(5, 4, 3)
    assert torch.equal(found[opened], x[opened])
    assert not found[~opened].any()
    assert torch.equal(found, gate(x))  # no draw


@pytest.mark.parametrize("mode", MODES)
def test_in_training_channels_open_as_often_as_the_penalty_says(mode: Mode) -> None:
    gate = ChannelGate(3, mode=mode, hidden=2)
    start = torch.tensor([[0.0, 1.0], [0.5, 0.0], [1.0, -1.0]])
    with torch.no_grad():
        if mode == "static":
            gate.weights.copy_(start)
        else:
            gate.excite.weight.zero_()
            gate.excite.bias.copy_(start.flatten())
    x = torch.ones(20_000, 3, 1)
    found = gate(x)
    assert bool(((found == 0) | (found == 1)).all())  # hard, also in training
    often = found.mean((0, 2))
    expected = torch.sigmoid(start[:, 1] - start[:, 0])
    torch.testing.assert_close(often, expected, atol=0.015, rtol=0)
    assert often.sum().item() == pytest.approx(gate.penalty(x).item(), abs=0.03)
    gate.temperature.fill_(0.3)  # the draw does not depend on the temperature, its gradient does
    torch.testing.assert_close(gate(x).mean((0, 2)), expected, atol=0.015, rtol=0)


def test_the_gradient_is_that_of_the_soft_choice() -> None:
    gate = ChannelGate(4, temperature=(2.0, 2.0))
    x = torch.randn(6, 4, 5)
    torch.manual_seed(3)
    gate(x).sum().backward()
    torch.manual_seed(3)
    weights = gate.weights.detach().clone().requires_grad_()
    noise = -torch.empty(6, 4, 2).exponential_().log()
    soft = ((weights + noise) / 2.0).softmax(-1)[..., 1]
    (x * soft[..., None]).sum().backward()  # type: ignore[no-untyped-call]
    assert gate.weights.grad is not None
    assert gate.weights.grad.any()
    torch.testing.assert_close(gate.weights.grad, weights.grad)


@pytest.mark.training
@pytest.mark.parametrize("mode", MODES)
def test_useless_channels_close_and_useful_ones_stay_open(mode: Mode) -> None:
    """The target is the sum of two of eight channels; each open one costs a little."""
    gate = ChannelGate(8, mode=mode, temperature=(2.0, 0.5))
    read = nn.Linear(8, 1)
    rate = [{"params": gate.parameters(), "lr": 0.05}, {"params": read.parameters(), "lr": 0.01}]
    step = torch.optim.Adam(rate)
    for number in range(250):
        gate.anneal(number / 250)
        x = torch.randn(64, 8, 1)
        target = x[:, 2] + x[:, 5]
        loss = (read(gate(x).flatten(1)) - target).square().mean() + 0.05 * gate.penalty(x)
        step.zero_grad()
        loss.backward()
        step.step()
    opened = gate.eval().open_channels(torch.randn(50, 8, 1)).view(-1, 8).float().mean(0)
    assert opened.round().tolist() == [0, 0, 1, 0, 0, 1, 0, 0]


def test_a_dynamic_gate_sees_the_clip_and_a_mask() -> None:
    gate = ChannelGate(2, mode="dynamic", hidden=2).eval()
    with torch.no_grad():  # open a channel where its mean size is above 1
        gate.squeeze.weight.copy_(torch.eye(2))
        gate.squeeze.bias.zero_()
        gate.excite.weight.copy_(torch.tensor([[0.0, 0], [1, 0], [0, 0], [0, 1]]))
        gate.excite.bias.copy_(torch.tensor([1.0, 0, 1, 0]))
    x = torch.tensor([[[2.0, -2.0], [0.5, 0.5]], [[0.5, 0.5], [-3.0, 0.0]]])
    assert gate.open_channels(x).tolist() == [[True, False], [False, True]]
    mask = torch.tensor([True, True, False, False]).view(1, 1, 4)
    padded = torch.cat([x, torch.full_like(x, torch.nan)], dim=2)
    assert torch.equal(gate(padded, mask)[..., :2], gate(x))
    assert not gate(padded, mask)[..., 2:].any()
    with pytest.raises(SkelfuseError, match="give it x"):
        gate.penalty()


@pytest.mark.parametrize("mode", MODES)
def test_frequencies_of_joints_are_gated_whatever_the_padding(mode: Mode) -> None:
    dct, gate = DCTChannels(8), half_open(ChannelGate((8, 3), mode=mode)).eval()
    x = torch.randn(2, 16, 3, 2)
    wide = torch.cat([torch.full((2, 5, 3, 2), torch.nan), x, torch.full_like(x, torch.nan)], 1)
    mask = torch.zeros(2, 37, 3, dtype=torch.bool)
    mask[:, 5:21] = True
    short = gate(dct(x))
    long = gate(dct(wide, mask), dct.windows_seen(mask)[:, None, :, None])
    torch.testing.assert_close(long[..., :2], short)
    assert not short[:, 1, 0].any()
    assert bool(short[:, 0, 0].any())
    one = gate(dct(x[1:]))  # a body alone
    torch.testing.assert_close(one[0], short[1])


def test_the_temperature_falls_evenly_and_is_saved() -> None:
    gate, other = ChannelGate(2, temperature=(8.0, 0.5)), ChannelGate(2)
    seen = []
    for progress in (0.0, 0.25, 0.5, 1.0):
        gate.anneal(progress)
        seen.append(gate.temperature.item())
    assert seen == pytest.approx([8.0, 4.0, 2.0, 0.5])
    other.load_state_dict(gate.state_dict())
    assert other.temperature.item() == 0.5


@pytest.mark.parametrize("mode", MODES)
def test_seeds_reproduce_and_gradients_reach_every_parameter(mode: Mode) -> None:
    x = torch.randn(3, 4, 6)
    results = []
    for _ in range(2):
        torch.manual_seed(5)
        gate = ChannelGate(4, mode=mode)
        found = gate(x)
        (found.square().sum() + gate.penalty(x)).backward()
        assert all(p.grad is not None and p.grad.any() for p in gate.parameters())
        results.append(found)
    assert torch.equal(*results)


def test_gradcheck_in_evaluation_and_of_the_penalty() -> None:
    gate = half_open(ChannelGate(4, mode="dynamic")).double().eval()
    x = torch.randn(2, 4, 3, dtype=torch.float64, requires_grad=True)
    assert torch.autograd.gradcheck(gate, (x,))
    assert torch.autograd.gradcheck(gate.penalty, (x,))


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16])
def test_half_precision(mode: Mode, dtype: torch.dtype) -> None:
    gate = half_open(ChannelGate(4, mode=mode)).eval()
    x = torch.randn(2, 4, 300).to(dtype)
    assert torch.equal(gate(x), gate(x.float()).to(dtype))
    half = copy.deepcopy(gate).to(dtype).train()
    found = half(x)
    found.sum().backward()
    assert found.dtype == dtype
    assert bool(found.isfinite().all())


@pytest.mark.export
@pytest.mark.parametrize("mode", MODES)
@pytest.mark.usefixtures("exportable")
def test_compiled_and_exported_give_the_same_numbers(mode: Mode) -> None:
    gate = half_open(ChannelGate((4, 3), mode=mode)).eval()
    x, mask = torch.randn(3, 4, 3, 2, 5), torch.rand(3, 1, 3, 1, 5) < 0.7
    for args in ((x,), (x, mask)):
        compiled = torch.compile(gate, backend="aot_eager", fullgraph=True)
        torch.testing.assert_close(compiled(*args), gate(*args))
        torch.testing.assert_close(torch.export.export(gate, args).module()(*args), gate(*args))


BAD: list[tuple[tuple[Tensor, ...], str]] = [
    ((torch.zeros(2, 3, 5),), r"does not fit the gate: expected floating-point \[B,4,...\].*3, 5"),
    ((torch.zeros(2, 4, 5, dtype=torch.int64),), "does not fit the gate.*int64"),
    ((torch.zeros(2, 4, 5), torch.ones(2, 1, 5)), "the mask does not fit.*float32"),
    ((torch.zeros(2, 4, 5), torch.ones(2, 5, dtype=torch.bool)), "the mask does not fit"),
    ((torch.zeros(2, 4, 5), torch.ones(2, 3, 5, dtype=torch.bool)), "the mask does not fit"),
]


@pytest.mark.parametrize(("args", "message"), BAD)
def test_bad_input_is_told(args: tuple[Tensor, ...], message: str) -> None:
    with pytest.raises(SkelfuseError, match=message):
        ChannelGate(4)(*args)


@pytest.mark.parametrize(
    ("kwargs", "message"),
    [
        ({"channels": 0}, "channels is out of range"),
        ({"channels": (3, -1)}, "channels is out of range"),
        ({"mode": "soft"}, "unknown mode: expected static or dynamic, found 'soft'"),
        ({"start": 1.0}, "start is out of range"),
        ({"temperature": (1.0, 0.0)}, "temperature is out of range"),
        ({"mode": "dynamic", "hidden": 0}, "hidden is out of range"),
    ],
)
def test_bad_choices_are_told(kwargs: dict[str, Any], message: str) -> None:
    with pytest.raises(SkelfuseError, match=message):
        ChannelGate(**{"channels": 4, **kwargs})
    with pytest.raises(SkelfuseError, match="progress is out of range"):
        ChannelGate(4).anneal(1.5)

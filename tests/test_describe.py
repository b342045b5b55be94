"""A description counts what two other profilers count, and leaves the model as it was."""

from __future__ import annotations

import pytest
import torch
from torch import nn
from torch.profiler import ProfilerActivity, profile
from torch.utils.flop_counter import FlopCounterMode

from helpers.untaught import ARM
from skelfuse.errors import SkelfuseError
from skelfuse.models import STGCN, DDNet, describe
from skelfuse.models.persons import FoldPersons

PRODUCTS = {"aten::conv1d", "aten::conv2d", "aten::mm", "aten::addmm", "aten::bmm"}


def stgcn() -> nn.Module:
    return STGCN(ARM, 4, channels=(8, 16), blocks=(2, 1))


def ddnet() -> nn.Module:
    return DDNet(ARM, 4, filters=8)


@pytest.mark.parametrize("build", [stgcn, ddnet])
def test_macs_are_half_the_operations_of_the_flop_counter(build: type[nn.Module]) -> None:
    model = build().eval()
    with torch.no_grad(), FlopCounterMode(display=False) as counter:
        model(torch.rand(1, 20, 2, 3, 3))
    macs = describe(model, frames=20, persons=2).macs
    assert macs > 0
    assert 2 * macs == counter.get_total_flops()


@pytest.mark.filterwarnings("ignore:.*Profiler clears events")  # torch 2.11 says so of any
def test_macs_are_half_the_operations_of_the_profiler() -> None:
    model = stgcn().eval()
    with torch.no_grad(), profile(activities=[ProfilerActivity.CPU], with_flops=True) as run:
        model(torch.rand(1, 20, 2, 3, 3))
    flops = sum(event.flops for event in run.key_averages() if event.key in PRODUCTS)
    assert 2 * describe(model, frames=20, persons=2).macs == flops


@pytest.mark.parametrize("build", [stgcn, ddnet])
def test_any_depth_adds_up_to_the_same(build: type[nn.Module]) -> None:
    model = build()
    shallow, deep = describe(model, depth=1), describe(model, depth=9)
    assert (shallow.parameters, shallow.macs) == (deep.parameters, deep.macs)
    assert deep.parameters == sum(p.numel() for p in model.parameters())
    for layer in deep.layers:
        own = model.get_submodule(layer.name).parameters(recurse=False)
        assert layer.parameters == sum(p.numel() for p in own)
    assert len(deep.layers) > len(shallow.layers)


def test_cost_belongs_to_the_layer_that_does_it() -> None:
    layers = {layer.name: layer for layer in describe(stgcn(), frames=20, depth=9).layers}
    assert layers["blocks.0.time"].macs == 20 * 3 * 9 * 8 * 8
    assert layers["blocks.1.joints"].macs == 20 * 3 * 3 * 8 * (3 + 8)
    assert layers["blocks.2.residual.0"].macs == 10 * 3 * 8 * 16
    assert layers["classifier"].macs == 16 * 4
    assert layers["classifier"].parameters == 16 * 4 + 4
    assert layers["data_norm"].macs == 0


def test_shared_weights_are_counted_once_and_their_work_each_time() -> None:
    class Twice(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.fold = FoldPersons(ARM)
            self.once = nn.Linear(3, 3, bias=False)
            self.again = self.once

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            y: torch.Tensor = self.again(self.once(self.fold(x).x))
            return y @ y.transpose(-1, -2)

    description = describe(Twice(), frames=5)
    assert description.parameters == 9
    assert description.macs == 2 * 5 * 3 * 9 + 5 * 27
    assert {layer.name: layer.macs for layer in description.layers} == {"": 135, "once": 270}


def test_the_model_stays_as_it_was() -> None:
    model = stgcn().train()
    model.get_submodule("data_norm").eval()
    state = {key: value.clone() for key, value in model.state_dict().items()}
    describe(model)
    assert [name for name, part in model.named_modules() if not part.training] == ["data_norm"]
    assert all(torch.equal(state[key], value) for key, value in model.state_dict().items())
    assert not any(part._forward_hooks or part._forward_pre_hooks for part in model.modules())
    assert all(parameter.grad is None for parameter in model.parameters())


def test_the_table_shows_every_layer_and_the_totals() -> None:
    description = describe(stgcn(), frames=20, persons=2)
    title, _, *rows, total = str(description).splitlines()
    assert "20 frames" in title
    assert [row.split()[0] for row in rows] == [layer.name for layer in description.layers]
    assert total.split() == ["total", f"{description.parameters:,}", f"{description.macs:,}"]
    assert len({len(row) for row in rows}) == 1


def test_bad_input_is_told() -> None:
    with pytest.raises(SkelfuseError, match="takes no skeletons"):
        describe(nn.Linear(3, 3))
    with pytest.raises(SkelfuseError, match=r"at least 1, found \(0, 1, 2\)"):
        describe(stgcn(), frames=0)

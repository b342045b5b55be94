"""What training adds to the loss for channels that stay open."""

from __future__ import annotations

import pytest
import torch

from skelfuse.layouts import KINECT_V2
from skelfuse.models import Frequencies, Size, SkelFuse
from skelfuse.models.frequencies import GateKind
from skelfuse.training import Gates
from skelfuse.training.gates import GatePenalty, open_share
from skelfuse.training.optimiser import undecayed

LITTLE = Size(channels=4, alone=(1,), summary=4, width=16, dilations=(1,))


def built(gate: GateKind = "none") -> SkelFuse:
    torch.manual_seed(3)
    frequencies = Frequencies(dct_window=0 if gate == "none" else 4, gate=gate)
    return SkelFuse(KINECT_V2, 4, size=LITTLE, frequencies=frequencies)


@pytest.mark.training
@pytest.mark.parametrize("gate", ["static", "dynamic"])
def test_the_penalty_is_the_share_of_channels_open_and_closes_them(gate: GateKind) -> None:
    model = built(gate).train()
    penalty = GatePenalty(model, Gates(penalty=3.0))
    optimiser = torch.optim.Adam(model.parameters(), lr=0.05)
    x = torch.randn(1, 31, 1, len(KINECT_V2), 3).cumsum(1).repeat(2, 1, 1, 1, 1) / 3
    shares = []
    for step in range(30):
        penalty.anneal(step / 29)
        model(x)
        loss = penalty.loss()
        assert loss is not None
        shares.append(loss.item() / 3)
        optimiser.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        optimiser.step()
    assert shares[0] == pytest.approx(0.6, abs=0.01)
    assert shares[-1] < 0.3
    assert model.spectrum is not None
    assert model.spectrum.gate is not None
    assert model.spectrum.gate.temperature.item() == pytest.approx(0.5)
    assert open_share(model) == (0.0 if gate == "static" else None)


def test_without_gates_or_without_weight_nothing_is_added() -> None:
    assert GatePenalty(built(), Gates()).loss() is None
    model = built("dynamic").train()
    assert GatePenalty(model, Gates(penalty=0)).loss() is None
    assert "spectrum.gate.squeeze.weight" not in undecayed(model)
    assert "spectrum.gate.weights" in undecayed(built("static"))

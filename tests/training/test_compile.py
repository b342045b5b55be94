"""A compiled model learns the same, and what it leaves behind needs no compiler."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch

from helpers.moving_hand import configured, json_lines
from skelfuse.batches import Batches
from skelfuse.run import load_run
from skelfuse.store import Store
from skelfuse.training import ModelChoice, train
from skelfuse.training.checkpoint import WEIGHT, read_checkpoint

# What is the same at all times has, in front of a norm, no gradient, only rounding, which the
# optimiser makes to steps of full length. And norms count otherwise where a model is compiled.
ROUNDING_ALONE = ("embed.bias", "embed.identity", "spread.bias")
KEPT_OTHERWISE = ("running_mean", "running_var")


NEAR = 5e-4


def compared(name: str) -> bool:
    return name.startswith(WEIGHT) and not name.endswith((*ROUNDING_ALONE, *KEPT_OTHERWISE))


@pytest.mark.export
@pytest.mark.training
@pytest.mark.skipif(not hasattr(torch.compiler, "set_stance"), reason="needs torch 2.6 or newer")
# torch warns of parts of itself when its compiler is imported.
@pytest.mark.filterwarnings("ignore:.*torch.jit:DeprecationWarning")
def test_a_compiled_run_ends_where_the_plain_one_does(
    store: Store, parts: dict[str, Any], tmp_path: Path
) -> None:
    # Compiled, it would drop other units; and a voter of bones alone gathers the root's, which is
    # nothing, at a weight that is rounding, too.
    options = {"dropout": 0.0, "evidence_dropout": 0.0, "specialists": False}
    model = ModelChoice("skelfuse", "nano", options)
    torch.compiler.reset()
    counters = torch._dynamo.utils.counters["stats"]
    # Forward and backward are taken apart as for the default backend, then run by torch's own
    # kernels: writing C++ for them and building it takes a minute.
    with torch.compiler.set_stance("default", force_backend="aot_eager_decomp_partition"):
        ends = []
        for compiled in (False, True):
            graphs = counters["unique_graphs"]
            wanted = configured(model, epochs=3, validation=0, compile=compiled)
            train(wanted, store, parts, tmp_path / str(compiled))
            assert (counters["unique_graphs"] > graphs) == compiled
            ends.append(read_checkpoint(tmp_path / str(compiled) / "last.safetensors")[1])
    plain, other = ends
    assert plain.keys() == other.keys()
    for name in filter(compared, plain):
        apart = (other[name] - plain[name]).abs()
        assert apart.max() < 4 * NEAR, name  # an optimiser makes a step of mere rounding
        assert (apart < NEAR).double().mean() > 0.99, name
    records, others = (json_lines(tmp_path / run / "metrics.jsonl") for run in ("False", "True"))
    losses = [line["loss"] for line in records]
    assert [line["loss"] for line in others] == pytest.approx(losses, rel=1e-3)
    kernels = json_lines(tmp_path / "True" / "kernels.jsonl")
    first, last = (torch.tensor(kernels[i]["kernels"]["joint/scale4"]["taps"]) for i in (0, -1))
    assert (last - first).abs().max() > 10 * NEAR  # or equal ends would say nothing

    graphs = counters["unique_graphs"]
    run = load_run(tmp_path / "True")
    for name, value in run.model.state_dict().items():
        torch.testing.assert_close(value, other[WEIGHT + name], rtol=0, atol=0)
    (batch,) = Batches(store, parts["test"], sampling=run.config.sampling).epoch()
    assert run.model(batch.x, batch.mask).isfinite().all()
    assert counters["unique_graphs"] == graphs

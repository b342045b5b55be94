"""A pruned run decides as before, is smaller, and is a run like any other."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from helpers.checkpoints import write_run
from helpers.commands import ran, refused
from helpers.trained_run import CONFIG, rewritten, trained, whole_store
from skelfuse.batches import Batches
from skelfuse.errors import SkelfuseError
from skelfuse.layouts import KINECT_V2
from skelfuse.models import SkelFuse, describe
from skelfuse.prune import prune
from skelfuse.run import load_run
from skelfuse.skeleton import Skeleton
from skelfuse.store import Store
from skelfuse.training import Gates, ModelChoice, build_model, config_from_dict
from skelfuse.training.log import METRICS, read_lines

pytestmark = pytest.mark.training

GATED = ModelChoice("skelfuse", "nano", {"frequencies": {"dct_window": 8, "gate": "static"}})


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Store:
    made: Store = whole_store(tmp_path_factory.mktemp("store") / "s.h5")
    return made


@pytest.fixture(scope="module")
def run(store: Store, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a run that was trained with a gate, of which some channels closed."""
    fit = replace(CONFIG.train, epochs=5, learning_rate=0.01, validation=0)
    config = replace(CONFIG, model=GATED, train=fit, gates=Gates(budget=0.5))
    made: Path = trained(store, tmp_path_factory.mktemp("runs") / "gated", config)
    return made


@pytest.fixture(scope="module")
def pruned(run: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return prune(run, tmp_path_factory.mktemp("runs") / "pruned").folder


def closed(run: Path, to: Path, share: float) -> Path:
    """Return the run with this share of its channels closed."""

    def change(_: dict[str, Any], tensors: dict[str, torch.Tensor]) -> None:
        weights = tensors["weight/spectrum.gate.weights"].view(-1, 2)
        weights[:, 0], weights[:, 1] = -1.0, 1.0
        weights[: round(share * len(weights)), 0] = 2.0

    made: Path = rewritten(run, to, change)
    return made


def model_of(run: Path) -> SkelFuse:
    model = load_run(run).model
    assert isinstance(model, SkelFuse)
    return model


@pytest.mark.long
def test_training_closed_some_channels_and_tells_how_many(run: Path) -> None:
    spectrum = model_of(run).spectrum
    assert spectrum is not None
    assert spectrum.gate is not None
    gate_open = spectrum.gate.open_channels()
    assert 0 < gate_open.sum() < gate_open.numel()
    told = [line["gates_open"] for line in read_lines(run / METRICS)]
    assert told[0] > told[-1] == pytest.approx(float(gate_open.float().mean()))
    assert spectrum.gate.temperature < 1.0  # of 5 at first; it is averaged with the weights


@pytest.mark.long
def test_logits_on_real_clips_are_the_same(store: Store, run: Path, pruned: Path) -> None:
    before, after = model_of(run), model_of(pruned)
    sampling = load_run(run).config.sampling
    with torch.no_grad():
        for batch in Batches(store, np.arange(len(store)), sampling=sampling).epoch():
            torch.testing.assert_close(
                after(batch.x, batch.mask), before(batch.x, batch.mask), rtol=0, atol=1e-5
            )


def test_what_was_closed_is_not_computed(run: Path, pruned: Path) -> None:
    before, after = model_of(run), model_of(pruned)
    assert before.spectrum is not None
    assert before.spectrum.gate is not None
    assert after.spectrum is not None
    assert after.spectrum.gate is None
    gate_open = before.spectrum.gate.open_channels()
    assert after.spectrum.gather.in_features == int(gate_open.sum()) * 6
    assert len(after.spectrum.dct.frequencies) == int(gate_open.any(1).sum())
    assert not any("gate" in name for name in after.spectrum.state_dict())
    small, large = describe(after, frames=16), describe(before, frames=16)
    assert small.parameters < large.parameters
    assert small.macs < large.macs
    size = (pruned / "best.safetensors").stat().st_size
    assert size < (run / "best.safetensors").stat().st_size


def untrained(folder: Path, skeleton: Skeleton, **frequencies: Any) -> Path:
    config = config_from_dict(
        {
            "model": {"size": "nano", "frequencies": {"gate": "static", **frequencies}},
            "sampling": {"frames": 64, "persons": 2},
        }
    )
    weights = build_model(config.model, skeleton, 3).state_dict()
    write_run(folder / "best.safetensors", weights, config.as_dict(), skeleton, "abc")
    return folder


@pytest.mark.long
def test_seven_eighths_closed_are_smaller(tmp_path: Path) -> None:
    whole = untrained(tmp_path / "whole", KINECT_V2, dct_window=32)
    run = closed(whole, tmp_path / "run", 7 / 8)
    found = prune(run, tmp_path / "pruned")
    assert found.channels == (800, 100)
    assert found.frequencies == (32, 4)
    spectra = [model_of(tmp_path / name).spectrum for name in ("run", "pruned")]
    sizes = [sum(p.numel() for p in one.parameters()) for one in spectra if one is not None]
    assert found.parameters[0] - found.parameters[1] == sizes[0] - sizes[1] > 0
    assert found.macs[1] < found.macs[0]
    assert found.difference < 1e-5


@pytest.mark.long
def test_the_commands_use_it_like_any_other(store: Store, run: Path, tmp_path: Path) -> None:
    out = tmp_path / "small"
    result = ran("prune", run, "--out", out)
    for word in ("channels are left", "parameters", "MACs a clip", "ms a clip", "logits"):
        assert word in result.output
    accuracies = []
    for one in (run, out):
        result = ran("evaluate", one, "--data", store.path, "--json")
        accuracies.append(result.output.partition('"classes"')[2])
    assert accuracies[0] == accuracies[1]
    assert (out / METRICS).read_bytes() == (run / METRICS).read_bytes()
    ran("inspect-kernels", out)
    ran("inspect-head", out)
    line = refused("prune", out, "--out", tmp_path / "smaller")
    assert "only what a static gate has closed can be pruned: found no gate" in line


def test_what_cannot_be_pruned_is_told(run: Path, store: Store, tmp_path: Path) -> None:
    for share, message in ((0.0, "all channels are open"), (1.0, "all channels are closed")):
        with pytest.raises(SkelfuseError, match=message):
            prune(closed(run, tmp_path / f"{share}", share), tmp_path / "out")
    with pytest.raises(SkelfuseError, match="there is something already; choose another --out"):
        prune(run, run)
    plain = trained(
        store, tmp_path / "plain", replace(CONFIG, train=replace(CONFIG.train, epochs=1))
    )
    with pytest.raises(
        SkelfuseError, match=r"model\.frequencies\.dct_window=16 and model\.frequencies\.gate"
    ):
        prune(plain, tmp_path / "out")
    assert not (tmp_path / "out").exists()


@pytest.mark.long
def test_an_interrupted_run_with_gates_goes_on_to_the_same_bytes(
    store: Store, tmp_path: Path
) -> None:
    """The temperature follows from the share of training done, wherever it is entered."""
    from skelfuse.datasets.protocols import split
    from skelfuse.datasets.summary import clip_table
    from skelfuse.training import Step, Watcher, train

    class Stop(Watcher):
        def on_step(self, step: Step) -> None:
            if step.epoch == 2:
                raise KeyboardInterrupt

    choice = replace(GATED, options={"frequencies": {"dct_window": 8, "gate": "dynamic"}})
    config = replace(CONFIG, model=choice, train=replace(CONFIG.train, epochs=3))
    parts = split(clip_table(store), "official")
    train(config, store, parts, tmp_path / "whole", device="cpu")
    with pytest.raises(KeyboardInterrupt):
        train(config, store, parts, tmp_path / "cut", device="cpu", watcher=Stop())
    train(config, store, parts, tmp_path / "cut", device="cpu", resume=True)
    whole, cut = ((tmp_path / name / "last.safetensors").read_bytes() for name in ("whole", "cut"))
    assert whole == cut

"""A step as a graph gives what the step gives, or is not used; recorded here by a stand-in."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor

from helpers.moving_hand import configured, json_lines
from skelfuse.errors import SkelfuseError
from skelfuse.store import Store
from skelfuse.training import Watcher, train
from skelfuse.training.checkpoint import read_checkpoint
from skelfuse.training.config_file import config_from_dict
from skelfuse.training.graph import TRIAL, Replay, StepGraph


def again(step: Callable[[], list[Tensor]]) -> Replay:
    """Record nothing: do the step again, as a graph does, over the same inputs."""
    return step


class Walk:
    """A step with a state: it goes along by what it is given, and draws a random number."""

    def __init__(self) -> None:
        self.at = torch.zeros(3)
        self.places: list[int] = []  # where in memory the inputs were

    def __call__(self, inputs: list[Tensor]) -> list[Tensor]:
        x, rate = inputs
        self.places.append(x.data_ptr())
        self.at.add_(rate * x.mean(dim=0) + 0.1 * torch.rand(3))
        return [self.at.sum(), x.sum()]


def taken(walk: Walk, step: Callable[[list[Tensor]], list[Tensor]], rows: list[int]) -> Tensor:
    """Return the losses of steps of so many rows each, all different."""
    losses = []
    for i, count in enumerate(rows):
        torch.manual_seed(i)
        x = torch.randn(count, 3, generator=torch.Generator().manual_seed(i))
        losses.append(step([x, torch.tensor(1.0 / (i + 1))])[0].clone())
    return torch.stack([*losses, *walk.at])


ROWS = [4] * 5 + [3] + [4] * (TRIAL + 2) + [3] + [4] * 4


def test_replayed_over_changing_inputs_a_step_does_the_same() -> None:
    plain, walk, told = Walk(), Walk(), list[str]()
    graph = StepGraph(walk, lambda: [walk.at], told.append, capture=again)
    expected, found = taken(plain, plain, ROWS), taken(walk, graph, ROWS)
    torch.testing.assert_close(found, expected, rtol=0, atol=0)
    assert graph.graph is not None
    assert told == []
    replayed = walk.places[-4:]
    assert len(set(replayed)) == 1  # the inputs came to where they were recorded
    assert graph.graph.inputs[0].data_ptr() == replayed[0]


def test_results_are_not_written_over_by_the_next_step() -> None:
    shared = torch.zeros(())

    def step(inputs: list[Tensor]) -> list[Tensor]:
        return [shared.copy_(inputs[0].sum())]

    graph = StepGraph(step, lambda: [shared], lambda _: None, capture=again)
    results = [graph([torch.full((2,), float(i))])[0].clone() for i in range(TRIAL)]
    first, second = graph([torch.ones(2)])[0], graph([torch.ones(2) * 5])[0]
    assert len(results) == TRIAL
    assert (first.item(), second.item()) == (2.0, 10.0)


def frozen(step: Callable[[], list[Tensor]]) -> Replay:
    """Record what is wrong: the first results, whatever the inputs are."""
    results = [one.clone() for one in step()]
    return lambda: results


def refused(step: Callable[[], list[Tensor]]) -> Replay:
    step()  # as a warm-up does
    raise RuntimeError("operation not permitted when stream is capturing\nmore of it")


def wrong_numbers(step: Callable[[], list[Tensor]]) -> Replay:
    return lambda: [one * torch.nan for one in step()]


@pytest.mark.parametrize(
    ("capture", "reason"),
    [
        (frozen, "its losses differ by"),
        (refused, "this step cannot be: operation not permitted when stream is capturing"),
        (wrong_numbers, "its losses differ by nan"),
    ],
)
def test_where_it_does_not_the_run_goes_on_as_if_nothing_had_been_tried(
    capture: Callable[..., Replay], reason: str
) -> None:
    plain, walk, told = Walk(), Walk(), list[str]()
    graph = StepGraph(walk, lambda: [walk.at], told.append, capture=capture)
    expected, found = taken(plain, plain, ROWS), taken(walk, graph, ROWS)
    torch.testing.assert_close(found, expected, rtol=0, atol=0)
    assert graph.graph is None
    (line,) = told
    assert line.startswith(f"train.graph: steps are not recorded as a graph: {reason}")
    assert "\n" not in line


class Notes(Watcher):
    def __init__(self) -> None:
        self.notes: list[str] = []

    def on_note(self, text: str) -> None:
        self.notes.append(text)


@pytest.mark.export
@pytest.mark.parametrize("capture", [again, refused])
def test_a_training_by_graph_ends_where_the_plain_one_does(
    store: Store,
    parts: dict[str, Any],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capture: Callable[..., Replay],
) -> None:
    graphs: list[StepGraph] = []

    def graph(*given: Any) -> StepGraph:
        graphs.append(partial(StepGraph, capture=capture)(*given))
        return graphs[-1]

    settings: dict[str, Any] = {"epochs": 10, "validation": 0, "mixing": "mixup"}
    train(configured(**settings), store, parts, tmp_path / "plain", device="cpu")
    monkeypatch.setattr("skelfuse.training.experiment.why_not", lambda *_, **__: None)
    monkeypatch.setattr("skelfuse.training.loop.StepGraph", graph)
    notes = Notes()
    train(configured(**settings), store, parts, tmp_path / "graph", device="cpu", watcher=notes)
    (used,) = graphs
    assert (used.graph is not None) == (capture is again)
    assert len([note for note in notes.notes if "train.graph" in note]) == (capture is refused)
    found, expected = (
        [line["loss"] for line in json_lines(tmp_path / run / "metrics.jsonl")]
        for run in ("graph", "plain")
    )
    assert found == pytest.approx(expected, rel=1e-4)  # the rate is of single precision there
    one, other = (
        read_checkpoint(tmp_path / run / "last.safetensors")[1] for run in ("graph", "plain")
    )
    assert {*one} == {*other}
    # And from one kind to the other a run may be taken up.
    train(configured(**settings), store, parts, tmp_path / "plain", device="cpu", resume=True)


@pytest.mark.parametrize(
    ("settings", "reason"),
    [
        ({"graph": "on"}, "the device is no CUDA GPU"),
        ({"graph": "auto"}, None),
        ({"graph": "off"}, None),
    ],
)
def test_without_a_gpu_there_is_no_graph_and_one_line_says_so_if_it_was_asked_for(
    store: Store,
    parts: dict[str, Any],
    tmp_path: Path,
    settings: dict[str, Any],
    reason: str | None,
) -> None:
    notes = Notes()
    wanted = configured(epochs=1, **settings)
    train(wanted, store, parts, tmp_path, device="cpu", watcher=notes)
    told = [note for note in notes.notes if note.startswith("train.graph")]
    line = f"train.graph: steps are not recorded as a graph: {reason}"
    assert told == ([line] if reason else [])


@pytest.mark.parametrize(
    ("value", "expected"), [("auto", "auto"), ("on", "on"), (True, "on"), (False, "off")]
)
def test_on_and_off_may_be_written_as_yaml_reads_them(value: object, expected: str) -> None:
    assert config_from_dict({"train": {"graph": value}}).train.graph == expected


def test_another_word_is_an_error() -> None:
    with pytest.raises(SkelfuseError, match="one of auto, on, off"):
        config_from_dict({"train": {"graph": "maybe"}})


@pytest.mark.skipif(not torch.cuda.is_available(), reason="there is no CUDA device here")
def test_a_gpu_records_its_steps(store: Store, parts: dict[str, Any], tmp_path: Path) -> None:
    ends = []
    for choice in ("off", "on"):
        notes = Notes()
        wanted = configured(epochs=12, validation=0, graph=choice, precision="float32")
        train(wanted, store, parts, tmp_path / choice, device="cuda", watcher=notes)
        assert not [note for note in notes.notes if "train.graph" in note]
        ends.append(json_lines(tmp_path / choice / "metrics.jsonl")[-1]["loss"])
    assert ends[1] == pytest.approx(ends[0], rel=1e-3)

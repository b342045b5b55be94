"""A student comes to know its teacher, and nothing of the teacher stays behind."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import nn

from helpers.moving_hand import student
from skelfuse.batches import Batches
from skelfuse.models import SIZES, SkelFuse
from skelfuse.run import load_run
from skelfuse.store import Store
from skelfuse.training import (
    Distill,
    ModelChoice,
    Watcher,
    build_model,
    measure,
    train,
)
from skelfuse.training.checkpoint import BEST, LAST, read_checkpoint
from skelfuse.training.distributed import Team
from skelfuse.training.losses import softened_divergence

pytestmark = pytest.mark.training

Parts = dict[str, Any]


class Deeper(Watcher):
    """Collect what a run told of its epochs."""

    def __init__(self) -> None:
        self.epochs: list[dict[str, Any]] = []

    def on_epoch(self, metrics: dict[str, Any]) -> None:
        self.epochs.append(metrics)


@pytest.mark.long
def test_a_student_comes_to_know_its_teacher(
    teacher: Path, store: Store, parts: Parts, tmp_path: Path
) -> None:
    # Labels alone make a student sure: what it shares of the teacher's doubts, it was taught.
    fit: dict[str, Any] = {"epochs": 16, "learning_rate": 5e-3, "label_smoothing": 0}
    alone = student(**fit)
    taught = replace(alone, distill=Distill(str(teacher), logits=10.0, temperature=1.0))
    gaps, heard = {"alone": 0.0, "taught": 0.0}, Deeper()
    for seed in (0, 1):  # one student may be lucky
        for name, config in (("alone", alone), ("taught", taught)):
            out = tmp_path / f"{name} {seed}"
            train(replace(config, seed=seed), store, parts, out, watcher=heard)
            gaps[name] += gap_between(out, teacher, store, parts)
    assert gaps["taught"] < 0.5 * gaps["alone"]
    first, last = heard.epochs[16], heard.epochs[31]
    assert last["distill_features"] < first["distill_features"] - 0.1
    assert last["distill_logits"] < 0.5 * first["distill_logits"]
    assert not any(name.startswith("distill") for name in heard.epochs[0])


def gap_between(a: Path, b: Path, store: Store, parts: Parts) -> float:
    """Return the mean divergence of two runs' answers on clips that neither has seen."""
    first, second = load_run(a), load_run(b)
    (batch,) = Batches(store, parts["test"], sampling=first.config.sampling).epoch()
    with torch.no_grad():
        own, told = (run.model(batch.x, batch.mask) for run in (first, second))
    return softened_divergence(own, told, 1.0).mean().item()


@pytest.mark.long
def test_the_student_is_whole_without_its_teacher(
    teacher: Path, store: Store, parts: Parts, tmp_path: Path
) -> None:
    gone = Path(shutil.copytree(teacher, tmp_path / "gone"))
    train(student(gone, epochs=12, learning_rate=5e-3), store, parts, tmp_path / "s")
    shutil.rmtree(gone)
    run = load_run(tmp_path / "s")
    assert run.config.distill.teacher == str(gone)
    unseen = Batches(store, parts["test"], sampling=run.config.sampling)
    assert measure(run.model, unseen, Team(torch.device("cpu"))).accuracy > 0.9
    best, last = (read_checkpoint(tmp_path / "s" / name)[1] for name in (BEST, LAST))
    assert {name.split("/")[0] for name in best} == {"weight"}
    assert {name.split("/")[0] for name in last} == {"weight", "learning", "beside", "optimiser"}


@pytest.mark.export
@pytest.mark.usefixtures("exportable")
def test_nothing_of_the_motion_branch_is_in_a_students_graph(store: Store) -> None:
    def exported(choice: ModelChoice) -> tuple[torch.export.ExportedProgram, nn.Module]:
        torch.manual_seed(0)
        model = build_model(choice, store.skeleton, 3).eval()
        clips = torch.randn(2, 16, 1, 3, 3), torch.rand(2, 16, 1, 3) > 0.1
        return torch.export.export(model, clips), model

    graph, model = exported(student().model)
    with_motion, _ = exported(ModelChoice("skelfuse", "nano", {"fuse": False}))
    names = {name for name, _ in (*model.named_parameters(), *model.named_buffers())}
    assert not any(word in name for name in names for word in ("kernel", "taps", "frieren"))
    assert not any("kernels" in name for name in graph.state_dict | graph.constants)
    assert any("kernels" in name for name in with_motion.state_dict | with_motion.constants)
    nodes, nodes_with = (list(one.graph.nodes) for one in (graph, with_motion))
    assert not any("kernels" in str(node.meta.get("nn_module_stack")) for node in nodes)
    assert len(nodes) < len(nodes_with)


@pytest.mark.parametrize("fuse", [False, True])
def test_without_kernels_a_frame_is_told_by_itself(fuse: bool, store: Store) -> None:
    streams = ("joint", "bone")
    model = SkelFuse(store.skeleton, 3, size=SIZES["nano"], scales=(), fuse=fuse, streams=streams)
    x = torch.randn(2, 10, 1, 3, 3)
    features = model.features_of(model.fold(x)).values  # [R,T,N,F]
    assert features.shape == (2, 10, 3, 6)
    torch.testing.assert_close(features[..., :3], x[:, :, 0, list(model.fold.order)])
    other = x.clone()
    other[:, 4] = 7.0
    moved = (model.features_of(model.fold(other)).values != features).flatten(2).any(dim=2)
    assert moved.nonzero()[:, 1].unique().tolist() == [4]

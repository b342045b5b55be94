"""A student learns from a teacher: the loss is what it says, and nothing of it stays behind."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from math import log, pi
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from skelfuse.batches import Batches, Sampling
from skelfuse.cli import main
from skelfuse.errors import SkelfuseError
from skelfuse.models import MODELS, SIZES, SkelFuse
from skelfuse.run import load_run
from skelfuse.skeleton import Skeleton
from skelfuse.store import Store
from skelfuse.training import (
    Distill,
    ModelChoice,
    Step,
    TrainConfig,
    Watcher,
    build_model,
    measure,
    train,
)
from skelfuse.training.checkpoint import BEST, LAST, read_checkpoint
from skelfuse.training.distill import (
    LEAST_VARIANCE,
    FeatureBound,
    gaussian_log_likelihood,
    softened_divergence,
)
from skelfuse.training.distributed import Team
from skelfuse.training.teacher import Teacher, load_teacher

ROOT = Path(__file__).resolve().parents[2]
STUDENT = ModelChoice("skelfuse", "nano", {"scales": (), "fuse": False})
Configured = Callable[..., TrainConfig]
Lines = Callable[[Path], list[dict[str, Any]]]
Parts = dict[str, Any]


def taught_by(teacher: Path, config: TrainConfig, **weights: float) -> TrainConfig:
    return replace(config, distill=Distill(str(teacher), **weights))


@pytest.fixture(scope="module")
def teacher(
    store: Store,
    parts: Parts,
    configured: Configured,
    tmp_path_factory: pytest.TempPathFactory,
) -> Path:
    """Return a run with motion kernels and FrierenFuse, which has learned to doubt."""
    folder = tmp_path_factory.mktemp("teacher") / "t"
    fit = {"epochs": 8, "learning_rate": 5e-3, "label_smoothing": 0.4}
    config = configured(ModelChoice("skelfuse", "tiny"), **fit)
    train(config, store, parts, folder)
    return folder


# What the loss is.


def test_the_likelihood_is_the_gaussians() -> None:
    value, mean = torch.tensor([[1.0, -2.0], [0.5, 0.0]]), torch.tensor([[0.0, 1.0], [0.5, 0.0]])
    variance = torch.tensor([2.0, 9.0])
    found = gaussian_log_likelihood(value, mean, variance)
    normal = -0.5 * (log(2 * pi * 2) + log(2 * pi * 9)) / 2
    by_hand = [normal - 0.5 * (1 / 2 + 9 / 9) / 2, normal]
    torch.testing.assert_close(found, torch.tensor(by_hand))


def test_the_divergence_is_that_of_softened_probabilities() -> None:
    teacher, student = torch.tensor([[2.0, 0.0, 0.0]]), torch.tensor([[0.0, 2.0, 0.0]])
    for temperature in (1.0, 2.0, 5.0):
        p, q = (np.exp(one[0].double().numpy() / temperature) for one in (teacher, student))
        p, q = p / p.sum(), q / q.sum()
        by_hand = temperature**2 * (p * np.log(p / q)).sum()
        found = softened_divergence(student, teacher, temperature)
        torch.testing.assert_close(found, torch.tensor([by_hand], dtype=torch.float32))
    assert softened_divergence(teacher, teacher + 3, 4.0).abs().max() < 1e-6


def test_the_bound_stays_below_the_mutual_information_and_comes_near() -> None:
    """For t = s + noise the information is ½·log(1 + signal/noise), and t's entropy is known."""
    torch.manual_seed(0)
    signal, noise = 1.0, 0.25
    bound = FeatureBound(evidence=1, features=1)
    optimiser = torch.optim.Adam(bound.parameters(), lr=0.02)
    for _ in range(300):
        s = signal**0.5 * torch.randn(512, 1)
        loss = -bound(s, s + noise**0.5 * torch.randn_like(s)).mean()
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
    entropy = 0.5 * log(2 * pi * (signal + noise)) + 0.5
    information = 0.5 * log(1 + signal / noise)
    s = signal**0.5 * torch.randn(200_000, 1)
    with torch.no_grad():
        reached = entropy + bound(s, s + noise**0.5 * torch.randn_like(s)).mean().item()
    assert information - 0.05 < reached < information + 0.01
    assert bound.variance().item() == pytest.approx(noise, abs=0.04)


def test_a_feature_that_never_varies_is_worth_no_more_than_the_least_variance() -> None:
    bound = FeatureBound(evidence=2, features=1)
    with torch.no_grad():
        bound.raw.fill_(-100.0)
        bound.mean.linear.weight.zero_()
        bound.mean.linear.bias.fill_(3.0)
    told = bound(torch.randn(4, 2), torch.full((4, 1), 3.0))
    torch.testing.assert_close(told, torch.full((4,), -0.5 * log(2 * pi * LEAST_VARIANCE)))


# What a student is, and what it becomes.


class Deeper(Watcher):
    """Collect what a run told of its epochs."""

    def __init__(self) -> None:
        self.epochs: list[dict[str, Any]] = []

    def on_epoch(self, metrics: dict[str, Any]) -> None:
        self.epochs.append(metrics)


def test_a_student_comes_to_know_its_teacher(
    teacher: Path, store: Store, parts: Parts, tmp_path: Path, configured: Configured
) -> None:
    # Labels alone make a student sure: what it shares of the teacher's doubts, it was taught.
    config = configured(STUDENT, epochs=16, learning_rate=5e-3, label_smoothing=0)
    gaps, heard = {}, Deeper()
    for name, choice in (
        ("alone", config),
        ("taught", taught_by(teacher, config, logits=10.0, temperature=1.0)),
    ):
        train(choice, store, parts, tmp_path / name, watcher=heard)
        gaps[name] = gap_between(tmp_path / name, teacher, store, parts)
    assert gaps["taught"] < 0.5 * gaps["alone"]
    first, last = heard.epochs[16], heard.epochs[-1]
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


def test_the_student_is_whole_without_its_teacher(
    teacher: Path, store: Store, parts: Parts, tmp_path: Path, configured: Configured
) -> None:
    gone = Path(shutil.copytree(teacher, tmp_path / "gone"))
    config = configured(STUDENT, epochs=12, learning_rate=5e-3)
    train(taught_by(gone, config), store, parts, tmp_path / "s")
    shutil.rmtree(gone)
    run = load_run(tmp_path / "s")
    assert run.config.distill.teacher == str(gone)
    unseen = Batches(store, parts["test"], sampling=run.config.sampling)
    assert measure(run.model, unseen, Team(torch.device("cpu"))).accuracy > 0.9
    best, last = (read_checkpoint(tmp_path / "s" / name)[1] for name in (BEST, LAST))
    assert {name.split("/")[0] for name in best} == {"weight"}
    assert {name.split("/")[0] for name in last} == {"weight", "learning", "beside", "optimiser"}


def test_nothing_of_the_motion_branch_is_in_a_students_graph(store: Store) -> None:
    def exported(choice: ModelChoice) -> tuple[torch.export.ExportedProgram, nn.Module]:
        torch.manual_seed(0)
        model = build_model(choice, store.skeleton, 3).eval()
        clips = torch.randn(2, 16, 1, 3, 3), torch.rand(2, 16, 1, 3) > 0.1
        return torch.export.export(model, clips), model

    graph, model = exported(STUDENT)
    with_motion, _ = exported(ModelChoice("skelfuse", "nano", {"fuse": False}))
    names = {name for name, _ in (*model.named_parameters(), *model.named_buffers())}
    assert not any(word in name for name in names for word in ("kernel", "taps", "frieren"))
    assert not any("kernels" in name for name in graph.state_dict | graph.constants)
    nodes, nodes_with = (list(one.graph.nodes) for one in (graph, with_motion))
    assert not any("kernels" in str(node.meta.get("nn_module_stack")) for node in nodes)
    assert any("kernels" in str(node.meta.get("nn_module_stack")) for node in nodes_with)
    assert len(nodes) < len(nodes_with)


@pytest.mark.parametrize("fuse", [False, True])
def test_without_kernels_a_frame_knows_of_no_other_before_the_mixer(
    fuse: bool, store: Store
) -> None:
    model = SkelFuse(store.skeleton, 3, size=SIZES["nano"], scales=(), fuse=fuse, partner=False)
    x, mask = torch.randn(2, 9, 3, 3), torch.rand(2, 9, 3) > 0.2
    x = x.masked_fill(~mask[..., None], torch.nan)
    features = model.streams(x, mask)  # [B,T,N,S]
    assert features.shape == (2, 9, 3, 6)
    torch.testing.assert_close(features[..., :3], x.nan_to_num(0.0))
    other = x.clone()
    other[:, 4] = 7.0
    seen = mask.clone()
    seen[:, 4] = True
    moved = (model.streams(other, seen) != features).flatten(2).any(dim=2)  # [B,T]
    assert moved.nonzero()[:, 1].unique().tolist() == [4]
    weight = torch.randn(5, 6)
    torch.testing.assert_close(model.streams.mapped(x, mask, weight), features @ weight.T)


# What a run with a teacher promises as every run does.


def test_the_teacher_sees_the_very_clips_of_the_student_and_stays_as_it_is(
    teacher: Path, store: Store, parts: Parts, tmp_path: Path, configured: Configured
) -> None:
    given: list[tuple[Tensor, Tensor]] = []
    modes: list[bool] = []

    def look(module: nn.Module, inputs: tuple[Tensor, ...]) -> None:
        if type(module).__name__ == "SkelFuse":
            modes.append(module.training)
            given.append((inputs[0].clone(), inputs[1].clone()))

    students: list[Tensor] = []  # a student is asked for its evidence, without a call
    evidence = SkelFuse.evidence

    def heard(self: SkelFuse, x: Tensor, mask: Tensor | None = None) -> Any:
        if self.training:
            students.append(x.clone())
        return evidence(self, x, mask)

    before = (teacher / LAST).read_bytes()
    hook = nn.modules.module.register_module_forward_pre_hook(look)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(SkelFuse, "evidence", heard)
        config = configured(STUDENT, epochs=2, mixing="mixup", validation=0)
        train(taught_by(teacher, config), store, parts, tmp_path / "s")
    hook.remove()
    assert len(students) == len(given) == 6
    assert not any(modes)
    for (x, _), own in zip(given, students, strict=True):
        assert torch.equal(x, own)
    assert (teacher / LAST).read_bytes() == before


@pytest.mark.parametrize(
    "fit",
    [
        {"mixing": "mixup"},
        {"mixing": "cutmix", "accumulate": 2},
        {"precision": "bfloat16", "average": 0},
    ],
)
def test_every_way_of_training_can_be_taught(
    fit: dict[str, Any],
    teacher: Path,
    store: Store,
    parts: Parts,
    tmp_path: Path,
    configured: Configured,
) -> None:
    config = configured(STUDENT, learning_rate=5e-3, **fit)
    result = train(taught_by(teacher, config), store, parts, tmp_path / "s")
    assert result.metrics["validation_accuracy"] > 0.9


@pytest.mark.parametrize("name", sorted(MODELS))
def test_any_model_teaches_what_its_classifier_decides_on(name: str, store: Store) -> None:
    torch.manual_seed(0)
    model = build_model(ModelChoice(name), store.skeleton, 3).eval()
    x, mask = torch.randn(2, 16, 1, 3, 3), torch.rand(2, 16, 1, 3) > 0.1
    expected = model(x, mask)
    teacher = Teacher(model, columns=(2, 0, 1), sha256="")
    said = teacher(x, mask)
    assert said.features.shape == (2, teacher.features)
    assert not said.logits.requires_grad
    torch.testing.assert_close(said.logits, expected[:, [2, 0, 1]])
    classifier = model.classifier
    assert isinstance(classifier, nn.Linear)
    voters = getattr(classifier, "voters", 1)
    found = said.features @ classifier.weight.T / voters + classifier.bias
    torch.testing.assert_close(found, expected)


def test_classes_are_matched_by_name(
    teacher: Path, store: Store, parts: Parts, monkeypatch: pytest.MonkeyPatch
) -> None:
    (batch,) = Batches(store, parts["test"], sampling=Sampling(frames=16)).epoch()
    said = load_teacher(str(teacher), Sampling(frames=16), store, torch.device("cpu"))
    plain = said(batch.x, batch.mask)
    monkeypatch.setattr(store, "class_names", store.class_names[::-1])
    turned = load_teacher(str(teacher), Sampling(frames=16), store, torch.device("cpu"))
    torch.testing.assert_close(turned(batch.x, batch.mask).logits, plain.logits.flip(1))


class Stop(Watcher):
    """Break off in the middle of an epoch, as late as a checkpoint allows."""

    def on_step(self, step: Step) -> None:
        if (step.epoch, step.batch) == (2, 3):
            raise KeyboardInterrupt


@pytest.mark.parametrize("average", [0.999, 0.0])
def test_a_taught_run_resumes_bit_for_bit(
    average: float,
    teacher: Path,
    store: Store,
    parts: Parts,
    tmp_path: Path,
    configured: Configured,
) -> None:
    fit = {"epochs": 2, "checkpoint_minutes": 1e-9, "mixing": "mixup", "average": average}
    config = taught_by(teacher, configured(STUDENT, batch_size=8, **fit))
    train(config, store, parts, tmp_path / "whole")
    with pytest.raises(KeyboardInterrupt):
        train(config, store, parts, tmp_path / "broken", watcher=Stop())
    assert read_checkpoint(tmp_path / "broken" / LAST)[0]["batch"] == 2
    train(None, store, parts, tmp_path / "broken", resume=True)
    whole, broken = ((tmp_path / run / LAST).read_bytes() for run in ("whole", "broken"))
    assert whole == broken


def test_what_cannot_teach_is_told(
    teacher: Path,
    store: Store,
    parts: Parts,
    tmp_path: Path,
    configured: Configured,
    make_store: Callable[..., Store],
) -> None:
    config = configured(STUDENT, epochs=1)

    def told(choice: TrainConfig, of: Store = store) -> str:
        with pytest.raises(SkelfuseError) as error:
            train(choice, of, parts, tmp_path / "s")
        assert not (tmp_path / "s").exists()
        return str(error.value)

    missing = told(taught_by(tmp_path / "none", config))
    assert "none: the teacher (distill.teacher): no such run; name a run's folder" in missing
    frames = told(taught_by(teacher, replace(config, sampling=Sampling(frames=24))))
    assert "the teacher was trained with another sampling.frames: expected 16, found 24" in frames
    assert "--set sampling.frames=16" in frames
    drawn = Sampling(frames=16, crop=(0.5, 1.0), jitter=0.2)  # how clips are drawn may differ
    train(taught_by(teacher, replace(config, sampling=drawn)), store, parts, tmp_path / "drawn")
    twig = Skeleton("twig", joints=("a", "b"), bones=(("b", "a"),), root="a")
    other = told(taught_by(teacher, config), make_store(tmp_path / "twig.h5", skeleton=twig))
    assert "another skeleton" in other
    assert "expected twig, joints a, b, found arm, joints shoulder, elbow, hand" in other
    few = make_store(tmp_path / "few.h5", clips=2)
    with pytest.raises(SkelfuseError, match=r"other classes.*not in both: along z"):
        train(taught_by(teacher, config), few, {"train": np.arange(2)}, tmp_path / "s")
    ddnet = configured(ModelChoice("ddnet", options={"filters": 8}), epochs=1)
    assert "expected model.name skelfuse or pure, found ddnet" in told(taught_by(teacher, ddnet))


@pytest.mark.parametrize("weights", [{"logits": -1.0}, {"features": -0.1}, {"temperature": 0.0}])
def test_weights_that_cannot_be_are_told(weights: dict[str, float]) -> None:
    with pytest.raises(SkelfuseError, match=f"'{next(iter(weights))}' is out of range"):
        Distill("t", **weights)


def test_another_teacher_in_its_place_is_told(
    teacher: Path, store: Store, parts: Parts, tmp_path: Path, configured: Configured
) -> None:
    shutil.copytree(teacher, tmp_path / "t")
    config = taught_by(tmp_path / "t", configured(STUDENT, epochs=1))
    train(config, store, parts, tmp_path / "s")
    train(config, store, parts, tmp_path / "s", resume=True)
    shutil.rmtree(tmp_path / "t")
    train(configured(ModelChoice("pure"), epochs=1), store, parts, tmp_path / "t")
    with pytest.raises(SkelfuseError, match="the teacher is not as it was when the run began"):
        train(config, store, parts, tmp_path / "s", resume=True)


# As a person calls it.


def command(store: Store, out: Path, *more: str) -> list[str]:
    return [
        "train",
        f"--data={store.path}",
        f"--out={out}",
        "--protocol=loso:1",
        "--device=cpu",
        "--set=model={name: skelfuse, size: nano, scales: [], fuse: false, dropout: 0}",
        "--set=model.evidence_dropout=0",
        "--set=sampling.frames=16",
        "--set=augment={rotate: [0.3, 0.3, 0.3], noise: 0.01}",
        "--set=train.batch_size=8",
        *more,
    ]


@pytest.mark.slow
def test_a_killed_student_resumes_to_the_same_bytes(
    teacher: Path, store: Store, tmp_path: Path
) -> None:
    settings = (
        f"--set=distill.teacher={teacher}",
        "--set=train.epochs=12",
        "--set=train.checkpoint_minutes=0.0001",
    )
    main(command(store, tmp_path / "whole", *settings), standalone_mode=False)
    out = tmp_path / "killed"
    begin = [sys.executable, "-m", "skelfuse.cli", *command(store, out, *settings)]
    process = subprocess.Popen(begin, cwd=ROOT, stderr=subprocess.DEVNULL)
    while not (out / LAST).exists() and process.poll() is None:
        time.sleep(0.002)
    time.sleep(0.1)
    process.send_signal(signal.SIGKILL)
    assert process.wait() == -signal.SIGKILL, "it was over before it could be killed"
    main(command(store, out, *settings, "--resume"), standalone_mode=False)
    assert (out / LAST).read_bytes() == (tmp_path / "whole" / LAST).read_bytes()


@pytest.mark.slow
def test_two_processes_are_taught_as_one_is(
    teacher: Path, store: Store, lines: Lines, tmp_path: Path
) -> None:
    settings = (f"--set=distill.teacher={teacher}", "--set=train.epochs=4")
    one, two = tmp_path / "one", tmp_path / "two"
    main(command(store, one, *settings), standalone_mode=False)
    launch = ["torch.distributed.run", "--standalone", "--nproc-per-node=2", "--max-restarts=0"]
    done = subprocess.run(
        [sys.executable, "-m", *launch, "-m", "skelfuse.cli", *command(store, two, *settings)],
        cwd=ROOT,
        env={**os.environ, "OMP_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    for a, b in zip(*(lines(run / "metrics.jsonl") for run in (one, two)), strict=True):
        for key in ("loss", "distill_features", "distill_logits"):
            assert b[key] == pytest.approx(a[key], rel=1e-3), key
    # Biases before a normalisation have no gradient but noise, and their averages follow it.
    (_, weights), (_, shared) = (read_checkpoint(run / LAST) for run in (one, two))
    learned = [name for name in weights if name.startswith(("weight/", "beside/"))]
    for name in learned:
        if name.endswith((".weight", "/raw")):
            torch.testing.assert_close(shared[name], weights[name], rtol=0.02, atol=2e-3, msg=name)

"""What `evaluate` finds for a run that was really trained, alone and with others."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
import torch

from helpers import trained_run
from skelfuse.batches import Batches
from skelfuse.datasets.protocols import split
from skelfuse.datasets.summary import clip_table
from skelfuse.errors import SkelfuseError
from skelfuse.evaluation import Evaluation, evaluate, report_text
from skelfuse.models import SkelFuse
from skelfuse.run import Run, load_run
from skelfuse.store import Store
from skelfuse.training import Fit, ModelChoice

pytestmark = pytest.mark.training


@pytest.fixture(scope="module")
def plain(run: Run, store: Store, test_part: npt.NDArray[np.intp]) -> Evaluation:
    return evaluate([run], store, test_part)


def renumbered(facts: dict[str, Any], tensors: dict[str, torch.Tensor]) -> None:
    """Number the classes the other way round, and the classifier's rows with them."""
    facts["class_names"] = facts["class_names"][::-1]
    for path in ("own", "together"):
        for part in ("weight", "bias"):
            name = f"weight/{path}_classifier.{part}"
            tensors[name] = tensors[name].flip(0)


@pytest.mark.long
def test_the_numbers_are_those_of_a_plain_loop(
    run: Run, store: Store, test_part: npt.NDArray[np.intp], plain: Evaluation
) -> None:
    batches = Batches(store, test_part, sampling=trained_run.CONFIG.sampling, batch_size=1)
    right, names = [], []
    with torch.no_grad():
        for batch in batches.epoch():
            logits = run.model(batch.x, batch.mask)
            right.append(bool(logits.argmax() == batch.label))
            names.append(store.names[int(batch.index)])
    assert plain.metrics.clips == len(right) == len(test_part)
    assert plain.metrics.top1 == pytest.approx(np.mean(right))
    assert plain.metrics.top1 > 0.5, "the run has learned nothing: these tests would prove little"
    assert list(plain.names) == names
    assert ((plain.prediction == plain.label) == right).all()
    np.testing.assert_allclose(plain.probability.sum(axis=1), 1)
    assert plain.interval.low <= plain.metrics.top1 <= plain.interval.high
    assert plain.subjects == 5
    assert plain.subject_interval is not None
    assert plain.notes == ()


def test_the_order_of_clips_means_nothing(
    run: Run, store: Store, test_part: npt.NDArray[np.intp], plain: Evaluation
) -> None:
    shuffled = evaluate([run], store, np.random.default_rng(0).permutation(test_part))
    assert shuffled.test == plain.test
    assert shuffled.interval == plain.interval
    assert shuffled.subject_interval == plain.subject_interval
    for name, value in vars(plain.metrics).items():
        assert getattr(shuffled.metrics, name) == pytest.approx(value, abs=1e-6)


def test_the_order_of_joints_means_nothing(
    folder: Path, tmp_path: Path, run: Run, plain: Evaluation
) -> None:
    body = replace(
        trained_run.BODY.permuted((4, 2, 0, 3, 1)), name="mine", bones=trained_run.BODY.bones[::-1]
    )
    clips = [trained_run.clip(i, a, body) for a in range(6) for i in range(24)]
    other = Store(trained_run.written(tmp_path / "store.h5", clips))
    assert other.skeleton.joints != run.skeleton.joints
    indices = split(clip_table(other), "official")["test"]
    np.testing.assert_allclose(
        evaluate([run], other, indices).probability, plain.probability, atol=1e-5
    )


def test_the_order_of_classes_means_nothing(
    folder: Path, tmp_path: Path, store: Store, test_part: npt.NDArray[np.intp], plain: Evaluation
) -> None:
    other = load_run(trained_run.rewritten(folder / "run", tmp_path / "other", renumbered))
    found = evaluate([other], store, test_part)
    for name, value in vars(plain.metrics).items():
        assert getattr(found.metrics, name) == pytest.approx(value, abs=1e-6)
    assert found.class_names == plain.class_names[::-1]
    both = evaluate([load_run(folder / "run"), other], store, test_part)
    np.testing.assert_allclose(both.probability, plain.probability, atol=1e-6)


def test_an_ensemble_is_the_mean_of_its_runs(
    folder: Path, run: Run, store: Store, test_part: npt.NDArray[np.intp], plain: Evaluation
) -> None:
    np.testing.assert_array_equal(
        evaluate([run, run], store, test_part).probability, plain.probability
    )
    config = replace(
        trained_run.CONFIG, model=ModelChoice("skelfuse", "pure"), train=Fit(epochs=1, validation=0)
    )
    other = load_run(trained_run.trained(store, folder / "pure", config))
    alone = evaluate([other], store, test_part)
    assert np.abs(alone.probability - plain.probability).max() > 0.01
    np.testing.assert_allclose(
        evaluate([run, other], store, test_part).probability,
        (plain.probability + alone.probability) / 2,
        atol=1e-12,
    )
    assert alone.own_share == 1  # there is no other path
    assert plain.own_share is not None
    together = evaluate([run, other], store, test_part).own_share
    assert together == pytest.approx((plain.own_share + 1) / 2)


def test_the_share_of_joints_by_themselves_is_the_mean_over_the_clips(
    run: Run, store: Store, test_part: npt.NDArray[np.intp], plain: Evaluation
) -> None:
    assert isinstance(run.model, SkelFuse)
    each = []
    for batch in Batches(store, test_part, sampling=trained_run.CONFIG.sampling).epoch():
        with torch.no_grad():
            own, together = run.model.paths(run.model.features(batch.x, batch.mask))
        for mine, ours in zip(own.double(), together.double(), strict=True):
            first, second = (mine + ours).argsort(descending=True)[:2].tolist()
            parts = [float(abs(part[first] - part[second])) for part in (mine, ours)]
            each.append(parts[0] / sum(parts))
    assert plain.own_share == pytest.approx(np.mean(each), abs=1e-4)
    assert plain.as_dict()["own_share"] == plain.own_share
    assert f"joints by themselves {plain.own_share:7.2%}" in report_text(plain)


def test_a_model_without_paths_says_nothing_of_them(plain: Evaluation) -> None:
    silent = replace(plain, own_share=None)
    assert "by themselves" not in report_text(silent)
    assert silent.as_dict()["own_share"] is None


def test_crops_are_averaged(
    run: Run, store: Store, test_part: npt.NDArray[np.intp], plain: Evaluation
) -> None:
    one = evaluate([run], store, test_part, crops=1)
    np.testing.assert_array_equal(one.probability, plain.probability)
    three = evaluate([run], store, test_part[:7], crops=3)
    batches = Batches(store, test_part[:7], sampling=trained_run.CONFIG.sampling, crops=3)
    with torch.no_grad():
        (batch,) = batches.epoch()
        each = run.model(batch.x, batch.mask).double().softmax(1).view(7, 3, 6)
    assert (each[:, 0] - each[:, 1]).abs().max() > 1e-4
    np.testing.assert_allclose(three.probability, each.mean(dim=1), atol=1e-6)


def test_crops_of_whole_clips_are_refused(folder: Path, tmp_path: Path, store: Store) -> None:
    def whole(facts: dict[str, Any], tensors: dict[str, torch.Tensor]) -> None:
        facts["config"]["sampling"]["crop"] = [1.0, 1.0]

    run = load_run(trained_run.rewritten(folder / "run", tmp_path / "whole", whole))
    with pytest.raises(SkelfuseError, match="3 crops of whole clips are all the same"):
        evaluate([run], store, [0, 1], crops=3)


def test_an_evaluation_needs_a_run(store: Store) -> None:
    with pytest.raises(SkelfuseError, match="needs a run"):
        evaluate([], store, [0])

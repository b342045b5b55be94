"""Metrics against numbers worked out by hand and against plain loops; intervals that cover."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from skelfuse.arrays import Array
from skelfuse.errors import SkelfuseError
from skelfuse.evaluation.bootstrap import bootstrap_interval
from skelfuse.evaluation.confusion_plot import draw_confusion
from skelfuse.evaluation.metrics import (
    IntArray,
    calibration_error,
    confusion_matrix,
    metrics,
    per_class,
    ranks,
    worst_confusions,
)

seeds = st.integers(0, 2**32 - 1)


def drawn(seed: int, classes: int | None = None) -> tuple[Array, IntArray]:
    """Return probabilities with ties in them, and labels in which a class may be missing."""
    draw = np.random.default_rng(seed)
    K = classes or int(draw.integers(1, 9))
    C = int(draw.integers(1, 60))
    scores = draw.integers(1, 6, (C, K)).astype(float)
    label = draw.integers(0, max(1, K - int(draw.integers(0, 2))), C)
    return scores / scores.sum(axis=1, keepdims=True), label


def test_by_hand() -> None:
    probability = np.array(
        [
            [0.9, 0.1, 0.0],  # sit, taken for sit
            [0.2, 0.7, 0.1],  # sit, taken for stand
            [0.1, 0.6, 0.3],  # stand, taken for stand
            [0.3, 0.5, 0.2],  # wave, taken for stand
        ]
    )
    label = np.array([0, 0, 1, 2])
    found = metrics(probability, label)
    assert found.clips == 4
    assert found.top1 == 2 / 4
    assert found.top5 is None
    assert found.mean_class_accuracy == pytest.approx((1 / 2 + 1 + 0) / 3)
    # sit: precision 1, recall 1/2; stand: precision 1/3, recall 1; wave: nothing right
    assert found.macro_f1 == pytest.approx((2 / 3 + 1 / 2 + 0) / 3)
    # All four confidences lie in different fifteenths: |0.9-1|, |0.7-0|, |0.6-1|, |0.5-0|
    assert found.calibration_error == pytest.approx((0.1 + 0.7 + 0.4 + 0.5) / 4)
    confusion = confusion_matrix(label, probability.argmax(axis=1), 3)
    assert confusion.tolist() == [[1, 1, 0], [0, 1, 0], [0, 1, 0]]
    table = per_class(confusion)
    np.testing.assert_allclose(table.precision, [1, 1 / 3, np.nan])
    np.testing.assert_allclose(table.recall, [0.5, 1, 0])
    assert table.support.tolist() == [2, 1, 1]
    # Equal numbers of clips: the larger share of its class goes first.
    names = ["sit", "stand", "wave"]
    pairs = [(pair.label, pair.prediction) for pair in worst_confusions(confusion, names)]
    assert pairs == [("wave", "stand"), ("sit", "stand")]


@given(seeds)
def test_against_plain_loops(seed: int) -> None:
    probability, label = drawn(seed)
    C, K = probability.shape
    order = [[k for _, k in sorted((-p, k) for k, p in enumerate(row))] for row in probability]
    found = metrics(probability, label)
    prediction = [places[0] for places in order]
    assert prediction == probability.argmax(axis=1).tolist()
    assert ranks(probability, label).tolist() == [
        o.index(t) for o, t in zip(order, label, strict=True)
    ]
    assert found.top1 == pytest.approx(
        np.mean([o[0] == t for o, t in zip(order, label, strict=True)])
    )
    if K > 5:
        assert found.top5 == pytest.approx(
            np.mean([t in o[:5] for o, t in zip(order, label, strict=True)])
        )
    else:
        assert found.top5 is None
    recalls, f1s = [], []
    for k in range(K):
        right = sum(p == t == k for p, t in zip(prediction, label, strict=True))
        true, guessed = int((label == k).sum()), prediction.count(k)
        recalls += [right / true] if true else []
        f1s += [2 * right / (true + guessed)] if true + guessed else []
    assert found.mean_class_accuracy == pytest.approx(np.mean(recalls))
    assert found.macro_f1 == pytest.approx(np.mean(f1s))
    error = 0.0
    confidence = probability.max(axis=1)
    for b in range(15):
        inside = [i for i in range(C) if b / 15 < confidence[i] <= (b + 1) / 15]
        if inside:
            accuracy = np.mean([prediction[i] == label[i] for i in inside])
            error += len(inside) / C * abs(accuracy - confidence[inside].mean())
    assert found.calibration_error == pytest.approx(error)


@given(seeds)
def test_the_order_of_clips_and_of_classes_means_nothing(seed: int) -> None:
    probability, label = drawn(seed)
    probability += np.random.default_rng(seed).random(probability.shape) * 1e-6  # no ties
    draw = np.random.default_rng(seed + 1)
    clips, classes = draw.permutation(len(label)), draw.permutation(probability.shape[1])
    shuffled = metrics(probability[clips], label[clips])
    renamed = metrics(probability[:, classes], np.argsort(classes)[label])
    for name, value in vars(metrics(probability, label)).items():
        for other in (shuffled, renamed):
            assert getattr(other, name) == (None if value is None else pytest.approx(value))


@given(st.integers(1, 9), st.integers(1, 40))
def test_perfect_predictions(classes: int, clips: int) -> None:
    label = np.arange(clips) % classes
    found = metrics(np.eye(classes)[label], label)
    assert (found.top1, found.mean_class_accuracy, found.macro_f1) == (1, 1, 1)
    assert found.calibration_error == 0
    assert found.top5 == (1 if classes > 5 else None)
    assert worst_confusions(confusion_matrix(label, label, classes), [""] * classes) == []


def test_calibration_sees_over_and_under_confidence() -> None:
    right = np.arange(1000) % 4 > 0  # 75 % of them
    for confidence in (0.4, 0.75, 1.0):
        said = np.full(1000, confidence)
        assert calibration_error(said, right) == pytest.approx(abs(confidence - 0.75))


@pytest.mark.parametrize(("rows", "label"), [(0, []), (2, [0]), (1, [3]), (1, [-1])], ids=str)
def test_what_cannot_be_measured(rows: int, label: list[int]) -> None:
    with pytest.raises(SkelfuseError, match=r"expected .* found"):
        metrics(np.full((rows, 3), 1 / 3), np.array(label, np.int64))


def test_the_interval_is_that_of_clips_drawn_again() -> None:
    right = np.random.default_rng(5).random(80) < 0.7
    again = np.random.default_rng(6).integers(0, 80, (20_000, 80))
    low, high = np.quantile(right[again].mean(axis=1), [0.025, 0.975])
    interval = bootstrap_interval(right)
    assert interval.low == pytest.approx(low, abs=1 / 80)
    assert interval.high == pytest.approx(high, abs=1 / 80)
    assert bootstrap_interval(right[::-1]) == interval
    assert bootstrap_interval(right, seed=1) == pytest.approx(interval, abs=1.01 / 80)


def test_the_interval_is_that_of_people_drawn_again() -> None:
    draw = np.random.default_rng(5)
    people = draw.integers(0, 12, 300)
    right = draw.random(300) < np.linspace(0.3, 1, 12)[people]  # some do better than others
    drawn_again = []
    for _ in range(4000):
        taken = np.concatenate([np.flatnonzero(people == p) for p in draw.integers(0, 12, 12)])
        drawn_again.append(right[taken].mean())
    names = [f"s{p}" for p in people]
    interval = bootstrap_interval(right, names)
    assert interval == pytest.approx(tuple(np.quantile(drawn_again, [0.025, 0.975])), abs=0.01)
    over_clips = bootstrap_interval(right)
    assert interval.high - interval.low > 1.5 * (over_clips.high - over_clips.low)
    shuffle = draw.permutation(300)
    assert bootstrap_interval(right[shuffle], [names[i] for i in shuffle]) == interval


def test_the_interval_covers_and_shrinks() -> None:
    draw = np.random.default_rng(0)
    widths = {}
    for clips in (100, 400, 1600):
        covered, width = 0, []
        for _ in range(300):
            low, high = bootstrap_interval(draw.random(clips) < 0.8, draws=1000)
            covered += low <= 0.8 <= high
            width.append(high - low)
        assert 0.90 <= covered / 300 <= 0.99
        widths[clips] = np.mean(width)
        assert widths[clips] == pytest.approx(2 * 1.96 * math.sqrt(0.16 / clips), rel=0.05)
    assert widths[100] / widths[1600] == pytest.approx(4, rel=0.05)


@given(seeds, st.booleans())
def test_the_interval_holds_the_accuracy(seed: int, by_people: bool) -> None:
    draw = np.random.default_rng(seed)
    right = draw.random(int(draw.integers(1, 50))) < draw.random()
    people = [str(p) for p in draw.integers(0, 5, len(right))] if by_people else None
    low, high = bootstrap_interval(right, people, draws=500)
    assert 0 <= low <= right.mean() + 1e-12
    assert right.mean() - 1e-12 <= high <= 1


def test_no_clips_no_interval() -> None:
    with pytest.raises(SkelfuseError, match="at least 1, found 0"):
        bootstrap_interval(np.zeros(0, bool))


@pytest.mark.long
@pytest.mark.slow
def test_the_picture_grows_with_the_classes_it_shows(tmp_path: Path) -> None:
    matplotlib_image = pytest.importorskip("matplotlib.image")
    sizes = []
    for there in (5, 30):
        confusion = np.zeros((40, 40), np.int64)  # ten classes or more never occur
        confusion[range(there), range(there)] = 3
        path = tmp_path / f"{there}.png"
        draw_confusion(confusion, ["$a class$ of actions"] * 40, path)
        sizes.append(matplotlib_image.imread(path).shape[0])
    assert sizes[1] - sizes[0] > 25 * 20  # 20 pixels a class leave room for its name
    assert [file.suffix for file in tmp_path.iterdir()] == [".png", ".png"]

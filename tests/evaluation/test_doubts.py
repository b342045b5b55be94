"""A label that is wrong is believed least, even by a run that was trained on it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from helpers import trained_run
from helpers.trained_run import ACTIONS
from skelfuse.evaluation import evaluate
from skelfuse.evaluation.doubts import least_believed
from skelfuse.evaluation.report import report_text
from skelfuse.run import load_run
from skelfuse.store import Store
from skelfuse.training import train

pytestmark = pytest.mark.training


@pytest.mark.long
def test_swapped_labels_are_found_among_the_clips_trained_on(tmp_path: Path) -> None:
    clips = [trained_run.clip(i, a) for a in range(6) for i in range(24)]
    wrong = {"1-3": ACTIONS[3], "3-20": ACTIONS[1], "4-11": ACTIONS[0]}
    clips = [replace(clip, label=wrong.get(clip.name, clip.label)) for clip in clips]
    store = Store(trained_run.written(tmp_path / "store.h5", clips))
    everything = np.arange(len(store))
    fit = replace(trained_run.CONFIG.train, validation=0, epochs=6)
    train(replace(trained_run.CONFIG, train=fit), store, {"train": everything}, tmp_path / "run")
    found = evaluate([load_run(tmp_path / "run")], store, everything)
    assert {doubt.clip for doubt in found.least_believed[:3]} == set(wrong)
    first = found.least_believed[0]
    assert first.label == wrong[first.clip]
    assert first.prediction == ACTIONS[int(first.clip[0])]  # what the clip shows
    assert f"\n{first.clip}  {first.label} -> {first.prediction}  " in report_text(found)


def test_mistakes_alone_are_listed_least_believed_first() -> None:
    probability = np.array([[0.2, 0.8, 0.0], [0.5, 0.3, 0.2], [0.1, 0.0, 0.9], [0.4, 0.35, 0.25]])
    label = np.array([0, 1, 2, 0])
    doubts = least_believed(probability, label, "abcd", ["x", "y", "z"])
    assert [doubt.clip for doubt in doubts] == ["a", "b"]
    assert [doubt.probability_of_label for doubt in doubts] == pytest.approx([0.2, 0.3])
    assert [doubt.probability for doubt in doubts] == pytest.approx([0.8, 0.5])
    assert len(least_believed(probability, label, "abcd", ["x", "y", "z"], most=1)) == 1

"""Whole recordings: which frames are right, and which bouts are found."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import skelfuse
from helpers import trained_run
from helpers.commands import called, ran, refused
from helpers.stores import stored
from skelfuse.clip import Clip
from skelfuse.evaluation.recordings import (
    NOTHING,
    OVERLAPS,
    compared,
    found_again,
    frame_decisions,
    frame_labels,
)
from skelfuse.intervals import Interval
from skelfuse.predict import Prediction
from skelfuse.predict.windows import Window
from skelfuse.store import Store

pytestmark = pytest.mark.training


def recording(name: str, actions: list[int], part: str) -> Clip:
    """Return one recording of some actions after another, with a gap in the middle."""
    pieces, intervals, at = [], [], 0
    for i, action in enumerate(actions):
        one = trained_run.clip(100 + i, action)
        pieces.append(one.coords)
        if i != 1:  # nobody has labelled the second
            intervals.append(Interval(at, at + one.frames, trained_run.ACTIONS[action]))
        at += one.frames
    return Clip(
        np.concatenate(pieces),
        trained_run.BODY,
        name=name,
        fps=10,
        subject=name[0],
        splits={"official": part},
        intervals=tuple(intervals),
    )


@pytest.fixture(scope="module")
def whole(folder: Path) -> Store:
    clips = [
        recording("a1", [0, 5, 1, 3], "test"),
        recording("b1", [3, 3, 0], "test"),
        recording("c1", [1, 1, 2], "train"),
    ]
    return stored(folder / "whole.h5", clips)


def test_a_frame_is_what_the_windows_over_it_say_together() -> None:
    def window(first: int, after: int, *shares: float) -> Window:
        seen = Prediction("a", ("wave", "sit"), np.array(shares)) if shares else None
        return Window(first, after, seen)

    windows = [window(0, 4, 0.9, 0.1), window(2, 6, 0.3, 0.7), window(5, 7, 0.1, 0.9), window(6, 8)]
    assert frame_decisions(windows, 9, 2).tolist() == [0, 0, 0, 0, 1, 1, 1, NOTHING, NOTHING]


def test_bouts_are_found_once_and_by_what_they_share() -> None:
    true = [(0, 10), (20, 30)]
    assert [found_again(true, [(0, 5), (22, 32)], overlap) for overlap in OVERLAPS] == [2, 2, 2]
    assert [found_again(true, [(0, 3), (25, 40)], overlap) for overlap in OVERLAPS] == [2, 2, 0]
    assert found_again(true, [(0, 10), (1, 10), (2, 10)], 0.1) == 1
    assert found_again([], [(0, 5)], 0.1) == found_again(true, [], 0.1) == 0


def test_what_is_right_everywhere_is_one() -> None:
    truth = np.random.default_rng(0).random((40, 3)) > 0.5
    counts = compared(truth, truth)
    np.testing.assert_array_equal(counts.both, counts.true)
    for bouts in counts.both_bouts:
        np.testing.assert_array_equal(bouts, counts.true_bouts)


def test_frames_count_where_somebody_has_labelled_them(whole: Store, folder: Path) -> None:
    found = skelfuse.evaluate_recordings(
        folder / "run", whole, window="12f", stride="3f", part="all", device="cpu"
    )
    assert found.names == ("a1", "b1", "c1")
    labelled = {clip.name: sum(one.end - one.start for one in clip.intervals) for clip in whole}
    assert found.frames == sum(labelled.values()) == found.counts.true.sum()
    recogniser, right = skelfuse.load(folder / "run", device="cpu"), 0
    for clip in whole:
        truth = frame_labels(clip, recogniser.classes)
        total = np.zeros(truth.shape)
        for one in recogniser.timeline(clip, window="12f", stride="3f"):
            assert one.prediction is not None
            total[one.first : one.after] += one.prediction.probabilities
        right += int(truth[np.arange(clip.frames), total.argmax(axis=1)].sum())
    assert (found.right, found.accuracy) == (right, right / found.frames)
    assert found.counts.true_bouts.tolist() == [2, 2, 1, 2, 0, 0]
    assert found.accuracy > 0.5  # six classes: what was learned from clips is found in recordings


def test_what_no_interval_covers_may_be_a_class(whole: Store, folder: Path) -> None:
    given: dict[str, Any] = {"window": "12f", "part": "all", "device": "cpu"}
    bare = skelfuse.evaluate_recordings(folder / "run", whole, **given)
    rest = skelfuse.evaluate_recordings(folder / "run", whole, rest_label="A11 stand", **given)
    assert rest.frames == sum(clip.frames for clip in whole) > bare.frames
    assert (bare.counts.true[5], rest.counts.true[5]) == (0, rest.frames - bare.frames)
    with pytest.raises(skelfuse.SkelfuseError, match="the run has no class 'nothing'"):
        skelfuse.evaluate_recordings(folder / "run", whole, rest_label="nothing", **given)


def test_the_command_says_it_in_text_and_json(whole: Store, folder: Path) -> None:
    given = ("evaluate", folder / "run", "--data", whole.path, "--window", "12f")
    text = ran(*given).output
    assert "2 recordings, " in text  # the run's protocol is a split that recordings have
    assert "frames right" in text
    assert "F1 of bouts" in text
    told = json.loads(ran(*given, "--part", "all", "--json").output)
    assert told["recordings"] == ["a1", "b1", "c1"]
    assert 0.5 < told["accuracy"] <= 1
    assert [one["bouts"] for one in told["classes"]] == [2, 2, 1, 2, 0, 0]


def test_what_cannot_be_evaluated_is_told(whole: Store, folder: Path, tmp_path: Path) -> None:
    run, cut = folder / "run", folder / "store.h5"
    given = ("evaluate", run, "--data", whole.path)
    assert "whole recordings are evaluated with --window 2s" in refused(*given, "--part", "all")
    assert "no recording with intervals" in refused(
        "evaluate", run, "--data", cut, "--window", "12f"
    )
    folds = refused(*given, "--window", "12f", "--protocol", "kfold:3/1")
    assert "does not tell whole recordings apart: expected loso:SUBJECT" in folds
    assert ran(*given, "--window", "12f", "--protocol", "loso:c").output.startswith("1 recording, ")
    for option in (("--robustness",), ("--out", tmp_path / "x"), ("--ignore-unknown",)):
        result = called(*given, "--window", "12f", *option)
        assert (result.exit_code, "is for clips" in result.output) == (2, True)
    assert "--stride needs --window" in called(*given, "--stride", "2f").output
    odd = stored(
        tmp_path / "odd.h5",
        [
            Clip(
                np.zeros((9, 1, 5, 3)),
                trained_run.BODY,
                name="a",
                intervals=(Interval(0, 9, "sit"),),
            )
        ],
    )
    error = refused("evaluate", run, "--data", odd.path, "--window", "5f", "--part", "all")
    assert "the run does not know the class 'sit'" in error
    trained = called("train", "--data", whole.path, "--out", tmp_path / "r", "--protocol", "all")
    assert trained.exit_code == 1
    assert "preprocess without --whole cuts their intervals out" in trained.output

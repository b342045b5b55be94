"""A clip far longer than those of the training is recognised, and the doubt is told."""

from __future__ import annotations

import json
from dataclasses import asdict, replace
from pathlib import Path

import numpy as np
import pytest

import skelfuse
from helpers.commands import called
from helpers.stick_figure import acted, clip_of, write_npz
from skelfuse.clip import Clip
from skelfuse.clips.usual_lengths import UsualLengths
from skelfuse.layouts import COCO_17

FIVE = (
    "about 5 times as long as the longest training clip; predict --window 2s recognises its parts"
)


def lasting(frames: int, fps: float | None) -> Clip:
    return Clip(np.zeros((frames, 1, 17, 2), np.float32), COCO_17, name="a", fps=fps)


def test_lengths_are_in_seconds_where_every_clip_says_its_rate() -> None:
    found = UsualLengths.of([60, 120, 90], [30, 60, 10])
    assert found == UsualLengths(middle=2.0, longest=9.0, unit="s")
    assert UsualLengths.of([60, 120, 90], [30, None, 10]) == UsualLengths(90, 120, "f")
    assert UsualLengths.from_dict(json.loads(json.dumps(asdict(found)))) == found


@pytest.mark.parametrize(
    ("middle", "unit", "window"),
    [
        (2.04, "s", "2s"),
        (2.46, "s", "2.5s"),
        (0.01, "s", "0.1s"),
        (41.7, "s", "42s"),
        (90, "f", "90f"),
    ],
)
def test_the_window_is_as_long_as_training_clips_are(middle: float, unit: str, window: str) -> None:
    usual = UsualLengths(middle, 100.0, unit)
    (told,) = usual.unlike(lasting(500 if unit == "f" else 5000, 10))
    assert told == FIVE.replace("2s", window)


def test_a_clip_about_as_long_as_others_is_in_no_doubt() -> None:
    in_seconds = UsualLengths(2.0, 10.0, "s")
    assert in_seconds.unlike(lasting(899, 30)) == []
    assert in_seconds.unlike(lasting(900, 30)) != []
    assert in_seconds.unlike(lasting(9000, 900)) == []
    assert in_seconds.unlike(lasting(9000, None)) == []  # how long it lasts is not known
    assert UsualLengths(20.0, 300.0, "f").unlike(lasting(900, None)) != []


@pytest.mark.training
def test_predict_tells_it_of_a_recording_but_not_of_its_windows(run: Path, tmp_path: Path) -> None:
    file = write_npz(tmp_path / "long.npz", [acted("wave", 300, seed=70)], ["wave"])
    assert called("predict", run, file).stderr.splitlines() == [f"note: 1 clip: {FIVE}"]
    assert called("predict", run, file, "--window", "2s").stderr == ""
    recogniser = skelfuse.load(run)
    clip = clip_of(acted("wave", 300))
    assert recogniser.predict(clip).doubts == (FIVE,)
    assert recogniser.explain(clip, players="moments").doubts == (FIVE,)
    assert recogniser.predict(clip_of(acted("wave", 120))).doubts == ()
    assert replace(recogniser.run, usual_lengths=None).doubts(clip) == ()  # of an earlier version

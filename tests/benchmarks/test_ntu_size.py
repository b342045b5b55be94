"""Stores of NTU's size have its sizes, and are trained with."""

from __future__ import annotations

import ntu_size
import numpy as np
import pytest
from click.testing import CliRunner


@pytest.mark.parametrize(
    ("ntu", "people"), [*zip(ntu_size.SETS, (1.18, 1.22), strict=True)], ids=["ntu60", "ntu120"]
)
def test_clips_have_the_published_sizes(ntu: ntu_size.Ntu, people: float) -> None:
    moves = [np.random.default_rng(0).normal(size=(50, 25, 3)).astype(np.float32)]
    clips = list(ntu_size.clips_of(ntu, 20 * ntu.classes, moves))
    frames = [clip.frames for clip in clips]
    assert min(frames) >= 32
    assert max(frames) <= 300
    assert np.mean(frames) == pytest.approx(80, abs=2)
    assert np.mean([clip.persons for clip in clips]) == pytest.approx(people, abs=0.01)
    assert len({clip.label for clip in clips}) == ntu.classes


@pytest.mark.slow
def test_an_epoch_is_measured_and_said_for_sixty() -> None:
    command = ["--device", "cpu", "--share", "0", "--only", "ntu60"]
    done = CliRunner().invoke(ntu_size.main, command)
    assert done.exit_code == 0, done.output
    assert "ntu60: 60 clips of" in done.output
    assert "hours for 60 epochs" in done.output

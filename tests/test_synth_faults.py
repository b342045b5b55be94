"""What the synthetic sensor promises: every fault of a Kinect by default, none at noise 0."""

from __future__ import annotations

import numpy as np
import pytest

from skelfuse.datasets.synth.dataset import plan_clips
from skelfuse.datasets.synth.sensor import Recording, render

pytestmark = pytest.mark.slow

CLIPS = 180


@pytest.fixture(scope="module")
def usual() -> list[Recording]:
    return [render(plan) for plan in plan_clips(CLIPS)]


def share(recordings: list[Recording], fault: object) -> float:
    assert callable(fault)
    return float(np.mean([bool(fault(recording)) for recording in recordings]))


def has_inferred(recording: Recording) -> bool:
    return bool((recording.state[:, : recording.people] == 1).any())


def has_untracked(recording: Recording) -> bool:
    return bool((recording.state[:, : recording.people] == 0).any())


def has_empty_frames(recording: Recording) -> bool:
    return bool((~recording.seen.any(axis=1)).any())


def has_short_ghost(recording: Recording) -> bool:
    ghosts = recording.seen[:, recording.people :].sum(axis=0)
    return bool(((ghosts > 0) & (ghosts <= 11)).any())


def has_flat_ghost(recording: Recording) -> bool:
    for body in range(recording.people, recording.coords.shape[1]):
        shown = recording.coords[recording.seen[:, body], body]
        wide, high = np.ptp(shown[..., 0], axis=1), np.ptp(shown[..., 1], axis=1)
        if len(shown) > 11 and (wide > high).all():
            return True
    return False


def has_new_id(recording: Recording) -> bool:
    return bool((np.diff(recording.ids[:, : recording.people], axis=0) != 0).any())


def has_swap(recording: Recording) -> bool:
    return len({bool(s) for s in recording.swapped}) == 2


def has_gap_of_one(recording: Recording) -> bool:
    seen = recording.seen[:, : recording.people]
    return bool((seen.any(axis=1) & ~seen.all(axis=1)).any())


@pytest.mark.long
@pytest.mark.parametrize(
    ("fault", "least", "most"),
    [
        (has_inferred, 0.7, 1.0),
        (has_untracked, 0.05, 0.3),
        (has_empty_frames, 0.08, 0.4),
        (has_short_ghost, 0.03, 0.2),
        (has_flat_ghost, 0.02, 0.2),
        (has_new_id, 0.05, 0.3),
        (has_swap, 0.01, 0.2),
        (has_gap_of_one, 0.01, 0.2),
    ],
)
def test_each_fault_occurs(
    usual: list[Recording], fault: object, least: float, most: float
) -> None:
    assert least < share(usual, fault) < most


def test_joints_shake_and_guessed_ones_err_more(usual: list[Recording]) -> None:
    errors: dict[int, list[float]] = {1: [], 2: []}
    for recording in usual:
        people = slice(recording.people)
        error = np.linalg.norm(recording.coords[:, people] - recording.truth, axis=-1)
        for state, found in errors.items():
            found.extend(error[recording.state[:, people] == state][::7].tolist())
    assert 0.001 < np.mean(errors[2]) < 0.015
    assert np.mean(errors[1]) > 5 * np.mean(errors[2])
    assert np.mean(errors[1]) < 0.2


def test_nothing_is_wrong_at_noise_0() -> None:
    for plan in plan_clips(CLIPS)[::3]:
        recording = render(plan, noise=0)
        np.testing.assert_array_equal(recording.coords, recording.truth)
        np.testing.assert_array_equal(recording.observed(), recording.truth)
        assert (recording.state == 2).all()
        assert recording.seen.all()
        assert not recording.swapped.any()
        assert not has_new_id(recording)
        assert recording.coords.shape[1] == recording.people


@pytest.mark.long
def test_more_noise_is_worse() -> None:
    def error(noise: float) -> float:
        total = []
        for plan in plan_clips(30):
            recording = render(plan, noise)
            total.append(float(np.nanmean(np.abs(recording.observed() - recording.truth))))
        return float(np.mean(total))

    assert 0 < 1.5 * error(0.25) < error(1) < error(4) / 1.5


def test_faults_leave_the_clip_recognisable(usual: list[Recording]) -> None:
    for recording in usual:
        assert recording.seen[:, : recording.people].mean() > 0.6
        assert (recording.state[:, : recording.people] == 2).mean() > 0.5


def test_no_frame_lists_two_bodies_under_one_id(usual: list[Recording]) -> None:
    for recording in usual:
        for t in range(recording.frames):
            ids = recording.ids[t, recording.listed(t)]
            assert len(set(ids.tolist())) == len(ids)

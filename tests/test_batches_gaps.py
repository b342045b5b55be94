"""Missing joints get a place on the way, and never count as seen."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from hypothesis import given
from hypothesis import strategies as st

from skelfuse.batches.gaps import fill_gaps
from skelfuse.batches.tracks import Tracks, pack
from skelfuse.layouts import HAND_21
from skelfuse.skeleton import Skeleton

Array = npt.NDArray[np.floating[Any]]
ARM = Skeleton(
    "arm",
    joints=("hand", "shoulder", "elbow", "head"),
    bones=(("hand", "elbow"), ("elbow", "shoulder"), ("head", "shoulder")),
    root="shoulder",
)


def filled(*clips: Array, skeleton: Skeleton = ARM, persons: int = 2) -> Tracks:
    tracks = pack(clips, persons)
    return fill_gaps(tracks, tracks.owners(), skeleton)


def line(frames: int, persons: int = 1) -> Array:
    """Return bodies whose joints each move on a straight line of their own."""
    rng = np.random.default_rng(frames)
    speed, start = rng.normal(size=(2, persons, 4, 3))
    return np.asarray(start + speed * np.arange(frames)[:, None, None, None])


@given(st.integers(2, 30), st.integers(1, 3), st.integers(0, 99))
def test_between_sightings_a_joint_moves_straight_on(frames: int, persons: int, seed: int) -> None:
    whole = line(frames, persons)
    holes = whole.copy()
    missing = np.random.default_rng(seed).random(whole.shape[:3]) < 0.5
    missing[[0, -1]] = False  # seen at both ends
    holes[missing] = np.nan
    tracks = filled(line(3), holes, line(5), persons=3)
    body = tracks.coords[3 : 3 + frames * persons].view(persons, frames, 4, 3).transpose(0, 1)
    np.testing.assert_allclose(body, whole, rtol=1e-4, atol=1e-4)
    seen = tracks.seen[3 : 3 + frames * persons].view(persons, frames, 4).transpose(0, 1)
    np.testing.assert_array_equal(seen, ~missing)


def test_before_the_first_and_after_the_last_sighting_it_stays_there() -> None:
    clip = line(8)
    clip[:3, 0, 1] = np.nan
    clip[6:, 0, 1] = np.nan
    body = filled(line(4), clip, line(4)).coords[4:12]
    np.testing.assert_array_equal(body[:3, 1], np.broadcast_to(body[3, 1], (3, 3)))
    np.testing.assert_array_equal(body[6:, 1], np.broadcast_to(body[5, 1], (2, 3)))


def test_nothing_comes_from_another_person_or_clip() -> None:
    clip = line(6, persons=2)
    clip[3:, 0] = np.nan  # the first person leaves, the second comes
    clip[:3, 1] = np.nan
    body = filled(line(4), clip, line(4)).coords[4:16].view(2, 6, 4, 3)
    np.testing.assert_allclose(body[0, 3:], np.broadcast_to(clip[2, 0], (3, 4, 3)), rtol=1e-6)
    np.testing.assert_allclose(body[1, :3], np.broadcast_to(clip[3, 1], (3, 4, 3)), rtol=1e-6)


def test_a_joint_that_is_never_seen_lies_on_the_nearest_one_above() -> None:
    clip = line(5)
    clip[:, 0, [0, 2]] = np.nan  # hand and elbow
    body = filled(clip).coords
    np.testing.assert_allclose(body[:, 1], clip[:, 0, 1], rtol=1e-5)
    np.testing.assert_array_equal(body[:, 0], body[:, 1])
    np.testing.assert_array_equal(body[:, 2], body[:, 1])


def test_where_nothing_above_was_seen_it_lies_in_the_middle_of_the_body() -> None:
    clip = line(5)
    clip[:, 0, 1] = np.nan  # the root
    body = filled(clip).coords
    np.testing.assert_allclose(body[:, 1], clip[:, 0, [0, 2, 3]].mean(axis=1), rtol=1e-5)


def test_a_person_who_is_never_seen_is_zero() -> None:
    clip = line(5, persons=2)
    clip[:, 1] = np.nan
    tracks = filled(clip)
    assert not tracks.coords[5:].any()
    assert not tracks.seen[5:].any()


def test_one_coordinate_is_not_a_sighting() -> None:
    clip = line(3)
    clip[1, 0, 0, 2] = np.nan
    tracks = filled(clip)
    assert not tracks.seen[1, 0]
    np.testing.assert_allclose(tracks.coords[:, 0], line(3)[:, 0, 0], rtol=1e-5, atol=1e-6)


def test_a_clip_without_gaps_is_not_touched() -> None:
    clips = [line(4), line(9, persons=2)]
    assert torch.equal(filled(*clips).coords, pack(clips, 2).coords)


def test_a_hand_of_which_almost_nothing_is_seen_still_fills() -> None:
    clip = np.full((4, 1, 21, 3), np.nan)
    clip[2, 0, 8] = (1, 2, 3)  # the tip of a finger, once
    tracks = filled(clip, skeleton=HAND_21)
    expected = torch.tensor([1.0, 2.0, 3.0]).expand(4, 21, 3)
    torch.testing.assert_close(tracks.coords, expected)
    assert tracks.seen.sum() == 1

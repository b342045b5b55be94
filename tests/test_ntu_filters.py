from __future__ import annotations

import numpy as np
import pytest

from helpers.standing_people import recording, standing
from skelfuse.datasets.ntu_actors import find_actors


@pytest.mark.parametrize("first", [1, 2])
def test_who_moves_most_is_person_1(first: int) -> None:
    still, lively = standing(30, sway=0.1), standing(30, sway=0.4, x=1)
    bodies = [(1, range(30), still), (2, range(30), lively)]
    found = find_actors(recording(30, *bodies[:: 1 if first == 1 else -1]))
    np.testing.assert_array_equal(found.coords, np.stack([lively, still], axis=1))


def test_motion_is_the_sum_of_the_variances_of_x_y_and_z_over_frames_and_joints() -> None:
    # A tall body that stands still has more of it than a small one that walks 1 m: as published.
    tall, small = standing(30), standing(30, sway=0.5) * np.array([1, 0.5, 1], dtype=np.float32)
    # 0.9/sqrt(3) = 0.52 m of spread in y, against 0.26 in y and 0.30 in x from the walk
    found = find_actors(recording(30, (1, range(30), small), (2, range(30), tall)))
    np.testing.assert_array_equal(found.coords[:, 0], tall)


@pytest.mark.parametrize(("frames", "persons"), [(5, 1), (11, 1), (12, 2)])
def test_ghosts_of_up_to_eleven_frames_are_dropped(frames: int, persons: int) -> None:
    ghost = standing(frames, sway=2)
    bodies = [(1, range(30), standing(30)), (2, range(4, 4 + frames), ghost)]
    found = find_actors(recording(30, *bodies))
    assert found.coords.shape[1] == persons
    if persons == 1:
        np.testing.assert_array_equal(found.coords[:, 0], standing(30))
        assert found.notes == (
            f"body 2, frames 4 to {3 + frames}: dropped, seen in {frames} frames (at most 11)",
        )
    unfiltered = find_actors(recording(30, *bodies), filters=False)
    assert unfiltered.coords.shape[1] == 2


def test_furniture_wider_than_high_is_dropped_though_it_moves_more() -> None:
    person, table = standing(40, sway=0.1), standing(40, sway=3, width=1.8 * 0.81)
    bodies = [(1, range(40), table), (2, range(40), person)]
    found = find_actors(recording(40, *bodies))
    np.testing.assert_array_equal(found.coords, person[:, None])
    assert found.notes == (
        "body 1, frames 0 to 39: dropped, too wide for its height in 100% of its frames"
        " (at least 70%)",
    )
    assert find_actors(recording(40, *bodies), filters=False).coords.shape[1] == 2


@pytest.mark.parametrize(("wide", "dropped"), [(697, False), (698, True)])
def test_the_share_of_wide_frames_that_makes_furniture(wide: int, dropped: bool) -> None:
    body = standing(1000)
    body[:wide, :, 0] *= 4
    found = find_actors(recording(1000, (1, range(1000), body), (2, range(1000), standing(1000))))
    assert found.coords.shape[1] == (1 if dropped else 2)


def test_as_wide_as_eight_tenths_of_the_height_is_still_a_person() -> None:
    body = standing(20)
    body[:, 0, 0], body[:, 24, 0], body[:, 1:24, 0] = 0, 0.8, 0.4
    body[:, :, 1] = np.linspace(0, 1, 25)
    for width, persons in ((0.799, 2), (0.801, 1)):
        body[:, 24, 0] = width
        bodies = [(1, range(20), body), (2, range(20), standing(20))]
        assert find_actors(recording(20, *bodies)).coords.shape[1] == persons


def test_the_last_body_is_never_furniture() -> None:
    bodies = [
        (1, range(20), standing(20, width=3)),
        (2, range(20), standing(20, width=4)),
    ]
    found = find_actors(recording(20, *bodies))
    np.testing.assert_array_equal(
        found.coords[:, 0], standing(20, width=4)
    )  # in order of appearance
    assert found.coords.shape[1] == 1


def test_frames_too_wide_do_not_count_for_the_motion_of_who_stays() -> None:
    lively, wild = standing(30, sway=0.4), standing(30, sway=0.2, x=1)
    wild[:10, :, 0] *= 10  # a third of its frames
    bodies = [(1, range(30), wild), (2, range(30), lively)]
    filtered = find_actors(recording(30, *bodies))
    np.testing.assert_array_equal(filtered.coords[:, 0], lively)
    np.testing.assert_array_equal(filtered.coords[:, 1], wild)  # its frames stay, all of them
    unfiltered = find_actors(recording(30, *bodies), filters=False)
    np.testing.assert_array_equal(unfiltered.coords[:, 0], wild)


def test_if_all_bodies_are_short_the_strongest_is_kept() -> None:
    weak, strong = standing(11), standing(6, sway=1)
    found = find_actors(recording(11, (1, range(11), weak), (2, range(3, 9), strong)))
    np.testing.assert_array_equal(found.coords, strong[:, None])
    assert "kept, as no body was seen in more than 11 frames" in found.notes[0]
    assert found.notes[1].startswith("body 1, frames 0 to 10: dropped")

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given
from hypothesis import strategies as st

from helpers.standing_people import recording, standing
from skelfuse.datasets.ntu_actors import find_actors
from skelfuse.datasets.ntu_text import Recording
from skelfuse.errors import SkelfuseError

Joints = npt.NDArray[np.float32]


def present(coords: Joints) -> list[list[int]]:
    """Return for each person the frames in which they were seen."""
    return [
        np.flatnonzero(~np.isnan(person).any((1, 2))).tolist() for person in coords.swapaxes(0, 1)
    ]


def test_one_body_is_kept_as_it_is_however_short_or_flat() -> None:
    body = standing(3, width=9.0)
    found = find_actors(recording(3, (7, range(3), body)))
    np.testing.assert_array_equal(found.coords, body[:, None])
    np.testing.assert_array_equal(found.confidence, np.ones((3, 1, 25), np.float32))
    assert found.coords.dtype == found.confidence.dtype == np.float32
    assert found.notes == ()


def test_a_person_goes_on_under_a_new_number() -> None:
    body = standing(40, sway=0.3)
    found = find_actors(recording(40, (5, range(25), body[:25]), (9, range(25, 40), body[25:])))
    np.testing.assert_array_equal(found.coords, body[:, None])
    assert len(found.notes) == 1
    assert found.notes[0].endswith("continues person 1")


def test_the_second_person_too_goes_on_under_a_new_number() -> None:
    first, second = standing(40, sway=0.5), standing(40, sway=0.2, x=1)
    found = find_actors(
        recording(
            40,
            (1, range(40), first),
            (2, range(20, 40), second[20:]),  # the later part first: more frames, more motion
            (3, range(2, 15), second[2:15]),
        )
    )
    assert present(found.coords) == [list(range(40)), [*range(2, 15), *range(20, 40)]]
    np.testing.assert_array_equal(found.coords[20:, 1], second[20:])


def test_a_body_that_comes_back_keeps_its_true_frames() -> None:
    first, second = standing(60, sway=0.5), standing(60, sway=0.2, x=1)
    seen = [*range(10), *range(35, 60)]
    found = find_actors(recording(60, (1, range(60), first), (2, seen, second[seen])))
    assert present(found.coords) == [list(range(60)), seen]
    np.testing.assert_array_equal(found.coords[seen, 1], second[seen])
    assert found.notes == ()


def test_intervals_that_share_one_frame_join_and_the_stronger_body_keeps_it() -> None:
    strong, weak = standing(20, sway=0.4), standing(16, x=5)
    found = find_actors(recording(35, (1, range(20), strong), (2, range(19, 35), weak)))
    assert present(found.coords) == [list(range(35))]
    np.testing.assert_array_equal(found.coords[:20, 0], strong)
    np.testing.assert_array_equal(found.coords[20:, 0], weak[1:])
    two = find_actors(recording(34, (1, range(20), strong), (2, range(18, 34), weak)))
    assert two.coords.shape[1] == 2


@pytest.mark.parametrize(
    ("max_persons", "kept"), [(1, [3]), (2, [3, 1]), (3, [3, 1, 2]), (5, [3, 1, 2])]
)
def test_three_people_at_once(max_persons: int, kept: list[int]) -> None:
    bodies = {n: standing(20, sway=sway, x=n) for n, sway in ((1, 0.3), (2, 0.1), (3, 0.5))}
    made = recording(20, *((n, range(20), body) for n, body in bodies.items()))
    found = find_actors(made, max_persons=max_persons)
    np.testing.assert_array_equal(found.coords, np.stack([bodies[n] for n in kept], axis=1))
    assert sum("left out" in note for note in found.notes) == 3 - len(kept)


def test_time_stays_even_and_empty_ends_are_trimmed() -> None:
    body = standing(20, sway=0.3)
    seen = [*range(5, 10), *range(12, 27)]
    found = find_actors(recording(40, (1, seen, body)))
    assert found.coords.shape == (22, 1, 25, 3)
    assert present(found.coords) == [[f - 5 for f in seen]]
    np.testing.assert_array_equal(found.confidence[5:7], np.zeros((2, 1, 25)))
    assert found.notes == (
        "nobody in the first 5 frames and the last 13 frames: trimmed",
        "no body in 2 frames in between: kept as missing",
    )


def test_the_first_of_two_bodies_of_one_number_in_a_frame_counts() -> None:
    body = standing(20, sway=0.3)
    made = recording(20, (1, range(20), body), (1, [4, 4, 9], standing(3, x=7)))
    found = find_actors(made)
    np.testing.assert_array_equal(found.coords, body[:, None])
    assert found.notes == ("body 1: listed 3 times more within a frame; the first one was kept",)


def test_a_body_of_zeros_was_not_seen_and_zero_is_a_position_otherwise() -> None:
    body = standing(20, sway=0.3)
    body[6:9] = 0
    body[2, 4] = 0
    found = find_actors(recording(20, (1, range(20), body)))
    assert present(found.coords) == [[*range(6), *range(9, 20)]]
    np.testing.assert_array_equal(found.coords[2, 0, 4], [0, 0, 0])
    assert found.notes[0] == "body 1: all joints are 0 in 3 frames; taken as not seen"


def test_confidence_says_what_was_guessed_and_the_place_stays() -> None:
    made = recording(2, (1, range(2), standing(2)))
    made.tracking[0, :3] = [0, 1, 2]
    found = find_actors(made)
    np.testing.assert_array_equal(found.confidence[0, 0, :4], [0, 0.5, 1, 1])
    np.testing.assert_array_equal(found.coords[0, 0], standing(2)[0])


@pytest.mark.parametrize(
    "made", [recording(9), recording(9, (1, [3], np.zeros((1, 25, 3), np.float32)))]
)
def test_nobody_at_all_is_an_error_with_a_way_out(made: Recording) -> None:
    with pytest.raises(SkelfuseError, match=r"no body in any frame.*--skip-list"):
        find_actors(made)


def test_no_people_wanted() -> None:
    with pytest.raises(SkelfuseError, match="at least 1"):
        find_actors(recording(2, (1, range(2), standing(2))), max_persons=0)


@st.composite
def crowds(draw: st.DrawFn) -> Recording:
    frames = draw(st.integers(1, 40))
    bodies: list[tuple[int, list[int], Joints]] = []
    for number in range(draw(st.integers(1, 5))):
        at = sorted(draw(st.sets(st.integers(0, frames - 1), min_size=1)))
        sway, width = draw(st.floats(0, 2)), draw(st.floats(0.1, 3))
        bodies.append((number, at, standing(len(at), sway=sway, x=3.0 * number, width=width)))
    made: Recording = recording(frames, *bodies)
    return made


@given(crowds(), st.integers(1, 4), st.booleans())
def test_every_place_is_one_that_was_recorded_there(
    made: Recording, max_persons: int, filters: bool
) -> None:
    found = find_actors(made, max_persons=max_persons, filters=filters)
    T, M = found.coords.shape[:2]
    assert 1 <= M <= max_persons
    assert made.frames >= T
    seen = ~np.isnan(found.coords)
    assert (seen.all((2, 3)) == seen.any((2, 3))).all()  # a whole body or none of it
    assert seen[0].any()
    assert seen[-1].any()
    assert seen.any((0, 2, 3)).all()
    shifts = [
        start
        for start in range(made.frames - T + 1)
        if all(
            any(
                np.array_equal(found.coords[t, m], joints)
                for joints in made.joints[made.frame == t + start]
            )
            for t, m in np.argwhere(seen.all((2, 3)))
        )
    ]
    assert shifts
    np.testing.assert_array_equal(found.confidence, seen.all(-1).astype(np.float32))

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.spatial.transform import Rotation

from skelfuse.clip import Clip
from skelfuse.clips.view import align_view, normalise_scale
from skelfuse.datasets.format import ReadOptions
from skelfuse.datasets.ntu import FORMAT
from skelfuse.errors import SkelfuseError
from skelfuse.layouts import COCO_17, HAND_21, KINECT_V2, LAYOUTS
from skelfuse.skeleton import Skeleton

Array = npt.NDArray[np.floating[Any]]
moves = st.tuples(*[st.floats(-5, 5)] * 3)
turns = st.tuples(*[st.floats(-np.pi, np.pi)] * 3)


def people(skeleton: Skeleton = KINECT_V2, frames: int = 4, persons: int = 2) -> Clip:
    """Return a crowd of random shapes: nothing about them is special."""
    shape = (frames, persons, len(skeleton), skeleton.dimensions)
    return Clip(np.random.default_rng(3).normal(size=shape), skeleton, name="crowd")


def moved(clip: Clip, turn: Array, by: Array, scale: float = 1.0) -> Clip:
    return replace(clip, coords=scale * (clip.coords @ turn.T) + by)


def without(clip: Clip, frame: int, person: int, joint: str) -> Clip:
    coords = clip.coords.copy()
    coords[frame, person, clip.skeleton.index(joint)] = np.nan
    return replace(clip, coords=coords)


def distances(coords: Array) -> Array:
    """Return all distances between joints of a frame, whoever they belong to: `[T,M*N,M*N]`."""
    joints = coords.reshape(len(coords), -1, coords.shape[-1])
    return np.asarray(np.linalg.norm(joints[:, :, None] - joints[:, None], axis=-1))


@given(turns, moves)
def test_from_wherever_it_was_seen_the_aligned_clip_is_the_same(
    angles: tuple[float, ...], by: tuple[float, ...]
) -> None:
    clip = people()
    turn = Rotation.from_euler("xyz", angles).as_matrix()
    seen = align_view(moved(clip, turn, np.array(by)))
    np.testing.assert_allclose(seen.coords, align_view(clip).coords, atol=1e-9)


def test_the_first_person_begins_upright_at_the_origin_and_looks_along_z() -> None:
    clip = people()
    body = np.zeros((25, 3))
    place: dict[str, tuple[float, ...]] = {
        "left_hip": (0.2, 1, 0),
        "right_hip": (-0.2, 1, 0),
        "spine_base": (0, 1, 0),
    }
    place |= {
        "left_shoulder": (0.3, 2, 0),
        "right_shoulder": (-0.3, 2, 0),
        "left_foot": (0.2, 0, 0.4),
    }
    place |= {"right_foot": (-0.2, 0, 0.4), "spine_mid": (0, 1.5, 0)}
    for joint, at in place.items():
        body[KINECT_V2.index(joint)] = at
    clip.coords[0, 0] = body
    centre = body[list(KINECT_V2.centre_indices)].mean(0)
    turn = Rotation.from_euler("xyz", (0.4, -2.0, 1.1)).as_matrix()
    aligned = align_view(moved(clip, turn, np.array([1.0, -2, 3])))
    np.testing.assert_allclose(aligned.coords[0, 0], body - centre, atol=1e-12)  # the toes at +z


@given(turns, moves)
def test_distances_within_and_between_people_stay(
    angles: tuple[float, ...], by: tuple[float, ...]
) -> None:
    clip = moved(people(), Rotation.from_euler("xyz", angles).as_matrix(), np.array(by))
    np.testing.assert_allclose(
        distances(align_view(clip).coords), distances(clip.coords), atol=1e-9
    )


def test_left_stays_left() -> None:
    clip = people()
    frame = clip.coords[:, :, [0, 5, 9, 13]]
    volume = np.linalg.det(frame[..., 1:, :] - frame[..., :1, :])
    turned = align_view(clip).coords[:, :, [0, 5, 9, 13]]
    np.testing.assert_allclose(np.linalg.det(turned[..., 1:, :] - turned[..., :1, :]), volume)


def test_it_starts_at_the_first_frame_that_shows_the_torso() -> None:
    clip = people()
    late = without(clip, 0, 0, "left_shoulder")
    aligned = align_view(late)
    shifted = align_view(replace(clip, coords=clip.coords[1:]))
    np.testing.assert_allclose(aligned.coords[1:], shifted.coords)
    np.testing.assert_array_equal(np.isnan(aligned.coords), np.isnan(late.coords))
    assert "person 1 in frame 1" in aligned.notes[-1]


def test_another_person_stands_in_for_one_whose_torso_is_never_seen() -> None:
    clip = people(frames=2)
    for frame in range(2):
        clip = without(clip, frame, 0, "right_hip")
    swapped = replace(clip, coords=clip.coords[:, ::-1])
    aligned = align_view(clip)
    np.testing.assert_array_equal(aligned.coords[:, ::-1], align_view(swapped).coords)
    assert "person 2 in frame 0" in aligned.notes[-1]


def test_a_body_without_a_direction_is_no_view() -> None:
    clip = people(frames=1, persons=1)
    clip.coords[:] = 1.0
    with pytest.raises(SkelfuseError, match=r"crowd.*no view"):
        align_view(clip)
    line = people(frames=1, persons=1)
    line.coords[..., 0] = line.coords[..., 2] = 0  # hips, shoulders and spine on one line
    with pytest.raises(SkelfuseError, match="no view"):
        align_view(line)


def test_flat_clips_are_only_moved() -> None:
    clip = people(COCO_17)
    aligned = align_view(replace(clip, coords=clip.coords + 7))
    np.testing.assert_allclose(aligned.coords, align_view(clip).coords)
    np.testing.assert_allclose(distances(aligned.coords), distances(clip.coords))
    centre = aligned.coords[0, 0, list(COCO_17.centre_indices)].mean(0)
    np.testing.assert_allclose(centre, 0, atol=1e-12)


@pytest.mark.parametrize("step", [align_view, normalise_scale])
def test_nobody_seen_is_an_error_that_names_the_clip(step: Callable[[Clip], Clip]) -> None:
    for skeleton in (KINECT_V2, COCO_17):
        clip = people(skeleton)
        with pytest.raises(SkelfuseError, match="'crowd'"):
            step(replace(clip, coords=np.full_like(clip.coords, np.nan)))


def test_a_hand_has_no_view_but_a_size() -> None:
    hand = people(replace(HAND_21, dimensions=3))
    with pytest.raises(SkelfuseError, match=r"hand-21.*none.*layout"):
        align_view(hand)
    scaled = normalise_scale(hand)
    below, above = zip(*((i, p) for i, p in enumerate(HAND_21.parents) if i != p), strict=True)
    first = scaled.coords[:, 0]
    bones = np.linalg.norm(first[:, list(below)] - first[:, list(above)], axis=-1)
    assert np.median(bones) == pytest.approx(1)


@pytest.mark.slow
@given(st.floats(0.01, 1000))
def test_tall_and_small_become_equal(scale: float) -> None:
    clip = people()
    taller = normalise_scale(moved(clip, np.eye(3), np.zeros(3), scale))
    np.testing.assert_allclose(taller.coords, normalise_scale(clip).coords)


def test_one_size_for_everybody_the_first_persons_median_torso() -> None:
    clip = people(frames=3)
    clip.coords[:] = 0
    for frame, torso in enumerate((0.5, 0.25, 90.0)):
        for side in ("left_shoulder", "right_shoulder"):
            clip.coords[frame, 0, KINECT_V2.index(side), 1] = torso
            clip.coords[frame, 1, KINECT_V2.index(side), 1] = 0.1
    scaled = normalise_scale(clip)
    np.testing.assert_allclose(scaled.coords, clip.coords * 2)
    assert scaled.notes == ("scale: divided by 0.5, the median torso of person 1",)
    gone = clip.coords.copy()
    gone[:, 0] = np.nan
    assert normalise_scale(replace(clip, coords=gone)).notes == (
        "scale: divided by 0.1, the median torso of person 2",
    )


@pytest.mark.parametrize("name", sorted(LAYOUTS))
def test_every_layout_can_be_scaled_and_all_with_a_torso_aligned(name: str) -> None:
    clip = people(replace(LAYOUTS[name], dimensions=3))
    assert np.isfinite(normalise_scale(clip).coords).all()
    if clip.skeleton.hips and clip.skeleton.shoulders:
        assert np.isfinite(align_view(clip).coords).all()


def test_the_rest_of_a_clip_stays_and_the_number_format_too() -> None:
    clip = replace(people(), label="walk", notes=("before",))
    clip = replace(clip, coords=clip.coords.astype(np.float32))
    before = clip.coords.copy()
    done = normalise_scale(align_view(clip))
    assert (done.label, done.name) == ("walk", "crowd")
    assert done.coords.dtype == np.float32
    assert [note.split(":")[0] for note in done.notes] == ["before", "view", "scale"]
    np.testing.assert_array_equal(clip.coords, before)


def test_real_people_stand_upright_afterwards(real_data: Callable[[str], Path]) -> None:
    for source in FORMAT.find(real_data("ntu-samples")):
        (clip,) = FORMAT.read(source, ReadOptions())
        done = normalise_scale(align_view(clip)).coords
        head, foot, left, right = (
            done[0, 0, KINECT_V2.index(joint)]
            for joint in ("head", "left_foot", "left_shoulder", "right_shoulder")
        )
        assert head[1] > 0 > foot[1]
        assert left[0] > 0 > right[0]
        toes = done[:, 0, [KINECT_V2.index("left_foot"), KINECT_V2.index("right_foot")], 2]
        heels = done[:, 0, [KINECT_V2.index("left_ankle"), KINECT_V2.index("right_ankle")], 2]
        assert np.median(toes - heels) > 0  # who looks along +z has the toes before the ankles

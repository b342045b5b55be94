"""What may be wrong with clips is told where it is wrong, and nothing where all is well."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

from skelfuse.clip import Clip
from skelfuse.clips.upright import up_axis
from skelfuse.layouts import COCO_17, KINECT_V2
from skelfuse.viewing.doubts import doubts
from skelfuse.viewing.onlooker import onlooker, staged

Array = npt.NDArray[np.floating[Any]]
T = 60


def person(seed: int = 0) -> Clip:
    """Return somebody 1.7 m tall who stands at 2 m, looks along +z and waves; y is up."""
    joints = KINECT_V2.joints
    at = np.zeros((T, 1, 25, 3))
    draw = np.random.default_rng(seed)
    for n, joint in enumerate(joints):
        side = 0.2 * (("left" in joint) - ("right" in joint))  # the left is at +x
        part = next(
            y for word, y in (
                ("foot", 0.0), ("ankle", 0.05), ("knee", 0.5), ("hip", 0.9), ("base", 0.95),
                ("wrist", 0.9), ("hand", 0.85), ("thumb", 0.85), ("elbow", 1.1), ("mid", 1.2),
                ("shoulder", 1.4), ("neck", 1.5), ("head", 1.7), ("", 1.4),
            ) if word in joint
        )  # fmt: skip
        ahead = 0.15 * ("foot" in joint)
        at[:, 0, n] = [side, part, 2 + ahead]
    right_arm = [n for n, joint in enumerate(joints) if "right" in joint and "wrist" in joint]
    at[:, 0, right_arm, 1] += 0.3 * np.sin(np.arange(T) / 5)[:, None]
    at[..., 0] += 0.8 * np.arange(T)[:, None, None] / T  # and walks
    at += 0.002 * draw.normal(size=at.shape)
    return Clip(at, KINECT_V2, name=f"p{seed}", fps=30)


def texts(*clips: Clip) -> str:
    return "\n".join(doubt.text for doubt in doubts(clips))


def changed(coords: Array, clip: Clip | None = None) -> Clip:
    return replace(clip or person(), coords=coords)


def test_nothing_is_said_of_a_good_clip() -> None:
    assert doubts([person(i) for i in range(3)]) == []


def swapped(coords: Array) -> Array:
    order = list(range(25))
    for left, right in KINECT_V2.pairs:
        a, b = KINECT_V2.index(left), KINECT_V2.index(right)
        order[a], order[b] = b, a
    return coords[:, :, order]


def test_sides_that_change_places_are_told_with_the_frame() -> None:
    coords = person().coords.copy()
    coords[25:] = swapped(coords[25:])
    told = texts(changed(coords), person(1))
    assert "left and right change places from one frame to the next in 1 of 2 clips" in told
    assert "frame 25" in told


def test_sides_that_are_always_wrong_and_mirror_images_are_told() -> None:
    assert "feet or faces point backwards" in texts(changed(swapped(person().coords)))
    assert "feet or faces point backwards" in texts(changed(person().coords * [1, 1, -1]))
    turned = person().coords[..., [2, 1, 0]] * [1, 1, -1]  # a rotation is no mirror
    assert "backwards" not in texts(changed(turned))


def test_frames_in_the_order_of_their_names_as_text_are_told() -> None:
    order = sorted(range(1, T + 1), key=str)
    told = texts(changed(person().coords[np.array(order) - 1]))
    assert "sorted as text (1, 10, 11, 2) in 1 of 1 clip, e.g. p0" in told
    mixed = np.random.default_rng(0).permutation(T)
    assert "frames out of order?" in texts(changed(person().coords[mixed]))
    still = changed(np.repeat(person().coords[:1], T, axis=0) + 0.002 * np.random.default_rng(
        1).normal(size=(T, 1, 25, 3)))  # fmt: skip
    assert "order" not in texts(still)


@pytest.mark.parametrize(
    ("factor", "words"),
    [(1.0, ""), (100.0, "centimetres?"), (1000.0, "millimetres?"), (7.0, "neither metres")],
)
def test_the_unit_is_guessed_from_the_body(factor: float, words: str) -> None:
    told = texts(changed(person().coords * factor))
    assert words in told if words else not told


def test_shares_of_the_picture_are_no_unit() -> None:
    coords = person().coords - np.nanmin(person().coords, axis=(0, 1, 2))
    (told,) = doubts([replace(person(), coords=coords / np.nanmax(coords) / 2)])
    assert told.text.startswith("x and y between 0 and 1: fractions of the picture?")
    assert not told.warning


def test_clips_in_several_units_and_upside_down_are_told() -> None:
    told = texts(person(0), person(1), changed(person(2).coords * 100, person(2)))
    assert "in several units? p" in told
    told = texts(person(0), person(1), changed(person(2).coords * [1, -1, -1], person(2)))
    assert "upside down: 1 of 3 clips, e.g. p2" in told


def test_an_image_has_y_downwards() -> None:
    coords = np.random.default_rng(0).normal(size=(1, 1, 17, 2)) * 0.01 + np.zeros((T, 1, 17, 2))
    coords[:, :, 5:7, 1] -= 40
    coords[..., 0] += 100 + 60 * np.arange(T)[:, None, None] / T
    assert texts(Clip(coords, COCO_17, name="a", fps=30)) == ""
    told = texts(Clip(coords * [1, -1], COCO_17, name="a", fps=30))
    assert "+y is up, other than in images: upside down?" in told


def test_joints_in_another_order_stretch_the_bones() -> None:
    draw = np.random.default_rng(0)
    shuffled = np.stack([frame[:, draw.permutation(25)] for frame in person().coords])
    assert "bones change their length by" in texts(changed(shuffled))


def test_zeros_and_joints_that_are_never_seen_are_told() -> None:
    coords = person().coords.copy()
    coords[::3, :, 7] = 0
    coords[:, :, 24] = np.nan
    told = texts(changed(coords))
    assert "1 joint (left_hand) at exactly 0 in up to 33% of the frames" in told
    assert "never seen: right_thumb" in told


@pytest.mark.parametrize("frames", [1, 2, 11])
def test_short_and_empty_clips_are_no_trouble(frames: int) -> None:
    assert "order" not in texts(changed(person().coords[:frames]))
    nobody = changed(np.full((frames, 2, 25, 3), np.nan))
    assert "nobody is seen in any clip" in texts(nobody)
    assert np.isnan(staged(nobody.coords, onlooker(nobody))).all()


@pytest.mark.parametrize("axis", [0, 1, 2])
@pytest.mark.parametrize("sign", [1, -1])
def test_whatever_is_up_bodies_stand_and_face_the_onlooker_unmirrored(axis: int, sign: int) -> None:
    turn = np.roll(np.eye(3), axis - 1, axis=1)  # a rotation that brings y to the axis
    if sign < 0:
        turn = turn @ (2 * np.diag(np.eye(3)[(axis + 1) % 3]) - np.eye(3))
    assert np.linalg.det(turn) == pytest.approx(1)
    clip = changed(person().coords @ turn)
    assert str(up_axis(clip)) == f"{'+' if sign > 0 else '-'}{'xyz'[axis]}"
    view = onlooker(clip)
    assert np.linalg.det(view) == pytest.approx(1)
    seen = staged(clip.coords, view)[0, 0]
    at = {joint: seen[n] for n, joint in enumerate(KINECT_V2.joints)}
    assert at["head"][1] > at["left_foot"][1]


def test_two_who_change_places_are_noticed_and_two_who_pass_are_not() -> None:
    draw = np.random.default_rng(0)
    body = draw.random((17, 2))
    way = np.linspace(-3, 3, 61)[:, None, None]  # they pass each other in the middle
    pair = np.stack([body + way * (1, 0), body - way * (1, 0)], axis=1)
    pair += draw.normal(0, 0.01, pair.shape)
    passing = Clip(pair, COCO_17, name="passing", fps=30)
    assert not any("people change places" in doubt.text for doubt in doubts([passing]))
    lost = pair.copy()
    lost[10:20] = lost[10:20, ::-1]
    found = [doubt.text for doubt in doubts([Clip(lost, COCO_17, name="lost", fps=30), passing])]
    (told,) = [text for text in found if "people change places" in text]
    assert "in 1 of 2 clips, e.g. lost, frame 10" in told
    away = lost.copy()
    away[:, 1] = np.nan  # one alone who leaps is another matter
    alone = doubts([Clip(away, COCO_17, name="alone", fps=30)])
    assert not any("people change places" in doubt.text for doubt in alone)

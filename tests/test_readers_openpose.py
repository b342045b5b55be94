"""OpenPose folders: people linked from frame to frame, what is missing, bad files."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from helpers.pose_json import GRID, grid_body
from helpers.recordings import read
from skelfuse.clip import Clip, FloatArray
from skelfuse.datasets import openpose
from skelfuse.datasets.formats import recognise
from skelfuse.datasets.reading.tracks import link, most_active
from skelfuse.errors import SkelfuseError
from skelfuse.layouts import HAND_21, layout


def _openpose(folder: Path, frames: dict[int, list[dict[str, Any]]]) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    for t, people in frames.items():
        file = folder / f"{folder.name}_{t:012d}_keypoints.json"
        file.write_text(json.dumps({"version": 1.3, "people": people}))
    return folder


def _person(joints: int = 25, right: float = 0) -> dict[str, Any]:
    hands: dict[str, Any] = {"hand_left_keypoints_2d": [], "hand_right_keypoints_2d": []}
    return {"person_id": [-1], "pose_keypoints_2d": grid_body(joints, right), **hands}


def _one(path: Path, **options: Any) -> Clip:
    (clip,) = read("openpose", path, **options)
    return clip


@pytest.mark.parametrize("joints", [18, 25])
def test_a_folder_is_a_clip(joints: int, tmp_path: Path) -> None:
    frames = {t: [_person(joints, right=t)] for t in range(3)}
    for number in (0, 1, 2):  # joint 0 of frame 1 was not found
        frames[1][0]["pose_keypoints_2d"][number] = 0
    folder = _openpose(tmp_path / "wave" / "clip7", frames)
    assert openpose.find(tmp_path) == [folder]
    clip = _one(folder)
    assert clip.skeleton.name == f"openpose-{joints}"
    assert (clip.label, clip.name, clip.fps) == ("wave", "wave/clip7", None)
    assert clip.coords.shape == (3, 1, joints, 2)
    np.testing.assert_allclose(clip.coords[2, 0], GRID[:joints] + np.array([102, 50]))
    assert (~clip.mask).sum() == 1
    assert not clip.mask[1, 0, 0]
    assert clip.confidence is not None
    assert clip.confidence[1, 0, :2].tolist() == [0, 0.5]


def test_people_keep_their_place_when_the_file_swaps_them(tmp_path: Path) -> None:
    """Two bodies walk towards each other, and the file lists them in changing order."""
    people = [[_person(right=3.0 * t), _person(right=200 - 5.0 * t)] for t in range(8)]
    frames = {t: pair[:: -1 if t % 2 else 1] for t, pair in enumerate(people)}
    clip = _one(_openpose(tmp_path / "meet" / "a", frames), fps=30)
    x = clip.coords[:, :, 0, 0] - 100
    np.testing.assert_allclose(x[:, 0], 200 - 5.0 * np.arange(8))  # the more active one is first
    np.testing.assert_allclose(x[:, 1], 3.0 * np.arange(8))
    assert clip.fps == 30


def test_who_comes_back_is_the_same_and_frames_keep_their_numbers(tmp_path: Path) -> None:
    frames: dict[int, list[dict[str, Any]]] = {t: [_person()] for t in (4, 5, 8)}
    frames[6] = []
    clip = _one(_openpose(tmp_path / "a" / "b", frames))
    assert clip.mask[:, :, 0].tolist() == [[True], [True], [False], [False], [True]]
    assert clip.notes == ("1 frame without a record",)


def test_somebody_far_away_is_somebody_else() -> None:
    here, sure = GRID[:18], np.ones(18)
    tracks = link([[(here, sure)], [(here + 500, sure)], [(here + 1, sure)]])
    assert [sorted(track) for track in tracks] == [[0, 2], [1]]


def test_who_left_long_ago_takes_nobody_s_place() -> None:
    """One stays, one leaves to the far right, and later a third comes from the left."""
    here, sure = GRID[:18], np.ones(18)
    frames = [[(here + 2 * t, sure)] for t in range(9)]
    frames[0].append((here + 1000, sure))
    frames[8].append((here - 300, sure))
    assert [sorted(track) for track in link(frames)] == [[*range(9)], [0], [8]]


def test_nobody_is_handed_on_so_that_somebody_else_is_found_again() -> None:
    upright, seen = np.array([[0.0, 0.0], [0.0, 1.0]]), np.ones(2)  # of size 1

    def at(*places: float) -> list[tuple[FloatArray, FloatArray]]:
        return [(upright + [place, 0.0], seen) for place in places]

    tracks = link([at(0.0, 1.0), at(0.1, -0.9)])  # the second has left, a third has come
    assert [[joints[0, 0] for joints, _ in track.values()] for track in tracks] == [
        [0.0, 0.1],
        [1.0],
        [-0.9],
    ]


def test_people_whom_float32_cannot_measure_are_linked_all_the_same() -> None:
    here, sure = np.float32(1e30) * GRID[:18], np.ones(18, np.float32)
    tracks = link([[(here, sure), (-here, sure)], [(-here, sure), (here, sure)]])
    assert [track[1][0][1, 0] for track in tracks] == [here[1, 0], -here[1, 0]]
    assert most_active(tracks, frames=2, limit=1)[0].shape == (2, 1, 18, 2)


def test_only_the_most_active_are_kept(tmp_path: Path) -> None:
    frames = {
        t: [_person(), _person(right=300 + 4 * t), _person(right=600 + 2 * t)] for t in range(5)
    }
    clip = _one(_openpose(tmp_path / "a" / "b", frames), max_persons=2)
    np.testing.assert_allclose(clip.coords[0, :, 0, 0], [400, 700])
    assert "1 of 3 persons left out, the least active" in clip.notes


def _hands(left: float, right: float) -> dict[str, Any]:
    return {
        "hand_left_keypoints_2d": grid_body(21, right=left),
        "hand_right_keypoints_2d": grid_body(21, right=right),
    }


def test_hands_without_a_body_are_one_body_of_two_hands(tmp_path: Path) -> None:
    """The hands cross: where they are says nothing of which they are."""
    frames = {t: [{"pose_keypoints_2d": [], **_hands(8.0 * t, 80 - 8.0 * t)}] for t in range(11)}
    frames[3][0]["hand_left_keypoints_2d"] = []
    clip = _one(_openpose(tmp_path / "fist" / "b", frames))
    assert (clip.skeleton.name, clip.coords.shape) == ("hands-42", (11, 1, 42, 2))
    left, right = (clip.skeleton.index(f"{side}_hand_wrist") for side in ("left", "right"))
    seen = np.arange(11) != 3
    np.testing.assert_allclose(clip.coords[seen, 0, left, 0], 100 + 8.0 * np.arange(11)[seen])
    np.testing.assert_allclose(clip.coords[:, 0, right, 0], 180 - 8.0 * np.arange(11))
    assert not clip.mask[3, 0, left]


def test_hands_one_by_one_never_change_places(tmp_path: Path) -> None:
    frames = {t: [_hands(8.0 * t, 80 - 6.0 * t)] for t in range(11)}
    clip = _one(_openpose(tmp_path / "fist" / "b", frames), skeleton=HAND_21)
    assert (clip.skeleton.name, clip.persons) == ("hand-21", 2)
    np.testing.assert_allclose(clip.coords[:, 0, 0, 0], 100 + 8.0 * np.arange(11))
    np.testing.assert_allclose(clip.coords[:, 1, 0, 0], 180 - 6.0 * np.arange(11))


def test_body_hands_and_face_are_one_body_on_request(tmp_path: Path) -> None:
    person = {**_person(), **_hands(7, 9), "face_keypoints_2d": _grid(70, 300)}
    folder = _openpose(tmp_path / "wave" / "a", {0: [person], 1: [_person()]})
    clip = _one(folder)
    assert clip.skeleton.name == "openpose-25"
    keeps = "--skeleton openpose-137 or openpose-67 keeps them"
    assert clip.notes == (f"hands and face left out ({keeps})",)
    for name, joints in (("openpose-67", 67), ("openpose-137", 137)):
        whole = _one(folder, skeleton=layout(name))
        assert whole.coords.shape == (2, 1, joints, 2)
        np.testing.assert_array_equal(whole.coords[:, :, :25], clip.coords)
        at = whole.skeleton.index
        assert whole.coords[0, 0, at("left_hand_wrist"), 0] == 107
        assert whole.coords[0, 0, at("right_hand_wrist"), 0] == 109
        assert not whole.mask[1, 0, 25:].any()
    assert whole.coords[0, 0, at("right_jaw_0")].tolist() == [300, 0]
    assert whole.coords[0, 0, at("left_pupil")].tolist() == [300, 69]
    assert whole.notes == ()


def _grid(joints: int, x: float) -> list[float]:
    return [number for i in range(joints) for number in (x, float(i), 0.9)]


def test_a_score_that_openpose_would_not_draw_is_missing(tmp_path: Path) -> None:
    person = _person()
    person["pose_keypoints_2d"][2] = 0.04
    folder = _openpose(tmp_path / "wave" / "a", {0: [person]})
    assert not _one(folder).mask[0, 0, 0]
    assert "below 0.05" in _one(folder).notes[0]
    assert _one(folder, min_score=0).mask.all()
    assert not _one(folder, min_score=0.6).mask.any()


def test_other_names_with_openpose_s_content(tmp_path: Path) -> None:
    folder = _openpose(tmp_path / "walk" / "cam", {t: [_person(right=t)] for t in range(3)})
    for file in list(folder.iterdir()):
        number = int(file.name.split("_")[1])
        file.rename(folder / f"cam01.{number:04d}.json")
    assert openpose.find(tmp_path) == [folder]
    form, sources = recognise(tmp_path)
    assert (form.name, sources) == ("openpose", [folder])
    assert recognise(folder / "cam01.0000.json")[0].name == "openpose"
    assert _one(folder).coords[:, 0, 0, 0].tolist() == [100, 101, 102]


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ('{"people": [', "not JSON"),
        ('{"people": 3}', "'people' is of the wrong kind"),
        ('{"persons": []}', "no 'people'"),
        ("[]", "expected named values"),
        ('{"people": [{"pose_keypoints_2d": [1, 2, 0.5]}]}', "1 joints"),
        ('{"people": [{"pose_keypoints_2d": [1, 2]}]}', "not a list of joints"),
        ('{"people": [{"pose_keypoints_2d": ["1", 2, 3]}]}', "expected numbers, found '1'"),
        ('{"people": [{"pose_keypoints_2d": [1, 2, Infinity]}]}', "'Infinity' among"),
        ('{"people": [{"pose_keypoints_2d": [1, 2, 1e999]}]}', "infinite"),
        ('{"people": []}', "no person in any frame"),
        ("\udcff", "cannot read"),
    ],
)
def test_a_bad_frame_is_named(text: str, problem: str, tmp_path: Path) -> None:
    folder = tmp_path / "a" / "b"
    folder.mkdir(parents=True)
    (folder / "b_000_keypoints.json").write_bytes(text.encode("utf-8", "surrogateescape"))
    with pytest.raises(SkelfuseError, match=r"a/b") as error:
        _one(folder)
    assert problem in str(error.value)
    assert error.value.remedy


def test_frames_of_two_clips_in_one_folder_are_refused(tmp_path: Path) -> None:
    for name in ("x_001", "y_001"):
        (tmp_path / f"{name}_keypoints.json").write_text('{"people": []}')
    with pytest.raises(SkelfuseError, match="several clips in one folder: found x, y"):
        _one(tmp_path)

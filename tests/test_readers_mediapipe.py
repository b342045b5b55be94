"""MediaPipe in the shapes in which people keep it: arrays a frame, tables, JSON."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

from helpers.recordings import read
from skelfuse.clip import Clip
from skelfuse.datasets import keypoint_json, mediapipe_csv, mediapipe_npy
from skelfuse.datasets.format import ReadOptions
from skelfuse.datasets.formats import recognise
from skelfuse.errors import SkelfuseError
from skelfuse.layouts import MEDIAPIPE_33, layout

AXES = ("x", "y", "z")
Samples = Callable[[str], Path]


def frame_row(t: float, *, left: bool = True, size: int = 1662) -> npt.NDArray[np.float64]:
    """Return a frame's numbers, each of which says which joint and axis it is of."""
    pose = np.column_stack([np.arange(33) + 0.1 * t, np.arange(33) + 0.5, np.full(33, 9)])
    pose = np.column_stack([pose, np.full(33, 0.75)])
    hands = [
        np.column_stack([np.arange(21) + at + 0.1 * t, *[np.ones(21)] * 2]) for at in (100, 200)
    ]
    face = [np.full((468, 3), 7.0)] if size == 1662 else []
    blocks = [pose, *face, hands[0] * left, hands[1]][0 if size > 126 else 1 :]
    return np.concatenate([block.ravel() for block in blocks])


def folder_of(top: Path, name: str, frames: dict[int, npt.NDArray[np.float64]]) -> Path:
    (top / name).mkdir(parents=True)
    for number, row in frames.items():
        np.save(top / name / f"{number}.npy", row)
    return top / name


def npy(path: Path, **options: Any) -> Clip:
    (clip,) = read("mediapipe-npy", path, **options)
    return clip


def test_folders_of_frames(tmp_path: Path) -> None:
    rows = {t: frame_row(t, left=t != 10) for t in range(12)}  # 10.npy comes before 2.npy by name
    folders = [folder_of(tmp_path, f"{word}/0", rows) for word in ("hello", "thanks")]
    form, sources = recognise(tmp_path)
    assert (form.name, sources) == ("mediapipe-npy", folders)
    clip = npy(folders[0])
    assert (clip.label, clip.name) == ("hello", "hello/0")
    assert (clip.skeleton.name, clip.coords.shape) == ("mediapipe-holistic-75", (12, 1, 75, 3))
    np.testing.assert_allclose(clip.coords[:, 0, 0, 0], 0.1 * np.arange(12), rtol=1e-6)
    assert clip.coords[3, 0, 5].tolist() == pytest.approx([5.3, 5.5, 9])
    left, right = (clip.skeleton.index(f"{side}_hand_thumb_tip") for side in ("left", "right"))
    assert clip.coords[0, 0, [left, right], 0].tolist() == [104, 204]
    assert clip.mask[:, 0, left].tolist() == [t != 10 for t in range(12)]
    assert clip.mask[:, 0, right].all()
    assert clip.confidence is not None
    assert clip.confidence[0, 0, [0, left]].tolist() == [0.75, 1]
    assert clip.notes == ("face left out",)


def test_a_frame_that_is_not_there_has_nobody_in_it(tmp_path: Path) -> None:
    clip = npy(folder_of(tmp_path, "a/0", {t: frame_row(t) for t in (3, 4, 6)}))
    assert clip.mask[:, 0, 0].tolist() == [True, True, False, True]
    assert "1 frame without a record" in clip.notes


@pytest.mark.parametrize(
    ("size", "skeleton", "name"),
    [
        (1662, None, "mediapipe-holistic-75"),
        (258, None, "mediapipe-holistic-75"),
        (126, None, "hands-42"),
        (1662, MEDIAPIPE_33, "mediapipe-33"),
        (258, layout("hands-42"), "hands-42"),
    ],
)
def test_whole_clips_and_parts(size: int, skeleton: Any, name: str, tmp_path: Path) -> None:
    (tmp_path / "hello").mkdir()
    file = tmp_path / "hello" / "7.npy"
    np.save(file, np.stack([frame_row(t, size=size) for t in range(5)]).astype(np.float32))
    assert recognise(tmp_path)[1] == [file]
    clip = npy(file, skeleton=skeleton)
    assert (clip.skeleton.name, clip.name, clip.label) == (name, "hello/7", "hello")
    assert clip.coords.shape == (5, 1, len(layout(name)), 3)
    assert clip.mask.all()
    first = 0 if name != "hands-42" else 100
    np.testing.assert_allclose(clip.coords[:, 0, 0, 0], first + 0.1 * np.arange(5), rtol=1e-5)


@pytest.mark.parametrize(
    ("spoil", "problem"),
    [
        (lambda file: np.save(file, np.ones(258)), "expected 1662 numbers, as the frames before"),
        (lambda file: file.write_bytes(file.read_bytes()[:-8]), "do not agree"),
        (lambda file: np.save(file, np.full(1662, np.inf)), "infinite"),
        (lambda file: np.save(file, np.array(["a"])), "of the wrong size"),
        (lambda file: file.rename(file.with_name("01.npy")), "two images of one frame number, 1"),
    ],
)
def test_a_bad_frame_is_named(spoil: Callable[[Path], Any], problem: str, tmp_path: Path) -> None:
    folder = folder_of(tmp_path, "a/0", {t: frame_row(t) for t in range(4)})
    spoil(folder / "2.npy")
    with pytest.raises(SkelfuseError, match=problem) as error:
        npy(folder)
    assert str(folder) in str(error.value)
    with pytest.raises(SkelfuseError, match="expected 17 \\(coco-17\\)"):
        npy(folder_of(tmp_path, "a/1", {0: frame_row(0)}), skeleton=layout("coco-17"))


def wide(names: list[str], rows: list[list[Any]], file: Path) -> Path:
    file.parent.mkdir(parents=True, exist_ok=True)
    lines = [",".join(names), *(",".join(str(cell) for cell in row) for row in rows)]
    file.write_text("\n".join(lines) + "\n")
    return file


def table(path: Path, **options: Any) -> list[Clip]:
    assert recognise(path)[0].name == "mediapipe-csv"
    return list(mediapipe_csv.read(path, ReadOptions(**options)))


@pytest.mark.parametrize(
    "name",
    [
        lambda i, axis: f"L{i}_{axis}",
        lambda i, axis: f"{axis}{i + 1}",
        lambda i, axis: f"landmark_{i}_{axis}",
        lambda i, axis: f"{MEDIAPIPE_33.joints[i].upper()}.{axis}",
        lambda i, axis: f"{axis}_{MEDIAPIPE_33.joints[i]}",
    ],
)
def test_wide_tables(name: Callable[[int, str], str], tmp_path: Path) -> None:
    names = ["frame", *(name(i, axis) for i in range(33) for axis in (*AXES, "visibility"))]
    rows = [[t, *(v for i in range(33) for v in (i + 0.5 * t, i, 1, 0.25))] for t in (4, 5, 7)]
    (clip,) = table(wide(names, rows, tmp_path / "squat" / "a.csv"))
    assert (clip.label, clip.name, clip.coords.shape) == ("squat", "squat/a", (4, 1, 33, 3))
    assert clip.coords[1, 0, 32].tolist() == [34.5, 32, 1]
    assert clip.mask[:, 0, 0].tolist() == [True, True, False, True]
    assert clip.confidence is not None
    assert clip.confidence[0, 0, 3] == 0.25
    (hidden,) = table(tmp_path / "squat" / "a.csv", min_score=0.5)
    assert not hidden.mask.any()


def test_a_table_of_several_clips(tmp_path: Path) -> None:
    axes = [f"{axis}{i}" for i in range(1, 34) for axis in ("x", "y", "z", "v")]
    rows = [
        [label, *np.full(132, value)] for value, label in enumerate(["up", "up", "down", "up"], 1)
    ]
    clips = table(wide(["class", *axes], rows, tmp_path / "coords.csv"))
    assert [(clip.label, clip.frames, clip.coords[0, 0, 0, 0]) for clip in clips] == [
        ("up", 2, 1),
        ("down", 1, 3),
        ("up", 1, 4),
    ]
    assert [clip.name for clip in clips] == [f"coords-{i:05d}" for i in (1, 2, 3)]
    rows = [[who, who, *np.full(132, 1)] for who in ("b", "a", "b")]
    clips = table(wide(["video", "subject", *axes], rows, tmp_path / "v" / "videos.csv"))
    assert [(clip.name, clip.subject, clip.frames) for clip in clips] == [
        ("v/b", "b", 2),
        ("v/a", "a", 1),
    ]


@pytest.mark.parametrize("named", [True, False])
def test_long_tables(named: bool, tmp_path: Path) -> None:
    joints = [joint.upper() if named else i for i, joint in enumerate(MEDIAPIPE_33.joints)]
    rows = [[t, joint, i + t, i, 2] for t in (0, 1, 3) for i, joint in enumerate(joints) if i != 5]
    (clip,) = table(wide(["frame_id", "landmark", *AXES], rows, tmp_path / "w" / "a.csv"))
    assert (clip.skeleton.name, clip.coords.shape) == ("mediapipe-33", (4, 1, 33, 3))
    assert clip.coords[3, 0, 9].tolist() == [12, 9, 2]
    assert clip.mask[:, 0, 0].tolist() == [True, True, False, True]
    assert not clip.mask[:, 0, 5].any()


def test_a_long_table_with_types_is_body_and_hands(tmp_path: Path) -> None:
    parts = [("pose", 33, 0), ("face", 468, 5), ("left_hand", 21, 100), ("right_hand", 21, 200)]
    rows = [[t, part, i, i + at, 1, 1] for t in (0, 1) for part, n, at in parts for i in range(n)]
    (clip,) = table(wide(["frame", "type", "landmark_index", *AXES], rows, tmp_path / "a.csv"))
    assert clip.skeleton.name == "mediapipe-holistic-75"
    assert clip.coords[1, 0, [0, 32, 33, 54, 74], 0].tolist() == [0, 32, 100, 200, 220]


def test_cells_that_are_no_numbers(tmp_path: Path) -> None:
    names = ["frame", *(f"L{i}_{axis}" for i in range(33) for axis in ("x", "y", "z"))]
    rows: list[list[Any]] = [[t, *[0.5] * 99] for t in range(3)]
    rows[1][1] = ""
    (clip,) = table(wide(names, rows, tmp_path / "a.csv"))
    assert (~clip.mask).sum() == 1
    for cell, problem in (
        ("left", "line 3: text among the numbers of column 'L0_x'"),
        ("1,2", "line 3: wrong number"),
    ):
        rows[1][1] = cell
        with pytest.raises(SkelfuseError, match=problem):
            table(wide(names, rows, tmp_path / "a.csv"))
    rows[1] = rows[0]
    with pytest.raises(SkelfuseError, match="two rows of one frame"):
        table(wide(names, rows, tmp_path / "a.csv"))


def test_real_arrays_and_tables(samples: Samples) -> None:
    folders = mediapipe_npy.find(samples("mediapipe_npy"))
    clips = [npy(folder) for folder in folders]
    assert [(clip.label, clip.coords.shape) for clip in clips] == [
        ("hello", (30, 1, 75, 3)),
        ("thanks", (30, 1, 75, 3)),
    ]
    for clip, folder in zip(clips, folders, strict=True):
        row = np.load(folder / "17.npy").astype(np.float32)
        np.testing.assert_array_equal(clip.coords[17, 0, :33], row[:132].reshape(33, 4)[:, :3])
        hands = row[-126:].reshape(42, 3)
        seen = (hands != 0).any(axis=1)
        assert clip.mask[17, 0, 33:].tolist() == seen.tolist()
        np.testing.assert_array_equal(clip.coords[17, 0, 33:][seen], hands[seen])
    (clip,) = table(samples("mediapipe_csv/ash.csv"))
    assert clip.coords.shape == (176, 1, 33, 3)
    assert clip.mask.all()
    (clip,) = table(samples("mediapipe_csv/unity.csv"))
    assert int(clip.mask.all(axis=2).sum()) == 63


def test_real_json(samples: Samples) -> None:
    frames = {"pose_data": 701, "bemyvoice": 80, "mvp": 1, "mm": 1, "01": 80}
    for name, count in frames.items():
        file = samples(f"mediapipe/{name}.json")
        (clip,) = keypoint_json.read(file, ReadOptions())
        assert (clip.skeleton.name, clip.coords.shape) == ("mediapipe-33", (count, 1, 33, 3))
        told = json.loads(file.read_text())
        if name == "01":
            assert (clip.label, clip.subject, clip.fps) == ("bad_walking", "irina", 30)
            wanted = told["data"][7]["landmarks"]["left ankle"]
            found = clip.coords[7, 0, clip.skeleton.index("left_ankle")]
        else:
            point = (
                told[0]["Left Knee"] if name == "mm" else (told if name == "mvp" else told[0])[25]
            )
            wanted, found = [point[axis] for axis in AXES], clip.coords[0, 0, 25]
        np.testing.assert_allclose(found, wanted, rtol=1e-6)

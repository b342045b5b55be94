"""Nothing in a file is lost without a word: frames, people, clips, scores and labels."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from helpers import small_recordings
from helpers.commands import called
from helpers.recordings import read
from skelfuse.clip import Clip
from skelfuse.datasets.clips import clips_in
from skelfuse.datasets.format import ReadOptions
from skelfuse.datasets.formats import recognise
from skelfuse.errors import SkelfuseError
from skelfuse.layouts import KINECT_V2, MEDIAPIPE_33
from skelfuse.store import Store


def text(path: Path, content: str, *, mark: str = "") -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(mark + content, encoding="utf-8")
    return path


def found(path: Path, form: str, **options: Any) -> list[Clip | SkelfuseError]:
    return list(clips_in(path, form, ReadOptions(**options)))


def people(path: Path, people: list[str], **columns: list[Any]) -> Path:
    """Write MediaPipe's landmarks, all of a row alike: its number."""
    names = [f"L{joint}_{axis}" for joint in range(33) for axis in "xyz"]
    lines = [",".join(["person", *columns, *names])]
    for row, who in enumerate(people):
        cells = [who, *(str(column[row]) for column in columns.values()), *[str(row + 1)] * 99]
        lines.append(",".join(cells))
    return text(path, "\n".join(lines))


# Frames


def test_a_row_of_empty_cells_is_a_frame_without_anybody(tmp_path: Path) -> None:
    table = "nose_x,nose_y\n1,2\n,\n3,4\n,\n\n"
    (clip,) = read("table", text(tmp_path / "a.csv", table))
    assert clip.mask[:, 0, 0].tolist() == [True, False, True]
    numbered = "frame,nose_x,nose_y\n0,1,2\n,,\n1,3,4\n"
    (clip,) = read("table", text(tmp_path / "b.csv", numbered))
    assert clip.frames == 2  # the numbers say that nothing was in between


def test_frames_that_a_trc_skips_are_frames_without_anybody(tmp_path: Path) -> None:
    head = "PathFileType\t4\t(X/Y/Z)\ta.trc\nDataRate\tUnits\n100\tm\n"
    head += "Frame#\tTime\thead\t\t\n\t\tX1\tY1\tZ1\n"
    rows = "".join(f"{frame}\t0\t{frame}\t0\t0\n" for frame in (1, 2, 5))
    (clip,) = read("trc", text(tmp_path / "a.trc", head + rows))
    assert clip.coords[:, 0, 0, 0].tolist()[:2] == [1, 2]
    assert clip.mask[:, 0, 0].tolist() == [True, True, False, False, True]
    assert clip.notes == ("2 frames without a record",)
    (clip,) = read("trc", text(tmp_path / "a.trc", head + "5\t0\t1\t0\t0\n2\t0\t3\t0\t0\n"))
    assert clip.coords[:, 0, 0, 0].tolist() == [1, 3]
    assert clip.notes == ("Frame# does not count frames: each row is taken as the next one",)


def test_a_bvh_shorter_than_it_says_is_told(tmp_path: Path) -> None:
    content = small_recordings.BVH
    (clip,) = read("bvh", text(tmp_path / "a.bvh", content))
    said = content.replace(f"Frames: {clip.frames}", "Frames: 10")
    assert said != content
    (clip,) = read("bvh", text(tmp_path / "a.bvh", said))
    assert clip.notes == (f"the file says 10 frames, and has {clip.frames}",)


def test_two_rows_of_one_frame_shift_nothing(tmp_path: Path) -> None:
    twice = small_recordings.DLC + "1,5,6,0.9,7,8,1\n2,5,6,0.9,7,8,1\n"
    (error,) = found(text(tmp_path / "a.csv", twice), "deeplabcut")
    assert "two rows of one frame" in str(error)


@pytest.mark.parametrize("unit", [1, 1e3, 1e6])
def test_times_say_the_rate_whatever_their_unit(unit: float, tmp_path: Path) -> None:
    rows = "".join(f"{t * unit / 25:g},1,2\n" for t in range(5))
    (clip,) = read("table", text(tmp_path / "a.csv", "timestamp,nose_x,nose_y\n" + rows))
    assert clip.fps == 25
    times = [t * unit / 25 for t in range(5)]
    (clip,) = read("mediapipe-csv", people(tmp_path / "b.csv", ["a"] * 5, timestamp=times))
    assert clip.fps == 25


def test_a_date_is_no_time_and_spoils_nothing(tmp_path: Path) -> None:
    dates = [f"2026-11-29 12:00:{t:02d}" for t in range(5)]
    (clip,) = read("mediapipe-csv", people(tmp_path / "b.csv", ["a"] * 5, timestamp=dates))
    assert (clip.frames, clip.fps) == (5, None)


# People and clips


def test_each_person_of_a_table_is_a_clip_and_each_run_of_a_label(tmp_path: Path) -> None:
    labels = ["walk", "walk", "sit", "sit", "walk", "walk"]
    table = people(
        tmp_path / "a.csv",
        ["ann", "bob"] * 3,
        video=["v"] * 6,
        frame=[1, 1, 2, 2, 3, 3],
        label=labels,
    )
    clips = read("mediapipe-csv", table)
    told = [(clip.subject, clip.label, clip.coords[:, 0, 0, 0].tolist()) for clip in clips]
    each = [("walk", 1), ("sit", 3), ("walk", 5)]
    assert told == [
        (who, label, [row + later])
        for later, who in enumerate(("ann", "bob"))
        for label, row in each
    ]
    assert len({clip.name for clip in clips}) == 6


def test_one_bad_clip_of_a_file_leaves_the_others(tmp_path: Path) -> None:
    rows = "labeled-data/{}/img{:03d}.png,{},2,0.9,3,4,0.9\n"
    table = small_recordings.DLC.partition("\n0,")[0] + "\n"
    table += "".join(rows.format(*row) for row in (("a", 1, 5), ("b", 1, "1e39"), ("c", 1, 7)))
    first, bad, last = found(text(tmp_path / "a.csv", table), "deeplabcut")
    assert isinstance(bad, SkelfuseError)
    assert [clip.name for clip in (first, last) if isinstance(clip, Clip)] == ["a/a", "a/c"]
    array = np.random.default_rng(0).normal(size=(3, 3, 7, 25, 1))
    array[1, 0, 0, 0, 0] = np.inf
    np.save(tmp_path / "b.npy", array)
    kinds = [
        type(one) for one in found(tmp_path / "b.npy", "npy", axes="NCTVM", skeleton=KINECT_V2)
    ]
    assert kinds == [Clip, SkelfuseError, Clip]


def test_a_table_of_joints_without_a_person_is_of_one(tmp_path: Path) -> None:
    table = "frame,joint,x,y\n0,nose,1,2\n0,nose,3,4\n"
    (error,) = found(text(tmp_path / "a.csv", table), "table", columns="{axis}")
    assert "a joint twice in one frame" in str(error)
    assert "add a column that says whose it is" in str(error)


def test_folders_of_frames_of_one_name_are_clips_of_their_own(tmp_path: Path) -> None:
    pose = {"pose_keypoints_2d": [float(i) for i in range(75)]}
    for patient in ("p1", "p2"):
        for frame in range(3):
            name = tmp_path / patient / "wave" / "clip01" / f"c_{frame:012d}_keypoints.json"
            text(name, json.dumps({"version": 1.3, "people": [pose]}))
    result = called("preprocess", tmp_path, "--out", tmp_path / "s.h5")
    assert result.exit_code == 0, result.output
    assert Store(tmp_path / "s.h5").names == ["p1/wave/clip01", "p2/wave/clip01"]


def test_hands_that_stand_for_one_person_say_so(tmp_path: Path) -> None:
    def landmarks(count: int) -> list[dict[str, float]]:
        return [{"x": 0.1 * i, "y": 0.2, "z": 0.0} for i in range(count)]

    frame = {
        "pose_landmarks": [landmarks(len(MEDIAPIPE_33))] * 2,
        "left_hand_landmarks": landmarks(21),
    }
    path = text(tmp_path / "walk" / "a.json", json.dumps([frame]))
    (clip,) = read("keypoints", path)
    assert "with hands only the first person of a frame is kept" in clip.notes


# Files


def test_a_damaged_table_beside_sound_ones_is_told(tmp_path: Path) -> None:
    text(tmp_path / "good.csv", small_recordings.DLC)
    text(tmp_path / "empty.csv", "")
    text(tmp_path / "semicolons.csv", small_recordings.DLC.replace(",", ";"))
    (tmp_path / "wide.csv").write_text(small_recordings.DLC, encoding="utf-16")
    result = called("preprocess", tmp_path, "--out", tmp_path / "s.h5")
    assert result.exit_code == 3, result.output
    for name in ("empty", "semicolons", "wide"):
        assert f"{name}.csv" in result.output


@pytest.mark.parametrize(
    ("form", "content"),
    [
        ("sleap-csv", "track,frame_idx,instance.score,nose.x,nose.y,nose.score\na,0,1,1,2,1\n"),
        ("simba", "nose_x,nose_y,nose_p\n1,2,0.9\n"),
        ("deeplabcut", small_recordings.DLC),
        ("bvh", small_recordings.BVH),
    ],
)
def test_a_byte_order_mark_changes_nothing(form: str, content: str, tmp_path: Path) -> None:
    ending = ".bvh" if form == "bvh" else ".csv"
    (plain,) = read(form, text(tmp_path / f"a{ending}", content))
    (marked,) = read(form, text(tmp_path / f"b{ending}", content, mark="\ufeff"))
    assert recognise(tmp_path / f"b{ending}")[0].name == form
    np.testing.assert_array_equal(plain.coords, marked.coords)
    assert plain.skeleton == marked.skeleton


def test_simbas_project_tables_are_not_deeplabcuts(tmp_path: Path) -> None:
    table = "scorer,me,me,me\nbodyparts,nose,nose,nose\ncoords,nose_x,nose_y,nose_p\n0,1,2,0.9\n"
    assert recognise(text(tmp_path / "a.csv", table))[0].name == "simba"


def test_a_skip_list_may_name_files_of_any_ending(tmp_path: Path) -> None:
    for name in "ab":
        text(tmp_path / "raw" / f"{name}.bvh", small_recordings.BVH)
    skip = text(tmp_path / "skip.txt", "b.bvh\n")
    out = tmp_path / "s.h5"
    result = called("preprocess", tmp_path / "raw", "--out", out, "--skip-list", skip)
    assert result.exit_code == 0, result.output
    assert Store(out).names == ["a"]


# Scores and labels


def test_a_threshold_holds_for_every_format_with_scores(tmp_path: Path) -> None:
    scores = [[0.2] * 5 + [0.9] * 12] * 4
    content = {"keypoints": np.ones((4, 17, 2)).tolist(), "confidence": scores, "label": "walk"}
    path = text(tmp_path / "a.json", json.dumps(content))
    (clip,) = found(path, "keypoints", min_score=0.5)
    assert isinstance(clip, Clip)
    assert (~clip.mask).sum() == 4 * 5
    assert "joints of a score below 0.5 are missing (--min-score): 20 of 68" in clip.notes
    np.savez(tmp_path / "b.npz", coords=np.ones((4, 17, 2)), lengths=[4])
    (clip,) = found(tmp_path / "b.npz", "npz", min_score=0.5)
    assert isinstance(clip, Clip)
    assert "no scores: --min-score hides nothing" in clip.notes


def test_one_class_has_one_name_in_all_files(tmp_path: Path) -> None:
    for name, labels in (("train", [7, 11]), ("test", [7, 3])):
        coords = np.random.default_rng(0).normal(size=(8, 17, 2))
        np.savez(tmp_path / f"{name}.npz", coords=coords, lengths=[4, 4], label=labels)
    result = called("preprocess", tmp_path, "--out", tmp_path / "s.h5", "--skeleton", "coco-17")
    assert result.exit_code == 0, result.output
    assert Store(tmp_path / "s.h5").class_names == ["003", "007", "011"]


def test_a_path_that_goes_up_is_named_as_it_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    content = {"keypoints": np.ones((4, 17, 2)).tolist()}
    text(tmp_path / "walk" / "a.json", json.dumps(content))
    (tmp_path / "walk" / "work").mkdir()
    monkeypatch.chdir(tmp_path / "walk" / "work")
    (clip,) = read("keypoints", Path(os.pardir, "a.json"))
    assert (clip.name, clip.label) == ("walk/a", "walk")


def test_a_pattern_of_columns_is_for_tables(tmp_path: Path) -> None:
    path = text(tmp_path / "a.csv", "nose_x,nose_y,nose_p\n1,2,0.9\n")
    out = tmp_path / "s.h5"
    result = called(
        *("preprocess", path, "--out", out, "--input-format", "simba"),
        "--columns",
        "{joint}_{axis}",
    )
    assert result.exit_code == 2
    assert "--columns is for tables: leave out --input-format simba" in result.output

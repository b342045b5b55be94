"""Labels through the command itself: clips are the intervals' frames, whatever the format."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from click.testing import Result

from helpers.commands import called, ran
from skelfuse.datasets.steps import split
from skelfuse.intervals import Interval, Origin
from skelfuse.store import Store

FPS = 25


def run(*arguments: object) -> Result:
    return called("preprocess", "--skeleton", "coco-17", *arguments)


@pytest.fixture
def poses(tmp_path: Path) -> Path:
    """Return two recordings of two people; of the first, the second person moves more later."""
    folder = tmp_path / "poses"
    for group in ("a", "b"):
        (folder / group).mkdir(parents=True)
        draw = np.random.default_rng(ord(group))
        coords = 0.1 * draw.normal(size=(200, 2, 17, 2)).cumsum(axis=0)
        coords[:100, 0] *= 30
        coords[100:, 1] *= 8
        coords[150:160] = np.nan
        np.save(folder / group / f"{group}_walk.npy", coords.astype(np.float32))
    return folder


def written(folder: Path, text: str) -> Path:
    path = folder / "labels.csv"
    path.write_text(text)
    return path


def test_each_interval_is_a_clip_with_its_own_frames(poses: Path, tmp_path: Path) -> None:
    labels = written(
        tmp_path,
        "file,label,start,end,person,subject\na_walk,up,0.4,2,,ann\na_walk,down,5,5.6,,ann\n"
        "a_walk,down,5,5.6,1,ann\na_walk,gone,6.1,6.2,,ann\na_walk,late,9,10,,ann\n"
        "b_walk,up,0,99,2,ben\n",
    )
    out = tmp_path / "s.h5"
    result = run(poses, "--labels", labels, "--fps", FPS, "--out", out)
    assert result.exit_code == 0, result.output
    store, whole = Store(out), np.load(poses / "a" / "a_walk.npy")
    assert store.names == ["a_walk@10-49", "a_walk@125-139", "a_walk@125-139-2", "b_walk@0-199"]
    assert [store[i].label for i in range(4)] == ["up", "down", "down", "up"]
    assert store.subjects == ["ann", "ann", "ann", "ben"]
    np.testing.assert_array_equal(store[0].coords, whole[10:50])
    np.testing.assert_array_equal(store[1].coords, whole[125:140, ::-1])  # who moves there is first
    np.testing.assert_array_equal(store[2].coords, whole[125:140, :1])
    assert store.origin(2) == Origin("a_walk", 200, 125, 140, 0)
    assert store.recordings == ["a_walk"] * 3 + ["b_walk"]
    assert "1 interval outside the recording" in result.output
    assert "1 interval in which nobody is seen" in result.output
    assert "1 interval sharing frames with an earlier one" in result.output
    ran("info", out, "--verify")


@pytest.mark.parametrize("whole", [(), ("--whole",)], ids=["cut", "whole"])
def test_intervals_cut_at_the_recordings_end_are_told(
    poses: Path, tmp_path: Path, whole: tuple[str, ...]
) -> None:
    out, told = tmp_path / "s.h5", "1 interval going beyond the recording, cut there"
    given = (poses / "a", "--fps", FPS, "--out", out, *whole)
    labels = written(tmp_path, "file,label,start,end\na_walk,up,0,1000\na_walk,up,0,8.08\n")
    assert told in run(*given, "--labels", labels).output
    ends = [one.end for one in Store(out)[0].intervals] if whole else [Store(out)[0].frames]
    assert {*ends} == {200}
    labels = written(tmp_path, "file,label,start,end\na_walk,up,0,8.08\n")  # two frames more
    assert "cut there" not in run(*given, "--labels", labels).output


def test_labels_count_from_the_beginning_of_the_video(tmp_path: Path) -> None:
    rows = [f"{n},{n},{2 * n}\n" for n in range(100, 150)]
    (tmp_path / "a.csv").write_text("".join(["frame,nose_x,nose_y\n", *rows]))
    lines = ["100,109", "140,199", "80,119", "50,90", "0,9"]  # the last two are before it
    table = "start_frame,end_frame,label\n" + "".join(f"{line},up\n" for line in lines)
    (tmp_path / "labels").mkdir()
    (tmp_path / "labels" / "a.csv").write_text(table)
    out = tmp_path / "s.h5"
    given = ("--columns", "{joint}_{axis}", "--labels", tmp_path / "labels", "--out", out)
    result = called("preprocess", tmp_path / "a.csv", *given)
    assert result.exit_code == 0, result.output
    store = Store(out)
    found = [store[i].coords[[0, -1], 0, 0, 0].tolist() for i in range(len(store.names))]
    assert sorted(found) == [[100, 109], [100, 119], [140, 149]]
    assert "  2 intervals going beyond the recording" in result.output
    assert "  2 intervals outside the recording" in result.output


def test_intervals_of_two_people_do_not_overlap(poses: Path, tmp_path: Path) -> None:
    lines = ["0,1,1", "0,1,2", "0.5,2,1", "1.5,3,", "2,3,2", "2.98,4,"]  # start, end, person
    table = "file,start,end,person,label\n" + "".join(f"a_walk,{line},up\n" for line in lines)
    given = ("--labels", written(tmp_path, table), "--fps", FPS, "--out", tmp_path / "s.h5")
    assert "  3 intervals sharing frames with an earlier one" in run(poses, *given).output


def test_a_bad_line_of_the_table_stops_a_strict_run(poses: Path, tmp_path: Path) -> None:
    labels = written(tmp_path, "file,label,start,end\na_walk,up,0,1\nb_walk,up,two,3\n")
    out = tmp_path / "s.h5"
    given = (poses, "--labels", labels, "--fps", FPS, "--out", out)
    result = run(*given, "--strict")
    assert result.exit_code == 1
    assert f"Error: {labels}, line 3: not a time in seconds" in result.output
    assert not out.exists()
    assert run(*given).exit_code == 3
    assert Store(out).names == ["a_walk@0-24"]
    labels.write_text("file,label,start,end\na_walk,up,0,1\n")
    assert run(*given, "--strict").exit_code == 0


def test_whole_recordings_keep_their_intervals(poses: Path, tmp_path: Path) -> None:
    labels = written(
        tmp_path,
        "file,label,start_frame,end_frame,subject\na_walk,up,5,9,ann\na_walk,down,0,7,ann\n",
    )
    out = tmp_path / "w.h5"
    result = run(poses, "--labels", labels, "--whole", "--out", out)
    assert result.exit_code == 0, result.output
    store = Store(out)
    assert (store.names, store.subjects, store.class_names) == (["a_walk"], ["ann"], ["down", "up"])
    assert store[0].label is None
    assert store[0].intervals == (Interval(0, 8, "down"), Interval(5, 10, "up"))
    told = called("info", out, "--verify")
    assert "2 in recordings kept whole: down 1, up 1" in told.output
    assert told.exit_code == 0


def test_a_changed_interval_is_seen_by_verify(poses: Path, tmp_path: Path) -> None:
    import h5py

    labels = written(tmp_path, "file,label,start_frame,end_frame\na_walk,up,5,9\n")
    out = tmp_path / "w.h5"
    run(poses, "--labels", labels, "--whole", "--out", out)
    with h5py.File(out, "r+") as file:
        file["intervals"][0] = '[[5, 11, "up", null]]'
    told = called("info", out, "--verify")
    assert "are not what was written" in told.output


def test_a_store_without_intervals_has_no_word_of_them(poses: Path, tmp_path: Path) -> None:
    import h5py

    run(poses, "--label-from", "folder", "--out", tmp_path / "s.h5")
    with h5py.File(tmp_path / "s.h5") as file:
        assert not {"intervals", "origin"} & set(file)
    assert [clip.label for clip in Store(tmp_path / "s.h5")] == ["a", "b"]


def test_seconds_need_a_rate(poses: Path, tmp_path: Path) -> None:
    labels = written(tmp_path, "file,label,start,end\na_walk,up,1,2\n")
    result = run(poses, "--labels", labels, "--out", tmp_path / "s.h5")
    assert result.exit_code == 1
    assert "labels.csv, line 2: the intervals of 'a_walk' are in seconds" in result.output
    assert "add --fps" in result.output


def test_two_labels_of_one_clip_are_told(poses: Path, tmp_path: Path) -> None:
    labels = written(tmp_path, "file,label\na_walk,up\nb_walk,up\na_walk,down\n")
    result = run(poses, "--labels", labels, "--out", tmp_path / "s.h5")
    assert result.exit_code == 3
    assert "line 4: the table has two labels for the clip 'a_walk'" in result.output
    assert Store(tmp_path / "s.h5").names == ["b_walk"]


def test_nothing_that_fits_says_why(poses: Path, tmp_path: Path) -> None:
    labels = written(tmp_path, "file,label,start,end\nc_walk,up,1,2\n")
    result = run(poses, "--labels", labels, "--fps", 30, "--out", tmp_path / "s.h5")
    assert result.exit_code == 1
    assert "1 recording of the table is not there (1 row): c_walk" in result.output
    assert "2 clips without a row, left out: a_walk, b_walk" in result.output


@pytest.mark.process
def test_any_number_of_processes_and_a_resume_give_one_store(tmp_path: Path) -> None:
    folder = tmp_path / "many"
    folder.mkdir()
    draw = np.random.default_rng(0)
    lines = ["file,label,start,end"]
    for i in range(40):
        np.save(folder / f"r{i:02}.npy", draw.normal(size=(60, 17, 2)).astype(np.float32))
        lines += [f"r{i:02},up,0,1", f"r{i:02},down,0.5,1.5"]
    labels = written(tmp_path, "\n".join(lines))
    facts = []
    for jobs in (1, 2):
        out, report = tmp_path / f"{jobs}.h5", tmp_path / f"{jobs}.json"
        given = ("--fps", 30, "--jobs", jobs, "--report", report)
        assert run(folder, "--labels", labels, "--out", out, *given).exit_code == 0
        facts.append(json.loads(report.read_text())["sources"])
    assert facts[0] == facts[1]
    assert facts[0][0]["labels"] == {
        **{"intervals": 2, "overlapping": 1},
        **{"named": ["r00"], "without": [], "unmatched": {}},
    }
    assert Store(tmp_path / "1.h5").digests == Store(tmp_path / "2.h5").digests


def test_a_table_may_say_who_alone_and_a_name_what(poses: Path, tmp_path: Path) -> None:
    labels = written(tmp_path, "file,who,split\na_walk,ann,train\nb_walk,ben,test\n")
    out = tmp_path / "s.h5"
    result = run(
        poses, "--labels", labels, "--subject-from", "column:who",
        "--label-from", "name:_(\\w+)\\.",
        "--out", out,
    )  # fmt: skip
    assert result.exit_code == 0, result.output
    store = Store(out)
    assert [(clip.label, clip.subject, dict(clip.splits)) for clip in store] == [
        ("walk", "ann", {"file": "train"}),
        ("walk", "ben", {"file": "test"}),
    ]


@pytest.mark.parametrize("way", ["folder", "name:^([a-z]+)_", "column:who"])
def test_camera_and_split_come_from_folder_name_or_column(
    poses: Path, tmp_path: Path, way: str
) -> None:
    given: list[object] = ["--camera-from", way, "--split-from", way]
    if way.startswith("column"):
        given += ["--labels", written(tmp_path, "file,who\na_walk,a\nb_walk,b\n")]
    out = tmp_path / "s.h5"
    result = run(poses, *given, "--out", out)
    assert result.exit_code == 0, result.output
    store = Store(out)
    found = [(clip.name, clip.camera, dict(clip.splits)) for clip in store]
    assert found == [("a_walk", "a", {"file": "a"}), ("b_walk", "b", {"file": "b"})]
    assert store.cameras == ["a", "b"]


def test_a_split_from_names_is_the_protocol_file(poses: Path, tmp_path: Path) -> None:
    (poses / "a").rename(poses / "train")
    (poses / "b").rename(poses / "test")
    out = tmp_path / "s.h5"
    run(poses, "--label-from", "name:^([a-z])_", "--split-from", "folder", "--out", out)
    store = Store(out)
    parts = {part: [store.names[i] for i in of_it] for part, of_it in split(store, "file").items()}
    assert parts == {"train": ["a_walk"], "test": ["b_walk"]}


def test_names_that_say_no_camera_or_split_are_told(poses: Path, tmp_path: Path) -> None:
    given = ("--camera-from", "name:(a)_", "--split-from", "folder:9", "--out", tmp_path / "s.h5")
    result = run(poses, *given)
    assert result.exit_code == 0
    assert "no camera by --camera-from: 1 clip: b_walk" in result.output
    assert "no split by --split-from: 2 clips: a_walk, b_walk" in result.output
    assert [(clip.camera, dict(clip.splits)) for clip in Store(tmp_path / "s.h5")] == [
        ("a", {}),
        (None, {}),
    ]


def test_options_that_need_a_table_say_so(poses: Path, tmp_path: Path) -> None:
    for more in (["--whole"], ["--label-rows", "a=b"], ["--label-from", "column:x"]):
        result = run(poses, *more, "--out", tmp_path / "s.h5")
        assert result.exit_code == 1
        assert "add --labels TABLE" in result.output


def test_a_file_of_many_clips_is_labelled_clip_by_clip(tmp_path: Path) -> None:
    draw = np.random.default_rng(0)
    np.savez(
        tmp_path / "all.npz",
        coords=draw.normal(size=(50, 17, 2)),
        lengths=[20, 30],
        names=["one", "two"],
        fps=10,
    )
    labels = written(tmp_path, "file,label,start,end\none,up,0,1\ntwo,down,1,3\ntwo,up,0,1\n")
    out = tmp_path / "s.h5"
    result = run(tmp_path / "all.npz", "--labels", labels, "--out", out)
    assert result.exit_code == 0, result.output
    store = Store(out)
    assert [(clip.name, clip.label, clip.frames) for clip in store] == [
        ("one@0-9", "up", 10),
        ("two@0-9", "up", 10),
        ("two@10-29", "down", 20),
    ]


def test_keypoint_files_of_one_name_are_told_apart_by_folder(tmp_path: Path) -> None:
    for who in ("ann", "ben"):
        (tmp_path / "poses" / who).mkdir(parents=True)
        points = np.random.default_rng(0).random((12, 17, 2)).tolist()
        (tmp_path / "poses" / who / "gait.json").write_text(json.dumps({"keypoints": points}))
    out = tmp_path / "s.h5"
    both = written(tmp_path, "file,label\ngait,limp\n")
    result = run(tmp_path / "poses", "--labels", both, "--out", out)
    assert result.exit_code == 1
    assert "'gait' of the table fits 2 files" in result.output
    each = written(tmp_path, "file,label\nann/gait.mp4,limp\nben/gait.mp4,normal\n")
    assert run(tmp_path / "poses", "--labels", each, "--out", out).exit_code == 0
    assert {clip.name: clip.label for clip in Store(out)} == {
        "ann/gait": "limp",
        "ben/gait": "normal",
    }


def test_what_no_interval_covers_has_a_label_of_its_own(poses: Path, tmp_path: Path) -> None:
    labels = written(
        tmp_path,
        "file,label,start,end,subject\na_walk,up,0.4,2,ann\na_walk,down,2.2,4,ann\n"
        "b_walk,up,0,99,ben\n",
    )
    out = tmp_path / "s.h5"
    given = ("--labels", labels, "--fps", FPS, "--out", out, "--rest-label", "nothing")
    result = run(poses, *given)
    assert result.exit_code == 0, result.output
    assert "  2 intervals of what no row covers" in result.output
    store = Store(out)
    assert dict(zip(store.names, [store[i].label for i in range(5)], strict=True)) == {
        "a_walk@0-9": "nothing",
        "a_walk@10-49": "up",  # 5 frames further on are too few for a stretch of nothing
        "a_walk@55-99": "down",
        "a_walk@100-199": "nothing",
        "b_walk@0-199": "up",
    }
    assert store.subjects == ["ann"] * 4 + ["ben"]
    run(poses, *given, "--whole")
    assert [one.label for one in Store(out)[0].intervals] == ["nothing", "up", "down", "nothing"]
    labels.write_text("file,label\na_walk,up\n")
    told = run(poses, *given)
    assert told.exit_code == 1
    assert "leave out --rest-label, or give start and end" in told.stderr


def test_names_that_differ_in_letters_alone_are_told(poses: Path, tmp_path: Path) -> None:
    lines = ["file,label,start,end", "A_WALK,up,0,1", "b_walk,Up,0,1", "b_walk,up,1,2"]
    labels = written(tmp_path, "\n".join(lines))
    given = ("--fps", FPS, "--labels", labels, "--out", tmp_path / "s.h5")
    said = run(poses / "a", poses / "b", *given).output
    assert "'A_WALK' of the table is not 'a_walk', as letters differ: write both alike" in said
    assert "classes 'Up' and 'up' differ in letters alone: are they one?" in said

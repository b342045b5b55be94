"""Animals: DeepLabCut, SLEAP, movement, SimBA and any table give the numbers that were written."""

from __future__ import annotations

from pathlib import Path

import h5py
import numpy as np
import pytest

from helpers import small_recordings
from helpers.recordings import read, written
from skelfuse.datasets.format import ReadOptions
from skelfuse.datasets.formats import recognise
from skelfuse.errors import SkelfuseError
from skelfuse.skeleton import Skeleton


def text(folder: Path, content: str, name: str = "a.csv") -> Path:
    path = folder / name
    path.write_text(content)
    return path


def test_deeplabcut_csv_and_h5_of_one_recording_are_equal(tmp_path: Path) -> None:
    (table,), (pandas,) = (read("deeplabcut", written("deeplabcut", tmp_path, n)) for n in (0, 2))
    np.testing.assert_array_equal(table.coords, pandas.coords)
    assert table.coords[:, 0, 1].tolist() == [[3, 4], [7, 8]]
    assert np.isnan(table.coords[1, 0, 0]).all()  # a likelihood of 0.1
    assert table.notes == ("joints of a score below 0.6 are missing (--min-score): 1 of 4",)
    assert table.skeleton == pandas.skeleton
    assert (table.skeleton.joints, table.skeleton.bones) == (("nose", "tail"), ())
    (kept,) = read("deeplabcut", tmp_path / "DLC.csv", min_score=0.0)
    assert kept.coords[1, 0, 0].tolist() == [5, 6]
    assert kept.confidence is not None
    assert kept.confidence[1, 0].tolist() == pytest.approx([0.1, 1])


def test_of_csv_and_h5_the_h5_is_read_and_filtered_before_raw(tmp_path: Path) -> None:
    pandas = written("deeplabcut", tmp_path, 2)
    table = written("deeplabcut", tmp_path)
    assert recognise(tmp_path)[1] == [pandas]
    filtered = text(tmp_path, table.read_text(), "DLC_filtered.csv")
    assert recognise(tmp_path)[1] == [filtered]


def test_each_animal_of_deeplabcut_is_somebody_and_a_frame_without_a_row_is_empty(
    tmp_path: Path,
) -> None:
    (clip,) = read("deeplabcut", written("deeplabcut", tmp_path, 1))
    assert clip.coords.shape == (3, 2, 1, 2)
    assert sorted(clip.coords[2, :, 0, 0].tolist()) == [5, 7]
    assert np.isnan(clip.coords[1]).all()
    assert clip.notes == ("1 frame without a record",)


def test_pictures_of_two_folders_are_two_recordings(tmp_path: Path) -> None:
    rows = "labeled-data/{}/img{:03d}.png,{},2,,,,\n"
    table = small_recordings.DLC.partition("\n0,")[0] + "\n"
    table += "".join(rows.format(*row) for row in (("day1", 4, 9), ("day2", 7, 1), ("day1", 3, 8)))
    first, second = read("deeplabcut", text(tmp_path, table))
    assert (first.name, second.name) == ("a/day1", "a/day2")
    assert first.coords[:, 0, 0, 0].tolist() == [8, 9]  # by the pictures' numbers


def test_pictures_with_their_folders_in_columns_of_their_own(tmp_path: Path) -> None:
    table = "scorer,,,me,me\nbodyparts,,,nose,nose\ncoords,,,x,y\nlabeled-data,day1,img3.png,1,2\n"
    (clip,) = read("deeplabcut", text(tmp_path, table))
    assert (clip.coords.tolist(), clip.skeleton.joints) == ([[[[1, 2]]]], ("nose",))


def test_marks_that_are_no_animals_are_left_out_and_told(tmp_path: Path) -> None:
    table = small_recordings.TWO_MICE.replace("b,b,b", "single,single,single").replace(
        "nose,nose,nose,nose,nose,nose", "nose,nose,nose,corner,corner,corner"
    )
    (clip,) = read("deeplabcut", text(tmp_path, table))
    assert clip.persons == 1
    assert "marks of no animal left out: single" in clip.notes


def test_sleap_files_say_tracks_edges_and_what_was_corrected(tmp_path: Path) -> None:
    (clip,) = read("sleap", written("sleap", tmp_path))
    assert (clip.skeleton.joints, clip.skeleton.bones) == (("nose", "tail"), (("tail", "nose"),))
    assert (clip.coords.shape, clip.fps) == ((2, 2, 2, 2), 50)
    first = (
        clip.coords[0, :, 0, 0].tolist().index(0)
    )  # who has the place (0, 0.5) is the first track
    assert clip.coords[0, first].tolist() == [[0, 0.5], [1, 1.5]]
    assert clip.coords[0, 1 - first].tolist() == [[2, 2.5], [3, 3.5]]
    np.testing.assert_array_equal(clip.coords[1, first], [[50, 51], [np.nan, np.nan]])
    assert np.isnan(clip.coords[1, 1 - first]).all()


def test_sleaps_analysis_file(tmp_path: Path) -> None:
    path = written("sleap-analysis", tmp_path)
    (clip,) = read("sleap-analysis", path)
    tracks = small_recordings.FILES["sleap-analysis"][0][1]["tracks"].astype(np.float32)
    assert clip.coords.shape == (9, 2, 4, 2)
    both = tracks.transpose(3, 0, 2, 1)  # track, xy, node, frame -> frame, track, node, xy
    np.testing.assert_array_equal(np.sort(clip.coords, axis=1), np.sort(both, axis=1))
    assert (clip.skeleton.root, clip.skeleton.pairs) == ("nose", (("earL", "earR"),))
    assert len(clip.skeleton.bones) == 3


def test_sleaps_csv_has_a_row_for_each_animal(tmp_path: Path) -> None:
    (clip,) = read("sleap-csv", written("sleap-csv", tmp_path))
    assert clip.coords.shape == (3, 2, 2, 2)  # frames 3 to 5
    assert sorted(clip.coords[0, :, 0, 0].tolist()) == [1, 5]
    one = clip.coords[0, :, 0, 0].tolist().index(1)
    assert clip.coords[2, one].tolist() == [[7, 8], [9, 10]]


def test_movements_axes_are_found_by_their_names(tmp_path: Path) -> None:
    (clip,) = read("movement", written("movement", tmp_path))
    assert (clip.coords.shape, clip.fps, clip.skeleton.joints) == (
        (3, 1, 2, 2),
        25,
        ("nose", "tail"),
    )
    assert clip.coords[1, 0].tolist() == [[4, 6], [5, 7]]
    assert np.isnan(clip.coords[0, 0, 1]).all()  # its confidence is 0.1


def test_simbas_numbers_are_animals_and_features_are_passed_over(tmp_path: Path) -> None:
    (clip,) = read("simba", written("simba", tmp_path))
    assert (clip.coords.shape, clip.skeleton.joints) == ((2, 2, 1, 2), ("Nose",))
    assert sorted(clip.coords[1, :, 0, 0].tolist()) == [5, 7]
    assert clip.notes == ("1 columns that are no body parts left out",)
    above = (
        ",IMPORTED_POSE,IMPORTED_POSE,IMPORTED_POSE\n,IMPORTED_POSE,IMPORTED_POSE,IMPORTED_POSE\n"
    )
    path = text(tmp_path, above + ",Ear_left_x,Ear_left_y,Ear_left_p\n0,1,2,0.5\n", "input.csv")
    assert recognise(path)[0].name == "simba"
    (clip,) = read("simba", path)
    assert (clip.coords.tolist(), clip.skeleton.joints) == ([[[[1, 2]]]], ("Ear_left",))


def test_any_table_by_a_pattern_of_its_columns(tmp_path: Path) -> None:
    (clip,) = read("table", written("table", tmp_path))
    np.testing.assert_array_equal(clip.coords[:, 0], [[[1, 2], [3, 4]], [[5, 6], [np.nan, np.nan]]])
    dotted = "time;ann.nose.x;ann.nose.y;bob.nose.x;bob.nose.y;note\n0;1;2;3;4;hm\n0.1;1;2;9;9;\n"
    (clip,) = read("table", text(tmp_path, dotted), columns="{person}.{joint}.{axis}")
    assert (clip.persons, clip.fps, clip.skeleton.joints) == (2, 10, ("nose",))
    assert clip.coords[1, 0, 0].tolist() == [9, 9]  # bob moves, so he comes first
    assert clip.notes == ("1 other columns left out",)


def test_a_long_table_has_a_line_for_each_joint(tmp_path: Path) -> None:
    lines = "frame_id,landmark,x,y,z\n7,NOSE,1,2,3\n7,TAIL,4,5,6\n8,TAIL,7,8,9\n"
    (clip,) = read("table", text(tmp_path, lines), columns="{axis}")
    assert clip.skeleton.joints == ("NOSE", "TAIL")
    np.testing.assert_array_equal(
        clip.coords[:, 0], [[[1, 2, 3], [4, 5, 6]], [[np.nan] * 3, [7, 8, 9]]]
    )


def test_tables_and_patterns_that_do_not_fit_are_told(tmp_path: Path) -> None:
    path = text(tmp_path, "nose.x,nose.y\n1,2\n")
    with pytest.raises(SkelfuseError, match=r"expected names such as nose_x, found nose\.x"):
        read("table", path)
    with pytest.raises(SkelfuseError, match="no pattern of columns"):
        read("table", path, columns="{joint}")
    with pytest.raises(SkelfuseError, match=r"line 3: text among the numbers: .* found 'two'"):
        read("table", text(tmp_path, "nose_x,nose_y\n1,2\n1,two\n"))


def test_a_given_skeleton_chooses_among_the_files_joints(tmp_path: Path) -> None:
    body = Skeleton("tail", ("tail",), (), "tail", dimensions=2)
    path = written("deeplabcut", tmp_path)
    (clip,) = read("deeplabcut", path, skeleton=body)
    assert clip.coords[:, 0, 0].tolist() == [[3, 4], [7, 8]]
    assert any("left out: nose" in note for note in clip.notes)
    body = Skeleton("other", ("tail", "wing"), (), "tail", dimensions=2)
    with pytest.raises(SkelfuseError, match="expected tail, wing, found nose, tail"):
        read("deeplabcut", path, skeleton=body)


def test_a_damaged_recording_among_others_is_told(tmp_path: Path) -> None:
    for name in "ab":
        with h5py.File(tmp_path / f"{name}.h5", "w") as file:
            file["tracks"] = np.ones((1, 2, 2, 9))
            file["node_names"] = [b"nose", b"tail"]
    whole = (tmp_path / "b.h5").read_bytes()
    (tmp_path / "b.h5").write_bytes(whole[: len(whole) // 2])
    form, sources = recognise(tmp_path)
    assert (form.name, [source.name for source in sources]) == ("sleap-analysis", ["a.h5", "b.h5"])
    with pytest.raises(SkelfuseError, match=r"b\.h5: not a sound HDF5 file"):
        list(form.read(sources[1], ReadOptions()))
    with pytest.raises(SkelfuseError, match="a damaged HDF5 file"):
        recognise(tmp_path / "b.h5")

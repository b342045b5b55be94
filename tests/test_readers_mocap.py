"""Motion capture and the text files of older sensors give the numbers that were written."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from helpers import small_recordings
from helpers.recordings import read, written
from skelfuse.datasets.format import ReadOptions
from skelfuse.datasets.formats import FORMATS
from skelfuse.datasets.source_files import fingerprint
from skelfuse.errors import SkelfuseError


def test_bvh_turns_each_joint_with_all_that_hangs_on_it(tmp_path: Path) -> None:
    (clip,) = read("bvh", written("bvh", tmp_path))
    assert clip.skeleton.joints == ("Hips", "Chest", "Head")
    assert clip.skeleton.parents == (0, 0, 1)
    assert clip.fps == 30
    # At rest all stand above each other; then the hips turn left, and the chest to the front.
    np.testing.assert_allclose(clip.coords[0, 0], [[0, 1, 0], [0, 3, 0], [0, 6, 0]], atol=1e-6)
    np.testing.assert_allclose(clip.coords[1, 0], [[5, 1, 0], [3, 1, 0], [3, 1, 3]], atol=1e-6)


def test_bvh_heeds_the_order_of_its_channels(tmp_path: Path) -> None:
    frames = "0 1 0 90 90 0 0 0 0 0 0 0\n"  # about z, then about the turned x
    path = tmp_path / "a.bvh"
    path.write_text(small_recordings.BVH.partition("0 1 0 0")[0] + frames)
    (clip,) = read("bvh", path)
    # Chest lies at (0, 2, 0) before: x turns it to z, then z leaves it there.
    np.testing.assert_allclose(clip.coords[0, 0, 1], [0, 1, 2], atol=1e-6)


@pytest.mark.parametrize("number", [0, 1])
def test_trc_with_tabs_or_commas_is_in_metres_and_empty_cells_are_missing(
    tmp_path: Path, number: int
) -> None:
    (clip,) = read("trc", written("trc", tmp_path, number))
    assert (clip.skeleton.joints, clip.fps) == (("LHip", "RHip"), 60)
    assert clip.skeleton.pairs == (("LHip", "RHip"),)
    np.testing.assert_allclose(clip.coords[0, 0], [[1, 2, 3], [4, 5, 6]])
    assert np.isnan(clip.coords[1, 0, 0]).all()
    np.testing.assert_allclose(clip.coords[1, 0, 1], [7, 8, 9])


def test_a_trc_shorter_than_it_says_is_told(tmp_path: Path) -> None:
    path = tmp_path / "a.trc"
    path.write_text(small_recordings.TRC.replace("60\t60\t2\t2", "60\t60\t99\t2"))
    assert read("trc", path)[0].notes == ("the file says 99 frames, and has 2",)


@pytest.mark.parametrize("number", [0, 1])
def test_c3d_of_either_kind_of_number_is_in_metres_without_what_was_not_seen(
    tmp_path: Path, number: int
) -> None:
    (clip,) = read("c3d", written("c3d", tmp_path, number))
    assert (clip.skeleton.joints, clip.fps) == (("LHip", "RHip"), 100)
    assert np.isnan(clip.coords[0, 0, 0]).all()  # its residual is below 0
    np.testing.assert_allclose(clip.coords[0, 0, 1], [0.004, 0.005, 0.006], atol=1e-6)
    np.testing.assert_allclose(clip.coords[2, 0, 1], [0.020, 0.021, 0.022], atol=1e-6)


def test_c3d_names_lose_what_all_of_them_begin_with(tmp_path: Path) -> None:
    write, content = small_recordings.FILES["c3d"][0]
    path = write(tmp_path, {**content, "labels": ["ann:LHip", "*17"]})
    (clip,) = read("c3d", path)
    assert clip.skeleton.joints == ("LHip",)
    assert clip.notes == ("1 markers without a name of their own left out",)


def test_msr_action3d_is_in_its_own_order_and_zeros_are_missing(tmp_path: Path) -> None:
    (clip,) = read("msr-action3d", written("msr-action3d", tmp_path))
    assert (clip.label, clip.subject, clip.replication) == ("a01 high arm wave", "2", "3")
    assert clip.coords.shape == (2, 1, 20, 3)
    head = clip.skeleton.index("head")
    assert clip.coords[0, 0, head].tolist() == [19, 19.5, 2.5]
    assert np.isnan(clip.coords[1]).all()


def test_utkinect_is_cut_into_its_actions(tmp_path: Path) -> None:
    path = written("utkinect", tmp_path)
    walk, sit = read("utkinect", path)
    assert (walk.label, walk.name, walk.subject, walk.frames) == ("01 walk", "s01_e01_walk", "1", 3)
    assert (sit.label, sit.frames) == ("02 sit down", 2)
    assert walk.notes == (
        "1 lines with the frame number of the line before left out",
        "without frames in actionLabel.txt: carry",
    )
    (tmp_path / "actionLabel.txt").write_text("s01_e01\nwalk: 190 196\npush: 7 9\npull: 200 204\n")
    clips = FORMATS["utkinect"].read(path, ReadOptions())
    assert next(clips).label == "01 walk"
    with pytest.raises(SkelfuseError, match=r"actionLabel\.txt: no frame .* found 7 to 9"):
        next(clips)
    assert next(clips).label == "08 pull"  # a bad action does not end the others
    (tmp_path / "actionLabel.txt").unlink()
    (whole,) = read("utkinect", path)
    assert (whole.label, whole.frames) == (None, 5)


def test_a_recording_has_changed_when_the_table_of_its_actions_has(tmp_path: Path) -> None:
    path = written("utkinect", tmp_path)
    before = fingerprint(path, "utkinect")
    (tmp_path / "actionLabel.txt").write_text("s01_e01\nwalk: 190 192\n")
    assert fingerprint(path, "utkinect") != before


def test_ui_prmd_adds_offsets_in_their_parents_frames(tmp_path: Path) -> None:
    path = written("ui-prmd", tmp_path)
    (clip,) = read("ui-prmd", path)
    spine, chest = (clip.skeleton.index(joint) for joint in ("spine", "chest"))
    np.testing.assert_allclose(clip.coords[0, 0, [0, spine, chest], 1], [0.1, 0.2, 0.3], atol=1e-6)
    angles = np.zeros((2, 66))
    angles[:, [0, 1, 2]] = 90, 90, 90  # y leaves up as it is, x turns it to z, z leaves that
    np.savetxt(tmp_path / "m01_s02_e03_angles.txt", angles, delimiter=",")
    (clip,) = read("ui-prmd", path)
    np.testing.assert_allclose(clip.coords[0, 0, chest], [0, 0.1, 0.2], atol=1e-6)
    assert (clip.label, clip.setup, clip.subject) == ("m01 deep squat", "correct", "2")
    (tmp_path / "m01_s02_e03_angles.txt").unlink()
    with pytest.raises(SkelfuseError, match=r"m01_s02_e03_angles\.txt: cannot read"):
        read("ui-prmd", path)


def test_shrecs_folders_say_which_gesture_it_is(tmp_path: Path) -> None:
    (clip,) = read("shrec", written("shrec", tmp_path))
    assert (clip.name, clip.label, clip.setup) == ("g02_f1_s03_e04", "g02 tap", "finger 1")
    assert clip.coords.shape == (3, 1, 22, 3)
    assert clip.skeleton.parents[clip.skeleton.index("index_tip")] == clip.skeleton.index(
        "index_second"
    )

"""Stores given to `skelfuse preprocess`: every clip as it was, joints chosen, several made one."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from helpers.commands import called, ran, refused
from helpers.stores import stored
from helpers.varied_store import varied_store
from skelfuse.clip import Clip
from skelfuse.datasets.clips import reading_of_store
from skelfuse.intervals import Interval, Origin
from skelfuse.joint_choice import with_joints
from skelfuse.layouts import COCO_17, KINECT_V1, UTD_MHAD
from skelfuse.layouts.more import H36M_17
from skelfuse.skeleton import Skeleton
from skelfuse.store import Store

SHORT = 12


def made(*arguments: object) -> Store:
    ran("preprocess", *arguments)
    return Store(Path(str(arguments[arguments.index("-o") + 1])))


def of_all_kinds(body: Skeleton = COCO_17, begun: str = "a") -> list[Clip]:
    """Return clips that between them have all that a clip can have."""
    draw = np.random.default_rng(3)

    def coords(persons: int) -> np.ndarray[tuple[int, ...], np.dtype[np.float32]]:
        shape = (SHORT, persons, len(body), body.dimensions)
        return draw.normal(size=shape).astype(np.float32)

    gaps = coords(3)
    gaps[2:4, 1] = np.nan
    return [
        Clip(coords(1), body, name=f"{begun}1"),
        Clip(
            gaps,
            body,
            name=f"{begun}2",
            label="wave",
            confidence=draw.random((SHORT, 3, len(body))).astype(np.float32),
            subject="7",
            camera="left",
            setup="hall",
            replication="2",
            fps=29.97,
            splits={"file": "train", "other": "test"},
            notes=("a ghost was dropped",),
            intervals=(Interval(1, 5, "nod"), Interval(4, 9, "kick", person=2)),
        ),
        Clip(coords(2), body, name=f"{begun}3", label="10", origin=Origin("film", 90, 3, 15, 1)),
    ]


def assert_same(found: Clip, wanted: Clip) -> None:
    for name in Clip.__dataclass_fields__:
        one, other = getattr(found, name), getattr(wanted, name)
        if isinstance(other, np.ndarray):
            np.testing.assert_array_equal(one, other)
            assert one.dtype == other.dtype
        elif name != "ranked":
            assert one == other, name


@pytest.mark.parametrize("half", [False, True])
def test_every_clip_of_a_store_is_as_it_was(tmp_path: Path, half: bool) -> None:
    old = stored(tmp_path / "old.h5", of_all_kinds(), half=half)
    new = made(old.path, "-o", tmp_path / "new.h5", *["--half"] * half)
    assert (new.class_names, new.skeleton) == (old.class_names, old.skeleton)
    assert new.digests == old.digests
    for one, other in zip(new, old, strict=True):
        assert_same(one, other)


def test_a_store_may_replace_itself(tmp_path: Path) -> None:
    old = varied_store(tmp_path / "s.h5")
    before = [clip.coords.copy() for clip in old]
    new = made(old.path, "-o", old.path)
    for clip, coords in zip(new, before, strict=True):
        np.testing.assert_array_equal(clip.coords, coords)


def test_stores_become_one_in_the_joint_order_of_the_first(tmp_path: Path) -> None:
    one = stored(tmp_path / "one.h5", of_all_kinds(KINECT_V1))
    other = stored(tmp_path / "other.h5", of_all_kinds(UTD_MHAD, "b"))
    both = made(one.path, other.path, "-o", tmp_path / "both.h5")
    assert both.names == [*one.names, *other.names]
    assert both.skeleton == KINECT_V1
    order = [UTD_MHAD.index(joint) for joint in KINECT_V1.joints]
    for found, clip in zip([*both][3:], other, strict=True):
        sure = None if clip.confidence is None else clip.confidence[:, :, order]
        turned = replace(clip, coords=clip.coords[:, :, order], skeleton=KINECT_V1)
        assert_same(found, replace(turned, confidence=sure))
    both.path.unlink()
    found = made(tmp_path, "--input-format", "store", "-o", tmp_path / "of_a_folder.h5", "-q")
    assert found.names == both.names


def test_different_layouts_are_one_line_and_nothing_is_stored(tmp_path: Path) -> None:
    one = stored(tmp_path / "one.h5", of_all_kinds())
    other = stored(tmp_path / "other.h5", of_all_kinds(H36M_17, "b"))
    line = refused("preprocess", one.path, other.path, "-o", tmp_path / "both.h5")
    assert "other.h5: stores of different layouts: expected coco-17 with 17" in line
    assert not list(tmp_path.glob("both*"))


def test_a_store_that_was_aligned_and_one_that_was_not(tmp_path: Path) -> None:
    one = stored(tmp_path / "one.h5", of_all_kinds(KINECT_V1), align=True)
    other = stored(tmp_path / "other.h5", of_all_kinds(KINECT_V1, "b"), align=False)
    result = called("preprocess", one.path, other.path, "-o", tmp_path / "both.h5")
    assert "other.h5: a store that was made with --align, and one that was not" in result.output
    both = made(one.path, other.path, "-o", tmp_path / "both.h5", "--align")
    assert both.provenance.align is True


def test_options_act_on_the_clips_of_a_store(tmp_path: Path) -> None:
    clips = of_all_kinds()
    clips[0].coords[1, 0, 5] = -9999
    old = stored(tmp_path / "old.h5", clips)
    new = made(
        *(old.path, "-o", tmp_path / "new.h5", "--joints", "!*_ear,nose=snout", "--fps", 25),
        *("--max-persons", 2, "--min-score", 0.5, "--missing", -9999),
    )
    assert (len(new.skeleton), new.skeleton.joints[0]) == (15, "snout")
    assert new.fps == [25, 29.97, 25]
    assert new.persons.tolist() == [1, 2, 2]
    wanted = [with_joints(clip, ["!*_ear", "nose=snout"]) for clip in old]
    assert np.isnan(new[0].coords[1, 0, 3]).all()
    sure = wanted[1].confidence
    assert sure is not None
    unsure = np.isnan(new[1].coords).any(axis=-1) & ~np.isnan(wanted[1].coords[:, :2]).any(axis=-1)
    np.testing.assert_array_equal(unsure, (sure < 0.5)[:, :2] & wanted[1].mask[:, :2])
    assert [one.label for one in new[1].intervals] == ["nod"]
    assert "1 of 3 persons left out, the least active" in new[1].notes


def test_new_files_are_read_as_those_of_the_first_store_were(tmp_path: Path) -> None:
    raw = tmp_path / "raw.npz"
    coords = np.random.default_rng(0).normal(size=(40, 17, 2)).astype(np.float32)
    np.savez(raw, coords=coords, lengths=[20, 20], label=["a", "b"])
    options = ["--missing", -1, "--joints", "!*_ear"]
    first = made(raw, "-o", tmp_path / "1.h5", "--skeleton", "coco-17", *options)
    second = made(first.path, "-o", tmp_path / "2.h5", "--joints", "left_*,nose")
    reading = reading_of_store(second.provenance, second.skeleton)
    assert reading.missing == -1
    at_once = with_joints(Clip(coords[:, None], COCO_17, name="a"), reading.joints)
    assert at_once.skeleton.joints == second.skeleton.joints


def test_a_layout_that_was_taken_for_its_number_of_joints_is_corrected(tmp_path: Path) -> None:
    old = stored(tmp_path / "old.h5", of_all_kinds())
    new = made(old.path, "-o", tmp_path / "new.h5", "--skeleton", "h36m-17")
    assert new.skeleton.joints == H36M_17.joints
    np.testing.assert_array_equal(new[2].coords, old[2].coords)


def test_a_clip_whose_bytes_have_changed_is_told_and_left_out(tmp_path: Path) -> None:
    path = tmp_path / "old.h5"
    value = np.float32(of_all_kinds()[2].coords[5, 1, 3, 0])
    stored(path, of_all_kinds())
    data = path.read_bytes()
    assert data.count(value.tobytes()) == 1
    path.write_bytes(data.replace(value.tobytes(), np.float32(1).tobytes()))
    result = called("preprocess", path, "-o", tmp_path / "new.h5")
    assert result.exit_code == 3
    assert "clip 'a3' is not what was written" in result.output
    assert Store(tmp_path / "new.h5").names == ["a1", "a2"]


def test_a_damaged_store_does_not_stop_the_others(tmp_path: Path) -> None:
    stored(tmp_path / "good.h5", of_all_kinds())
    data = (tmp_path / "good.h5").read_bytes()
    (tmp_path / "bad.h5").write_bytes(data[: len(data) // 2])
    result = called(
        "preprocess", tmp_path / "bad.h5", tmp_path / "good.h5", "-o", tmp_path / "new.h5"
    )
    assert result.exit_code == 3, result.output
    assert "bad.h5" in result.output
    assert len(Store(tmp_path / "new.h5")) == 3

"""Readers of animals, motion capture and older sensors on real files, where those are present."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from helpers.recordings import read
from skelfuse.clip import Clip
from skelfuse.datasets.format import ReadOptions
from skelfuse.datasets.formats import FORMATS
from skelfuse.errors import SkelfuseError
from skelfuse.skeleton import Skeleton

Unpacked = Callable[[str], Path]


@pytest.fixture(scope="module")
def samples(unpacked: Unpacked) -> Path:
    return unpacked("formats.tar.xz") / "formats"


def bone_lengths(clip: Clip) -> np.ndarray[tuple[int, ...], np.dtype[np.float64]]:
    """Return how much each bone's length varies over the frames, as a share of it."""
    skeleton: Skeleton = clip.skeleton
    ends = [(skeleton.index(a), skeleton.index(b)) for a, b in skeleton.bones]
    here = clip.coords[:, 0].astype(np.float64)
    lengths = np.array([np.linalg.norm(here[:, a] - here[:, b], axis=-1) for a, b in ends])
    return np.asarray(lengths.std(axis=1) / np.maximum(lengths.mean(axis=1), 1e-9))


def test_deeplabcut(samples: Path) -> None:
    folder = samples / "deeplabcut"
    (table,) = read("deeplabcut", folder / "CollectedData_Pranav.csv")
    (pandas,) = read("deeplabcut", folder / "CollectedData_Pranav.h5")
    assert table.coords.shape == (116, 1, 4, 2)
    np.testing.assert_array_equal(table.coords, pandas.coords)
    assert table.skeleton == pandas.skeleton
    assert table.skeleton.pairs == (("leftear", "rightear"),)
    (maze,) = read("deeplabcut", folder / "EPM_first_frames.csv", min_score=0.0)
    assert maze.coords.shape == (397, 1, 25, 2)
    assert not np.isnan(maze.coords).any()
    assert ("hipl", "hipr") in maze.skeleton.pairs
    (unsure,) = read("deeplabcut", folder / "EPM_first_frames.csv")
    assert maze.confidence is not None
    np.testing.assert_array_equal(~unsure.mask, maze.confidence < 0.6)
    (several,) = read("deeplabcut", folder / "madlc_testdata.csv")
    assert several.coords.shape == (4, 2, 3, 2)
    (predicted,) = read("deeplabcut", next(folder.glob("m3v1*.h5")))
    assert predicted.coords.shape == (2330, 1, 4, 2)
    (lightning,) = read("deeplabcut", samples / "lightning_pose" / "CollectedData.csv")
    assert lightning.coords.shape == (90, 1, 17, 2)
    assert lightning.coords[0, 0, 0].tolist() == [77.25, 36.25]
    # Of the csv and the h5 of one table one is read.
    assert len(FORMATS["deeplabcut"].find(folder)) == 4


def test_two_rats(unpacked: Unpacked) -> None:
    files = FORMATS["deeplabcut"].find(unpacked("rats-dlc.tar.xz"))
    assert len(files) == 8
    (clip,) = read("deeplabcut", files[0], min_score=0.0)
    assert clip.coords.shape == (14957, 2, 5, 2)
    assert np.isnan(clip.coords).any(axis=-1).mean() == pytest.approx(0.37, abs=0.01)


def test_sleap(samples: Path) -> None:
    folder = samples / "sleap"
    (own,) = read("sleap", folder / "example_pre.slp", max_persons=3)
    assert (own.coords.shape, own.fps) == ((400, 3, 15, 2), 50)
    assert len(own.skeleton.bones) == 14
    seen = own.mask.any(axis=2).sum()
    assert seen <= 1136
    assert seen > 1120
    (flies,) = read("sleap-analysis", folder / "centered_pair_matlab.analysis.h5", max_persons=27)
    assert flies.coords.shape == (1100, 27, 24, 2)
    assert (len(flies.skeleton.bones), len(flies.skeleton.pairs)) == (23, 10)
    (pair,) = read("sleap-analysis", folder / "predictions.analysis.h5")
    assert pair.coords.shape == (3000, 2, 13, 2)
    (table,) = read("sleap-csv", next(folder.glob("*.csv")))
    assert table.coords.shape == (1, 1, 2, 2)
    assert table.coords[0, 0, 0].tolist() == pytest.approx([205.930054, 187.889640])


def test_movement_has_what_its_deeplabcut_table_has(samples: Path) -> None:
    path = samples / "movement" / "movement_epm.nc"
    (clip,) = read("movement", path, min_score=0.0)
    assert (clip.coords.shape, clip.fps) == ((962, 1, 25, 2), 30)
    (table,) = read("deeplabcut", samples / "deeplabcut" / "EPM_first_frames.csv", min_score=0.0)
    assert clip.skeleton.joints == table.skeleton.joints


def test_msr_action3d(samples: Path) -> None:
    folder = samples / "msr_action3d"
    (wave,) = read("msr-action3d", folder / "a01_s01_e01_skeleton3D.txt")
    assert wave.coords.shape == (54, 1, 20, 3)
    assert wave.label == "a01 high arm wave"
    assert bone_lengths(wave).max() < 0.06  # in another order bones would be of any length
    height = wave.coords[:, 0, :, 1].mean(axis=0)
    index = wave.skeleton.index
    assert height.argmax() == index("head")
    assert height.argmin() in (index("left_foot"), index("right_foot"))
    moved = np.abs(np.diff(wave.coords[:, 0], axis=0)).sum(axis=(0, 2))
    assert moved.argmax() == index("right_hand")  # the set's people use the right arm
    with pytest.raises(SkelfuseError, match="nobody in any frame"):  # as this file is
        read("msr-action3d", folder / "a13_s09_e02_skeleton3D.txt")


def test_utkinect(unpacked: Unpacked) -> None:
    form = FORMATS["utkinect"]
    files = form.find(unpacked("utkinect.tar.xz"))
    clips = [clip for file in files for clip in form.read(file, ReadOptions())]
    assert (len(files), len(clips)) == (20, 199)
    assert len({clip.name for clip in clips}) == 199
    counts = Counter(clip.label for clip in clips)
    assert len(counts) == 10
    assert counts["05 carry"] == 19  # one has no frames
    assert len({clip.subject for clip in clips}) == 10
    clip = clips[0]
    heights = clip.coords[:, 0, :, 1].mean(axis=0)
    assert heights.argmax() == clip.skeleton.index("head")
    assert heights.argmin() == clip.skeleton.index("right_foot")
    assert np.median(bone_lengths(clip)) < 0.15  # as noisy as the sensor was


def test_ui_prmd(unpacked: Unpacked) -> None:
    form = FORMATS["ui-prmd"]
    files = form.find(unpacked("ui-prmd-raw-sample.tar.xz"))
    clips = {file.name: next(form.read(file, ReadOptions())) for file in files}
    assert len(clips) == 16
    assert Counter(clip.setup for clip in clips.values()) == {"correct": 8, "incorrect": 8}
    for name in (name for name in clips if name.startswith("m01_s01")):
        squat = clips[name]
        at = {joint: squat.coords[:, 0, n] for n, joint in enumerate(squat.skeleton.joints)}
        for foot in ("left_foot", "right_foot"):  # the feet stay
            assert 0 < at[foot][:, 1].min() < at[foot][:, 1].max() < 0.2
            assert np.linalg.norm(at[foot] - at[foot][0], axis=-1).mean() < 0.1
        assert at["waist"][:, 1].max() > 0.85
        assert at["waist"][:, 1].min() < 0.36  # the waist sinks
        assert (at["head_tip"][:, 1] > at["chest"][:, 1]).all()
        assert (at["chest"][:, 1] > at["waist"][:, 1]).all()


def test_shrec(samples: Path) -> None:
    (clip,) = read("shrec", samples / "shrec" / "skeletons_world.txt")
    assert clip.coords.shape == (95, 1, 22, 3)
    assert clip.coords[0, 0, 0].tolist() == pytest.approx([0.49394463, -0.41033334, 0.591467])
    tip, second = (clip.skeleton.index(f"index_{part}") for part in ("tip", "second"))
    lengths = np.linalg.norm(clip.coords[:, 0, tip] - clip.coords[:, 0, second], axis=-1)
    assert np.median(lengths) < 0.05  # the end of a finger is shorter than five centimetres


def test_motion_capture(samples: Path) -> None:
    (walk,) = read("bvh", next((samples / "bvh").glob("*.bvh")))
    assert (walk.coords.shape, walk.fps) == ((1064, 1, 23, 3), 120)
    assert bone_lengths(walk).max() < 1e-3
    up = walk.coords[:, 0, :, 1]
    assert (up[:, walk.skeleton.index("Head")] > up[:, walk.skeleton.index("LeftFoot")] + 30).all()
    assert {up[t].argmin() for t in range(0, 1064, 10)} <= {
        walk.skeleton.index(f"{side}{part}")
        for side in ("Left", "Right")
        for part in ("ToeBase", "Foot")
    }
    (markers,) = read("trc", samples / "trc" / "markers.trc")
    assert markers.coords.shape[1:] == (1, 51, 3)
    assert markers.coords[0, 0, 0].tolist() == pytest.approx([0.7337041, 0.0809832, 0.1918668])
    assert markers.notes == ("the file says 652 frames, and has 93",)  # the sample is a part
    (balance,) = read("trc", samples / "trc" / "pose2sim.trc")
    assert (balance.coords.shape, balance.fps) == ((100, 1, 21, 3), 60)
    assert len(balance.skeleton.pairs) == 9
    (capture,) = read("c3d", samples / "c3d" / "c3d_sample.c3d")
    assert (capture.coords.shape, capture.fps) == ((675, 1, 22, 3), 100)
    assert np.isnan(capture.coords[0, 0]).all()
    assert capture.coords[300, 0, 0].tolist() == pytest.approx(
        [-1.01786755, 1.32103552, 0.403933838]
    )

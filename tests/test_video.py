"""Videos without a pose estimator: what is told, and the way of frames through the commands."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from helpers.commands import called, ran, refused
from helpers.stick_figure import STICK, acted
from helpers.video_extra import Scripted, Told, pretend, read_by_script
from skelfuse.datasets import ragged_npz, video
from skelfuse.datasets.estimators.estimator import Picture
from skelfuse.datasets.estimators.mediapipe_pose import MediaPipePose
from skelfuse.datasets.format import ReadOptions
from skelfuse.datasets.formats import FORMATS, recognise
from skelfuse.datasets.reading.detections import Detection
from skelfuse.errors import SkelfuseError
from skelfuse.store import Store

FILES = {"wave": "a.mp4", "nod": "b.MOV"}


@pytest.fixture
def scripted(monkeypatch: pytest.MonkeyPatch) -> type[Scripted]:
    """Put an estimator and pictures of the tests' own in the places of MediaPipe and OpenCV."""
    read_by_script(monkeypatch)
    return Scripted


@pytest.fixture
def videos(tmp_path: Path) -> Path:
    for label, name in FILES.items():
        (tmp_path / "videos" / label).mkdir(parents=True)
        (tmp_path / "videos" / label / name).write_bytes(b"pictures")
    return tmp_path / "videos"


def expected() -> Any:
    coords = acted("wave", 60, seed=7)
    coords[20:25] = np.nan
    return coords


@pytest.mark.parametrize("command", ["preprocess", "view", "pose"])
def test_without_the_extra_one_line_says_what_helps(
    command: str, videos: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pretend(monkeypatch, there=False)
    out = ("-o", tmp_path / "out.npz") if command != "view" else ()
    for path in (videos, videos / "wave" / "a.mp4"):
        line = refused(command, path, *out)  # one for all videos
        assert line.startswith(f"Error: {path}: videos need MediaPipe and OpenCV, not installed")
        assert "pip install 'skelfuse[video]', in an environment of its own" in line
    assert not (tmp_path / "out.npz").exists()


@pytest.mark.training
def test_predict_and_explain_say_it_too(
    run: Path, videos: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pretend(monkeypatch, there=False)
    file = videos / "wave" / "a.mp4"
    for command, *more in (("predict", file), ("explain", file), ("predict", "--camera", 0)):
        assert "pip install 'skelfuse[video]'" in refused(command, run, *more)


def test_an_estimator_that_is_not_there_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    pretend(monkeypatch, there=False)
    with pytest.raises(SkelfuseError, match=r"pip install 'skelfuse\[video\]'"):
        MediaPipePose()


def test_pose_writes_what_the_estimator_saw(
    scripted: type[Scripted], videos: Path, tmp_path: Path
) -> None:
    out = tmp_path / "clips.npz"
    result = ran("pose", videos, "-o", out)
    assert result.stdout == f"{out}: 2 clips, 120 frames, stick\n"
    first, _, note = result.stderr.splitlines()
    assert first.startswith("nod/b: 60 frames at 30 a second, a person in 92%, ")
    assert note == "note: 2 clips: one person is followed"
    clips = {clip.name: clip for clip in ragged_npz.read(out, ReadOptions())}
    assert [(name, clip.label) for name, clip in clips.items()] == [
        ("nod/b", "nod"),
        ("wave/a", "wave"),
    ]
    clip = clips["wave/a"]
    np.testing.assert_array_equal(clip.coords[:, 0], expected())
    assert clip.confidence is not None
    assert clip.confidence[0, 0].tolist() == pytest.approx([0.2, 0.4, 0.6, 0.8, 1.0])
    assert clip.confidence[20].max() == 0
    assert (clip.fps, clip.skeleton.joints) == (30, STICK.joints)
    assert scripted.closed == 2  # a new one for each video, and none left open


def test_unsure_joints_are_missing_on_request(
    scripted: type[Scripted], videos: Path, tmp_path: Path
) -> None:
    out = tmp_path / "clips.npz"
    file = videos / "wave" / "a.mp4"
    ran("pose", file, "-o", out, "--min-score", "0.5")
    (hidden,) = ragged_npz.read(out, ReadOptions())
    assert hidden.mask[0, 0].tolist() == [False, False, True, True, True]
    ran("pose", file, "-o", out)
    (later,) = ragged_npz.read(out, ReadOptions(min_score=0.5))  # the scores are kept
    np.testing.assert_array_equal(later.coords, hidden.coords)
    assert any("0.5 are missing" in note for note in later.notes)


def test_preprocess_takes_videos_as_other_files(
    scripted: type[Scripted], videos: Path, tmp_path: Path
) -> None:
    npz, direct, through = (tmp_path / name for name in ("c.npz", "direct.h5", "through.h5"))
    ran("pose", videos, "-o", npz)
    for source, store in ((videos, direct), (npz, through)):
        ran("preprocess", source, "-o", store, "--jobs", "1")
    for a, b in zip(Store(direct), Store(through), strict=True):
        assert (a.name, a.label, a.fps) == (b.name, b.label, b.fps)
        np.testing.assert_array_equal(a.coords, b.coords)


@pytest.mark.training
def test_a_run_recognises_videos_as_it_does_their_joints(
    run: Path, scripted: type[Scripted], videos: Path, tmp_path: Path
) -> None:
    npz = tmp_path / "c.npz"
    ran("pose", videos / "wave", "-o", npz)
    whole, windows = ((), ("--window", "1s", "--stride", "0.5s"))
    for more in (whole, windows):
        told = []
        for source in (videos / "wave" / "a.mp4", npz):
            result = ran("predict", run, source, "--format", "jsonl", *more)
            told.append([json.loads(line) | {"file": ""} for line in result.stdout.splitlines()])
        assert told[0] == told[1]
    assert told[0][0]["class"] == "wave"
    ran("explain", run, videos / "wave" / "a.mp4", "--rounds", "2")
    ran("view", videos, "-o", tmp_path / "view.html")


@pytest.mark.training
def test_a_camera_gives_the_windows_of_what_it_saw(
    run: Path, scripted: type[Scripted], monkeypatch: pytest.MonkeyPatch
) -> None:
    lines = [
        {"joints": None if np.isnan(joints).any() else joints.tolist(), "t": t / 30}
        for t, joints in enumerate(expected())
    ]
    stdin = "\n".join(
        json.dumps({"persons": []} | line if line["joints"] is None else line) for line in lines
    ).replace('"joints": null, ', "")
    common = ("--window", "1s", "--stride", "0.5s", "--fps", "30")
    piped = called("predict", run, "-", *common, stdin=stdin)
    clock = iter(np.arange(1000) / 30 + 1000)
    monkeypatch.setattr("time.monotonic", lambda: float(next(clock)))
    seen = called("predict", run, "--camera", "0", *common)
    assert (seen.exit_code, piped.exit_code) == (0, 0), seen.output + piped.output
    assert seen.stderr == "note: camera 0, 640 x 480; Ctrl-C ends it\n"
    assert [json.loads(one) for one in seen.stdout.splitlines()] == [
        json.loads(one) for one in piped.stdout.splitlines()
    ]
    assert json.loads(seen.stdout.splitlines()[0])["class"] == "wave"


@pytest.mark.training
def test_an_interrupt_ends_a_camera_with_its_last_window(
    run: Path, scripted: type[Scripted], monkeypatch: pytest.MonkeyPatch
) -> None:
    class Interrupted(Told):
        def __iter__(self) -> Iterator[Picture]:
            yield from super().__iter__()
            raise KeyboardInterrupt

    monkeypatch.setattr("skelfuse.cli.predict_camera.open_camera", Interrupted)
    clock = iter(np.arange(1000) / 30)
    monkeypatch.setattr("time.monotonic", lambda: float(next(clock)))
    result = ran("predict", run, "--camera", "0", "--window", "50f", "--stride", "50f")
    frames = [json.loads(line)["frames"] for line in result.stdout.splitlines()]
    assert frames == [[0, 50], [10, 60]]


def test_a_bad_video_is_left_out_and_the_others_are_kept(
    scripted: type[Scripted], videos: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def opened(path: Path) -> Told:
        if path.stem == "a":
            raise SkelfuseError("no video that can be read")
        return Told(path, frames={"b": 60, "c": 0}[path.stem])

    monkeypatch.setattr(video, "open_video", opened)
    (videos / "nod" / "c.avi").write_bytes(b"nothing")
    out = tmp_path / "clips.npz"
    result = called("pose", videos, "-o", out)
    assert result.exit_code == 3
    assert [clip.name for clip in ragged_npz.read(out, ReadOptions())] == ["nod/b"]
    *_, count, first, second = result.stderr.splitlines()
    assert count == "2 of 3 videos had a problem:"
    assert first.startswith(f"  {videos}/nod/c.avi: a video without a frame that can be read; ")
    assert second.startswith(f"  {videos}/wave/a.mp4: no video that can be read")


def test_where_nobody_is_seen_nothing_is_written(
    scripted: type[Scripted], videos: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(scripted, "bodies", lambda self, picture: [])
    out = tmp_path / "clips.npz"
    out.write_text("what was there")
    alone = called("pose", videos / "wave", "-o", out)
    assert (alone.exit_code, alone.stderr.count("\n")) == (1, 1)
    assert "nobody is found in any of its 60 frames" in alone.stderr
    assert "no person in 2 videos; the first problem: " in called("pose", videos, "-o", out).stderr
    assert out.read_text() == "what was there"
    assert [path.name for path in tmp_path.iterdir() if path.is_file()] == ["clips.npz"]


def test_no_video_is_overwritten_by_mistake(videos: Path) -> None:
    result = called("pose", videos, "-o", videos / "wave" / "a.mp4")
    assert result.exit_code == 2
    assert "give a name that ends in .npz" in result.stderr


def test_what_is_said_of_a_video_cut_short(
    scripted: type[Scripted], videos: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def cut(path: Path) -> Told:
        told = Told(path)
        told.expected = 100
        return told

    monkeypatch.setattr(video, "open_video", cut)
    (clip,) = video.read(videos / "wave" / "a.mp4", ReadOptions())
    assert "ends early: 60 frames of 100 can be read" in clip.notes


def test_several_people_are_told_apart(
    scripted: type[Scripted], videos: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def both(self: Scripted, picture: Picture) -> list[Detection]:
        t, sure = int(picture[0, 0, 0]), np.ones(len(STICK), np.float32)
        people = [(self.seen[t], sure), (self.seen[t] + np.float32(40), sure)]
        return people if t % 2 else people[::-1]

    monkeypatch.setattr(scripted, "bodies", both)
    (clip,) = video.read(videos / "wave" / "a.mp4", ReadOptions())
    assert clip.coords.shape == (60, 2, 5, 2)
    apart = clip.coords[:, 0] - clip.coords[:, 1]
    assert np.allclose(np.abs(apart), 40, atol=1e-3)
    assert np.ptp(apart) < 1e-3  # nobody takes the other's place


def test_videos_beside_joints_are_passed_over(videos: Path) -> None:
    np.save(videos / "wave" / "a.npy", np.zeros((4, 17, 2)))
    form, files = recognise(videos)
    assert (form.name, [file.name for file in files]) == ("npy", ["a.npy"])


def test_a_file_named_outright_is_a_video_whatever_its_ending(
    scripted: type[Scripted], videos: Path, tmp_path: Path
) -> None:
    odd = (videos / "wave" / "a.mp4").rename(videos / "wave" / "recording")
    ran("pose", odd, "-o", tmp_path / "a.npz")


def test_what_no_format_recognises_is_told_in_four_lines(tmp_path: Path) -> None:
    for ending, first in ((".csv", "mediapipe-csv"), (".mat", "utd-mhad"), (".xyz", "npz")):
        (tmp_path / f"a{ending}").write_text("{}")
        result = called("view", tmp_path / f"a{ending}")
        assert result.exit_code == 1
        lines = result.stderr.splitlines()
        assert len(lines) == 4
        assert "no format recognises it" in lines[0]
        assert lines[1].startswith(f"  {first}: ")
        assert max(map(len, lines)) < 200 + len(str(tmp_path))
    assert all(form.needs for form in FORMATS.values())


@pytest.mark.parametrize(
    "arguments",
    [
        "predict run",
        "predict run a.npz --camera 0",
        "predict run --camera 0 --json",
        "predict run --camera 0 --persons",
        "predict run --camera 0 --skeleton coco-17",
        "predict run --camera 0 --jobs 2",
    ],
)
def test_what_contradicts_a_camera_is_refused(arguments: str) -> None:
    result = called(*arguments.split())
    assert result.exit_code == 2, result.output

"""MediaPipe on a real video, where the extra `video` and a video are there.

The video is the one at SKELFUSE_VIDEO, of one person who walks or runs, or else what the package
sports2d brings (`pip install --no-deps sports2d`).
"""

from __future__ import annotations

import importlib.util
import itertools
import json
import os
import re
import struct
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import Result

from helpers.commands import called, ran
from skelfuse.clip import Clip
from skelfuse.datasets import ragged_npz, video
from skelfuse.datasets.format import ReadOptions
from skelfuse.datasets.reading.pictures import open_camera, open_video
from skelfuse.errors import SkelfuseError
from skelfuse.layouts import COCO_17, MEDIAPIPE_33
from skelfuse.store import Store

pytestmark = [
    pytest.mark.long,
    pytest.mark.skipif(
        any(importlib.util.find_spec(name) is None for name in ("mediapipe", "cv2")),
        reason="the extra 'video' is not installed (an environment of its own has it)",
    ),
]


@pytest.fixture(scope="session")
def recorded() -> Path:
    """Return a real video, or skip."""
    if told := os.environ.get("SKELFUSE_VIDEO"):
        return Path(told)
    found = importlib.util.find_spec("Sports2D")
    for folder in (found.submodule_search_locations or ()) if found else ():
        if (path := Path(folder, "Demo", "demo.mp4")).exists():
            return path
    pytest.skip("no video: set SKELFUSE_VIDEO, or pip install --no-deps sports2d")


@pytest.fixture(scope="session")
def posed(recorded: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Result]:
    """Return the joints of the whole video, and what the command said."""
    out = tmp_path_factory.mktemp("posed") / "clips.npz"
    result = ran("pose", recorded, "-o", out)
    return out, result


@pytest.fixture(scope="session")
def clip(posed: tuple[Path, Result]) -> Clip:
    (found,) = ragged_npz.read(posed[0], ReadOptions())
    return found


@pytest.fixture(scope="session")
def short(recorded: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a video of twenty-four frames, from the 60th on, at half the size."""
    with open_video(recorded) as pictures:
        some = [picture[::2, ::2] for picture in itertools.islice(pictures, 60, 84)]
    return filmed(tmp_path_factory.mktemp("short") / "walk" / "short.mp4", some)


def filmed(path: Path, pictures: list[Any], fps: float = 20) -> Path:
    import cv2

    path.parent.mkdir(exist_ok=True)
    height, width, _ = pictures[0].shape
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*"mp4v"), fps, (width, height))
    for picture in pictures:
        writer.write(picture[..., ::-1])
    writer.release()
    return path


def test_every_frame_is_there_and_most_show_the_person(
    recorded: Path, clip: Clip, posed: tuple[Path, Result]
) -> None:
    with open_video(recorded) as pictures:
        expected = pictures.expected
        rate, _ = pictures.rate()
    assert clip.frames == expected
    assert clip.fps == rate
    assert (clip.skeleton, clip.persons) == (MEDIAPIPE_33, 1)
    seen = clip.mask.any(axis=(1, 2))
    assert seen.mean() > 0.9
    assert (clip.mask[seen] == clip.mask[seen][:, :, :1]).all()  # all of a body, or nothing
    assert re.search(r", a person in \d+%, \d+ ms a frame", posed[1].stderr)


def test_the_body_stands_in_the_picture(clip: Clip) -> None:
    at = {joint: clip.coords[:, 0, n] for n, joint in enumerate(clip.skeleton.joints)}
    seen = clip.mask[:, 0, 0]
    nose = at["nose"][seen, 1]
    hips = (at["left_hip"] + at["right_hip"])[seen, 1] / 2
    ankles = (at["left_ankle"] + at["right_ankle"])[seen, 1] / 2
    assert ((nose < hips) & (hips < ankles)).mean() > 0.95  # y is downwards
    inside = (clip.coords[seen, 0, :, :2] > 0) & (clip.coords[seen, 0, :, :2] < 1)
    assert inside.mean() > 0.98
    assert clip.confidence is not None
    assert 0.5 < clip.confidence[seen].mean() <= 1


def test_nothing_but_what_the_command_says_is_printed(
    short: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    ran("pose", short, "-o", tmp_path / "a.npz")
    assert capfd.readouterr() == ("", "")  # what MediaPipe's own parts write to the terminal


def test_the_same_video_gives_the_same_joints(short: Path) -> None:
    first, second = (next(video.read(short, ReadOptions())) for _ in range(2))
    np.testing.assert_array_equal(first.coords, second.coords)
    assert (first.fps, first.label, first.name) == (20, "walk", "walk/short")


@pytest.mark.training
def test_a_run_predicts_a_video_as_its_joints_and_a_camera_by_its_windows(
    clip: Clip, short: Path, tmp_path: Path
) -> None:
    store, run, npz = (tmp_path / name for name in ("store.h5", "run", "short.npz"))
    there = clip.coords[clip.mask[:, 0, 0], 0]
    some = [there[8 * i : 8 * i + 60][:: 1 if i % 2 else -1] for i in range(16)]
    made: dict[str, Any] = {"joint_names": clip.skeleton.joints, "fps": 30}
    np.savez(
        tmp_path / "two.npz",
        coords=np.concatenate(some),
        lengths=[len(one) for one in some],
        label=["forth", "back"] * 8,
        **made,
    )
    ran("preprocess", tmp_path / "two.npz", "-o", store)
    train = ("train", "--config", "generic", "--data", store, "--protocol", "all", "-o", run)
    ran(*train, "--size", "nano", "--epochs", "1", "--device", "cpu")
    ran("pose", short, "-o", npz)
    told = []
    for source in (short, npz):
        result = ran("predict", run, source, "--json")
        told.append([one | {"file": ""} for one in json.loads(result.stdout)])
    assert told[0] == told[1]
    live = ran("predict", run, "--camera", short, "--window", "20f", "--stride", "10f")
    windows = [json.loads(line) for line in live.stdout.splitlines()]
    assert len(windows) >= 2
    assert {one["class"] for one in windows} <= {"forth", "back"}
    assert windows[0]["start"] == pytest.approx(0, abs=0.5)


def test_broken_videos_are_a_line_each(short: Path, tmp_path: Path) -> None:
    folder = tmp_path / "videos"
    folder.mkdir()
    content = short.read_bytes()
    for name, some in {
        "empty.mp4": b"",
        "text.mp4": b"no video\n" * 100,
        "cut.mp4": content[: len(content) // 2],  # its index is at the end
        "short.mp4": content,
    }.items():
        (folder / name).write_bytes(some)
    noise = [np.random.default_rng(t).integers(0, 255, (240, 320, 3), np.uint8) for t in range(5)]
    filmed(folder / "nobody.avi", noise)
    result = called("pose", folder, "-o", tmp_path / "a.npz")
    assert result.exit_code == 3
    lines = result.stderr.splitlines()
    at = lines.index("4 of 5 videos had a problem:")
    assert len(lines) == at + 5
    for name, line in zip(("cut", "empty", "nobody", "text"), lines[at + 1 :], strict=True):
        assert line.startswith(f"  {folder / name}.")
        expected = "nobody is found in any of its 5 frames" if name == "nobody" else "video"
        assert expected in line
    assert [one.name for one in ragged_npz.read(tmp_path / "a.npz", ReadOptions())] == [
        "videos/short"
    ]


def boxes(content: bytes, path: list[bytes], start: int = 0, end: int | None = None) -> list[int]:
    """Return where the boxes of an mp4 on a path of names begin, the outermost first."""
    end = len(content) if end is None else end
    while start < end:
        size, name = struct.unpack_from(">I4s", content, start)
        if name == path[0]:
            inner = boxes(content, path[1:], start + 8, start + size) if path[1:] else []
            return [start, *inner]
        start += size
    raise LookupError(path)


def test_a_phone_held_upright_is_shown_upright(tmp_path: Path) -> None:
    picture = np.zeros((48, 96, 3), np.uint8)
    picture[:, :48] = 250  # the left half is bright
    path = filmed(tmp_path / "flat.mp4", [picture] * 3)
    content = bytearray(path.read_bytes())
    place = boxes(bytes(content), [b"moov", b"trak", b"tkhd"])[-1] + 8 + 40  # its matrix
    one = 1 << 16
    content[place : place + 36] = struct.pack(">9i", 0, one, 0, -one, 0, 0, 48 << 16, 0, 1 << 30)
    path.write_bytes(content)
    with open_video(path) as pictures:
        first = next(iter(pictures))
    assert first.shape == (96, 48, 3)
    assert first[:40].mean() > 200  # turned by a quarter, clockwise
    assert first[56:].mean() < 50


def test_a_rate_that_varies_is_told(tmp_path: Path) -> None:
    picture = np.zeros((48, 96, 3), np.uint8)
    path = filmed(tmp_path / "even.mp4", [picture] * 10)
    content = path.read_bytes()
    table = [b"moov", b"trak", b"mdia", b"minf", b"stbl", b"stts"]
    around = boxes(content, table)
    begin = around[-1]
    _, _, _, entries, count, step = struct.unpack_from(">I4sIIII", content, begin)
    assert (entries, count) == (1, 10)
    changed = bytearray(content[: begin + 12])
    changed += struct.pack(">IIIII", 2, 5, step, 5, 3 * step)
    changed += content[begin + 24 :]
    edits = boxes(content, [b"moov", b"trak", b"edts"])[-1]
    changed[edits + 4 : edits + 8] = b"free"  # it would end where the even one did
    for box in around:  # behind the pictures, so that none of them moves
        struct.pack_into(">I", changed, box, struct.unpack_from(">I", content, box)[0] + 8)
    path.write_bytes(changed)
    with open_video(path) as pictures:
        frames = sum(1 for _ in pictures)
        rate, notes = pictures.rate()
    assert frames == 10
    assert rate == pytest.approx(9 * 20 / (5 + 4 * 3))
    assert notes[0].startswith("the time between frames varies, 50 to 150 ms")
    with open_video(filmed(tmp_path / "plain.mp4", [picture] * 10)) as pictures:
        list(pictures)
        assert pictures.rate() == (20, ())


def test_a_camera_that_is_not_there_is_a_line(tmp_path: Path) -> None:
    for camera in ("97", str(tmp_path / "none"), "rtsp:/nowhere"):
        with pytest.raises(SkelfuseError, match=f"camera '{camera}' cannot be opened"):
            open_camera(camera)


def test_jobs_read_several_videos_at_once(short: Path, tmp_path: Path) -> None:
    with open_video(short) as pictures:
        some = list(itertools.islice(pictures, 6))
    folder = tmp_path / "videos"
    for number in range(9):  # more than one process takes at once
        filmed(folder / f"{number}.mp4", some)
    stores = []
    for jobs in (1, 2):
        out = tmp_path / f"{jobs}.h5"
        ran("preprocess", folder, "-o", out, "--jobs", jobs)
        stores.append([one.coords for one in Store(out)])
    for one, other in zip(*stores, strict=True):
        np.testing.assert_array_equal(one, other)


def test_a_skeleton_of_other_joints_is_refused(recorded: Path) -> None:
    with pytest.raises(SkelfuseError, match="33 joints: expected 17"):
        next(video.read(recorded, ReadOptions(skeleton=COCO_17)))

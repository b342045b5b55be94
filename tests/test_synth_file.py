"""What the written files promise: the very layout of NTU RGB+D, line by line."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest

from skelfuse.datasets.synth.body import PARENTS
from skelfuse.datasets.synth.dataset import plan_clips
from skelfuse.datasets.synth.performance import ClipPlan
from skelfuse.datasets.synth.sensor import Recording, render
from skelfuse.datasets.synth.skeleton_file import skeleton_text

NUMBER = re.compile(r"-?(\d+(\.\d+)?|\d(\.\d+)?E-\d\d)")
UNDIRECTED = [3, 15, 19, 21, 22, 23, 24]


@dataclass
class Body:
    head: list[str]
    joints: npt.NDArray[np.float64]  # [25,12]


def strictly(data: bytes) -> list[list[Body]]:
    """Parse a file, and fail on anything that NTU's own files do not have."""
    assert data.endswith(b"\r\n")
    assert data.count(b"\n") == data.count(b"\r") == data.count(b"\r\n")
    lines: Iterator[str] = iter(data.decode("ascii").split("\r\n")[:-1])
    frames = [
        [one_body(lines) for _ in range(whole(next(lines)))] for _ in range(whole(next(lines)))
    ]
    assert next(lines, None) is None, "lines after the last frame"
    return frames


def whole(text: str) -> int:
    assert re.fullmatch(r"\d+", text), text
    return int(text)


def one_body(lines: Iterator[str]) -> Body:
    head = next(lines).split(" ")
    assert len(head) == 10
    assert re.fullmatch(r"72057594\d{9}", head[0])
    assert all(re.fullmatch(r"\d+", field) for field in head[1:7])
    assert all(NUMBER.fullmatch(field) for field in head[7:9])
    assert head[9] == "2"
    assert next(lines) == "25"
    rows = [next(lines).split(" ") for _ in range(25)]
    for row in rows:
        assert len(row) == 12
        assert row[11] in ("0", "1", "2")
        for field in row:
            assert NUMBER.fullmatch(field), field
            assert field != "-0"
            assert len(digits(field)) <= 7
    return Body(head, np.array(rows, dtype=np.float64))


def digits(field: str) -> str:
    return field.partition("E")[0].replace("-", "").replace(".", "").lstrip("0")


def parsed(plan: ClipPlan, noise: float = 1.0) -> tuple[Recording, list[list[Body]]]:
    recording = render(plan, noise)
    return recording, strictly(skeleton_text(recording).encode("ascii"))


def test_the_parser_accepts_real_files(real_data: Callable[[str], Path]) -> None:
    files = sorted(real_data("ntu-samples").glob("*.skeleton"))
    assert files
    for path in files:
        assert any(strictly(path.read_bytes()))


@pytest.mark.slow
@pytest.mark.parametrize("noise", [0.0, 1.0])
def test_a_file_says_what_was_rendered(noise: float) -> None:
    for plan in plan_clips(clips=90)[::9]:
        recording, frames = parsed(plan, noise)
        assert len(frames) == recording.frames
        for t, bodies in enumerate(frames):
            listed = recording.listed(t)
            assert len(bodies) == len(listed)
            for body, index in zip(bodies, listed, strict=True):
                assert int(body.head[0]) == recording.ids[t, index]
                np.testing.assert_array_equal(body.joints[:, 11], recording.state[t, index])
                np.testing.assert_allclose(
                    body.joints[:, :3], recording.coords[t, index], rtol=1e-6, atol=1e-11
                )


def test_pixels_belong_to_the_coordinates_as_in_real_files(
    real_data: Callable[[str], Path],
) -> None:
    def cameras(files: list[list[list[Body]]]) -> npt.NDArray[np.float64]:
        rows = []
        for frames in files:
            joints = np.concatenate([body.joints for bodies in frames for body in bodies])
            ray = joints[:, :2] / joints[:, 2:3]
            one = np.ones(len(ray))
            fits = []
            for axis in (0, 1):
                for column in (3, 5):
                    known = np.stack([ray[:, axis], one, 1 / joints[:, 2]], axis=1)
                    fit = np.linalg.lstsq(known, joints[:, column + axis], rcond=None)[0]
                    fits.extend(fit[:2])
            rows.append(fits)
        return np.array(rows)

    real = cameras([strictly(p.read_bytes()) for p in real_data("ntu-samples").glob("*.skeleton")])
    ours = cameras([parsed(plan, noise=0)[1] for plan in plan_clips(clips=6)])
    np.testing.assert_allclose(ours.mean(axis=0), real.mean(axis=0), rtol=0.03)


@pytest.mark.slow
def test_pixels_lie_in_the_images() -> None:
    for plan in plan_clips(clips=90)[::15]:
        _, frames = parsed(plan, noise=0)
        pixels = np.array([[body.joints[:, 3:7] for body in bodies] for bodies in frames])
        assert (pixels >= 0).all()
        assert (pixels < [512, 424, 1920, 1080]).mean() > 0.99


@pytest.mark.slow
def test_orientations_are_rotations_along_the_bones() -> None:
    directed = [joint for joint in range(25) if joint not in UNDIRECTED]
    for plan in plan_clips(clips=60)[::10]:
        _, frames = parsed(plan, noise=0)
        joints = np.array([[body.joints for body in bodies] for bodies in frames])
        w, x, y, z = np.moveaxis(joints[..., 7:11], -1, 0)
        assert not joints[..., UNDIRECTED, 7:11].any()
        length = np.sqrt(w * w + x * x + y * y + z * z)[..., directed]
        np.testing.assert_allclose(length, 1, atol=1e-6)
        along = np.stack([2 * (x * y - w * z), 1 - 2 * (x * x + z * z), 2 * (y * z + w * x)], -1)
        bone = joints[..., :3] - joints[..., list(PARENTS), :3]
        bone /= np.maximum(np.linalg.norm(bone, axis=-1, keepdims=True), 1e-9)
        straight = (along * bone).sum(axis=-1)[..., directed[1:]]
        np.testing.assert_allclose(straight, 1, atol=1e-5)


def test_the_three_cameras_see_one_performance() -> None:
    one, two, three = (render(plan, noise=0).truth for plan in plan_clips(clips=3))
    for other in (two, three):
        np.testing.assert_allclose(spans(one), spans(other), atol=1e-9)
        assert np.abs(one - other).max() > 0.1


def spans(coords: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    between: npt.NDArray[np.float64] = coords[..., :, None, :] - coords[..., None, :, :]
    return np.asarray(np.sqrt((between**2).sum(axis=-1)))

"""What a name may do, marks that stand for "not seen", places that nobody can be at, and time."""

from __future__ import annotations

import csv
import io
import json
import time
from pathlib import Path

import numpy as np
import pytest
import yaml

from helpers.commands import called, ran
from skelfuse.clip import Clip
from skelfuse.clips.outliers import farthest, marks
from skelfuse.datasets.reading.coordinates import as_coordinates
from skelfuse.datasets.reading.tracks import link
from skelfuse.errors import SkelfuseError
from skelfuse.inspect.frame_rate import FrameRate
from skelfuse.inspect.kernel_data import kernel_csv
from skelfuse.inspect.kernel_report import Moment, report_kernels
from skelfuse.layers.kernels import Kernel
from skelfuse.layouts import COCO_17
from skelfuse.plain_text import cell, is_plain, shown
from skelfuse.skeleton import Skeleton
from skelfuse.store import Store

EVIL = ("a\0b", "a\x1b[2Jb", "a\rb", "a\nb", "a\x9b31m", "a\u202eb", "a\x7fb", "a\u2028b")
BODY = np.random.default_rng(0).normal(300, 20, (6, 17, 2)).astype(np.float32)


@pytest.mark.parametrize("text", EVIL)
def test_no_control_character_reaches_a_terminal(text: str) -> None:
    assert not is_plain(text)
    for error in (SkelfuseError(text), SkelfuseError("x", found=text, file=text)):
        assert is_plain(str(error))
    assert json.loads(f'"{shown(text)}"') == text  # JSON reads it as it was
    with pytest.raises(SkelfuseError, match="a label that cannot be kept"):
        Clip(BODY[:, None], COCO_17, name="a", label=text)
    with pytest.raises(SkelfuseError, match="control or half characters"):
        Skeleton("twig", joints=(text,), bones=(), root=text)


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@a", "=HYPERLINK(0)"])
def test_no_cell_is_run_by_a_spreadsheet(text: str) -> None:
    file = io.StringIO()
    csv.writer(file).writerow(map(cell, [text, 1.5, -2, "sit"]))
    assert next(csv.reader([file.getvalue()])) == [f"'{text}", "1.5", "-2", "sit"]


def test_no_cell_of_kernels_is_run_by_a_spreadsheet() -> None:
    kernels = {"=1+1": Kernel("=1+1", 1, np.array([[-1.0], [1.0]]), (-1, 0))}
    moments = [Moment(0, {"=1+1": np.array([[-1.0], [1.0]])})]
    report = report_kernels(kernels, history=moments)
    for history in (False, True):
        text = kernel_csv(report, rate=FrameRate(30.0), history=history)
        assert "'=1+1" in text
        assert not any(line.startswith("=") or ",=" in line for line in text.splitlines())


def test_a_dollar_in_a_name_is_drawn(tmp_path: Path) -> None:
    pytest.importorskip("matplotlib")
    from skelfuse.telling.picture import new_picture, write_picture

    figure = new_picture(2, 2)
    figure.text(0.5, 0.5, r"left $\hand$ $ \frac")
    write_picture(figure, tmp_path / "a.png")
    assert (tmp_path / "a.png").stat().st_size > 1000


@pytest.mark.parametrize("mark", [-9999.0, -1.0, 0.0, 99999.0])
def test_marks_for_not_seen_are_found(mark: float) -> None:
    coords = BODY[:, None].copy()
    assert not marks(coords)
    coords[:4, 0, 7] = mark
    assert marks(coords) == {mark: 4}


def test_a_joint_at_the_origin_of_its_body_is_no_mark() -> None:
    coords = (BODY[:, None] - 300) / 20
    coords[:, :, 0] = 0  # the root of a centred body
    coords[0, 0, 3] = -1
    assert not marks(coords)
    assert farthest(coords) is None
    assert not marks(np.full((2, 1, 17, 2), np.nan, np.float32))
    assert farthest(np.zeros((2, 1, 17, 2), np.float32)) is None


def test_marks_are_told_and_made_missing(tmp_path: Path) -> None:
    marked = BODY.copy()
    marked[:4, 7] = -9999
    raw, out = tmp_path / "raw", tmp_path / "s.h5"
    raw.mkdir()
    for name, coords in (("a", BODY), ("b", marked)):
        np.save(raw / f"{name}.npy", coords)
    command = ("preprocess", raw, "--out", out, "--skeleton", "coco-17")
    told = called(*command).stderr
    assert "note: 4 joints are at -9999 in all axes, far from their bodies" in told
    assert "--missing -9999" in told
    told = called(*command, "--missing", "-9999").stderr
    assert "note:" not in told
    assert np.isnan(Store(out)[1].coords[:4, 0, 7]).all()
    assert not np.isnan(Store(out)[1].coords[4:]).any()


def test_a_mark_is_one_number_in_every_format_and_beside_large_places(tmp_path: Path) -> None:
    far = BODY[:, None].astype(np.float64) + [4.5e6, 5.2e5]
    far[:4, 0, 7] = -9999
    assert (as_coordinates(far)[:4, 0, 7] == -9999).all()  # not moved with the body
    for name, mark in (("zeros", 0), ("0", 0), ("-9999", -9999)):
        marked = BODY.copy()
        marked[:4, 7] = mark
        content = {"keypoints": marked.tolist(), "layout": "coco-17"}
        (tmp_path / "a.json").write_text(json.dumps(content))
        np.save(tmp_path / "b.npy", marked)
        np.save(tmp_path / "c.npy", far if mark else marked)
        for place in ("a.json", "b.npy", "c.npy"):
            out = tmp_path / f"{place}{name}.h5"
            ran(
                *("preprocess", tmp_path / place, "--out", out),
                *("--skeleton", "coco-17", "--missing", name),
            )
            (clip,) = Store(out)
            assert np.isnan(clip.coords[:4, 0, 7]).all()
            assert not np.isnan(clip.coords[4:]).any()


def test_a_joint_far_away_is_found() -> None:
    coords = BODY[:, None].copy()
    coords[3, 0, 5] = (-9999, 200)
    found = farthest(coords)
    assert found is not None
    assert found[:4] == (1, 3, 0, 5)


def test_large_coordinates_keep_their_digits() -> None:
    body = np.random.default_rng(1).normal(size=(6, 1, 17, 3))
    utm = as_coordinates(body + [4.5e6, 5.2e5, 100])
    moved = utm - utm.mean(axis=(0, 1, 2))
    np.testing.assert_allclose(moved, body - body.mean(axis=(0, 1, 2)), atol=1e-6)
    np.testing.assert_array_equal(as_coordinates(body), body.astype(np.float32))
    np.testing.assert_array_equal(as_coordinates(body + 1000), (body + 1000).astype(np.float32))


@pytest.mark.slow
def test_tracking_takes_time_in_proportion(tmp_path: Path) -> None:
    draw = np.random.default_rng(2)

    def detections(frames: int) -> list[list[tuple[np.ndarray, np.ndarray]]]:
        return [
            [
                (
                    (draw.normal(size=(25, 2)) + draw.normal(size=2) * 100).astype(np.float32),
                    np.ones(25, np.float32),
                )
                for _ in range(10)
            ]
            for _ in range(frames)
        ]

    began = time.process_time()
    assert len(link(detections(160))) > 1000
    assert time.process_time() - began < 5  # it was half a minute


def test_whoever_comes_back_soon_is_the_same_person() -> None:
    draw, sure = np.random.default_rng(3), np.ones(5, np.float32)
    one, two = (draw.normal(size=(5, 2)).astype(np.float32) + at for at in (0, 50))
    both, alone = [(one, sure), (two, sure)], [(one, sure)]
    assert [len(track) for track in link([both, *[alone] * 100, both])] == [102, 2]
    assert [len(track) for track in link([both, *[alone] * 200, both])] == [202, 1, 1]


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("value", [1e308, 3e38, 1e12])
@pytest.mark.parametrize("where", ["one", "frame", "all"])
def test_absurd_numbers_are_refused_in_a_line_and_warn_of_nothing(
    value: float, where: str, tmp_path: Path
) -> None:
    coords = np.random.default_rng(1).uniform(-1, 1, size=(9, 17, 3))
    part = {"one": (4, 3, 0), "frame": (4,), "all": ()}[where]
    coords[part] *= value
    np.save(tmp_path / "bad.npy", coords)
    np.save(tmp_path / "good.npy", np.random.default_rng(2).normal(size=(9, 17, 3)))
    body = Skeleton("rod", tuple(f"j{i}" for i in range(17)), (), "j0")
    (tmp_path / "skeleton.yaml").write_text(yaml.safe_dump(body.to_dict()))
    given = (tmp_path / "good.npy", tmp_path / "bad.npy")
    made = ("--skeleton", tmp_path / "skeleton.yaml", "--fps", 30)
    result = called("preprocess", *given, "--out", tmp_path / "s.h5", *made, "--jobs", 1)
    assert result.exit_code == 3, result.output
    assert Store(tmp_path / "s.h5").names == ["good"]
    (line,) = [line for line in result.stderr.splitlines() if "bad.npy: " in line]
    assert "coordinate" in line
    result = called("view", *given, "--out", tmp_path / "v.html", *made)
    assert not isinstance(result.exception, Exception), result.exception
    told = [line for line in result.output.splitlines() if "no recording has" in line]
    assert len(told) == (value < 1e39)  # what no float32 holds is an error of its file before
    assert "Warning" not in result.output

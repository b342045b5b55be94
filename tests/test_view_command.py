"""`skelfuse view`: which clips it shows, what it says, and that its page holds the clip."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from helpers.commands import called, ran, refused
from skelfuse.clip import Clip
from skelfuse.intervals import Interval
from skelfuse.layouts import COCO_17
from skelfuse.viewing import page
from skelfuse.viewing.page import page_data, page_of
from skelfuse.viewing.shown import Shown


def walk(seed: int, frames: int = 30) -> np.ndarray[Any, np.dtype[np.float32]]:
    draw = np.random.default_rng(seed)
    at = 100 + 3 * draw.normal(size=(1, 17, 2)) + np.cumsum(draw.normal(size=(frames, 1, 2)), 0)
    at[:, 5:7, 1] -= 40  # shoulders above the hips
    return at.astype(np.float32)


@pytest.fixture
def poses(tmp_path: Path) -> Path:
    for label in ("sit", "wave"):
        (tmp_path / "poses" / label).mkdir(parents=True)
        for i, frames in enumerate((20, 30, 50)):
            np.save(tmp_path / "poses" / label / f"{label}{i}.npy", walk(i, frames))
    return tmp_path / "poses"


def data_of(path: Path) -> dict[str, Any]:
    text = path.read_text(encoding="utf-8")
    _, _, after = text.partition('<script type="application/json" id="data">')
    found: dict[str, Any] = json.loads(after.partition("</script>")[0])
    return found


def test_a_store_is_shown_by_one_clip_of_each_class(poses: Path, tmp_path: Path) -> None:
    store, out = tmp_path / "s.h5", tmp_path / "page.html"
    given = ("--label-from", "folder", "--fps", 25, "--skeleton", "coco-17")
    ran("preprocess", poses, *given, "--out", store)
    result = ran("view", store, "-o", out)
    assert result.output == f"6 clips looked at: nothing odd\nwrote {out}\n"
    shown = data_of(out)["clips"]
    assert [(one["label"], one["name"]) for one in shown] == [("sit", "sit1"), ("wave", "wave1")]
    assert "://" not in out.read_text()  # nothing is fetched
    one = called("view", store, "--clip", "wave2")
    assert one.output.startswith("wave2: 50 frames, 1 person, wave\n")
    line = refused("view", store, "--clip", "wave9")
    assert "no clip 'wave9': expected sit0, sit1, sit2, wave0, ..." in line


def test_files_are_shown_without_a_store_and_a_bad_one_stops_none(
    poses: Path, tmp_path: Path
) -> None:
    (poses / "sit" / "bad.npy").write_bytes(b"\x93NUMPY nothing")
    out = tmp_path / "page.html"
    result = called("view", poses, "--skeleton", "coco-17", "-o", out)
    assert result.exit_code == 3
    assert "Error: " in result.output
    assert "bad.npy" in result.output
    assert "note: the frame rate is not known" in result.output
    assert len(data_of(out)["clips"]) == 6


def test_a_picture_is_drawn(poses: Path, tmp_path: Path) -> None:
    ran(
        *("view", poses / "sit" / "sit0.npy", "--skeleton", "coco-17"),
        *("--png", tmp_path / "a.png"),
    )
    assert (tmp_path / "a.png").read_bytes()[1:4] == b"PNG"


def test_the_page_has_the_clips_own_places() -> None:
    coords = np.repeat(walk(0)[:, None], 2, axis=1).astype(np.float64)
    coords[:, 1] += 50
    coords[3, 1, 9] = np.nan
    clip = Clip(coords, COCO_17, name="</script><b>", fps=30, intervals=(Interval(2, 9, "sit"),))
    shown = Shown("</script>.h5", (clip,), (clip,))
    (one,) = page_data(shown, [])["clips"]
    flat, places = iter(one["at"]), np.full((*coords.shape[:3], 3), np.nan)
    for place in places.reshape(-1, 3):
        first = next(flat)
        if first is not None:
            place[:] = first, next(flat), next(flat)
    assert next(flat, "end") == "end"
    assert np.isnan(places).any(axis=-1).sum() == 1
    assert np.isnan(places[3, 1, 9]).all()
    drawn, own = places[..., :2] / 1000, coords * [1, -1]  # an image's y goes down
    scale = float(np.nanstd(own[..., 0]) / np.nanstd(drawn[..., 0]))
    difference = own - scale * drawn
    np.testing.assert_allclose(difference - difference[0, 0, 0], 0 * own, atol=0.002 * scale)
    assert one["intervals"] == [[2, 9, "sit", None]]
    assert one["missing"][9] == pytest.approx(1 / 60, abs=1e-4)
    text = page_of(shown, [])
    assert text.count("</script>") == 2
    assert "<b>" not in text.partition('id="data">')[2]


def test_long_recordings_are_thinned_and_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(page, "NUMBERS", 20 * 17 * 3)
    clip = Clip(walk(0, 50)[:, None], COCO_17, name="a", fps=30)
    found = page_data(Shown("a.npy", (clip,), (clip,)), [])
    assert found["notes"] == ["every 3rd frame is shown"]
    assert found["clips"][0]["step"] == 3
    assert len(found["clips"][0]["at"]) == 17 * 17 * 3


def test_what_a_file_does_not_say_is_said_as_to_preprocess(tmp_path: Path) -> None:
    coords = walk(0)  # [T,N,2]
    score = np.full((*coords.shape[:2], 1), 0.9, np.float32)
    coords[3:9, 4] = -9999
    score[20:25, 7] = 0.1
    np.save(tmp_path / "a.npy", np.concatenate([coords, score], axis=2).transpose(2, 0, 1))
    out = tmp_path / "page.html"
    words = ("--axes", "CTN", "--score", "--missing", -9999, "--min-score", 0.5)
    ran("view", tmp_path / "a.npy", *words, "--skeleton", "coco-17", "-o", out)
    (clip,) = data_of(out)["clips"]
    gone = {4: 6, 7: 5}  # of 30 frames
    expected = [round(gone.get(joint, 0) / 30, 4) for joint in range(17)]
    assert clip["missing"] == pytest.approx(expected, abs=1e-4)

"""A clip whose bodies are as in no training clip is recognised, and the doubt is told."""

from __future__ import annotations

import json
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from torch import nn

import skelfuse
from helpers.commands import called
from helpers.stick_figure import acted, clip_of, stored, write_npz
from skelfuse.batches import Sampling
from skelfuse.clip import Clip
from skelfuse.clips.usual_bodies import UsualBodies, height
from skelfuse.layouts import KINECT_V1
from skelfuse.run import Run
from skelfuse.training import TrainConfig

Array = npt.NDArray[Any]
LARGE = "bodies are about 1,000 times as large as in training: in another unit?"


def standing(tall: float = 1.7, up: int = 1, frames: int = 9, seed: int = 0) -> Clip:
    """Return somebody of a height in metres, with the axis `up` up."""
    coords = np.random.default_rng(seed).uniform(-0.2, 0.2, (frames, 1, 20, 3))
    coords[..., up] = 0.0
    for ends, place in ((KINECT_V1.hips, 0.5), (KINECT_V1.shoulders, 0.8), (("head",), 1.0)):
        coords[:, :, [KINECT_V1.index(joint) for joint in ends], up] = place * tall
    return Clip(coords, KINECT_V1, name=f"{tall:g} m")


def usual(*clips: Clip) -> UsualBodies:
    found = UsualBodies.of(clips)
    assert found is not None
    return found


def test_heights_are_of_all_but_a_tenth_and_up_is_what_most_agree_on() -> None:
    clips = [standing(1.5 + 0.01 * n, seed=n) for n in range(41)]
    found = usual(*clips)
    assert found.heights == pytest.approx((1.52, 1.88))
    assert found.up == "+y"
    assert usual(*3 * clips, standing(up=2)).up == "+y"
    assert usual(*clips, standing(up=2)).up is None
    assert usual(standing(up=1), standing(up=2)).up is None
    assert UsualBodies.of([]) is None
    assert height(standing(1.83)) == pytest.approx(1.83)
    assert UsualBodies.from_dict(json.loads(json.dumps(asdict(found)))) == found


@pytest.mark.parametrize("tall", [0.9, 1.2, 1.7, 2.0, 3.3])
def test_people_who_sit_and_children_are_in_no_doubt(tall: float) -> None:
    assert usual(standing()).unlike(standing(tall)) == []


@pytest.mark.parametrize(
    ("factor", "told"),
    [
        (1000, LARGE),
        (39.37, LARGE.replace("1,000", "40")),
        (1 / 300, LARGE.replace("1,000 times as large as", "300 times smaller than")),
    ],
)
def test_another_unit_is_told(factor: float, told: str) -> None:
    clip = standing()
    other = replace(clip, coords=clip.coords * factor)
    assert usual(clip).unlike(other) == [told]
    assert usual(clip).unlike(other, any_size=True) == []


def test_another_axis_is_told() -> None:
    clip = standing()
    hanging, lying = replace(clip, coords=-clip.coords), standing(up=2)
    assert usual(clip).unlike(hanging) == ["-y is up, and in training +y: upside down?"]
    assert usual(clip).unlike(lying) == ["+z is up, and in training +y: lying, or other axes?"]
    assert usual(clip).unlike(hanging, any_turn=True) == []
    assert usual(clip, lying).unlike(hanging) == []  # one who lies is in training, too


def test_of_a_long_clip_frames_all_along_it_are_looked_at() -> None:
    clip = standing(frames=5000)
    grown = clip.coords.copy()
    grown[100:] *= 100  # after as many frames as are looked at
    assert usual(clip).unlike(replace(clip, coords=grown)) != []


def in_millimetres(folder: Path) -> Path:
    clips = [1000 * acted("nod", seed=70), 1000 * acted("nod", seed=71), acted("bow", seed=72)]
    file: Path = write_npz(folder / "mm.npz", clips, ["nod", "nod", "bow"])
    return file


@pytest.mark.training
def test_predict_tells_it_of_files_stores_and_windows(run: Path, tmp_path: Path) -> None:
    file = in_millimetres(tmp_path)
    note = f"note: 2 clips: {LARGE}"
    for form in ("table", "csv", "json"):
        result = called("predict", run, file, "--format", form)
        assert result.stderr.splitlines() == [note]
    told = json.loads(called("predict", run, file, "--json").stdout)
    assert [one.get("doubts") for one in told] == [[LARGE], [LARGE], None]
    stored(file, tmp_path / "s.h5")
    assert called("predict", run, tmp_path / "s.h5").stderr.splitlines() == [note]
    windows = called("predict", run, file, "--window", "1s", "--stride", "0.5s")
    assert windows.stderr.splitlines() == [note]
    assert called("predict", run, file, "-q").stderr == ""


@pytest.mark.training
def test_a_live_recording_tells_it_once(run: Path) -> None:
    lines = "\n".join(json.dumps({"joints": one.tolist()}) for one in 1000 * acted("wave", 120))
    result = called("predict", run, "-", "--fps", "30", "--window", "1s", stdin=lines)
    assert result.stderr.splitlines() == [f"note: {LARGE}"]
    assert len(result.stdout.splitlines()) > 2


@pytest.mark.training
def test_explain_tells_it_after_the_decision(run: Path, tmp_path: Path) -> None:
    file = write_npz(tmp_path / "mm.npz", [1000 * acted("wave", seed=70)], ["wave"])
    page = tmp_path / "page.html"
    result = called("explain", run, file, "--rounds", 2, "--html", page)
    sentences = result.stdout.split("\n\n")[0].splitlines()
    assert f"Careful: {LARGE}" in sentences[1:3]
    assert f"Careful: {LARGE}" in page.read_text()
    told = json.loads(called("explain", run, file, "--rounds", 2, "--json").stdout)
    assert told["doubts"] == [LARGE]


@pytest.mark.training
def test_evaluate_tells_it_of_most_clips(run: Path, tmp_path: Path) -> None:
    stored(in_millimetres(tmp_path), tmp_path / "s.h5")
    common = ("evaluate", run, "--data", tmp_path / "s.h5", "--protocol", "all", "--part", "train")
    assert f"most clips: {LARGE}" in called(*common).output
    few = [1000 * acted("wave", seed=70), acted("nod", seed=71), acted("bow", seed=72)]
    stored(write_npz(tmp_path / "few.npz", few, ["wave", "nod", "bow"]), tmp_path / "f.h5")
    common = ("evaluate", run, "--data", tmp_path / "f.h5", "--protocol", "all", "--part", "train")
    assert "most clips" not in called(*common).output


@pytest.mark.training
def test_what_a_model_does_not_mind_is_no_doubt(run: Path) -> None:
    recogniser = skelfuse.load(run)
    clip = clip_of(1000 * acted("wave"))
    assert recogniser.predict(clip).doubts == (LARGE,)
    scaled = replace(recogniser.run.config, sampling=Sampling(frames=16, scale=True))
    assert replace(recogniser.run, config=scaled).doubts(clip) == ()
    assert replace(recogniser.run, usual_bodies=None).doubts(clip) == ()  # of an earlier version


@pytest.mark.parametrize("flat", [False, True])
def test_what_alignment_undoes_is_no_doubt(flat: bool) -> None:
    clip = standing()
    if flat:  # clips of two dimensions are only moved, never turned
        clip = Clip(clip.coords[..., :2], replace(KINECT_V1, dimensions=2), name="flat")
    hanging = replace(clip, coords=-clip.coords)

    def doubts(*, align: bool) -> tuple[str, ...]:
        config = TrainConfig(sampling=Sampling(align=align))
        known = usual(clip)
        body = clip.skeleton
        run = Run(nn.Identity(), config, body, ("a",), Path("x"), 1, usual_bodies=known)
        return run.doubts(hanging)

    told = ("-y is up, and in training +y: upside down?",)
    assert doubts(align=False) == told
    assert doubts(align=True) == (told if flat else ())

"""`skelfuse explain` on runs that were trained: what it says, writes and refuses."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner

from helpers import inspected_runs, stick_figure
from skelfuse.cli.explain import explain
from skelfuse.datasets.preprocess import PreprocessOptions, find_sources, preprocess
from skelfuse.errors import SkelfuseError
from skelfuse.explain.scene import on_stage
from skelfuse.predict import load
from skelfuse.skeleton import Skeleton
from skelfuse.training import ModelChoice

pytestmark = pytest.mark.training

BONES = (("elbow", "shoulder"), ("hand", "elbow"))


@pytest.fixture(scope="module")
def pure(stick_run: Callable[[ModelChoice], Path]) -> Path:
    return stick_run(stick_figure.PURE)


@pytest.fixture(scope="module")
def wave(tmp_path_factory: pytest.TempPathFactory) -> Path:
    coords = stick_figure.acted("wave", 60, seed=51)
    path: Path = stick_figure.write_npz(
        tmp_path_factory.mktemp("new") / "new.npz", [coords], ["wave"], stick_figure.JOINTS[::-1]
    )
    return path


def told(*arguments: object) -> str:
    texts = [str(one) for one in arguments]
    result = CliRunner().invoke(explain, texts, catch_exceptions=False)
    assert result.exit_code == 0, result.output
    return result.stdout


def stored(folder: Path, *labels: str) -> tuple[Path, Path]:
    """Return the same clips as a recording and as a store."""
    clips = [stick_figure.acted(label, 60, seed=i) for i, label in enumerate(labels)]
    raw: Path = stick_figure.write_npz(folder / "raw.npz", clips, list(labels), stick_figure.JOINTS)
    out = folder / "clips.h5"
    outcome = preprocess(find_sources([raw], PreprocessOptions()), out, PreprocessOptions(), jobs=1)
    assert not outcome.error
    return raw, out


def test_a_clip_of_a_store_is_explained_as_that_of_its_file(run: Path, tmp_path: Path) -> None:
    raw, store = stored(tmp_path, "wave", "nod")
    chosen = ("--clip", "raw-00002", "--players", "limbs")
    assert told(run, store, *chosen) == told(run, raw, *chosen)
    with pytest.raises(SkelfuseError, match=r"one clip at a time .*raw-00001, raw-00002; name one"):
        told(run, store)
    with pytest.raises(SkelfuseError, match=r"no clip 'raw-3': expected raw-00001, raw-00002"):
        told(run, store, "--clip", "raw-3")


def test_of_a_store_with_one_clip_it_is_that_one(run: Path, tmp_path: Path) -> None:
    raw, store = stored(tmp_path, "wave")
    assert told(run, store) == told(run, raw)


def number(text: str, words: str) -> float:
    found = re.search(rf"([-+]\d+\.\d+|0\.000)  {words}", text)
    assert found, text
    return float(found[1])


def test_the_summary_adds_up(run: Path, wave: Path) -> None:
    text = told(run, wave)
    sums = text.partition("What about this movement\n")[2]
    assert "\nnew-00001, which the file calls wave\n  wave" in sums
    parts = [
        number(text, w)
        for w in ("what each joint did", "how the joints went", "the average training")
    ]
    assert sum(parts) == pytest.approx(number(text, "the logit"), abs=0.0021)
    assert re.search(r" for wave, most around \d\.\d\ss", text)
    for words in ("Statistics × scales", "change of speed", "8 frames", "whole course"):
        assert words in text


def test_json_holds_every_number(run: Path, wave: Path, tmp_path: Path) -> None:
    file = tmp_path / "why.json"
    told(run, wave, "--json", "-o", file, "--against", "nod")
    whole = json.loads(file.read_text(encoding="utf-8"))
    assert sum(whole["joints"].values()) == pytest.approx(whole["total"], abs=1e-5)
    assert whole["by_class"]["right_hand"].keys() == {"bow", "nod", "wave"}
    assert (whole["class"], whole["against"], whole["rounds"]) == ("wave", "nod", 0)
    found = whole["sums"]
    assert (found["class"], found["against"]) == ("wave", "nod")
    evidence, usual = np.array(found["evidence"]), sum(one["usual"] for one in found["joints"])
    assert evidence.shape == (1, 5, len(found["features"]))
    assert evidence.sum() - usual == pytest.approx(found["sum"]["joints"])
    assert sum(found["sum"].values()) == pytest.approx(found["logit"], abs=1e-5)
    chances = found["probabilities"]
    assert found["logit"] == pytest.approx(np.log(chances["wave"] / chances["nod"]), abs=1e-5)
    beyond = sum(joint["beyond_average"] for joint in found["joints"])
    assert beyond == pytest.approx(found["sum"]["joints"])
    assert np.array(found["over_time"]).shape == (1, len(found["time"]["steps"]), 5)
    clip = stick_figure.clip_of(stick_figure.acted("wave", 60, seed=51))
    said = load(run, device="cpu").predict(clip)
    assert list(chances.values()) == pytest.approx(said.probabilities.tolist(), abs=1e-6)


def test_any_class_can_be_asked_for(run: Path, wave: Path) -> None:
    assert "Why bow\n" in told(run, wave, "--class", "bow")
    assert "Why bow rather than nod\n" in told(run, wave, "--class", "bow", "--against", "nod")
    with pytest.raises(SkelfuseError, match=r"no class 'wav e' \(did you mean 'wave'\?\)"):
        told(run, wave, "--class", "wav e")
    with pytest.raises(SkelfuseError, match="'wave' cannot be compared with itself"):
        told(run, wave, "--against", "wave")


def test_the_first_lines_say_what_decided(run: Path, wave: Path) -> None:
    first, second, *_ = told(run, wave).splitlines()
    assert re.fullmatch(r"Wave, \d\d %\.", first)
    assert re.fullmatch(
        r"Without the .*right hand.* it would (still )?be \d+ %( \((bow|nod)\))?\."
        r"|No joint stands out: it rests on many together\.",
        second,
    )


def test_a_disagreement_with_the_file_comes_first(run: Path, tmp_path: Path) -> None:
    clip = stick_figure.acted("wave", 60, seed=51)
    for label, words in (
        ("nod", r"nod, the model wave \(\d\d %; nod \d %\)"),
        ("jump", "jump, a class"),
    ):
        file = stick_figure.write_npz(
            tmp_path / f"{label}.npz", [clip], [label], stick_figure.JOINTS
        )
        text = told(run, file, "--players", "limbs")
        assert re.match(rf"The file says {words}.*\.\nWave, ", text)


@pytest.mark.long
def test_any_model_is_explained(
    wave: Path, tmp_path: Path, stick_run: Callable[[ModelChoice], Path]
) -> None:
    stgcn = stick_run(ModelChoice("stgcn", options={"channels": (4,), "blocks": (1,)}))
    text = told(stgcn, wave, "--players", "limbs", "--seed", "3", "--rounds", "8")
    assert "Limbs" in text
    assert "every set of them was asked" in text
    told(stgcn, wave, "--players", "limbs", "--html", tmp_path / "why.html")
    assert "Without it, and held still" in (tmp_path / "why.html").read_text(encoding="utf-8")
    assert "What about this movement" not in text


def test_what_is_missing_or_does_not_fit_is_told() -> None:
    result = CliRunner().invoke(explain, ["runs/x"])
    assert "name the clip's file: skelfuse explain RUN FILE" in result.stderr
    result = CliRunner().invoke(explain, ["runs/x", "a.npz", "--part", "all"])
    assert "--part is for --data" in result.stderr
    result = CliRunner().invoke(explain, ["runs/x", "a.npz", "--data", "s.h5"])
    assert "--data is for --summary, or for typical clips beside --html" in result.stderr
    result = CliRunner().invoke(explain, ["runs/x", "--summary"])
    assert "skelfuse explain RUN --data STORE --summary" in result.stderr


@pytest.mark.long
def test_pictures_and_pages_are_written(run: Path, wave: Path, tmp_path: Path) -> None:
    pytest.importorskip("matplotlib")
    names = [tmp_path / name for name in ("why.png", "why.svg", "why.html")]
    words = [run, wave, "--plot", names[0], "--plot-sums", names[1], "--html", names[2]]
    result = CliRunner().invoke(explain, list(map(str, words)))
    assert result.stderr == "".join(f"wrote {name}\n" for name in names)
    assert not CliRunner().invoke(explain, [*map(str, words), "-q"]).stderr
    assert names[0].read_bytes()[1:4] == b"PNG"
    assert "<svg" in names[1].read_text(encoding="utf-8")
    page = names[2].read_text(encoding="utf-8")
    assert not re.search(r"(src|href)=\"(?!data:)|https?://(?!www\.w3\.org)|@import", page)
    with pytest.raises(SkelfuseError, match="unknown kind of figure"):
        told(run, wave, "--plot", tmp_path / "why.xyz")
    with pytest.raises(SkelfuseError, match="cannot write the page"):
        told(run, wave, "--html", tmp_path / "none" / "why.html")


def test_a_pure_run_is_joints_alone_and_names_the_one_that_moves(
    pure: Path, wave: Path, tmp_path: Path
) -> None:
    text = told(pure, wave, "--html", tmp_path / "why.html")
    assert "together" not in text.partition("What about this movement\n")[2]
    # Of three actions the head tells two by moving, so that it is still speaks for the third.
    strongest = text.split("█ for, ░ against\n")[1].splitlines()[:2]
    assert any("right hand" in line for line in strongest)
    assert "█" * 16 in strongest[0]
    assert re.search(r"right hand.* speaks? for wave", text)
    parts = [number(text, words) for words in ("what each joint did", "the average training")]
    assert sum(parts) == pytest.approx(number(text, "the logit"), abs=0.0021)


def test_a_body_without_a_torso_is_shown_as_it_stands() -> None:
    arm = Skeleton("arm", ("shoulder", "elbow", "hand"), BONES, root="shoulder")
    x = np.array([[0.0, 0, 0], [1, 0, 0], [1, 2, 0]])[None, None].repeat(4, 0)  # [T,M,N,D]
    seen = np.ones(x.shape[:3], bool)
    seen[1, 0, 2] = False
    shown = on_stage(x, seen, arm)[0]
    np.testing.assert_allclose(shown[0, 0], [[-0.5, -1, 0], [0.5, -1, 0], [0.5, 1, 0]])
    assert np.isnan(shown[1, 0, 2]).all()


@pytest.mark.long
def test_what_cannot_be_explained_is_told(run: Path, wave: Path, tmp_path: Path) -> None:
    folder = inspected_runs.runs(tmp_path)
    with pytest.raises(SkelfuseError, match=r"STGCN are no sum over joints.*skelfuse"):
        told(folder / "stgcn", wave, "--plot-sums", tmp_path / "why")
    with pytest.raises(SkelfuseError, match=r"another skeleton.*coco-17"):
        told(folder / "skelfuse", wave)
    broken = tmp_path / "broken.safetensors"
    broken.write_bytes(b"nothing")
    with pytest.raises(SkelfuseError, match=re.escape(str(broken))):
        told(broken, wave)
    with pytest.raises(SkelfuseError, match="no such run"):
        told(tmp_path / "nowhere", wave)
    with pytest.raises(SkelfuseError, match="no such file"):
        told(run, tmp_path / "nowhere.npz")
    clips = [stick_figure.acted("wave", 60, seed=1), stick_figure.acted("bow", 70, seed=2)]
    two = stick_figure.write_npz(tmp_path / "two.npz", clips, ["wave", "bow"])
    with pytest.raises(SkelfuseError, match=r"one clip.*two-00001, two-00002; name one.*--clip"):
        told(run, two)
    assert "\ntwo-00002" in told(run, two, "--clip", "two-00002")
    with pytest.raises(SkelfuseError, match="no clip 'two-3'"):
        told(run, two, "--clip", "two-3")


def test_a_layout_may_be_named(run: Path, wave: Path) -> None:
    arguments = [str(run), str(wave), "--skeleton", "coco-71"]
    with pytest.raises(SkelfuseError, match="coco-17"):  # the nearest one
        CliRunner().invoke(explain, arguments, catch_exceptions=False)

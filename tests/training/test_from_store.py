"""Settings that a store brings: its facts, who goes before whom, and what a run keeps of them."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml
from click.testing import Result

from helpers.commands import called, ran
from helpers.moving_hand import moving_store
from helpers.stores import stored
from research.lab.data_sets import SETS, TUNED, store_of
from skelfuse.clip import Clip
from skelfuse.configs import find
from skelfuse.datasets.protocols import split
from skelfuse.datasets.summary import clip_table
from skelfuse.errors import SkelfuseError
from skelfuse.layouts import SBU_15
from skelfuse.skeleton import Skeleton
from skelfuse.store import Store
from skelfuse.training import config_from_dict, config_text, read_config
from skelfuse.training.resume import saved_config
from skelfuse.training.store_facts import store_facts
from skelfuse.training.suggested import suggested

PAGE = Path(__file__).resolve().parents[2] / "docs" / "configuration.md"

WORM = Skeleton("worm", joints=("a", "b", "c"), bones=(("b", "a"), ("c", "b")), root="a")


def people(path: Path, coords: list[np.ndarray], **fields: Any) -> Store:
    """Write one clip for each `[T,M,15,3]`, of classes a and b in turn."""
    own = [{"label": "ab"[i % 2], "subject": f"s{i}", **fields} for i in range(len(coords))]
    named = enumerate(zip(coords, own, strict=True))
    return stored(path, (Clip(one, SBU_15, name=f"clip{i}", **of) for i, (one, of) in named))


def upright(frames: int, facing: float = 0.0, size: float = 1.0, up: int = 1) -> np.ndarray:
    """Return a stiff body `[T,1,15,3]` whose torso measures `size`, turned about what is up."""
    height = {"hip": 0.0, "knee": -0.5, "foot": -1.0, "shoulder": 1.0, "elbow": 0.6, "hand": 0.3}
    body = np.zeros((15, 3))
    for n, joint in enumerate(SBU_15.joints):
        side, _, part = joint.rpartition("_")
        across = {"left": 0.3, "right": -0.3, "": 0.0}[side]
        body[n] = across * math.cos(facing), height.get(part, 0.5), across * math.sin(facing)
    body = np.roll(body, up - 1, axis=1) * size
    return np.broadcast_to(body, (frames, 1, 15, 3)).copy()


def test_facts_are_those_of_the_training_clips_alone(tmp_path: Path) -> None:
    coords = [upright(t, size=0.5) for t in (20, 30, 40)] + [upright(900, size=500.0)]
    coords[1][:, :, :3] = np.nan
    pair = np.concatenate([coords[0], coords[0] + 1], axis=1)
    store = people(tmp_path / "s.h5", [*coords, pair], fps=10)
    facts = store_facts(store, np.arange(3))
    assert (facts.clips, facts.class_names, facts.persons) == (3, ("a", "b"), 1)
    assert (facts.frames, facts.seconds, facts.rates) == (30, 3.0, (10, 10))
    assert facts.subjects == 3
    assert facts.missing == pytest.approx(30 * 3 / (90 * 15), abs=1e-6)
    assert facts.size == pytest.approx(0.5)
    assert facts.size_spread == pytest.approx(1)
    every = store_facts(store, np.arange(5))
    assert every.persons == 1  # one of the three clips of class a shows two
    assert every.size_spread > 100
    assert store_facts(store, np.array([4])).persons == 2
    assert store_facts(store, np.array([], int)).clips == 0


@pytest.mark.parametrize("up", [1, 2])
def test_how_far_people_face_apart_is_measured_about_what_is_up(tmp_path: Path, up: int) -> None:
    draw = np.random.default_rng(0)
    for spread in (0.1, 0.7):
        angles = draw.normal(scale=spread, size=400)
        store = people(
            tmp_path / f"{spread}.h5", [upright(2, angle, up=up) + 3.0 for angle in angles]
        )
        facts = store_facts(store, np.arange(400))
        assert facts.facing_spread == pytest.approx(spread, rel=0.15)
        assert facts.vertical == up


def test_what_is_not_known_of_one_clip_is_not_known(tmp_path: Path) -> None:
    store = people(tmp_path / "s.h5", [upright(5), upright(9)], subject=None)
    facts = store_facts(store, np.arange(2))
    assert (facts.seconds, facts.rates, facts.subjects) == (None, None, 0)


def test_the_file_goes_before_the_store_and_set_before_both(tmp_path: Path) -> None:
    path = tmp_path / "mine.yaml"
    path.write_text("defaults: from-store\ntrain: {epochs: 7}\naugment:\n")
    asked: list[Any] = []

    def suggest(written: Any) -> Any:
        asked.append(written)
        values = {"epochs": 99, "batch_size": 16, "learning_rate": 0.5}
        return {"train": values, "augment": {"mirror": 0.5}}

    config = read_config(path, ["train.learning_rate=1e-3", "protocol=x"], suggest=suggest)
    fit = config.train
    assert (fit.epochs, fit.batch_size, fit.learning_rate) == (7, 16, 1e-3)
    assert config.augment.mirror == 0.5
    assert fit.warmup_epochs == config_from_dict({}).train.warmup_epochs
    (written,) = asked
    assert written["train"] == {"epochs": 7, "learning_rate": 1e-3}
    assert written["protocol"] == "x"
    assert "defaults" not in config_text(config)
    path.write_text("train: {epochs: 7}")
    assert read_config(path, suggest=suggest).train.batch_size == 32
    assert len(asked) == 1
    assert read_config(path, ["defaults=from-store"], suggest=suggest).train.batch_size == 16


def test_mistakes_with_the_key_are_told(tmp_path: Path) -> None:
    path = tmp_path / "c.yaml"
    for text, message in (
        ("\ndefaults: from-stor", "c.yaml, line 2: 'defaults' has the wrong kind: expected one of"),
        ("default: from-store", "unknown key 'default'; did you mean 'defaults'?"),
        ("defaults: from-store", "c.yaml, line 1: 'defaults: from-store' needs a store"),
        ("defaults: from-store\ntrain: {epochs: 0}", "line 2: train: 'epochs' is out of range"),
    ):
        path.write_text(text)
        with pytest.raises(SkelfuseError) as error:
            read_config(path)
        assert message in str(error.value)
    with pytest.raises(SkelfuseError, match=r"unknown key 'defaults\.x'"):
        read_config(path, ["defaults.x=1"])


def trained(store: Store, out: Path, *more: str) -> Result:
    quick = ("--device=cpu", "--set=model.size=nano")
    return called(
        "train", "--config=generic", f"--data={store.path}", f"--out={out}", *quick, *more
    )


QUICK = ("--protocol=loso:1", "--set=train.epochs=1")


@pytest.mark.training
def test_a_run_keeps_what_was_chosen_and_goes_on_with_it(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out = tmp_path / "run"
    result = trained(store, out, *QUICK)
    assert result.exit_code == 0, result.output
    told = [line for line in result.stderr.splitlines() if line.startswith("chosen: ")]
    assert any("train.batch_size 16: 3 steps" in line for line in told)
    assert not any("epochs" in line for line in told)  # which were given
    saved = (out / "config.yaml").read_text()
    assert "defaults" not in saved
    config = read_config(out / "config.yaml")
    assert (config.sampling.frames, config.train.batch_size, config.train.epochs) == (32, 16, 1)
    assert config.augment.rotate == (0.3, 0.3, 0.3)

    # Another version may choose otherwise: a run that has begun does not.
    monkeypatch.setattr("skelfuse.training.suggested.UNEVEN", 0.1)
    again = trained(store, out, *QUICK, "--resume")
    assert again.exit_code == 0, again.output
    assert "chosen" not in again.stderr
    assert (out / "config.yaml").read_text() == saved
    other = trained(store, out, *QUICK, "--resume", "--set=sampling.uneven=0.2")
    assert "cannot resume: 'sampling.uneven' was 1.0 and is now 0.2" in other.stderr
    assert trained(store, tmp_path / "new", *QUICK, "--resume").exit_code == 0  # nothing there yet
    assert saved_config(tmp_path / "new").sampling.uneven == 0.1


def test_the_shipped_configuration_leaves_everything_to_the_store(tmp_path: Path) -> None:
    store = moving_store(tmp_path / "s.h5", clips=12, skeleton=WORM)
    found = suggested(store_facts(store, np.arange(12))).settings
    config = read_config(find("generic"), suggest=lambda _: found)
    assert config == config_from_dict(found)


@pytest.mark.parametrize("name", ["utd_mhad", "nw_ucla", "jhmdb", "penn_action", "sbu"])
def test_the_configuration_of_a_real_set_is_generic_with_its_protocol(name: str) -> None:
    plain, own = (yaml.safe_load(find(file).read_text()) for file in ("generic", name))
    assert own == {**plain, "protocol": own["protocol"]}
    assert own["protocol"] in next(
        data.protocols for data in SETS.values() if data.config == name
    )  # whose accuracy is reported


def test_a_real_set_gets_settings_like_those_tuned_for_it(
    real_data: Callable[[str], Path], tmp_path: Path
) -> None:
    path = tmp_path / "jhmdb.h5"
    ran("preprocess", real_data("jhmdb14.npz"), f"--out={path}")
    store = Store(path)
    train = split(clip_table(store), "split1")["train"]
    found = config_from_dict(suggested(store_facts(store, train)).settings)
    tuned = read_config(TUNED / "jhmdb.yaml")
    assert found.sampling == tuned.sampling
    assert found.augment == replace(tuned.augment, joint_dropout=found.augment.joint_dropout)


@pytest.mark.parametrize("name", ["nw-ucla", "jhmdb"])
def test_what_the_page_says_is_chosen_for_a_real_set_is_chosen(
    real_data: Callable[[str], Path], tmp_path: Path, name: str
) -> None:
    data = SETS[name]
    store = store_of(data, real_data(data.raw).parent, tmp_path)
    assert store is not None
    train = split(clip_table(store), data.protocols[0])["train"]
    reasons = suggested(store_facts(store, train)).reasons
    page = PAGE.read_text(encoding="utf-8")
    quoted = page.partition(f"$ skelfuse train --config {data.config} ")[2].partition("```")[0]
    lines = [line for line in quoted.splitlines() if line.startswith("chosen: ")]
    assert lines
    assert set(lines) <= {f"chosen: {reason}" for reason in reasons}


@pytest.mark.training
def test_whoever_names_no_configuration_gets_what_the_clips_suggest(tmp_path: Path) -> None:
    store = people(tmp_path / "s.h5", [upright(20 + 4 * n) for n in range(6)], fps=10)
    given = ["train", f"--data={store.path}", "--protocol=all", "--size=nano", "--epochs=1"]
    runs = []
    for name, more in (("named", ["--config=generic"]), ("unnamed", [])):
        done = ran(*given, f"--out={tmp_path / name}", *more)
        assert "chosen: sampling.frames 48" in done.stderr
        runs.append(saved_config(tmp_path / name))
    assert runs[0] == runs[1]
    (tmp_path / "empty.yaml").write_text("{}")  # this asks for the plain defaults
    plain = [f"--out={tmp_path / 'plain'}", f"--config={tmp_path / 'empty.yaml'}"]
    done = ran(*given, *plain)
    assert "chosen:" not in done.stderr

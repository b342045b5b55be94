"""Typical clips: which are chosen, what a run keeps of them, and where the page finds them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import skelfuse
from helpers import stick_figure, trained_run
from helpers.commands import ran
from skelfuse.clip import Clip
from skelfuse.explain.typical import EXEMPLARS, keep_exemplars, typical_clips
from skelfuse.run import load_run
from skelfuse.store import Store

pytestmark = pytest.mark.training


def store_of(path: Path) -> Store:
    """Return three actions, a trembling wave, and a wave that is a nod in truth."""
    clips = [
        Clip(
            stick_figure.acted(action, 60, seed=seed)[:, None],
            stick_figure.STICK,
            name=f"{action}-{seed}",
            label=action,
            fps=30,
            splits={"mine": "train" if seed < 6 else "test"},
        )
        for action in stick_figure.ACTIONS
        for seed in range(8)
    ]
    odd = clips[-1].coords + np.random.default_rng(0).normal(scale=0.3, size=(60, 1, 5, 2))
    more = [
        Clip(
            odd,
            stick_figure.STICK,
            name="trembling",
            label="wave",
            fps=30,
            splits={"mine": "train"},
        ),
        Clip(
            stick_figure.acted("nod", 60, seed=20)[:, None],
            stick_figure.STICK,
            name="nodded",
            label="wave",
            fps=30,
            splits={"mine": "train"},
        ),
    ]
    return Store(trained_run.written(path, [*clips, *more]))


def test_typical_is_what_is_recognised_and_near_the_middle(run: Path, tmp_path: Path) -> None:
    store, loaded = store_of(tmp_path / "s.h5"), load_run(run)
    clips = np.arange(len(store))
    found = typical_clips(loaded, store, clips, ["wave", "nod", "no such class"], 9)
    assert list(found) == ["wave", "nod"]
    names = [store.names[i] for i in found["wave"]]
    assert len(names) == 9
    assert "nodded" not in names  # it is not recognised
    assert names[-1] == "trembling"  # and this one is the farthest from the others
    assert [store.names[i] for i in typical_clips(loaded, store, clips, ["wave"], 2)["wave"]] == (
        names[:2]
    )


def test_a_run_keeps_them_as_a_store(run: Path, tmp_path: Path) -> None:
    store = store_of(tmp_path / "s.h5")
    assert keep_exemplars(load_run(run), store, np.arange(len(store)), 2, tmp_path) == 6
    kept = Store(tmp_path / EXEMPLARS)
    assert [kept.class_names[label] for label in kept.labels] == sorted(["bow", "nod", "wave"] * 2)
    for i, name in enumerate(kept.names):
        np.testing.assert_array_equal(kept[i].coords, store[store.find(name)].coords)


def data_of(page: Path) -> Any:
    text = page.read_text(encoding="utf-8")
    return json.loads(text.partition('id="data">')[2].partition("</script>")[0])


@pytest.mark.long
def test_train_keeps_some_where_it_is_asked_and_the_page_shows_them(tmp_path: Path) -> None:
    store = store_of(tmp_path / "s.h5")
    small = ("model.size=nano", "sampling.frames=16", "train.validation=0")
    common = ["train", "--data", store.path, "--protocol", "mine", "--epochs", "3", "--device"]
    common += ["cpu", *(part for one in small for part in ("--set", one))]
    ran(*common, "-o", tmp_path / "plain")
    assert not (tmp_path / "plain" / EXEMPLARS).exists()
    ran(*common, "-o", tmp_path / "run", "--exemplars", "2")
    kept = Store(tmp_path / "run" / EXEMPLARS)
    assert 0 < len(kept) <= 6
    assert all(clip.splits["mine"] == "train" for clip in kept)
    page, asked = tmp_path / "why.html", ("--players", "limbs", "--html", tmp_path / "why.html")
    ran("explain", tmp_path / "run", store.path, "--clip", "wave-7", *asked)
    by_class = {name: len(clips) for name, clips in data_of(page)["typical"].items()}
    expected = {name: int((kept.labels == i).sum()) for i, name in enumerate(kept.class_names)}
    assert {name: count for name, count in by_class.items() if count} == expected
    ran("explain", tmp_path / "plain", store.path, "--clip", "wave-7", *asked)
    assert not any(data_of(page)["typical"].values())


def test_a_store_brings_typical_clips_but_never_the_clip_itself(run: Path, tmp_path: Path) -> None:
    store = store_of(tmp_path / "s.h5")
    first = typical_clips(load_run(run), store, np.arange(26), ["wave"], 1)["wave"][0]
    page = tmp_path / "why.html"
    shown = skelfuse.load(run)
    assert shown.classes == stick_figure.ACTIONS
    asked = ("--players", "limbs", "--html", page, "--data", store.path, "--protocol", "mine")
    ran("explain", run, store.path, "--clip", store.names[first], *asked)
    typical = data_of(page)["typical"]
    assert set(typical) == set(stick_figure.ACTIONS)
    names = [one["name"] for one in typical["wave"]]
    assert len(names) == 3
    assert store.names[first] not in names

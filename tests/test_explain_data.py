"""What the page of an explanation is given: units, agreement, who is whose, what was not seen."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from skelfuse.clip import Clip
from skelfuse.clips.provenance import Provenance
from skelfuse.explain.page import write_page
from skelfuse.explain.players import Kind
from skelfuse.layouts import HAND_21, KINECT_V2
from skelfuse.predict import Recogniser
from skelfuse.run import Run
from skelfuse.skeleton import Skeleton
from skelfuse.training import build_model, config_from_dict

pytestmark = pytest.mark.slow

CLASSES = ("sit", "stand", "wave")
PLACES = {"left_hip": (0.1, 0.0), "right_hip": (-0.1, 0.0)}
PLACES |= {"left_shoulder": (0.2, 0.5), "right_shoulder": (-0.2, 0.5)}


def standing(*, size: float = 1.0, persons: int = 1, label: str | None = None) -> Clip:
    """Return people with torsos of half a metre, times `size`, who drift to the right."""
    body = np.zeros((25, 3))
    body[:, 1] = np.linspace(-0.8, 0.8, 25)
    for joint, place in PLACES.items():
        body[KINECT_V2.index(joint), :2] = place
    drift = np.arange(46)[:, None, None, None] / 30 * [1.5, 0, 0]  # metres a second
    apart = np.arange(persons)[:, None, None] * [2, 0, 0]
    coords = size * (body + drift + apart)
    return Clip(coords, KINECT_V2, name="a", label=label, fps=30)


def data_of(
    folder: Path,
    clip: Clip,
    *,
    players: Kind = "limbs",
    made: dict[str, bool] | None = None,
    against: str | None = None,
) -> Any:
    """Return what a page holds of the clip as an untrained model sees it."""
    torch.manual_seed(0)
    config = config_from_dict({"sampling": {"frames": 8}, "model": {"size": "nano"}})
    net = build_model(config.model, clip.skeleton, len(CLASSES)).eval()
    provenance = Provenance(made or {})
    run = Run(net, config, clip.skeleton, CLASSES, Path("runs/x"), 1, provenance=provenance)
    views = Recogniser(run).explain_with_rivals(clip, "sit", against, players=players, rounds=2)
    write_page(views, folder / "a.html", run=run, opened=1 if against else 0)
    text = (folder / "a.html").read_text(encoding="utf-8")
    return json.loads(text.partition('id="data">')[2].partition("</script>")[0])


def places(body: dict[str, Any], digits: int, joints: int) -> Any:
    """Return the places of a page's body, `[T,M,N,3]`, in the clip's own unit."""
    flat = iter(body["at"])
    found = []
    for first in flat:
        found.append([np.nan] * 3 if first is None else [first, next(flat), next(flat)])
    table = np.array(found).reshape(len(body["time"]), body["persons"], joints, 3)
    return table / digits * body["length"]


@pytest.mark.long
def test_metres_are_told_where_they_are_known(tmp_path: Path) -> None:
    assert data_of(tmp_path, standing())["unit"] == "m"
    assert data_of(tmp_path, standing(size=1000))["unit"] == ""  # millimetres
    assert data_of(tmp_path, standing(), made={"scale": True})["unit"] == ""
    hand = np.random.default_rng(0).random((20, 1, 21, 3))
    assert data_of(tmp_path, Clip(hand, HAND_21, name="a", fps=30))["unit"] == ""


def test_places_and_times_give_the_speed_in_metres_a_second(tmp_path: Path) -> None:
    data = data_of(tmp_path, standing())
    at = places(data["body"], data["digits"], 25)
    passed = np.diff(data["body"]["time"])[:, None, None]
    speed = np.linalg.norm(np.diff(at, axis=0), axis=-1) / passed
    np.testing.assert_allclose(speed, 1.5, atol=0.01)


def test_what_was_not_seen_is_none(tmp_path: Path) -> None:
    clip = standing()
    clip.coords[:, 0, 7] = np.nan
    clip.coords[20:28, 0, 3] = np.nan
    data = data_of(tmp_path, clip)
    gone = np.isnan(places(data["body"], data["digits"], 25)[:, 0, :, 0])
    assert gone[:, 7].all()
    assert 1 <= gone[:, 3].sum() < 8
    assert gone.sum() == 8 + gone[:, 3].sum()


@pytest.mark.parametrize(
    ("label", "agrees", "words"),
    [
        (None, None, "does not say which action"),
        ("jump", False, "a class that the run does not know"),
    ],
)
def test_agreement_is_told(
    tmp_path: Path, label: str | None, agrees: bool | None, words: str
) -> None:
    told = data_of(tmp_path, standing(label=label))["agreement"]
    assert told["agrees"] is agrees
    assert words in told["text"]


@pytest.mark.long
def test_agreement_is_with_what_the_model_says(tmp_path: Path) -> None:
    best, other, *_ = (name for name, _ in data_of(tmp_path, standing())["classes"])
    assert data_of(tmp_path, standing(label=best))["agreement"]["agrees"] is True
    assert data_of(tmp_path, standing(label=other))["agreement"]["agrees"] is False


def test_the_view_that_was_asked_for_opens(tmp_path: Path) -> None:
    data = data_of(tmp_path, standing(), against="wave")
    assert data["views"][data["opened"]]["against"] == "wave"
    assert [view["against"] for view in data["views"]] == [None, "wave", "stand"]


def test_of_several_people_each_has_limbs_of_its_own(tmp_path: Path) -> None:
    data = data_of(tmp_path, standing(persons=2))
    cells = {name: {tuple(cell) for cell in own} for name, own in data["limbs"]}
    one, other = cells["left arm, person 1"], cells["left arm, person 2"]
    assert {n for _, n in one} == {n for _, n in other}
    assert ({m for m, _ in one}, {m for m, _ in other}) == ({0}, {1})


def test_a_joint_and_a_limb_may_have_one_name(tmp_path: Path) -> None:
    hand = np.random.default_rng(0).random((20, 1, 21, 3))
    body: Skeleton = HAND_21.permuted(tuple(range(21)))
    data = data_of(tmp_path, Clip(hand, body, name="a", fps=30), players="joints")
    thumbs = dict(data["limbs"])["thumb"]
    assert len(thumbs) > 1
    assert data["cells"][data["names"].index("wrist")] == [[0, 0]]

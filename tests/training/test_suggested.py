"""What is chosen for a data set by each of the facts that are known of it."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from skelfuse.layouts import COCO_17, HAND_21, KINECT_V2, LAYOUTS
from skelfuse.skeleton import Skeleton
from skelfuse.training import config_from_dict
from skelfuse.training.store_facts import StoreFacts
from skelfuse.training.suggested import SECTIONS, suggested

WORM = Skeleton("worm", joints=("a", "b", "c"), bones=(("b", "a"), ("c", "b")), root="a")
USUAL = StoreFacts(
    KINECT_V2,
    clips=600,
    class_names=("wave", "sit down"),
    frames=60,
    seconds=2.0,
    rates=(30, 30),
    persons=1,
    subjects=20,
    size=0.5,
    size_spread=1.1,
    facing_spread=1.0,
)


def chosen(key: str, written: dict[str, Any] | None = None, **facts: Any) -> Any:
    """Return what is chosen for a dotted key where the facts are usual but for these."""
    section, _, name = key.partition(".")
    found = suggested(replace(USUAL, **facts), written or {})
    return found.settings.get(section, {}).get(name)


@pytest.mark.parametrize(
    ("facts", "frames"),
    [
        ({"seconds": 1.0}, 32),
        ({"seconds": 3.0}, 48),
        ({"seconds": 9.0}, 64),
        ({"frames": 360, "seconds": 3.0, "rates": (120, 120)}, 48),  # the same at four times
        ({"frames": 45, "seconds": 3.0, "rates": (15, 15)}, 48),  # and half of the rate
        ({"frames": 90, "seconds": None, "rates": None}, 48),  # as if at 30 a second
    ],
)
def test_frames_follow_from_how_long_clips_last(facts: dict[str, Any], frames: int) -> None:
    assert chosen("sampling.frames", **facts) == frames


def test_very_short_clips_are_not_cut() -> None:
    assert chosen("sampling.crop", frames=60) == [0.8, 1.0]
    assert chosen("sampling.crop", frames=5, seconds=0.2) == [1.0, 1.0]


def test_a_common_rate_is_for_pieces_of_clips_alone() -> None:
    pieces = {"sampling": {"mode": "crop"}}
    apart: dict[str, Any] = {"rates": (15.0, 60.0)}
    assert chosen("sampling.fps", pieces, **apart) == 15
    assert chosen("sampling.fps", pieces) is None
    assert chosen("sampling.fps", pieces, rates=None, seconds=None) is None
    assert chosen("sampling.fps", **apart) is None  # resized clips have one length anyway
    assert chosen("sampling.crop", pieces) is None  # which that mode refuses


def test_persons_and_their_order() -> None:
    assert chosen("sampling.persons") == 1
    assert chosen("augment.swap_persons") is None
    assert chosen("sampling.persons", persons=2) == 2
    assert chosen("augment.swap_persons", persons=2) == 0.5
    assert chosen("sampling.persons", persons=30) == 4


def test_where_nobody_else_is_a_joint_is_told_nothing_of_partners() -> None:
    assert chosen("model.streams") == ["joint", "bone", "distances"]
    assert chosen("model.streams", persons=2) is None
    assert chosen("model.streams", {"model": {"name": "ddnet"}}) is None
    assert chosen("model.streams", {"model": {"streams": ["joint"]}}) is None


def test_joints_by_themselves_learn_from_how_they_go_together_where_both_are() -> None:
    assert chosen("train.teach_own") == 1
    assert chosen("train.teach_own", {"model": {"size": "nano"}}, persons=2) == 1
    assert chosen("train.teach_own", {"train": {"teach_own": 0.0}}) is None
    one_path: list[dict[str, Any]] = [{"size": "pure"}, {"together": 0}, {"name": "ddnet"}]
    for model in one_path:
        assert chosen("train.teach_own", {"model": model}) is None


@pytest.mark.parametrize(
    ("facts", "scale"),
    [
        ({}, False),
        ({"size_spread": 2.5}, True),
        ({"size": 480.0}, True),  # millimetres
        ({"skeleton": HAND_21, "size": 0.03}, True),
        ({"skeleton": COCO_17, "size": 90.0}, True),
        ({"skeleton": COCO_17, "size": 0.4}, True),  # a share of the image
    ],
)
def test_sizes_are_made_alike_where_they_are_not(facts: dict[str, Any], scale: bool) -> None:
    assert chosen("sampling.scale", **facts) is scale


def test_the_view() -> None:
    assert chosen("sampling.align") is True
    assert chosen("sampling.align", facing_spread=None) is True
    assert chosen("sampling.align", facing_spread=0.05) is False  # nothing is to be turned back
    wide, narrow = chosen("augment.rotate"), chosen("augment.rotate", facing_spread=0.05)
    assert wide[1] > 2 * narrow[1]
    for turn in (wide, chosen("augment.rotate", vertical=2)):
        assert turn[1] == max(turn)  # y is up, once clips are aligned
    lying = chosen("augment.rotate", facing_spread=0.05, vertical=2)
    assert lying == [narrow[0], narrow[2], narrow[1]]
    assert chosen("augment.rotate", facing_spread=None) == wide
    for body in (HAND_21, WORM):
        assert chosen("sampling.align", skeleton=body) is None
        assert len(set(chosen("augment.rotate", skeleton=body))) == 1
    assert chosen("sampling.align", skeleton=COCO_17) is None
    assert len(chosen("augment.rotate", skeleton=COCO_17)) == 1


@pytest.mark.parametrize(
    ("names", "mirror"),
    [
        (("golf", "climb_stairs"), 0.5),
        (("golf", "turn left"), 0.0),
        (("golf", "SwipeRight"), 0.0),
        (("golf", "draw circle (counter-clockwise)"), 0.0),
        (("golf", "wave L"), 0.0),
        (("golf", "A07"), 0.0),
        (("1", "2"), 0.0),
    ],
)
def test_clips_are_mirrored_only_where_no_class_can_mind(
    names: tuple[str, ...], mirror: float
) -> None:
    assert chosen("augment.mirror", skeleton=COCO_17, class_names=names) == mirror
    assert chosen("augment.mirror", class_names=names) == 0
    sideless = replace(COCO_17, pairs=(), hips=(), shoulders=())
    assert chosen("augment.mirror", skeleton=sideless, class_names=names) == 0


def test_more_clips_need_less_stretching_and_more_gaps_more_dropout() -> None:
    for key in ("augment.scale", "augment.shear"):
        assert chosen(key, clips=200) > chosen(key, clips=5000) > 0
    assert chosen("augment.joint_dropout", missing=0.2) > chosen("augment.joint_dropout") > 0


@pytest.mark.parametrize("clips", [100, 250, 431, 1000, 1257, 3000])
def test_the_steps_are_about_as_many_for_all(clips: int) -> None:
    batch, epochs = chosen("train.batch_size", clips=clips), chosen("train.epochs", clips=clips)
    assert 40 <= epochs <= 150
    assert epochs * math.ceil(clips / batch) == pytest.approx(2000, rel=0.3) or epochs in (40, 150)


def test_batches_and_epochs() -> None:
    sizes = [chosen("train.batch_size", clips=n) for n in (100, 299, 300, 5000, 5001, 100_000)]
    assert sizes == [16, 16, 32, 32, 64, 64]
    assert chosen("train.epochs", clips=50) == 150
    assert chosen("train.epochs", clips=100_000) == 40
    larger = chosen("train.epochs", {"train": {"batch_size": 64}}, clips=1600)
    assert larger == pytest.approx(2 * chosen("train.epochs", clips=1600))
    assert chosen("train.epochs", {"train": {"accumulate": 2}}, clips=1600) == larger


def test_few_clips_or_people_keep_none_aside() -> None:
    plenty: dict[str, Any] = {"clips": 4000, "subjects": 30}
    assert chosen("train.validation", **plenty) is None
    assert chosen("train.validation", clips=400) == 0
    assert chosen("train.validation", clips=4000, subjects=4) == 0
    assert chosen("train.validation", clips=4000, subjects=0) is None
    assert chosen("train.validation", {"train": {"patience": 5}}, clips=400) is None


@given(
    body=st.sampled_from([*LAYOUTS.values(), WORM, replace(WORM, dimensions=2)]),
    clips=st.integers(0, 200_000),
    classes=st.integers(1, 60),
    frames=st.integers(1, 5000),
    fps=st.none() | st.floats(1, 240),
    persons=st.integers(1, 9),
    missing=st.floats(0, 1),
    size=st.floats(1e-6, 1e6),
    spread=st.floats(1, 1e9),
)
def test_whatever_the_store_a_whole_configuration_comes_of_it(
    body: Skeleton, clips: int, classes: int, frames: int, fps: float | None, **more: Any
) -> None:
    more["size_spread"] = more.pop("spread")
    seconds = None if fps is None else frames / fps
    rates = None if fps is None else (fps, fps)
    names = tuple(f"class {i}" for i in range(classes))
    facts = StoreFacts(body, clips, names, frames, seconds, rates, subjects=0, **more)
    found = suggested(facts)
    config = config_from_dict(found.settings)
    config.augment.check(body)
    several = more["persons"] > 1  # then the model is told all that it can be
    assert set(found.settings) == set(SECTIONS) - ({"model"} if several else set())
    plain = config.as_dict()
    for section, values in found.settings.items():
        for name, value in values.items():
            assert plain[section][name] == value
            assert any(f"{section}.{name} " in reason for reason in found.reasons)
    assert suggested(facts, plain) == ({}, [])  # nothing is left open

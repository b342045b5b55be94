"""The readers and layouts on the real data sets, where those are present."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from itertools import combinations
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from skelfuse.clip import Clip
from skelfuse.datasets import jhmdb, nw_ucla, penn_action, sbu, utd_mhad
from skelfuse.datasets.format import Format, ReadOptions
from skelfuse.datasets.formats import recognise
from skelfuse.layouts import layout

RealData = Callable[[str], Path]
Unpacked = Callable[[str], Path]


def _every(form: Format, folder: Path, step: int) -> list[Clip]:
    files = form.find(folder)[::step]
    return [clip for file in files for clip in form.read(file, ReadOptions())]


def _sizes(clips: list[Clip], protocol: str) -> dict[str, int]:
    return dict(Counter(clip.splits[protocol] for clip in clips))


def test_nw_ucla(unpacked: Unpacked) -> None:
    form, files = recognise(unpacked("nw-ucla.tar.xz"))
    assert (form.name, len(files)) == ("nw-ucla", 1484)
    clips = [clip for file in files for clip in form.read(file, ReadOptions())]
    assert len(clips) == len({clip.name for clip in clips}) == 1484
    assert len({clip.label for clip in clips}) == 10
    assert Counter(clip.camera == "3" for clip in clips) == {False: 1020, True: 464}
    # Each number in a file's name has one label: the names of the actions belong together.
    assert len({(clip.name[:3], clip.label) for clip in clips}) == 10
    assert all(clip.label and clip.label[:3] == clip.name[:3] for clip in clips)
    assert sum(int((~clip.mask).sum()) for clip in clips) == 12  # two frames of six lost joints


def test_utd_mhad(unpacked: Unpacked) -> None:
    form, files = recognise(unpacked("utd-mhad.tar.xz"))
    assert (form.name, len(files)) == ("utd-mhad", 861)
    clips = [clip for file in files for clip in form.read(file, ReadOptions())]
    assert len({clip.name for clip in clips}) == 861
    assert len({clip.label for clip in clips}) == 27
    assert len({clip.subject for clip in clips}) == 8
    assert Counter(int(clip.subject or 0) % 2 for clip in clips) == {1: 431, 0: 430}
    assert all(clip.mask.all() and clip.fps == 30 for clip in clips)


def test_penn_action(unpacked: Unpacked) -> None:
    form, files = recognise(unpacked("penn-action.tar.xz"))
    assert (form.name, len(files)) == ("penn-action", 2326)
    clips = [clip for file in files for clip in form.read(file, ReadOptions())]
    assert len(clips) == 2326
    assert len({clip.label for clip in clips}) == 15
    assert _sizes(clips, "official") == {"train": 1258, "test": 1068}
    assert {clip.camera for clip in clips} == {"front", "back", "left", "right"}
    for clip in clips[::50]:
        assert clip.confidence is not None
        assert ((clip.confidence > 0) == clip.mask).all()


def test_sbu(unpacked: Unpacked) -> None:
    form, files = recognise(unpacked("sbu.tar.xz"))
    assert (form.name, len(files)) == ("sbu", 282)
    clips = [clip for file in files for clip in form.read(file, ReadOptions())]
    assert len({clip.name for clip in clips}) == 282
    assert len({clip.label for clip in clips}) == 8
    assert len({clip.subject for clip in clips}) == 21
    assert all(clip.persons == 2 for clip in clips)
    # Where they go says whether the names of the classes are right.
    change: dict[str, list[float]] = {}
    for clip in clips:
        gap = np.linalg.norm(clip.coords[:, 0, 2] - clip.coords[:, 1, 2], axis=-1)
        change.setdefault(clip.label or "", []).append(float(gap[-1] - gap[0]))
    assert np.median(change["01 approaching"]) < -0.5  # metres
    assert np.median(change["02 departing"]) > 0.5
    right = layout("sbu-15").index("right_hand")
    closest: dict[str, list[float]] = {}
    for clip in clips:
        hands = np.linalg.norm(clip.coords[:, 0, right] - clip.coords[:, 1, right], axis=-1)
        closest.setdefault(clip.label or "", []).append(float(hands.min()))
    nearest = min(closest, key=lambda label: float(np.median(closest[label])))
    assert nearest == "05 shaking hands"
    assert np.median(closest[nearest]) < 0.1  # metres


def test_jhmdb(real_data: RealData) -> None:
    form, files = recognise(real_data("jhmdb14.npz"))
    assert (form.name, len(files)) == ("jhmdb", 1)
    clips = list(form.read(files[0], ReadOptions()))
    assert len(clips) == len({clip.name for clip in clips}) == 609
    assert len({clip.label for clip in clips}) == 14
    assert _sizes(clips, "split1") == {"train": 433, "test": 176}
    assert _sizes(clips, "split2") == {"train": 433, "test": 176}
    assert _sizes(clips, "split3") == {"train": 434, "test": 175}
    assert clips[0].skeleton.joints[:3] == ("neck", "belly", "face")


def _lengths(clip: Clip, pairs: list[tuple[int, int]]) -> Any:
    first, second = (clip.coords[:, 0, [pair[i] for pair in pairs]] for i in (0, 1))
    return np.linalg.norm(first - second, axis=-1)  # [T, pairs]


@pytest.mark.parametrize(
    ("name", "form", "archive"),
    [
        ("nw-ucla", nw_ucla.FORMAT, "nw-ucla.tar.xz"),
        ("utd-mhad", utd_mhad.FORMAT, "utd-mhad.tar.xz"),
        ("sbu-15", sbu.FORMAT, "sbu.tar.xz"),
    ],
)
def test_joints_are_where_people_have_them(
    name: str, form: Format, archive: str, unpacked: Unpacked
) -> None:
    body = layout(name)
    clips = _every(form, unpacked(archive), 20)
    assert len(clips) > 10
    height = np.nanmean([np.nanmean(clip.coords[..., 1], axis=(0, 1)) for clip in clips], axis=0)
    up = [height[body.index(joint)] for joint in body.joints]
    joint = dict(zip(body.joints, up, strict=True))
    foot = "ankle" if "left_ankle" in joint else "foot"
    for side in ("left", "right"):
        chain = ["head", f"{side}_shoulder", f"{side}_hip", f"{side}_knee", f"{side}_{foot}"]
        heights = [float(joint[part]) for part in chain]
        assert heights == sorted(heights, reverse=True)

    # Bones keep their length and are as long on the left as on the right; other pairs do not.
    bones = [(body.index(a), body.index(b)) for a, b in body.bones]
    others = [
        pair
        for pair in combinations(range(len(body)), 2)
        if pair not in bones and pair[::-1] not in bones
    ]

    def wobble(pairs: list[tuple[int, int]]) -> float:
        spread = [np.std(_lengths(clip, pairs), axis=0) for clip in clips]
        return float(np.nanmedian(spread))

    assert wobble(bones) < 0.5 * wobble(others)
    length = np.nanmedian([np.nanmedian(_lengths(clip, bones), axis=0) for clip in clips], axis=0)
    of = {bone: float(size) for bone, size in zip(body.bones, length, strict=True)}
    for (child, parent), size in of.items():
        if child.startswith("left_") and parent.startswith("left_"):
            twin = of[child.replace("left_", "right_"), parent.replace("left_", "right_")]
            assert size == pytest.approx(twin, rel=0.2)


@pytest.mark.parametrize("name", ["nw-ucla", "utd-mhad"])
def test_left_is_left(name: str, unpacked: Unpacked) -> None:
    """Who faces a Kinect has the right hand where x grows."""
    form = {"nw-ucla": nw_ucla.FORMAT, "utd-mhad": utd_mhad.FORMAT}[name]
    body = layout(name)
    clips = _every(form, unpacked(f"{name}.tar.xz"), 20)
    assert body.shoulders
    left, right = (body.index(joint) for joint in body.shoulders)
    facing = [
        np.nanmean(clip.coords[:, 0, right, 0] - clip.coords[:, 0, left, 0]) for clip in clips
    ]
    assert np.mean(np.array(facing) > 0) > 0.7


def test_flat_layouts_stand_upright(real_data: RealData, unpacked: Unpacked) -> None:
    golf = [
        clip
        for clip in _every(penn_action.FORMAT, unpacked("penn-action.tar.xz"), 20)
        if clip.label == "golf_swing"
    ]
    stand = [
        clip
        for clip in jhmdb.read(real_data("jhmdb14.npz"), ReadOptions())
        if clip.label in ("golf", "wave")
    ]
    for clips, head in ((golf, "head"), (stand, "face")):
        body = clips[0].skeleton
        down = np.nanmedian([np.nanmean(c.coords[..., 1], axis=(0, 1)) for c in clips], axis=0)
        for side in ("left", "right"):
            chain = [head, f"{side}_shoulder", f"{side}_hip", f"{side}_knee", f"{side}_ankle"]
            depths = [float(down[body.index(part)]) for part in chain]
            assert depths == sorted(depths)

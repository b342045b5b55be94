"""Which file a table means: by name, by folder, without what tools add; never by guess."""

from __future__ import annotations

from pathlib import Path

import pytest

from skelfuse.datasets.labels.matching import Matcher, check_apart
from skelfuse.datasets.labels.names import from_name
from skelfuse.errors import SkelfuseError


@pytest.mark.parametrize(
    ("named", "place", "found"),
    [
        ("walk.mp4", "/data/walk.json", True),
        ("walk", "/data/walk.json", True),
        ("walk.v2", "/data/walk.v2.json", True),
        ("C:\\videos\\walk.avi", "/data/walk.csv", True),
        ("video1.mp4", "video1DLC_resnet50_mazeshuffle1_100000.csv", True),
        ("video1.mp4", "video1.predictions.analysis.h5", True),
        ("video1.mp4", "video10DLC_resnet50.csv", False),
        ("walk", "walk_fast.csv", False),
        ("Walk", "walk.csv", False),
        ("walk", "walks.csv", False),
        ("video (1).avi", "video (1).csv", True),
        ("P01.walk", "P01.walk.npy", True),
        ("P01.walk", "P01.jump.npy", False),
        ("P01.walk.MP4", "P01.walk.npy", True),
        ("P01.walk.mp4", "P01.jump.npy", False),
        ("P01.walk.mp4", "P01.walk.predictions.analysis.h5", True),
        ("P01.walk.mp4", "P01.walkDLC_resnet50.csv", True),
    ],
)
def test_endings_and_what_tools_add_do_not_count(named: str, place: str, *, found: bool) -> None:
    stem = Path(place).stem
    assert Matcher([named]).find(stem, place) == (named if found else None)


def test_folders_tell_files_of_one_name_apart() -> None:
    matcher = Matcher(["ann/walk", "ben/walk.csv"])
    assert matcher.find("x", "/data/ben/walk.csv") == "ben/walk.csv"
    assert matcher.find("x", "/data/ann/walk.csv") == "ann/walk"
    assert matcher.find("x", "/data/cem/walk.csv") is None
    with pytest.raises(SkelfuseError, match=r"several files.*walk.csv, walk.mp4"):
        Matcher(["walk.csv", "walk.mp4"]).find("x", "/data/walk.json")
    elsewhere = Matcher(["C:/videos/ann/walk.mp4", "C:/videos/ben/walk.mp4"])
    assert elsewhere.find("x", "/data/ben/walk.csv") == "C:/videos/ben/walk.mp4"


def test_the_longest_name_that_fits_is_taken() -> None:
    matcher = Matcher(["P01.mp4", "P01.walk.mp4"])
    assert matcher.find("x", "P01.walk.analysis.h5") == "P01.walk.mp4"
    assert matcher.find("x", "P01.analysis.h5") == "P01.mp4"


def test_the_clips_own_name_goes_first() -> None:
    matcher = Matcher(["all.npz", "clip 3", "all"])
    assert matcher.find("clip 3", "/data/all.npz") == "clip 3"
    assert matcher.find("clip 4", "/data/all.npz") in ("all.npz", "all")


def test_a_name_that_fits_two_files_is_refused() -> None:
    places = {"/d/ann/walk.csv": "walk", "/d/ben/walk.csv": "walk"}
    with pytest.raises(SkelfuseError, match=r"t.csv: 'walk' of the table fits 2 files"):
        check_apart(Matcher(["walk"]), places, "t.csv")
    check_apart(Matcher(["ann/walk", "ben/walk"]), places, "t.csv")


@pytest.mark.parametrize(
    ("rule", "words"),
    [
        ("foldr", "no way to find the subject.*folder:2"),
        ("name:", "no way"),
        ("name:(", "no regular expression"),
        ("name:s[0-9]+", "takes nothing.*parentheses"),
    ],
)
def test_a_rule_that_is_none_is_told(rule: str, words: str) -> None:
    with pytest.raises(SkelfuseError, match=words):
        from_name(rule, "subject")


def test_rules_find_nothing_rather_than_something_else() -> None:
    assert from_name("folder:3").of("a/b.csv") is None
    assert from_name("name:s([0-9]+)").of("x/walk.csv") is None
    assert from_name("name:s([0-9]*)").of("x/s.csv") is None  # an empty text names nobody

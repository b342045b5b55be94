"""What a user is told of protocols: what a clip lacks, whom to leave out, and every name."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from helpers.clip_tables import table
from skelfuse.datasets.protocol_families import FAMILIES
from skelfuse.datasets.protocol_rules import ALIASES, PROTOCOLS
from skelfuse.datasets.protocols import ALL, available, lacks_subjects, split
from skelfuse.errors import SkelfuseError


def test_one_clip_without_a_subject_is_named() -> None:
    clips = table(subjects=["1", "2", None, "4"])
    assert list(available(clips)) == ["random:0.2/0", "all"]
    assert lacks_subjects(clips) == "it needs a subject for every clip; 'clip2' has none"
    with pytest.raises(
        SkelfuseError, match=r"'clip2' has none; these clips support: random:0\.2/0, all"
    ):
        split(clips, "kfold:2/1")
    with pytest.raises(SkelfuseError, match="a subject number for every clip; 'clip2' has none"):
        split(clips, "odd-even")
    several = table(subjects=[None, "2", None], cameras=["1", "front", "3"])
    assert "'clip0' and 1 more have none" in (lacks_subjects(several) or "")
    with pytest.raises(SkelfuseError, match="a camera number for every clip; 'clip1' has none"):
        split(several, "nw-ucla-xview")


def test_what_is_lacking_for_protocols_by_subject() -> None:
    assert lacks_subjects(table(subjects=["1", "2"])) is None
    assert lacks_subjects(table(subjects=["1", "1"])) == "it needs two subjects or more"
    assert lacks_subjects(table(subjects=[])) == "it needs two subjects or more"


def test_who_could_be_left_out_is_listed() -> None:
    few = table(subjects=["s10", "s2", "Ann", "s2"])
    with pytest.raises(SkelfuseError, match="no subject 'zz' here: they are Ann, s2, s10;"):
        split(few, "loso:zz")
    many = table(subjects=[str(number) for number in range(106, 0, -1)])
    with pytest.raises(SkelfuseError, match=r"they are 1, 2, 3, .*, 50, \.\.\. \(106 in all\);"):
        split(many, "loso:zz")


def test_the_page_names_every_protocol() -> None:
    page = (Path(__file__).resolve().parent.parent / "docs" / "evaluation.md").read_text()
    for name in (*PROTOCOLS, *ALIASES, ALL, *(f"{family}:" for family in FAMILIES)):
        if name in ("sbu-fold2", "sbu-fold3", "sbu-fold4", "sbu-fold5"):
            continue  # "to"
        assert f"`{name}" in page
    for protocol in re.findall(r"e\.g\. `(kfold[^`]*|loso[^`]*|random[^`]*)`", page):
        assert split(table(subjects=list("12345")), protocol)

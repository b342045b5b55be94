"""Protocols for stores that say little: drawn by chance, by recording, or everything."""

from __future__ import annotations

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from helpers.clip_tables import table
from skelfuse.datasets.protocols import (
    ClipTable,
    available,
    caution,
    likeliest,
    shared_people,
    split,
)
from skelfuse.errors import SkelfuseError


@given(
    st.lists(st.integers(-1, 4), min_size=1, max_size=60),
    st.floats(0.01, 0.99),
    st.integers(0, 99),
)
def test_a_drawn_part_has_its_share_of_every_class(
    labels: list[int], share: float, seed: int
) -> None:
    clips, protocol = table(labels), f"random:{share:.2f}/{seed}"
    counts = Counter(labels)
    if max(counts.values()) < 2:
        with pytest.raises(SkelfuseError, match="'test' empty"):
            split(clips, protocol)
        return
    parts = split(clips, protocol)
    tested = Counter(labels[i] for i in parts["test"])
    for label, count in counts.items():
        if count > 1:
            assert 1 <= tested[label] < count  # both parts know every class that can be split
            assert abs(tested[label] - float(f"{share:.2f}") * count) <= 1
        else:
            assert tested[label] == 0
    assert sorted([*parts["train"], *parts["test"]]) == list(range(len(labels)))


def test_what_is_drawn_follows_from_names_and_seed_alone() -> None:
    clips = table([0, 1] * 30)
    turned = ClipTable(
        names=list(clips.names)[::-1],
        labels=clips.labels[::-1],
        subjects=[None] * 60,
        cameras=[None] * 60,
        setups=[None] * 60,
        replications=[None] * 60,
        splits=[{}] * 60,
    )
    first = {clips.names[i] for i in split(clips, "random:0.2/0")["test"]}
    assert first == {turned.names[i] for i in split(turned, "random:0.2/0")["test"]}
    assert first != {clips.names[i] for i in split(clips, "random:0.2/1")["test"]}
    assert len(first) == 12


def test_everything_trains() -> None:
    parts = split(table([0, 1, -1]), "all")
    assert list(parts) == ["train"]
    assert parts["train"].tolist() == [0, 1, 2]


def test_clips_of_one_recording_stay_together() -> None:
    clips = table([0, 1, 0, 1, 0, 1], recordings=["a", "a", "b", "b", "c", "c"])
    for fold in (1, 2, 3):
        test = split(clips, f"kfold:3/{fold}")["test"]
        assert len({clips.recordings[i] for i in test}) == 1
        assert len(test) == 2
    assert split(clips, "loso:b")["test"].tolist() == [2, 3]
    with pytest.raises(SkelfuseError, match="no recording 'x' here: they are a, b, c"):
        split(clips, "loso:x")
    with pytest.raises(SkelfuseError, match=r"K from 2 to 3, the recordings here"):
        split(clips, "kfold:4/1")


def test_subjects_go_before_recordings() -> None:
    clips = table([0, 1, 0], recordings=["a", "a", "b"], subjects=["x", "y", "x"])
    assert split(clips, "kfold:2/1")["test"].tolist() == [0, 2]


def test_why_people_should_be_kept_apart_is_told_where_they_are_not() -> None:
    known = table([0, 0, 1], subjects=["x", "y", "x"])
    unknown = table([0, 0, 1])
    assert caution(known, "kfold:2/1") is None
    assert caution(known, "all") is None
    assert "kfold:2/1 keeps them apart" in (caution(known, "random:0.2/0") or "")
    for protocol in ("kfold:2/1", "loso:clip0", "random:0.2/0"):
        told = caution(unknown, protocol) or ""
        assert "better than for new people" in told
        assert "--subject-from" in told


def test_people_of_the_test_who_are_in_training_too_are_told() -> None:
    clips = table([0, 0, 1, 1], subjects=["x", "y", "x", "z"])
    drawn = split(clips, "random:0.5/0")
    both = {clips.subjects[i] for i in drawn["train"]} & {clips.subjects[i] for i in drawn["test"]}
    told = shared_people(clips, "random:0.5/0")
    assert (told is not None) == bool(both)
    assert shared_people(clips, "kfold:2/1") is None
    assert shared_people(clips, "no such protocol") is None
    unknown = shared_people(table([0, 0, 1]), "random:0.2/0") or ""
    assert "--subject-from" in unknown


@pytest.mark.parametrize("member", ["0.2", "0/1", "1.0/0", "0.0/0", "x/0", "0.2/-1", ""])
def test_no_share_and_no_seed_is_told(member: str) -> None:
    with pytest.raises(SkelfuseError, match=r"needs a share below 1 and a seed, as random:0\.2/0"):
        split(table([0, 0]), f"random:{member}")


def test_what_is_named_first_works_and_keeps_people_apart() -> None:
    for clips, name in (
        (table([0, 0, 1], subjects=["x", "y", "x"]), "kfold:2/1"),
        (table([0, 0, 1]), "random:0.2/0"),
        (table([0, 0], subjects=["x", None]), "random:0.2/0"),
        (table([0, 1]), "kfold:2/1"),
        (table([0]), "all"),
    ):
        assert likeliest(clips) == name
        assert name in available(clips)
        assert split(clips, name)

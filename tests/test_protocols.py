from __future__ import annotations

import lzma
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from helpers.clip_tables import table
from skelfuse.datasets.ntu_names import parse_ntu_name
from skelfuse.datasets.ntu_skip import read_skip_list
from skelfuse.datasets.protocols import ClipTable, available, split
from skelfuse.errors import SkelfuseError

SBU_PAIRS = [
    f"s0{a}s0{b}"
    for a, partners in {
        1: "237",
        2: "1367",
        3: "2456",
        4: "236",
        5: "23",
        6: "234",
        7: "13",
    }.items()
    for b in partners
]


def ntu(names: Sequence[str]) -> ClipTable:
    parsed = [parse_ntu_name(name) for name in names]
    return ClipTable(
        names=names,
        labels=np.array([name.action for name in parsed]),
        subjects=[str(name.subject) for name in parsed],
        cameras=[str(name.camera) for name in parsed],
        setups=[str(name.setup) for name in parsed],
        replications=[str(name.replication) for name in parsed],
        splits=[{}] * len(names),
    )


@pytest.fixture(scope="module")
def ntu_names(real_data: Callable[[str], Path]) -> list[str]:
    with lzma.open(real_data("ntu120-available-names.txt.xz"), "rt") as file:
        return file.read().split()


@pytest.mark.slow
def test_the_four_ntu_protocols_have_their_published_sizes(ntu_names: list[str]) -> None:
    sizes = available(ntu(ntu_names))
    assert sizes["ntu60-xsub"] == {"train": 40_091, "test": 16_487}
    assert sizes["ntu60-xview"] == {"train": 37_646, "test": 18_932}
    assert sizes["ntu120-xsub"] == {"train": 63_026, "test": 50_919}
    assert sizes["ntu120-xset"] == {"train": 54_468, "test": 59_477}
    assert list(sizes) == [
        *("ntu60-xsub", "ntu60-xview", "ntu120-xsub", "ntu120-xset", "kfold:5/1", "loso:1"),
        *("random:0.2/0", "all"),
    ]


def test_the_usable_names_are_those_that_the_skip_lists_leave(
    ntu_names: list[str], real_data: Callable[[str], Path]
) -> None:
    skip60 = read_skip_list(real_data("ntu60-missing-skeletons.txt"))
    skip120 = read_skip_list(real_data("ntu120-missing-skeletons.txt"))
    usable60 = [name for name in ntu_names if parse_ntu_name(name).setup <= 17]
    assert (len(ntu_names), len(usable60)) == (113_945, 56_578)
    assert len(set(ntu_names)) == len(ntu_names)
    assert skip120.isdisjoint(ntu_names)
    assert skip60.isdisjoint(usable60)
    assert (len(usable60) + len(skip60), len(ntu_names) + len(skip120)) == (56_880, 114_480)


def test_ntu_rules_clip_by_clip() -> None:
    clips = ntu(
        [
            "S001C001P001R001A001",  # train subject, test camera, odd setup
            "S002C002P003R001A001",  # test subject, train camera, even setup
            "S018C003P045R001A061",  # NTU-120 only: train subject, even setup
            "S019C001P044R001A061",  # NTU-120 only: test subject, odd setup
            "S033C001P001R001A001",  # of somebody's own: in neither
        ]
    )
    expected = {
        "ntu60-xsub": ([0], [1]),
        "ntu60-xview": ([1], [0]),
        "ntu120-xsub": ([0, 2], [1, 3]),
        "ntu120-xset": ([1, 2], [0, 3]),
    }
    for protocol, (train, test) in expected.items():
        parts = split(clips, protocol)
        assert (parts["train"].tolist(), parts["test"].tolist()) == (train, test), protocol


def test_ntu60_alone_does_not_pass_for_ntu120() -> None:
    clips = ntu(["S001C001P001R001A001", "S002C002P003R001A001"])
    ours = ["ntu60-xsub", "ntu60-xview", "kfold:2/1", "loso:1", "random:0.2/0", "all"]
    assert list(available(clips)) == ours
    with pytest.raises(SkelfuseError, match=r"ntu120-xset.*18 to 32.*did you mean 'ntu60-x"):
        split(clips, "ntu120-xset")


def test_cross_view_of_nw_ucla() -> None:
    clips = table(subjects=["1", "2", "1", "2"], cameras=["1", "2", "3", "v03"])
    parts = split(clips, "nw-ucla-xview")
    assert (parts["train"].tolist(), parts["test"].tolist()) == ([0, 1], [2, 3])


@pytest.mark.parametrize("protocol", ["odd-even", "utd-mhad", "msr-action3d"])
def test_odd_subjects_train_and_even_ones_test(protocol: str) -> None:
    parts = split(table(subjects=["1", "2", "s03", "10"]), protocol)
    assert (parts["train"].tolist(), parts["test"].tolist()) == ([0, 2], [1, 3])


def test_sbu_folds_test_every_pair_once() -> None:
    clips = table(subjects=[pair for pair in SBU_PAIRS for _ in range(3)])
    folds = [split(clips, f"sbu-fold{fold}") for fold in range(1, 6)]
    tested = np.concatenate([fold["test"] for fold in folds])
    assert sorted(tested.tolist()) == list(range(63))
    assert [len(fold["test"]) for fold in folds] == [12, 12, 12, 12, 15]
    assert {SBU_PAIRS[i // 3] for i in folds[2]["test"]} == {"s01s03", "s01s07", "s07s01", "s07s03"}
    for fold in folds:
        assert len(fold["train"]) + len(fold["test"]) == 63


def test_splits_that_a_file_brings_go_by_their_own_names() -> None:
    clips = table(
        splits=[
            {"split1": "train", "split2": "test", "official": "train"},
            {"split1": "test", "split2": "train", "official": "val"},
            {"split1": "val", "split2": "train", "official": "train"},
            {"split2": "test"},
        ]
    )
    assert {name: part.tolist() for name, part in split(clips, "split1").items()} == {
        "train": [0],
        "test": [1],
        "val": [2],
    }
    assert available(clips) == {
        "official": {"train": 2, "test": 1},  # where nothing is called test, val is
        "split1": {"train": 1, "test": 1, "val": 1},
        "split2": {"train": 2, "test": 2},
        "kfold:4/1": {"train": 3, "test": 1},  # by recording: nobody says who is who
        "loso:clip0": {"train": 3, "test": 1},
        "random:0.2/0": {"train": 3, "test": 1},
        "all": {"train": 4},
    }


def test_a_files_own_split_goes_before_ours() -> None:
    own = [{"odd-even": "test"}, {"odd-even": "train"}]
    assert split(table(subjects=["1", "2"], splits=own), "odd-even")["test"].tolist() == [0]


@given(st.lists(st.integers(1, 12), min_size=2, max_size=80), st.data())
def test_folds_by_subject_test_every_clip_once_and_keep_people_together(
    people: list[int], data: st.DataObject
) -> None:
    subjects = [f"s{person}" for person in people]
    count = len(set(subjects))
    if count < 2:
        with pytest.raises(SkelfuseError, match=r"kfold.*two subjects or more.*random:0\.2/0, all"):
            split(table(subjects=subjects), "kfold:2/1")
        return
    folds = data.draw(st.integers(2, count))
    parts = [split(table(subjects=subjects), f"kfold:{folds}/{i + 1}") for i in range(folds)]
    tested = np.concatenate([part["test"] for part in parts])
    assert sorted(tested.tolist()) == list(range(len(subjects)))
    for part in parts:
        seen = {subjects[i] for i in part["train"]}
        assert seen.isdisjoint(subjects[i] for i in part["test"])
        assert len(part["train"]) + len(part["test"]) == len(subjects)


def test_folds_are_balanced_by_clips_whatever_the_order_of_the_table() -> None:
    subjects = [name for name, clips in zip("abcdef", (6, 5, 4, 3, 2, 1), strict=True)
                for _ in range(clips)]  # fmt: skip
    sizes = [len(split(table(subjects=subjects), f"kfold:3/{i}")["test"]) for i in (1, 2, 3)]
    assert sizes == [7, 7, 7]
    first = split(table(subjects=subjects), "kfold:3/1")["test"]
    turned = split(table(subjects=subjects[::-1]), "kfold:3/1")["test"]
    assert {subjects[i] for i in first} == {subjects[::-1][i] for i in turned} == {"a", "f"}


def test_leave_one_subject_out() -> None:
    parts = split(table(subjects=["Ann", "Bob", "Ann"]), "loso:Ann")
    assert (parts["train"].tolist(), parts["test"].tolist()) == ([1], [0, 2])


@pytest.mark.parametrize(
    ("protocol", "clips", "words"),
    [
        ("odd-evn", table(subjects=["1", "2"]), "did you mean 'odd-even'"),
        ("utdmhad", table(subjects=["1", "2"]), "did you mean 'utd-mhad'"),
        ("splitt1", table(splits=[{"split1": "train"}, {"split1": "test"}]), "mean 'split1'"),
        ("odd-even", table(subjects=["1", "3"]), "'test' empty"),
        ("official", table(splits=[{"official": "train"}, {}]), "'test' empty here.*by recording"),
        ("ntu60-xsub", table(subjects=["1", "2"]), "needs a setup number.*odd-even"),
        ("odd-even", table(subjects=["Ann", "Bob"]), "subject number.*loso:SUBJECT"),
        ("odd-even", ntu(["S001C001P001R001A001", "S002C002P003R001A001"]), "ntu60-xview"),
        ("sbu-fold1", table(subjects=["s01s02", "s09s10"]), "s09s10"),
        ("kfold:3/1", table(subjects=["1", "2"]), "K from 2 to 2"),
        ("kfold:2/3", table(subjects=["1", "2"]), "I from 1 to K"),
        ("kfold:2/0", table(subjects=["1", "2"]), "I from 1 to K"),
        ("kfold:", table(subjects=["1", "2"]), "K from 2"),
        ("loso:3", table(subjects=["1", "2"]), "no subject '3'"),
        ("loso:Ann", table(subjects=["Ann", "Ann"]), "'train' empty"),
        ("loso:1", table(subjects=["1", None]), "a subject for every clip"),
        ("", table(subjects=["1", "2"]), "no such protocol"),
    ],
)
def test_what_cannot_be_split_says_why_and_what_could(
    protocol: str, clips: ClipTable, words: str
) -> None:
    with pytest.raises(SkelfuseError, match=words) as error:
        split(clips, protocol)
    assert f"'{protocol}'" in error.value.problem
    assert "hese clips support: " in (error.value.remedy or "")
    assert protocol not in available(clips)


def test_an_empty_table_supports_nothing() -> None:
    assert available(table()) == {}

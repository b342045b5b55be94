"""`skelfuse info` on whole stores and on damaged ones."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest

from helpers.commands import called, ran, refused
from skelfuse.datasets.synth.dataset import write_dataset
from skelfuse.errors import SkelfuseError
from skelfuse.store import Store

CLIPS = 16


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """Return the bytes of a store of synthetic clips."""
    folder = tmp_path_factory.mktemp("whole")
    write_dataset(folder / "raw", clips=CLIPS, classes=4, seed=3)
    ran("preprocess", folder / "raw", "--out", folder / "s.h5")
    return (folder / "s.h5").read_bytes()


@pytest.fixture
def store(whole: bytes, tmp_path: Path) -> Path:
    (tmp_path / "s.h5").write_bytes(whole)
    return tmp_path / "s.h5"


def summary(path: Path) -> dict[str, Any]:
    facts: dict[str, Any] = json.loads(called("info", path, "--json").output)
    return facts


def test_info_tells_what_is_there(store: Path) -> None:
    text = called("info", store, "--verify").output
    for part in ("16 with", "kinect-v2", "ntu60-xsub", "A001 wave", "verified"):
        assert part in text
    assert text.rstrip().endswith("all 16 clips are as they were written")
    facts = summary(store)
    assert facts["clips"] == sum(facts["classes"].values()) == CLIPS
    assert sum(facts["lengths"]["counts"]) == CLIPS
    assert facts["frames"] == int(Store(store).frames.sum())
    assert facts["missing"].keys() == set(Store(store).skeleton.joints)
    assert sum(facts["protocols"]["ntu60-xview"].values()) == CLIPS


def test_info_says_why_nothing_splits_a_store_by_subject(tmp_path: Path) -> None:
    coords, lengths = np.ones((8, 17, 2), np.float32), np.array([4, 4])
    label = np.array([0, 1])
    for subject, why in (
        (["a", "b"], None),
        (["a", ""], "it needs a subject for every clip; 'mine-00002' has none"),
    ):
        np.savez(
            tmp_path / "mine.npz",
            coords=coords,
            lengths=lengths,
            label=label,
            subject=np.array(subject),
        )
        out = tmp_path / "s.h5"
        ran("preprocess", tmp_path / "mine.npz", "--skeleton", "coco-17", "--out", out)
        assert summary(out)["no_subjects"] == why
        assert (f"none by subject: {why}" in called("info", out).output) is (why is not None)


def test_a_damaged_clip_is_told(store: Path) -> None:
    data = bytearray(store.read_bytes())
    at = len(data) - 1000  # in the coordinates or the confidence, which come last
    data[at] ^= 0x40
    store.write_bytes(data)
    assert "1 of 16 clips are not what was written" in refused("info", store, "--verify")


def test_a_clip_that_is_none_any_more_is_told(store: Path) -> None:
    with h5py.File(store, "r+") as file:
        file["coords"][0] = np.inf
    result = called("info", store, "--verify")
    assert "1 of 16 clips are not what was written: found " in result.stderr


@pytest.mark.parametrize("what", ["skeleton", "provenance", "asked", "class_names", "sources"])
def test_damage_to_what_is_said_of_the_store_is_told(store: Path, what: str) -> None:
    with h5py.File(store, "r+") as file:
        if what == "sources":
            text = file[what].asstr()[()]
            file[what][()] = text.replace('"clips": 1', '"clips": 2', 1)
        else:
            text = file.attrs[what]
            at = text.index("a")
            file.attrs[what] = f"{text[:at]}b{text[at + 1 :]}"
    assert called("info", store, "--verify").exit_code == 1


@pytest.mark.parametrize("what", ["skeleton", "provenance", "class_names", "offset", "name"])
def test_a_store_that_lacks_something_is_damaged(store: Path, what: str) -> None:
    with h5py.File(store, "r+") as file:
        del (file.attrs if what in file.attrs else file)[what]
    for options in ((), ("--verify",)):
        line = refused("info", store, *options)
        assert line.startswith(f"Error: {store}: the store is damaged: found ")
        assert line.endswith("make it anew with skelfuse preprocess")


def test_columns_that_do_not_fit_are_damage(store: Path) -> None:
    for what, at, value in (
        ("offset", 1, 10**9),
        ("persons", 0, 0),
        ("persons", 3, 5000),
        ("label", 2, 99),
    ):
        with h5py.File(store, "r+") as file:
            kept = file[what][at]
            file[what][at] = value
        with pytest.raises(SkelfuseError, match="the store is damaged"):
            Store(store)
        with h5py.File(store, "r+") as file:
            file[what][at] = kept
    assert len(Store(store)) == CLIPS


@pytest.mark.parametrize("version", ["x", [1, 2], 99])
def test_a_version_that_is_none_is_told(store: Path, version: object) -> None:
    with h5py.File(store, "r+") as file:
        file.attrs["format_version"] = version
    refused("info", store)


def test_a_clip_is_found_by_name(store: Path) -> None:
    opened = Store(store)
    assert [opened.find(name) for name in opened.names] == list(range(CLIPS))
    with pytest.raises(SkelfuseError, match="no clip named 'nobody'"):
        opened.find("nobody")

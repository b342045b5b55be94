"""Which clips of a data set an experiment learns from and is tested on."""

from __future__ import annotations

import io
import tarfile
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from research.lab.data_sets import SETS, fewer, inner, parts_of, store_of, without_copies
from skelfuse.store import Store


def test_few_subjects(folder: Path, tmp_path: Path) -> None:
    store = store_of(SETS["jhmdb"], folder, tmp_path)
    assert store is not None
    train = parts_of(store, "split1")["train"]
    assert fewer(store, train, 1.0, 0).tolist() == train.tolist()
    third = fewer(store, train, 1 / 3, 0)
    assert set(third) < set(train)
    assert sorted(set(store.labels[third])) == [0, 1, 2]
    assert fewer(store, train, 1 / 3, 1).tolist() != third.tolist()
    assert len(fewer(store, train, 0.01, 0)) == 3  # one of each class at least


@pytest.mark.slow
def test_copies_and_subjects_in_real_clips(real_data: Any, tmp_path: Path) -> None:
    listed = real_data("nw-ucla-test-clips-also-in-train.txt").read_text().split()
    with (
        tarfile.open(real_data("nw-ucla.tar.xz")) as whole,
        tarfile.open(tmp_path / "nw-ucla.tar.xz", "w") as part,
    ):
        for member in whole:
            if Path(member.name).name[:3] in ("a02", "a03"):
                file = whole.extractfile(member)
                part.addfile(member, io.BytesIO(file.read() if file else b""))
    store = store_of(SETS["nw-ucla"], tmp_path, tmp_path / "work")
    assert isinstance(store, Store)
    parts = parts_of(store, "nw-ucla-xview")
    clean = set(without_copies(store, parts).tolist())
    copies = {store.names[i] for i in parts["test"] if i not in clean}
    assert copies == set(listed)
    half = fewer(store, parts["train"], 0.5, 0)
    people = {store.subjects[i] for i in half}
    assert len(people) == 5
    assert len(half) == sum(store.subjects[i] in people for i in parts["train"])


@pytest.mark.parametrize("name", ["jhmdb", "penn-action"])
def test_parts_of_training_clips_test_each_other(name: str, folder: Path, tmp_path: Path) -> None:
    data = SETS[name]
    if not data.apart:
        data = replace(data, apart="subject of 2")
    store = store_of(data, folder, tmp_path)
    assert store is not None
    train = set(parts_of(store, data.protocols[0])["train"].tolist())
    tested: list[int] = []
    for protocol in inner(data).protocols:
        parts = parts_of(store, protocol)
        learned, asked = set(parts["train"].tolist()), set(parts["test"].tolist())
        assert learned
        assert asked
        assert learned | asked == train
        assert not learned & asked
        assert {store.labels[i] for i in learned} == {store.labels[i] for i in train}
        if data.apart.startswith("subject"):
            people = [{store.subjects[i] for i in part} for part in (learned, asked)]
            assert not people[0] & people[1]
        tested += asked
    assert sorted(tested) == sorted(train)

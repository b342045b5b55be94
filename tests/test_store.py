"""A store gives back what was put in, bit by bit, and notices damage."""

from __future__ import annotations

import multiprocessing
import pickle
from dataclasses import replace
from pathlib import Path

import h5py
import numpy as np
import pytest

from helpers.anyone import as_anyone
from skelfuse.clip import Clip
from skelfuse.errors import SkelfuseError
from skelfuse.skeleton import Skeleton
from skelfuse.store import Store
from skelfuse.store.hdf5 import natural_key
from skelfuse.store.writer import StoreWriter, packed

STICK = Skeleton("stick", joints=("a", "b"), bones=(("b", "a"),), root="a")


def clip(name: str, frames: int = 7, persons: int = 1, **known: object) -> Clip:
    number = int.from_bytes(name.encode(), "little")
    coords = np.random.default_rng(number).normal(size=(frames, persons, 2, 3)).astype(np.float32)
    coords[0, 0, 1] = np.nan
    return Clip(coords, STICK, name=name, **known)  # type: ignore[arg-type]


def written(path: Path, clips: list[Clip], half: bool = False) -> Store:
    with StoreWriter(path, provenance={}, half=half, resume=False) as writer:
        add(writer, clips, half)
        writer.finish()
    return Store(path)


def add(writer: StoreWriter, clips: list[Clip], half: bool = False) -> None:
    for one in clips:
        writer.accept(one.skeleton)
        writer.add(*packed(one, half), source=f"{one.name}.txt")
        writer.finish_source(source(f"{one.name}.txt"))


def source(name: str) -> dict[str, object]:
    return {"source": name, "bytes": 3, "sha256": "0", "clips": 1, "problems": []}


def test_every_clip_comes_back_as_it_was(tmp_path: Path) -> None:
    clips = [
        clip("one", label="A10 run", subject="7", camera="2", fps=30, splits={"split1": "train"}),
        clip(
            "two", persons=3, frames=1, label="A9 walk", setup="4", notes=("a ghost was dropped",)
        ),
        clip("three", replication="2"),
    ]
    store = written(tmp_path / "s.h5", clips)
    assert len(store) == 3
    for given, after in zip(clips, store, strict=True):
        before = replace(given, ranked=True)  # as its reader has put its people
        np.testing.assert_array_equal(after.coords, before.coords)
        for field in Clip.__dataclass_fields__:
            if field not in ("coords", "confidence"):
                assert getattr(after, field) == getattr(before, field), field
    assert store.frames.tolist() == [7, 1, 7]
    assert store.persons.tolist() == [1, 3, 1]


def test_classes_are_numbered_in_natural_order(tmp_path: Path) -> None:
    labels = ["A10 run", "A9 walk", None, "A10 run"]
    store = written(tmp_path / "s.h5", [clip(f"c{i}", label=x) for i, x in enumerate(labels)])
    assert store.class_names == ["A9 walk", "A10 run"]
    assert store.labels.tolist() == [1, 0, -1, 1]
    assert natural_key("x2y10") < natural_key("x2y11") < natural_key("x10")


def test_confidence_comes_back_and_its_absence_too(tmp_path: Path) -> None:
    seen = clip("seen")
    sure = Clip(seen.coords, STICK, name="sure", confidence=np.full((7, 1, 2), 0.3, np.float32))
    store = written(tmp_path / "s.h5", [seen, sure])
    assert store[0].confidence is None
    np.testing.assert_array_equal(store[1].confidence, sure.confidence)


def test_half_precision_halves_the_coordinates_and_keeps_three_digits(tmp_path: Path) -> None:
    one = clip("one", frames=1000)
    whole, half = written(tmp_path / "w.h5", [one]), written(tmp_path / "h.h5", [one], half=True)
    np.testing.assert_allclose(half.coords(0), whole.coords(0), rtol=1e-3, atol=1e-6)
    assert half.coords(0).nbytes * 2 == whole.coords(0).nbytes
    assert not any(damaged for _, damaged in half.damaged())


def test_reading_a_clip_reads_only_that_clip(tmp_path: Path) -> None:
    store = written(tmp_path / "s.h5", [clip(f"c{i}") for i in range(50)])
    part = store.coords(31)
    assert isinstance(part, np.memmap)  # a view of the file, not a copy
    assert part.nbytes == 7 * 2 * 3 * 4


def test_any_damaged_byte_is_noticed(tmp_path: Path) -> None:
    path = tmp_path / "s.h5"
    written(path, [clip("a", label="x"), clip("b", label="y")])
    with h5py.File(path, "r+") as file:
        file["coords"][9, 1, 2] += 1e-3
    assert list(Store(path).damaged()) == [("a", False), ("b", True)]
    with h5py.File(path, "r+") as file:
        file["label"][0] = 1
    assert list(Store(path).damaged()) == [("a", True), ("b", True)]


def _sum_of(store: Store) -> float:
    return float(sum(np.nansum(clip.coords) for clip in store))


@pytest.mark.process
def test_processes_share_a_store(tmp_path: Path) -> None:
    store = written(tmp_path / "s.h5", [clip(f"c{i}") for i in range(5)])
    with multiprocessing.get_context("spawn").Pool(2) as pool:
        sums = pool.map(_sum_of, [store, store])
    assert sums == [_sum_of(store)] * 2
    assert pickle.loads(pickle.dumps(store)).names == store.names


def test_what_is_no_store_is_told_so(tmp_path: Path) -> None:
    text, other, cut = tmp_path / "a.h5", tmp_path / "b.h5", tmp_path / "c.h5"
    text.write_text("hello")
    with h5py.File(other, "w") as file:
        file["x"] = [1]
    written(cut, [clip("one", frames=5000)])
    cut.write_bytes(cut.read_bytes()[:-3000])
    for path, message in (
        (tmp_path / "none.h5", "no such store"),
        (text, "not a store"),
        (other, "not a store that this version reads"),
        (cut, "cut short"),
    ):
        with pytest.raises(SkelfuseError, match=message) as error:
            Store(path)
        assert str(path) in str(error.value)


def test_a_store_that_may_not_be_read_is_not_told_as_damaged(tmp_path: Path) -> None:
    folder = tmp_path / "closed"
    folder.mkdir()
    path = folder / "s.h5"
    written(path, [clip("one")])
    path.chmod(0)
    with pytest.raises(SkelfuseError, match=r"s\.h5: cannot read: Permission denied") as error:
        as_anyone(Store, path)
    assert "make it anew" not in str(error.value)
    path.chmod(0o644)
    folder.chmod(0)
    try:
        with pytest.raises(SkelfuseError, match="cannot read: Permission denied"):
            as_anyone(Store, path)
    finally:
        folder.chmod(0o755)
    with pytest.raises(SkelfuseError, match="not a file: found a folder"):
        Store(folder)


def test_a_name_can_be_there_once(tmp_path: Path) -> None:
    told = r"'one' is there already: found the first one in x\.txt"
    with StoreWriter(tmp_path / "s.h5", provenance={}, resume=False) as writer:
        writer.accept(STICK)
        writer.add(*packed(clip("one")), source="x.txt")
        with pytest.raises(SkelfuseError, match=told):
            writer.add(*packed(clip("one")), source="y.txt")


def test_one_store_holds_one_skeleton(tmp_path: Path) -> None:
    twig = Skeleton("twig", joints=("a",), bones=(), root="a")
    told = r"expected stick \(2 joints\), found twig \(1 joints\)"
    with StoreWriter(tmp_path / "s.h5", provenance={}, resume=False) as writer:
        writer.accept(STICK)
        with pytest.raises(SkelfuseError, match=told):
            writer.accept(twig)


@pytest.mark.parametrize("stop", [0, 1, 4])
def test_a_resumed_store_equals_an_uninterrupted_one(tmp_path: Path, stop: int) -> None:
    clips = [clip(f"c{i}", frames=3 + i) for i in range(6)]
    whole = written(tmp_path / "whole.h5", clips)
    with StoreWriter(tmp_path / "s.h5", provenance={}, resume=False) as writer:
        add(writer, clips[:stop])
        writer.accept(STICK)
        writer.add(*packed(clips[stop]), source="half")  # this source is never finished
    with (tmp_path / "s.h5.partial" / "journal").open("ab") as journal:
        journal.write(b'{"name": "to')  # as a killed process leaves it
    with StoreWriter(tmp_path / "s.h5", provenance={}, resume=True) as again:
        assert [facts["source"] for facts in again.done] == [f"c{i}.txt" for i in range(stop)]
        add(again, clips[stop:])
        again.finish()
    assert (tmp_path / "s.h5").read_bytes() == whole.path.read_bytes()
    assert not (tmp_path / "s.h5.partial").exists()


def test_resume_refuses_other_options(tmp_path: Path) -> None:
    StoreWriter(tmp_path / "s.h5", provenance={"align": True}, resume=False).close()
    with pytest.raises(SkelfuseError, match=r"'align' \(False, then True\) is not what"):
        StoreWriter(tmp_path / "s.h5", provenance={"align": False}, resume=True)


def test_clips_in_memory_become_a_store(tmp_path: Path) -> None:
    still, moving = clip("a", persons=3, label="run", subject="ann", fps=30), clip("b", label="sit")
    coords = np.zeros((7, 3, 2, 3))
    coords[:, 1] = np.nan
    coords[:, 2] = np.arange(7)[:, None, None]
    still = replace(still, coords=coords)
    store = Store.write(tmp_path / "s.h5", [still, moving])
    assert store.class_names == ["run", "sit"]
    assert (store[0].subject, store[0].fps, store[0].persons) == ("ann", 30, 2)
    np.testing.assert_array_equal(store[0].coords, coords[:, [2, 0]])  # who moves most is first
    np.testing.assert_array_equal(store[1].coords, moving.coords)
    assert not any(damaged for _, damaged in store.damaged())
    half = Store.write(tmp_path / "h.h5", iter([moving]), half=True)
    assert half[0].coords.dtype == np.float16


@pytest.mark.parametrize("bad", ["nothing", "another body", "a name twice", "nobody"])
def test_clips_that_cannot_be_kept_leave_the_old_store(tmp_path: Path, bad: str) -> None:
    path = tmp_path / "s.h5"
    Store.write(path, [clip("old")])
    before = path.read_bytes()
    longer = Skeleton("longer", ("a", "b", "c"), (("b", "a"), ("c", "b")), root="a")
    given = {
        "nothing": [],
        "another body": [clip("a"), Clip(np.zeros((4, 1, 3, 3)), longer, name="b")],
        "a name twice": [clip("a"), clip("a")],
        "nobody": [clip("a"), Clip(np.full((4, 1, 2, 3), np.nan), STICK, name="b")],
    }
    with pytest.raises(SkelfuseError):
        Store.write(path, given[bad])
    assert path.read_bytes() == before
    assert [file.name for file in tmp_path.iterdir()] == ["s.h5"]

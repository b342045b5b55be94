"""What `skelfuse preprocess` keeps and tells of its inputs, and what it refuses before the work."""

from __future__ import annotations

import hashlib
import json
import re
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest

import skelfuse
from helpers.commands import called, ran, refused
from skelfuse.datasets.formats import FORMATS
from skelfuse.datasets.preprocess import PreprocessOptions, find_sources
from skelfuse.datasets.preprocess import preprocess as read_all
from skelfuse.datasets.synth.dataset import write_dataset
from skelfuse.store import Store


@pytest.fixture(scope="module")
def raw(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("raw")
    write_dataset(folder, clips=8, classes=4, seed=3)
    return folder


def sha256(*files: Path) -> str:
    return hashlib.sha256(b"".join(file.read_bytes() for file in files)).hexdigest()


def test_a_store_knows_its_files_and_what_was_asked(raw: Path, tmp_path: Path) -> None:
    out, names, skip = tmp_path / "s.h5", raw / "class_names.txt", tmp_path / "skip.txt"
    files = sorted(raw.glob("*.skeleton"))
    skip.write_text(files[0].stem)
    called("preprocess", raw, "--out", out, "--class-names", names, "--skip-list", skip)
    store = Store(out)
    assert [(one["source"], one["bytes"], one["sha256"]) for one in store.sources[1:]] == [
        (file.name, file.stat().st_size, sha256(file)) for file in files[1:]
    ]
    assert (store.sources[0]["skipped"], store.sources[0]["clips"]) == (True, 0)
    assert store.provenance.version == skelfuse.__version__
    options = store.provenance.options
    assert options["class_names"] == {"file": "class_names.txt", "sha256": sha256(names)}
    assert options["skip"] == {"names": 1, "sha256": sha256(skip)}
    assert store.asked == {
        "inputs": [str(raw)],
        "skip_list": str(skip),
        "class_names": str(names),
        "skeleton": None,
    }
    shown = json.loads(called("info", out, "--json").output)
    assert shown["asked"] == store.asked


def table(folder: Path) -> Path:
    folder.mkdir()
    for name in ("one", "two"):
        coords = np.linspace(0, ord(name[0]), 5 * 17 * 2, dtype=np.float32).reshape(5, 17, 2)
        np.save(folder / f"{name}.npy", coords)
    (folder / "clips.csv").write_text("file,label\none.npy,a\ntwo.npy,b\n")
    return folder


def test_a_table_is_hashed_with_the_files_that_it_names_alone(tmp_path: Path) -> None:
    folder = table(tmp_path / "mine")
    (folder / "movie.mp4").write_bytes(b"large")
    out = folder / "s.h5"  # beside the table, as users have it
    stores = []
    for _ in range(2):
        ran("preprocess", folder, "--out", out)
        stores.append(out.read_bytes())
    assert stores[0] == stores[1]
    files = [folder / name for name in ("clips.csv", "one.npy", "two.npy")]
    (source,) = Store(out).sources
    assert source["sha256"] == sha256(*files)
    assert source["bytes"] == sum(file.stat().st_size for file in files)


def test_a_changed_file_of_a_table_is_read_again(tmp_path: Path) -> None:
    a, b = table(tmp_path / "a"), table(tmp_path / "b")
    out, options = tmp_path / "s.h5", PreprocessOptions()

    def stop(count: int, bad: int) -> None:
        if count == 1:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        read_all(find_sources([a, b], options), out, options, jobs=1, progress=stop)
    np.save(a / "two.npy", np.ones((5, 17, 2), np.float32))
    result = called("preprocess", a, b, "--out", out, "--resume")
    assert result.exit_code == 3  # the names of both folders are the same
    np.testing.assert_array_equal(Store(out)[1].coords, np.ones((5, 1, 17, 2)))


def test_a_folder_of_frames_is_hashed_without_what_lies_beside(tmp_path: Path) -> None:
    folder = tmp_path / "wave" / "clip01"
    folder.mkdir(parents=True)
    person: dict[str, Any] = {"pose_keypoints_2d": [1.0 + i / 7 for i in range(75)]}
    for frame in range(3):
        file = folder / f"clip01_{frame:012d}_keypoints.json"
        file.write_text(json.dumps({"people": [person]}))
    (folder / "clip01.mp4").write_bytes(b"large")
    out = tmp_path / "s.h5"
    ran("preprocess", tmp_path / "wave", "--out", out)
    (source,) = Store(out).sources
    assert source["sha256"] == sha256(*sorted(folder.glob("*.json")))
    ran("preprocess", folder, "--out", out)
    assert Store(out).sources[0]["source"] == "clip01"


@pytest.mark.slow
def test_the_report_tells_what_filters_decided(tmp_path: Path) -> None:
    write_dataset(tmp_path / "raw", clips=30, classes=4, seed=3)
    out, report = tmp_path / "s.h5", tmp_path / "r.json"
    called("preprocess", tmp_path / "raw", "--out", out, "--report", report)
    told: dict[str, list[str]] = {}
    for source in json.loads(report.read_text())["sources"]:
        told |= source.get("notes", {})
        assert source.keys() <= {"source", "bytes", "sha256", "clips", "problems", "notes"}
    assert told == {clip.name: list(clip.notes) for clip in Store(out) if clip.notes}
    assert any("dropped" in note for notes in told.values() for note in notes)


def test_class_names_that_cannot_be_read_are_told_once(raw: Path, tmp_path: Path) -> None:
    options = ("--out", tmp_path / "s.h5", "--class-names", tmp_path / "nope")
    assert "cannot read the class names" in refused("preprocess", raw, *options)
    told = refused("preprocess", table(tmp_path / "mine"), *options)
    assert "name their classes themselves; leave out --class-names" in told


def test_inputs_of_two_formats_are_refused(raw: Path, tmp_path: Path) -> None:
    mine = table(tmp_path / "mine")
    told = refused("preprocess", raw, mine, "--out", tmp_path / "s.h5")
    found = f"inputs of several formats: found ntu in {raw}, npy-folder in {mine}"
    assert f"{found}; make one store for each" in told
    assert list(tmp_path.iterdir()) == [mine]


def test_help_names_the_formats_and_the_exit_code() -> None:
    text = " ".join(called("preprocess", "--help").output.split()).replace("- ", "-")
    for name in FORMATS:
        assert re.search(rf"(?<![\w-]){name}(?![\w-])", text), name
    assert "exit code is then 3" in text


def test_a_store_without_what_was_asked_is_read(raw: Path, tmp_path: Path) -> None:
    out = tmp_path / "s.h5"
    called("preprocess", raw, "--out", out)
    with h5py.File(out, "r+") as file:
        del file.attrs["asked"], file.attrs["digest"]
    assert Store(out).asked == {}
    assert "all 8 clips are as they were written; " in called("info", out, "--verify").output

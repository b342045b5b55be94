"""Files into which nobody can look: told one by one, and never passed over."""

from __future__ import annotations

import json
import pickle
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from click.testing import Result

from helpers.anyone import as_anyone
from helpers.commands import called
from skelfuse.datasets.formats import recognise
from skelfuse.errors import SkelfuseError


def _npz(path: Path) -> None:
    coords = np.random.default_rng(0).normal(size=(20, 2, 3))
    names = {"joint_names": ["elbow", "hand"], "bones": [["hand", "elbow"]]}
    np.savez(path, coords=coords, lengths=[20], **names)  # type: ignore[arg-type]


def _jhmdb(path: Path) -> None:
    np.savez(path, train1_frames=np.ones((2, 15, 2)))


def _pickle(path: Path) -> None:
    annotation = {"frame_dir": "a", "label": 0, "keypoint": np.ones((1, 2, 17, 2))}
    path.write_bytes(pickle.dumps({"split": {}, "annotations": [annotation]}))


def _keypoints(path: Path) -> None:
    path.write_text(json.dumps({"keypoints": np.ones((2, 1, 17, 2)).tolist()}))


OPENED: dict[str, tuple[str, Callable[[Path], None]]] = {
    "npz": ("npz", _npz),
    "jhmdb": ("npz", _jhmdb),
    "annotations": ("pkl", _pickle),
    "keypoints": ("json", _keypoints),
}


def preprocess(path: Path) -> Result:
    return called("preprocess", path, "--out", path.parent / "store.h5")


@pytest.fixture(params=OPENED)
def form(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def test_an_empty_file_beside_good_ones_is_listed_with_them(form: str, tmp_path: Path) -> None:
    ending, write = OPENED[form]
    write(tmp_path / f"good.{ending}")
    (tmp_path / f"empty.{ending}").touch()
    found, sources = recognise(tmp_path)
    assert found.name == form
    assert [path.stem for path in sources] == ["empty", "good"]


def test_a_file_that_may_not_be_read_is_listed_with_the_good(form: str, tmp_path: Path) -> None:
    ending, write = OPENED[form]
    for name in ("good", "closed"):
        write(tmp_path / f"{name}.{ending}")
    (tmp_path / f"closed.{ending}").chmod(0)
    assert [path.stem for path in as_anyone(recognise, tmp_path)[1]] == ["closed", "good"]


@pytest.mark.parametrize("within", [False, True])
def test_where_nothing_may_be_read_that_is_the_error(
    form: str, within: bool, tmp_path: Path
) -> None:
    ending, write = OPENED[form]
    closed = tmp_path / f"closed.{ending}"
    write(closed)
    closed.chmod(0)
    with pytest.raises(SkelfuseError, match=rf"closed\.{ending}: cannot read: Permission denied"):
        as_anyone(recognise, tmp_path if within else closed)


def test_a_closed_file_is_a_line_and_the_others_are_stored(tmp_path: Path) -> None:
    folder = tmp_path / "clips"
    folder.mkdir()
    for name in ("a", "b"):
        _npz(folder / f"{name}.npz")
    (folder / "b.npz").chmod(0)
    (folder / "c.npz").write_bytes((folder / "a.npz").read_bytes()[:100])
    result = as_anyone(preprocess, folder)
    assert result.exit_code == 3, result.output
    assert "store.h5: 1 clip of 0 classes" in result.output
    assert "b.npz: cannot read: Permission denied" in result.output
    assert "c.npz: not a .npz file" in result.output


@pytest.mark.parametrize("name", ["", "inner"])
def test_a_folder_that_may_not_be_listed_is_the_error(name: str, tmp_path: Path) -> None:
    _npz(tmp_path / "a.npz")
    closed = tmp_path / name
    closed.mkdir(exist_ok=True)
    closed.chmod(0)
    try:
        with pytest.raises(
            SkelfuseError, match="cannot list the folder: Permission denied"
        ) as told:
            as_anyone(recognise, tmp_path)
    finally:
        closed.chmod(0o755)
    assert told.value.file == str(closed)

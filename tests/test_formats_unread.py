"""Files into which nobody can look: told one by one, and never passed over."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import Result

from helpers.anyone import as_anyone
from helpers.commands import called
from helpers.small_files import FILES
from skelfuse.datasets.formats import recognise
from skelfuse.errors import SkelfuseError

OPENED = ("npz", "jhmdb", "annotations", "keypoints")  # their names do not tell them apart


def made(form: str, folder: Path, name: str) -> Path:
    write, content = FILES[form][0]
    path = write(folder, content)
    return path.rename(path.with_stem(name))


def preprocess(path: Path) -> Result:
    return called("preprocess", path, "--out", path.parent / "store.h5")


@pytest.fixture(params=OPENED)
def form(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def test_an_empty_file_beside_good_ones_is_listed_with_them(form: str, tmp_path: Path) -> None:
    good = made(form, tmp_path, "good")
    good.with_stem("empty").touch()
    found, sources = recognise(tmp_path)
    assert found.name == form
    assert [path.stem for path in sources] == ["empty", "good"]


def test_a_file_that_may_not_be_read_is_listed_with_the_good(form: str, tmp_path: Path) -> None:
    made(form, tmp_path, "closed").chmod(0)
    made(form, tmp_path, "good")
    assert [path.stem for path in as_anyone(recognise, tmp_path)[1]] == ["closed", "good"]


@pytest.mark.parametrize("within", [False, True])
def test_where_nothing_may_be_read_that_is_the_error(
    form: str, within: bool, tmp_path: Path
) -> None:
    closed = made(form, tmp_path, "closed")
    closed.chmod(0)
    with pytest.raises(SkelfuseError, match=rf"{closed.name}: cannot read: Permission denied"):
        as_anyone(recognise, tmp_path if within else closed)


def test_a_closed_file_is_a_line_and_the_others_are_stored(tmp_path: Path) -> None:
    folder = tmp_path / "clips"
    folder.mkdir()
    for name in ("b", "a"):
        made("npz", folder, name)
    (folder / "b.npz").chmod(0)
    (folder / "c.npz").write_bytes((folder / "a.npz").read_bytes()[:100])
    result = as_anyone(preprocess, folder)
    assert result.exit_code == 3, result.output
    assert "store.h5: 2 clips of 2 classes" in result.output
    assert "b.npz: cannot read: Permission denied" in result.output
    assert "c.npz: not a .npz file" in result.output


@pytest.mark.parametrize("name", ["", "inner"])
def test_a_folder_that_may_not_be_listed_is_the_error(name: str, tmp_path: Path) -> None:
    made("npz", tmp_path, "a")
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

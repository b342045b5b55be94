"""What is installed is the whole package and nothing beside it."""

from __future__ import annotations

import configparser
import importlib.metadata
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

pytestmark = pytest.mark.process

ROOT = Path(__file__).resolve().parent.parent
FOLDERS = {
    "skelfuse": "skelfuse",
    "cli": "skelfuse.cli",
    "configs": "skelfuse.configs",
    "datasets": "skelfuse.datasets",
}


def test_every_package_is_listed() -> None:
    setup = configparser.ConfigParser()
    setup.read(ROOT / "setup.cfg", encoding="utf-8")
    listed = setup["options"]["packages"].split()
    found = {
        ".".join([package, *init.parent.relative_to(ROOT / folder).parts])
        for folder, package in FOLDERS.items()
        for init in (ROOT / folder).rglob("__init__.py")
        if not any(parent.is_symlink() for parent in init.parents)
    }
    assert sorted(listed) == sorted(found)


@pytest.mark.long
def test_a_wheel_holds_skelfuse_alone_with_its_data(tmp_path: Path) -> None:
    setuptools = pytest.importorskip("setuptools")
    if int(setuptools.__version__.split(".")[0]) < 77:
        pytest.skip("building a wheel needs setuptools 77 or newer")
    copy = tmp_path / "copy"
    names = subprocess.run(
        ["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=False
    ).stdout.split()
    if not names:
        pytest.skip("not a git checkout")
    for name in names:
        source, target = ROOT / name, copy / name
        target.parent.mkdir(parents=True, exist_ok=True)
        if source.is_symlink():
            target.symlink_to(source.readlink())
        elif source.exists():
            target.write_bytes(source.read_bytes())
    command = [sys.executable, "-m", "pip", "wheel", "-q", "--no-deps", "--no-build-isolation"]
    done = subprocess.run(
        [*command, "-w", str(tmp_path), str(copy)], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    (wheel,) = tmp_path.glob("*.whl")
    files = zipfile.ZipFile(wheel).namelist()
    tops = {name.split("/")[0] for name in files}
    assert {top for top in tops if not top.endswith(".dist-info")} == {"skelfuse"}
    for file in ("py.typed", "cli/preprocess.py", "configs/__init__.py", "datasets/ntu.py"):
        assert f"skelfuse/{file}" in files
    for part in ("page.html", "page.css", "page.js", "page_bodies.js", "page_time.js"):
        assert f"skelfuse/explain/{part}" in files
    shipped = {f"skelfuse/configs/{path.name}" for path in (ROOT / "configs").glob("*.yaml")}
    assert shipped <= set(files)


def test_everything_that_is_installed_with_it_is_pinned() -> None:
    lines = (ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines()
    asked = [Requirement(line) for line in lines if line and not line.startswith("#")]
    assert all(str(one.specifier).startswith("==") for one in asked)
    pinned = {canonicalize_name(one.name) for one in asked}
    if sys.version_info < (3, 11):
        pytest.skip("on Python 3.10 only what skelfuse itself asks for is pinned")
    # What a GPU needs comes with torch, in the versions that torch itself names.
    assert sorted(_brought_along("skelfuse", {"dev"}) - pinned) == []


def _brought_along(name: str, extras: set[str]) -> set[str]:
    found: set[str] = set()
    for text in importlib.metadata.requires(name) or ():
        needed = Requirement(text)
        if needed.marker and not any(needed.marker.evaluate({"extra": e}) for e in {"", *extras}):
            continue
        if needed.name.startswith(("cuda", "nvidia", "triton")):
            continue
        try:
            importlib.metadata.version(needed.name)
        except importlib.metadata.PackageNotFoundError:
            continue  # left out on purpose: an extra that is not installed
        found |= {canonicalize_name(needed.name), *_brought_along(needed.name, needed.extras)}
    return found

"""What holds for the whole house: one way through it, and a quick command."""

from __future__ import annotations

import ast
import functools
import graphlib
import resource
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from helpers.commands import in_new_process
from skelfuse.cli import main

ROOT = Path(__file__).resolve().parent.parent
LIBRARY = [
    path
    for path in (ROOT / "skelfuse").rglob("*.py")
    if not any(parent.is_symlink() for parent in path.parents)
]
DOORS = [ROOT / "skelfuse" / name for name in ("__init__.py", "__main__.py")]  # to all rooms
FOLDERS = ("benchmarks", "cli", "configs", "datasets", "examples", "research", "tests")
BESIDE = [path for folder in FOLDERS for path in sorted((ROOT / folder).rglob("*.py"))]


@functools.cache
def nodes(path: Path) -> list[ast.AST]:
    return [*ast.walk(ast.parse(path.read_text(encoding="utf-8")))]


def imported(path: Path, *, types: bool = True) -> Iterator[str]:
    """Yield what a file imports; without `types` not what it needs for type hints alone."""
    hints = {
        id(one)
        for node in (() if types else nodes(path))
        if is_for_types(node)
        for one in ast.walk(node)
    }
    for node in nodes(path):
        if id(node) in hints:
            continue
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path} imports relatively"
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def is_for_types(node: ast.AST) -> bool:
    return isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING"


@pytest.mark.slow
def test_the_library_knows_neither_commands_nor_data_sets() -> None:
    for path in {*LIBRARY} - {*DOORS}:
        for module in imported(path):
            for room in ("click", "tqdm", "skelfuse.cli", "skelfuse.datasets", "skelfuse.configs"):
                assert not f"{module}.".startswith(f"{room}."), path


@pytest.mark.slow
def test_no_files_need_each_other() -> None:
    files = [*LIBRARY, *(path for path in BESIDE if path.parts[len(ROOT.parts)] != "tests")]
    names = {}
    for path in files:
        parts = path.relative_to(ROOT).with_suffix("").parts
        room = (
            () if parts[0] in ("skelfuse", "benchmarks", "examples", "research") else ("skelfuse",)
        )
        if path not in DOORS:
            names[".".join([*room, *parts]).removesuffix(".__init__")] = path
    needs = {
        name: {
            one if one in names else one.rpartition(".")[0] for one in imported(path, types=False)
        }
        & {*names}
        for name, path in names.items()
    }
    assert "skelfuse.datasets.steps" in needs["skelfuse.cli.train"]
    graphlib.TopologicalSorter(needs).prepare()  # a circle is an error that names it


@pytest.mark.slow
def test_the_library_prints_nothing() -> None:
    for path in LIBRARY:
        calls = [
            node.func.id
            for node in nodes(path)
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name)
        ]
        assert "print" not in calls, path


@pytest.mark.slow
def test_what_isinstance_asks_of_a_model_are_methods_alone() -> None:
    """From Python 3.12 on it does not see what torch keeps elsewhere: modules within a module."""
    checked = [
        (path, node)
        for path in LIBRARY
        for node in nodes(path)
        if isinstance(node, ast.ClassDef)
        and any(ast.unparse(one) == "runtime_checkable" for one in node.decorator_list)
    ]
    assert checked
    for path, node in checked:
        assert not any(isinstance(one, ast.AnnAssign) for one in node.body), (path, node.name)


@pytest.mark.slow
def test_reading_knows_no_command_and_no_torch() -> None:
    for path in (ROOT / "datasets").rglob("*.py"):
        for module in imported(path):
            assert module.split(".")[0] not in ("click", "tqdm", "torch"), path
            assert not f"{module}.".startswith("skelfuse.cli."), path


# What these raise is raised again with the remedy that their caller knows.
MENDED = (
    "skelfuse/errors.py",
    "skelfuse/training/loop.py",
    "datasets/labels/plain.py",
    "datasets/labels/tools.py",
    "datasets/protocol_families.py",
    "datasets/protocol_rules.py",
    "datasets/protocols.py",
    "datasets/reading/safe_pickle.py",
)


@pytest.mark.slow
def test_an_error_says_what_to_do_or_what_is_expected() -> None:
    own = [path for path in BESIDE if path.parts[len(ROOT.parts)] in ("cli", "datasets")]
    for path in {*LIBRARY, *own} - {ROOT / name for name in MENDED}:
        for node in nodes(path):
            if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "SkelfuseError":
                given = {keyword.arg for keyword in node.keywords}
                assert given & {"remedy", "expected"}, f"{path}, line {node.lineno}"


@pytest.mark.process
def test_help_is_there_and_imports_nothing_heavy() -> None:
    script = (
        "import sys; from skelfuse.cli import main\n"
        "for command in ([], *([name] for name in main.commands)):\n"
        "    try: main([*command, '--help'])\n"
        "    except SystemExit: pass\n"
        "    heavy = {'torch', 'numpy', 'h5py', 'scipy', 'cv2', 'mediapipe'} & set(sys.modules)\n"
        "    if heavy: sys.exit(f'{command} imports {heavy}')"
    )
    done = in_new_process(script)
    assert done.stdout.count("Usage:") == 1 + len(main.commands)


@pytest.mark.process
def test_a_wrong_window_is_told_without_waiting_for_torch() -> None:
    script = (
        "import sys; from skelfuse.cli import main\n"
        "try: main(['predict', 'r', 'f', '--window', '2x'])\n"
        "except SystemExit: pass\n"
        "sys.exit('torch' in sys.modules)"
    )
    done = in_new_process(script)
    assert "found 2x" in done.stderr


@pytest.mark.process
def test_help_comes_at_once() -> None:
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run(
        [sys.executable, "-m", "skelfuse", "-h"], cwd=ROOT, check=True, stdout=subprocess.DEVNULL
    )
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    assert after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime < 0.3

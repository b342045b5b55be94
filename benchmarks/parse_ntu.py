"""How fast is NTU `.skeleton` text read? A line-by-line script, our plain parser, our scanner.

    python benchmarks/parse_ntu.py [FILE_OR_FOLDER...] [--rounds 5] [--json FILE]

Without a path it writes 40 files of the same format to a temporary folder. Every way opens the
files itself and ends with arrays of all coordinates; they are compared before the clock runs.
"""

from __future__ import annotations

import json
import platform
import tempfile
import time
from collections.abc import Callable
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

import click
import numpy as np
import numpy.typing as npt

from skelfuse.datasets.ntu_text import COMPILED, read_ntu_text
from skelfuse.datasets.ntu_text_plain import parse_plain

Coordinates = npt.NDArray[np.float32]  # [R,25,3]


def line_by_line(path: Path) -> Coordinates:
    """Read as the field's scripts do: a line, its fields as floats, an array for each joint."""
    bodies = []
    with path.open() as file:
        for _ in range(int(file.readline())):
            for _ in range(int(file.readline())):
                file.readline()  # ID and state of the body
                joints = []
                for _ in range(int(file.readline())):
                    fields = [float(field) for field in file.readline().split()]
                    joints.append(np.array(fields[:3], dtype=np.float32))
                bodies.append(np.array(joints))
    return np.array(bodies, np.float32).reshape(-1, 25, 3)


def plain(path: Path) -> Coordinates:
    return parse_plain(path.read_bytes(), file=path).joints


def compiled(path: Path) -> Coordinates:
    return read_ntu_text(path).joints


def ways() -> dict[str, Callable[[Path], Coordinates]]:
    found: dict[str, Callable[[Path], Coordinates]] = {"line by line": line_by_line, "plain": plain}
    if COMPILED:
        found["compiled"] = compiled
    return found


def write_files(folder: Path, files: int = 40) -> None:
    """Write bodies that drift through a room, with the numbers of digits that the sensor gives."""
    random = np.random.default_rng(0)
    for name in range(files):
        frames = int(random.integers(60, 140))
        joints = random.normal([0, 0, 3], 0.4, (25, 3))
        drift = random.normal(0, 0.01, (frames, 25, 3)).cumsum(0)
        lines = [str(frames)]
        for place in joints + drift:
            lines += ["1", "72057594037931648 0 1 1 1 1 0 -0.1159187 0.1413209 2", "25"]
            images = random.uniform(100, 1000, (25, 4))
            turns = random.normal(0, 0.4, (25, 4))
            for row in np.concatenate([place, images, turns], axis=1):
                lines.append(" ".join(f"{number:.7g}" for number in row) + " 2")
        text = "".join(f"{line}\r\n" for line in lines)
        (folder / f"S001C001P001R001A{name + 1:03d}.skeleton").write_text(text, newline="")


def files_of(paths: tuple[Path, ...]) -> list[Path]:
    """List the files given and those in the folders given."""
    found = []
    for path in paths:
        found += sorted(path.rglob("*.skeleton")) if path.is_dir() else [path]
    if not found:
        raise click.UsageError("no .skeleton files there")
    return found


def same(files: list[Path]) -> None:
    """Fail unless all ways give the same coordinates."""
    for path in files:
        wanted, *others = (way(path) for way in ways().values())
        for other in others:
            np.testing.assert_array_equal(other, wanted, err_msg=str(path))


def measure(files: list[Path], rounds: int) -> dict[str, float]:
    """Return the shortest time of each way over all files, in seconds."""
    best = dict.fromkeys(ways(), float("inf"))
    for turn in range(rounds):
        # Each way goes first now and then: none is always the one that finds the caches cold.
        order = list(ways().items())
        order = order[turn % len(order) :] + order[: turn % len(order)]
        for name, way in order:
            start = time.perf_counter()
            for path in files:
                way(path)
            best[name] = min(best[name], time.perf_counter() - start)
    return best


def processor() -> str:
    facts = Path("/proc/cpuinfo")
    for line in facts.read_text().splitlines() if facts.exists() else []:
        if line.startswith("model name"):
            return line.partition(":")[2].strip()
    return platform.processor() or "unknown"


def machine() -> dict[str, Any]:
    """Say when and where a figure was measured."""
    return {
        "date": datetime.now(timezone.utc).isoformat(timespec="seconds"),
        "machine": {
            "platform": platform.platform(),
            "processor": processor(),
            "python": platform.python_version(),
            "numpy": np.__version__,
        },
    }


def report(files: list[Path], rounds: int) -> dict[str, Any]:
    same(files)  # and warms up
    size = sum(path.stat().st_size for path in files)
    best = measure(files, rounds)
    return {
        "benchmark": "parse_ntu",
        **machine(),
        "files": len(files),
        "bytes": size,
        "rounds": rounds,
        "results": {
            name: {
                "seconds": seconds,
                "megabytes_per_second": size / seconds / 1e6,
                "ratio": best["line by line"] / seconds,
            }
            for name, seconds in best.items()
        },
    }


@click.command()
@click.argument("paths", nargs=-1, type=click.Path(exists=True, path_type=Path))
@click.option("--rounds", default=5, show_default=True, type=click.IntRange(1))
@click.option("--json", "target", type=click.Path(dir_okay=False, path_type=Path))
def main(paths: tuple[Path, ...], rounds: int, target: Path | None) -> None:
    """Time the ways to read .skeleton files, one core, best of some rounds."""
    with tempfile.TemporaryDirectory() as folder:
        if not paths:
            write_files(Path(folder))
            paths = (Path(folder),)
        found = report(files_of(paths), rounds)
    here = found["machine"]
    click.echo(f"{found['files']} files, {found['bytes'] / 1e6:.1f} MB, best of {rounds}, one core")
    click.echo(f"{here['processor']}, Python {here['python']}, {found['date'][:10]}\n")
    click.echo(f"{'way':<14}{'MB/s':>10}{'times as fast':>16}")
    for name, result in found["results"].items():
        click.echo(f"{name:<14}{result['megabytes_per_second']:>10.1f}{result['ratio']:>16.1f}")
    if not COMPILED:
        click.echo("\nthe compiled scanner is not there: pip install . where a C compiler is")
    if target:
        target.write_text(json.dumps(found, indent=2) + "\n")


if __name__ == "__main__":
    main()

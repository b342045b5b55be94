"""The whole command on synthetic clips beside the pipeline that a script would have: time, memory.

    python benchmarks/preprocess.py [--clips 2000] [--rounds 3] [--json FILE]

The yardstick is field_pipeline.py beside this file. Both run as commands of their own, on the same
number of processes, in turns; the shortest of the rounds counts.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path
from typing import Any

import click
import numpy as np
from parse_ntu import machine

from skelfuse.store import Store

NTU120_CLIPS = 113_945
FEW, MANY = 5_000, 20_000  # clips, what memory is extrapolated from


def memory_of(group: int) -> int:
    """Return the bytes of memory of a process group, shared pages counted once."""
    total = 0
    for folder in Path("/proc").iterdir():
        if folder.name.isdecimal():
            try:
                if os.getpgid(int(folder.name)) == group:
                    facts = (folder / "smaps_rollup").read_text()
                    total += int(facts.split("\nPss:")[1].split()[0]) * 1024
            except (OSError, IndexError):
                continue  # it ended while we looked
    return total


def timed(command: list[str]) -> float:
    os.sync()  # what the command before has written must not be waited for in this one
    start = time.perf_counter()
    subprocess.run(command, check=True, capture_output=True)
    return time.perf_counter() - start


def peak_memory(command: list[str]) -> int:
    """Run a command by itself and return the largest memory of its whole process tree."""
    process = subprocess.Popen(command, start_new_session=True, stdout=subprocess.DEVNULL)
    peak, over = 0, threading.Event()

    def watch() -> None:
        nonlocal peak
        while not over.wait(0.01):
            peak = max(peak, memory_of(process.pid))

    thread = threading.Thread(target=watch)
    thread.start()
    code = process.wait()
    over.set()
    thread.join()
    if code:
        raise click.ClickException(f"{' '.join(command)} ended with exit code {code}")
    return peak


def access_time(store: Path, clips: int = 2000) -> float:
    """Return the seconds to read one clip at random, every coordinate of it."""
    opened = Store(store)
    order = np.random.default_rng(0).integers(0, len(opened), clips)
    opened.coords(0).sum()
    start = time.perf_counter()
    for i in order:
        np.array(opened.coords(int(i)))
    return (time.perf_counter() - start) / clips


def linked(folder: Path, raw: Path, clips: int) -> Path:
    """Return a folder with the smallest of the files under so many names: what counts is number."""
    many = folder / f"many{clips}"
    many.mkdir()
    smallest = min(raw.glob("*.skeleton"), key=lambda file: file.stat().st_size)
    for i in range(clips):
        action, subject, again = i % 60 + 1, i // 60 % 40 + 1, i // 2400 + 1
        name = f"S001C001P{subject:03}R{again:03}A{action:03}.skeleton"
        os.link(smallest, many / name)
    return many


def measure(folder: Path, clips: int, rounds: int) -> dict[str, Any]:
    skelfuse = [sys.executable, "-m", "skelfuse.cli"]
    raw, out = folder / "raw", folder / "s.h5"
    subprocess.run([*skelfuse, "synth", str(raw), "--clips", str(clips)], check=True)

    def ours(source: Path, jobs: int) -> list[str]:
        return [*skelfuse, "preprocess", str(source), "--out", str(out), "--jobs", str(jobs)]

    def theirs(jobs: int) -> list[str]:
        script = Path(__file__).with_name("field_pipeline.py")
        return [sys.executable, str(script), str(raw), str(folder / "y.npz"), str(jobs)]

    cores = len(os.sched_getaffinity(0))
    best: dict[str, float] = {}
    for _ in range(rounds):
        for jobs in sorted({1, cores}):
            for name, command in (("yardstick", theirs(jobs)), ("skelfuse", ours(raw, jobs))):
                key = f"{name}, {jobs} process{'es' * (jobs > 1)}"
                best[key] = min(best.get(key, np.inf), timed(command))
    usual = peak_memory(ours(raw, cores))
    random_access = access_time(out)
    few, many = (peak_memory(ours(linked(folder, raw, n), cores)) for n in (FEW, MANY))
    each = max(many - few, 0) / (MANY - FEW)
    return {
        "benchmark": "preprocess",
        **machine(),
        "clips": clips,
        "bytes": sum(file.stat().st_size for file in raw.glob("*.skeleton")),
        "cores": cores,
        "rounds": rounds,
        "seconds": best,
        "memory": {
            str(clips): usual,
            f"{FEW:,} short": few,
            f"{MANY:,} short": many,
            "NTU-120, extrapolated": many + each * (NTU120_CLIPS - MANY),
        },
        "yardstick_memory": peak_memory(theirs(1)),
        "random_access_seconds": random_access,
    }


def tell(found: dict[str, Any]) -> None:
    size = found["bytes"] / 1e6
    click.echo(f"{found['clips']} clips, {size:.0f} MB; best of {found['rounds']}")
    click.echo(f"{found['machine']['processor']}, {found['date'][:10]}\n")
    click.echo(f"{'way':<26}{'seconds':>9}{'MB/s':>8}{'clips/s':>9}{'ratio':>7}")
    for name, seconds in found["seconds"].items():
        other = found["seconds"][name.replace("skelfuse", "yardstick")]
        rates = f"{size / seconds:>8.0f}{found['clips'] / seconds:>9.0f}{other / seconds:>7.1f}"
        click.echo(f"{name:<26}{seconds:>9.2f}{rates}")
    click.echo("\npeak memory of all processes together")
    for clips, used in found["memory"].items():
        click.echo(f"  {clips + ' clips' * clips[0].isdecimal():<24}{used / 1e6:>9.0f} MB")
    click.echo(f"  {'yardstick, 1 process':<24}{found['yardstick_memory'] / 1e6:>9.0f} MB")
    click.echo(f"\na clip at random: {found['random_access_seconds'] * 1e3:.4f} ms")


@click.command()
@click.option("--clips", default=2000, show_default=True, type=click.IntRange(40))
@click.option("--rounds", default=3, show_default=True, type=click.IntRange(1))
@click.option("--json", "target", type=click.Path(dir_okay=False, path_type=Path))
def main(clips: int, rounds: int, target: Path | None) -> None:
    """Time `skelfuse preprocess` beside a straightforward script, and measure its memory."""
    with tempfile.TemporaryDirectory() as folder:
        found = measure(Path(folder), clips, rounds)
    tell(found)
    if target:
        target.write_text(json.dumps(found, indent=2) + "\n")


if __name__ == "__main__":
    main()

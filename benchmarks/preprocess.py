"""The whole command on synthetic clips beside the pipeline that a script would have: time, memory.

    python benchmarks/preprocess.py [--clips 2000] [--rounds 3] [--json FILE]

The yardstick does the same job in the straightforward way: read line by line, drop ghost bodies,
assemble two actors, pad all clips into one array, save it. Both run as commands of their own, on
the same number of processes, in turns; the shortest of the rounds counts.
"""

from __future__ import annotations

import json
import multiprocessing
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
import numpy.typing as npt
from parse_ntu import machine

from skelfuse.store import Store

NTU120_CLIPS = 113_945
FRAMES = 300
Floats = npt.NDArray[np.float32]
Seen = tuple[int, Floats, Floats]  # frame, joints [25,3], tracking state [25]


def read_bodies(path: Path) -> tuple[int, dict[str, list[Seen]]]:
    """Read a file line by line: for each body its frames, joints and tracking states."""
    bodies: dict[str, list[Seen]] = {}
    with path.open() as file:
        frames = int(file.readline())
        for frame in range(frames):
            for _ in range(int(file.readline())):
                body = file.readline().split()[0]
                joints, states = [], []
                for _ in range(int(file.readline())):
                    fields = [float(field) for field in file.readline().split()]
                    joints.append(np.array(fields[:3], dtype=np.float32))
                    states.append(fields[11] / 2)
                seen = (frame, np.array(joints), np.array(states, dtype=np.float32))
                bodies.setdefault(body, []).append(seen)
    return frames, bodies


def is_furniture(joints: Floats) -> bool:
    wide = 0
    for frame in joints:
        x, y = frame[:, 0], frame[:, 1]
        wide += (x.max() - x.min()) > 0.8 * (y.max() - y.min())
    return wide / len(joints) >= 0.69754


def two_actors(path: Path) -> tuple[Floats, Floats]:
    """Read a file and assemble its two most active bodies: joints [T,150], confidence [T,50]."""
    frames, bodies = read_bodies(path)
    found = []
    for seen in bodies.values():
        joints = np.array([one for _, one, _ in seen])
        if len(bodies) > 1 and (len(seen) <= 11 or is_furniture(joints)):
            continue
        motion = float(np.var(joints.reshape(-1, 3), axis=0).sum())
        states = np.array([state for _, _, state in seen])
        found.append((motion, [frame for frame, _, _ in seen], joints, states))
    found.sort(key=lambda one: -one[0])
    out, sure = np.zeros((frames, 150), np.float32), np.zeros((frames, 50), np.float32)
    free = [np.ones(frames, bool), np.ones(frames, bool)]
    for _, at, joints, states in found:
        for actor in range(2):
            if free[actor][at].all():
                out[at, actor * 75 : actor * 75 + 75] = joints.reshape(-1, 75)
                sure[at, actor * 25 : actor * 25 + 25] = states
                free[actor][at[0] : at[-1] + 1] = False
                break
    return out, sure


def yardstick(folder: Path, out: Path, jobs: int) -> None:
    files = sorted(folder.glob("*.skeleton"))
    if jobs == 1:
        clips = [two_actors(file) for file in files]
    else:
        with multiprocessing.get_context("fork").Pool(jobs) as pool:
            clips = pool.map(two_actors, files, chunksize=8)
    whole = np.zeros((len(clips), FRAMES, 150), np.float32)
    confidence = np.zeros((len(clips), FRAMES, 50), np.float32)
    for i, (joints, sure) in enumerate(clips):
        whole[i, : len(joints)] = joints[:FRAMES]
        confidence[i, : len(sure)] = sure[:FRAMES]
    np.savez(out, x=whole, confidence=confidence, y=[int(file.stem[-3:]) for file in files])


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


def measure(folder: Path, clips: int, rounds: int) -> dict[str, Any]:
    skelfuse = [sys.executable, "-m", "skelfuse.cli"]
    raw, fewer, out = folder / "raw", folder / "fewer", folder / "s.h5"
    subprocess.run([*skelfuse, "synth", str(raw), "--clips", str(clips)], check=True)
    fewer.mkdir()
    for file in sorted(raw.glob("*.skeleton"))[: clips // 4]:
        os.link(file, fewer / file.name)

    def ours(source: Path, jobs: int) -> list[str]:
        return [*skelfuse, "preprocess", str(source), "--out", str(out), "--jobs", str(jobs)]

    def theirs(jobs: int) -> list[str]:
        me = [sys.executable, __file__, "--yardstick", str(raw)]
        return [*me, "--out", str(folder / "y.npz"), "--jobs", str(jobs)]

    cores = len(os.sched_getaffinity(0))
    best: dict[str, float] = {}
    for _ in range(rounds):
        for jobs in sorted({1, cores}):
            for name, command in (("yardstick", theirs(jobs)), ("skelfuse", ours(raw, jobs))):
                key = f"{name}, {jobs} process{'es' * (jobs > 1)}"
                best[key] = min(best.get(key, np.inf), timed(command))
    few, many = (peak_memory(ours(source, cores)) for source in (fewer, raw))
    each = max(many - few, 0) / (clips - clips // 4)
    return {
        "benchmark": "preprocess",
        **machine(),
        "clips": clips,
        "bytes": sum(file.stat().st_size for file in raw.glob("*.skeleton")),
        "cores": cores,
        "rounds": rounds,
        "seconds": best,
        "memory": {
            str(clips // 4): few,
            str(clips): many,
            "NTU-120, extrapolated": many + each * (NTU120_CLIPS - clips),
        },
        "yardstick_memory": peak_memory(theirs(1)),
        "random_access_seconds": access_time(out),
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
        click.echo(f"  {clips + ' clips' * clips.isdecimal():<24}{used / 1e6:>9.0f} MB")
    click.echo(f"  {'yardstick, 1 process':<24}{found['yardstick_memory'] / 1e6:>9.0f} MB")
    click.echo(f"\na clip at random: {found['random_access_seconds'] * 1e3:.4f} ms")


@click.command()
@click.option("--clips", default=2000, show_default=True, type=click.IntRange(40))
@click.option("--rounds", default=3, show_default=True, type=click.IntRange(1))
@click.option("--json", "target", type=click.Path(dir_okay=False, path_type=Path))
@click.option("--yardstick", "source", type=click.Path(path_type=Path), hidden=True)
@click.option("--out", type=click.Path(path_type=Path), hidden=True)
@click.option("--jobs", default=1, hidden=True)
def main(
    clips: int, rounds: int, target: Path | None, source: Path | None, out: Path, jobs: int
) -> None:
    """Time `skelfuse preprocess` beside a straightforward script, and measure its memory."""
    if source:
        yardstick(source, out, jobs)
        return
    with tempfile.TemporaryDirectory() as folder:
        found = measure(Path(folder), clips, rounds)
    tell(found)
    if target:
        target.write_text(json.dumps(found, indent=2) + "\n")


if __name__ == "__main__":
    main()

"""Commands killed at any moment, and two that write to one place at once: is anything lost?

    python benchmarks/kills.py --kills 100 --races 50 --rows build/kills.jsonl

`preprocess`, `train` and `predict --out` take turns; each is killed by SIGTERM, SIGINT and SIGKILL
after a random share of the computing that a whole one takes. What was there before must then be
there as it was, or what a whole command writes; called again (with --resume, where there is one)
the command must end with the very bytes that an unkilled one writes, and nothing may be left beside
them. A race starts two commands that write to one file: it must be one of the two, whole.

The commands run in forks of this process, which has imported all they need: that is what they do
once they have begun. With `--rows` what is done is kept, and the rest goes on from there.
"""

from __future__ import annotations

import os
import shutil
import signal
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache, partial
from pathlib import Path
from typing import Any

import click
import numpy as np
from row_files import append_row, read_rows

SIGNALS = ("SIGTERM", "SIGINT", "SIGKILL")
TICK = os.sysconf("SC_CLK_TCK")
LONGEST = 600.0  # seconds on the clock; a command that takes longer hangs
CLIPS = 24
Words = tuple[object, ...]


@dataclass(frozen=True)
class Case:
    """A command, how it goes on, what it writes, and what it writes unkilled."""

    words: tuple[object, ...]
    again: tuple[object, ...]
    old: bytes | None  # the file that is there before
    whole: dict[str, bytes]
    computing: float  # seconds of a whole one


def start(words: Words, folder: Path) -> int:
    """Fork a process that runs a command in a folder; return its number."""
    number = os.fork()
    if number:
        return number
    code = 99
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    try:
        os.setsid()
        os.chdir(folder)
        told = os.open(f"{folder}.told", os.O_WRONLY | os.O_CREAT | os.O_APPEND)
        for stream in (1, 2):
            os.dup2(told, stream)
        from skelfuse.cli import main

        sys.argv = ["skelfuse", *map(str, words)]
        signal.signal(signal.SIGINT, signal.default_int_handler)
        main()  # as the command of its process
    except SystemExit as error:
        code = error.code if isinstance(error.code, int) else 98
    except BaseException as error:
        print(f"Traceback: {error!r}", file=sys.stderr)
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)


def ended(process: int) -> int:
    """Wait for a process; return its exit code, or minus the signal that ended it."""
    until = time.monotonic() + LONGEST
    while time.monotonic() < until:
        done, status = os.waitpid(process, os.WNOHANG)
        if done:
            return os.waitstatus_to_exitcode(status)
        time.sleep(0.002)
    os.killpg(process, signal.SIGKILL)
    os.waitpid(process, 0)
    return -99


def computed(process: int) -> float:
    """Return the seconds that a child has computed."""
    fields = Path(f"/proc/{process}/stat").read_text(encoding="ascii").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / TICK


def killed_after(process: int, seconds: float, name: str) -> int:
    """Send a signal to a child once it has computed so long; return how it ended."""
    until = time.monotonic() + LONGEST
    while time.monotonic() < until:
        done, status = os.waitpid(process, os.WNOHANG)
        if done:
            return os.waitstatus_to_exitcode(status)
        if computed(process) >= seconds:
            break
        time.sleep(0.001)
    os.kill(process, getattr(signal, name))
    return ended(process)


def contents(folder: Path) -> dict[str, bytes]:
    """Return what a command has written: the bytes of all files that are the same every time."""
    clocked = ("metrics.jsonl", ".png")
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and not path.name.endswith(clocked) and "tensorboard" not in path.parts
    }


def cases(world: Path) -> dict[str, Case]:
    """Make data, a store and a run, and run each command once unkilled."""
    made: dict[str, Words] = {
        "raw": ("synth", "raw", "--clips", CLIPS, "--classes", 3, "--jobs", 1)
    }
    made["s.h5"] = ("preprocess", "raw", "--out", "s.h5", "--jobs", 1)
    made["old.h5"] = ("preprocess", "raw", "--out", "old.h5", "--jobs", 1, "--half")
    for name, words in made.items():
        if ended(start(words, world)) or not (world / name).exists():
            raise SystemExit(f"cannot make {name}: {Path(f'{world}.told').read_text()}")
    config = "model: {size: pure}\ntrain: {epochs: 2, batch_size: 16}\nsampling: {frames: 16}\n"
    (world / "c.yaml").write_text(config)
    train = ("train", "--config", world / "c.yaml", "--data", world / "s.h5", "--protocol", "all")
    if ended(start((*train, "--out", "run"), world)):
        raise SystemExit(f"cannot train: {Path(f'{world}.told').read_text()}")
    making = ("preprocess", world / "raw", "--out", "out", "--jobs", 1)
    asked = ("predict", world / "run", world / "raw", "--format", "jsonl", "--jobs", 1, "-o", "out")
    found = {}
    old = (world / "old.h5").read_bytes()
    commands: tuple[tuple[str, Words, Words, bytes | None], ...] = (
        ("preprocess", making, (*making, "--resume"), old),
        ("train", (*train, "--out", "out"), (*train, "--out", "out", "--resume"), None),
        ("predict", asked, asked, b"what was there before"),
    )
    for name, words, again, before in commands:
        folder = Path(tempfile.mkdtemp(dir=world.parent))
        process = start(words, folder)
        seconds = 0.0
        while not os.waitid(os.P_PID, process, os.WEXITED | os.WNOHANG | os.WNOWAIT):
            seconds = max(seconds, computed(process))
            time.sleep(0.001)
        if code := ended(process):
            raise SystemExit(f"{name} ends with {code}: {Path(f'{folder}.told').read_text()}")
        found[name] = Case(words, again, before, contents(folder), seconds)
    return found


def kill(name: str, case: Case, how: str, number: int) -> dict[str, Any]:
    """Kill a command once, call it again, and return a row: what is wrong with what is there."""
    share = float(np.random.default_rng([number, *f"{name}{how}".encode()]).uniform(0, 1.02))
    folder = Path(tempfile.mkdtemp())
    wrong = []
    if case.old is not None:
        (folder / "out").write_bytes(case.old)
    code = killed_after(start(case.words, folder), share * case.computing, how)
    there = contents(folder)
    if case.old is not None:
        if there.get("out") not in (case.old, case.whole["out"]):
            wrong.append("the old file is gone, and no new one is whole")
        if how != "SIGKILL" and [one for one in there if one.endswith(".new")]:
            wrong.append(f"leftovers: {sorted(there)}")
    second = ended(start(case.again, folder))
    if second:
        wrong.append(f"called again it ends with {second}")
    after = {file: held for file, held in contents(folder).items() if not file.endswith(".new")}
    if after != case.whole:
        differ = [one for one in {*after, *case.whole} if after.get(one) != case.whole.get(one)]
        wrong.append(f"called again it writes something else: {sorted(differ)}")
    told = Path(f"{folder}.told")
    if "Traceback" in told.read_text(errors="replace"):
        wrong.append("a traceback")
    if not wrong:
        shutil.rmtree(folder)
        told.unlink()
    return {"command": name, "how": how, "number": number, "exit": code, "wrong": wrong}


@cache
def alone(words: Words) -> bytes:
    """Return what a command writes where no other writes."""
    folder = Path(tempfile.mkdtemp())
    ended(start(words, folder))
    return (folder / "out").read_bytes()


def race(name: str, words: tuple[Words, Words], number: int) -> dict[str, Any]:
    """Start two commands that write to one file; return a row."""
    wholes = list(map(alone, words))
    folder = Path(tempfile.mkdtemp())
    both = [start(one, folder) for one in words[:: 1 if number % 2 else -1]]
    codes = [ended(one) for one in both]
    wrong = []
    there = contents(folder)
    if there.get("out") not in wholes:
        wrong.append("neither the one nor the other")
    if list(there) != ["out"]:
        wrong.append(f"leftovers: {list(there)}")
    if 0 not in codes:
        wrong.append(f"both failed: {codes}")
    if not wrong:
        shutil.rmtree(folder)
    return {"command": name, "how": "race", "number": number, "exit": codes, "wrong": wrong}


def rivals(world: Path) -> dict[str, tuple[Words, Words]]:
    """Return pairs of commands that write to one file."""
    asked = ("predict", world / "run", world / "raw", "--jobs", 1, "-o", "out", "--format")
    made = ("preprocess", "--out", "out", "--jobs", 1)
    return {
        "predict": ((*asked, "jsonl"), (*asked, "csv")),
        "preprocess": ((*made, world / "raw"), (*made, world / "raw", "--half")),
    }


@click.command()
@click.option("--kills", default=100, show_default=True, help="By each of the three signals.")
@click.option("--races", default=50, show_default=True, help="Of all pairs together.")
@click.option("--rows", type=Path, default=Path("build/kills.jsonl"), show_default=True)
def main(kills: int, races: int, rows: Path) -> None:
    """Kill commands at any moment, let others race, and print what was lost."""
    import_all()
    done = {(row["command"], row["how"], row["number"]) for row in read_rows(rows)}
    with tempfile.TemporaryDirectory() as top:
        tempfile.tempdir = top
        world = Path(top, "world")
        world.mkdir()
        found, pairs = cases(world), rivals(world)
        names = list(found)
        work: list[tuple[str, str, int, Callable[[], dict[str, Any]]]] = []
        for number in range(kills):
            for turn, how in enumerate(SIGNALS):
                name = names[(number + turn) % len(names)]
                task = partial(kill, name, found[name], how, number)
                work.append((name, how, number, task))
        for number in range(races):
            name = list(pairs)[number % len(pairs)]
            work.append((name, "race", number, partial(race, name, pairs[name], number)))
        for name, how, number, once in work:
            if (name, how, number) not in done:
                append_row(rows, once())
        tempfile.tempdir = None
    all_rows = read_rows(rows)
    click.echo(table(all_rows))
    sys.exit(any(row["wrong"] for row in all_rows))


def import_all() -> None:
    """Import what the commands import when they begin, so that forks need not."""
    import torch

    from skelfuse.cli import predict_files, preprocess_report, training_progress  # noqa: F401
    from skelfuse.datasets import formats, preprocess, steps  # noqa: F401
    from skelfuse.predict import load  # noqa: F401
    from skelfuse.training import experiment  # noqa: F401

    torch.set_num_threads(1)


def table(rows: Sequence[dict[str, Any]]) -> str:
    """Return how each command ended under each signal, and how often something was lost."""
    lines = [f"{'command':<12} {'how':<8} {'times':>6} {'lost':>5}  exit codes"]
    for key in sorted({(row["command"], row["how"]) for row in rows}):
        of_key = [row for row in rows if (row["command"], row["how"]) == key]
        lost = [row for row in of_key if row["wrong"]]
        codes = Counter(str(row["exit"]) for row in of_key)
        told = ", ".join(f"{code}: {count}" for code, count in codes.most_common(5))
        lines.append(f"{key[0]:<12} {key[1]:<8} {len(of_key):>6} {len(lost):>5}  {told}")
        lines += [f"    {row['number']}: {'; '.join(row['wrong'])}" for row in lost[:3]]
    return "\n".join(lines)


if __name__ == "__main__":
    main()

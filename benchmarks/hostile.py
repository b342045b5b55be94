"""Mutants of every kind of file that skelfuse reads, and what each kind ends in.

    python benchmarks/hostile.py --mutants 1000 --only npz --only store
    python benchmarks/hostile.py --mutants 1000000 --minutes 60 --rows build/hostile.jsonl

A mutant is a small whole file with a few bytes changed, cut out, doubled or put in; mutant number i
of a kind is always the same. It is read in another process, which is ended where a mutant takes
more than `--seconds` of computing or `--megabytes`. A mutant may give clips or a SkelfuseError;
everything else is kept in `--out`, and makes the exit code 1. With `--rows` a campaign that was
ended goes on; with `--minutes` all kinds get as much time, so that the quick ones get more mutants.
"""

from __future__ import annotations

import mmap
import multiprocessing
import os
import resource
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import click
import numpy as np
import numpy.typing as npt
from hostile_kinds import READ, TOLD, UNFORESEEN, targets
from row_files import append_row, read_rows

INTERESTING = (
    b"0",
    b"-1",
    b"1e999",
    b"2147483648",
    b"NaN",
    b"[",
    b"{",
    b'"',
    b"\n",
    b"\0",
    b"\xff",
)
WIDTHS = (1, 2, 4, 8)
GOOD = (READ, TOLD, UNFORESEEN)
SLICE = 2.0  # seconds of computing, after which another kind has its turn
PATIENCE = 20  # times as long a mutant may take on the clock as in computing
ADDRESSES = 16 << 30  # bytes that a process may ask for, lest the machine suffer
Counts = npt.NDArray[np.int64]  # the mutant that is read; how many ended in each of GOOD


def mutated(content: bytes, draw: np.random.Generator) -> bytes:
    """Return a changed copy of a file's bytes."""
    changed = bytearray(content)
    for _ in range(int(draw.integers(1, 5))):
        at = int(draw.integers(len(changed) + 1))
        size = int(2 ** draw.uniform(0, 8))
        match int(draw.integers(7)):
            case 0 if changed:
                changed[min(at, len(changed) - 1)] ^= 1 << int(draw.integers(8))
            case 1:
                changed[at : at + size] = draw.bytes(min(size, len(changed) - at))
            case 2:
                del changed[at : at + size]
            case 3:
                changed[at:at] = changed[at : at + size]
            case 4:
                changed[at : at + size % 4] = INTERESTING[int(draw.integers(len(INTERESTING)))]
            case 5:
                width = WIDTHS[int(draw.integers(len(WIDTHS)))]
                number = int(draw.choice([0, 1, 127, 255])) << 8 * int(draw.integers(width))
                changed[at : at + width] = number.to_bytes(width, "little")
            case _:
                if draw.random() < 0.1:
                    del changed[at:]
    return bytes(changed)


def mutant(whole: bytes, name: str, number: int) -> bytes:
    """Return mutant `number` of a file of this kind."""
    return mutated(whole, np.random.default_rng([number, *name.encode()]))


def the_file(path: Path) -> Path:
    """Return the file to mutate: a source may be a folder of them."""
    return min(file for file in path.rglob("*") if file.is_file()) if path.is_dir() else path


def work(
    name: str, numbers: range, counts: Counts, seconds: float, megabytes: float, parent: Connection
) -> None:
    """Read mutants until a slice of time is over; count what is good, send what is not."""
    from skelfuse.errors import SkelfuseError
    from skelfuse.store import trial

    trial.exit_code = forked
    resource.setrlimit(resource.RLIMIT_AS, (ADDRESSES, ADDRESSES))
    if "torch" in sys.modules:
        sys.modules["torch"].set_num_threads(1)
    make, read = targets()[name]
    with tempfile.TemporaryDirectory() as folder:
        place = make(Path(folder))
        file = the_file(place)
        whole = file.read_bytes()
        read(place)
        base, until = _megabytes(), _computed() + SLICE
        for number in numbers:
            file.write_bytes(mutant(whole, name, number))
            os.utime(file, ns=(number, number))
            counts[0] = number
            signal.setitimer(signal.ITIMER_PROF, seconds)  # the signal ends this process
            try:
                answer = read(place)
                ended = answer if isinstance(answer, str) and answer in GOOD else READ
            except SkelfuseError:
                ended = TOLD
            except BaseException as error:
                ended = f"{type(error).__name__}: {error}"[:200]
            signal.setitimer(signal.ITIMER_PROF, 0)
            used = _megabytes() - base
            if used > megabytes:
                ended = f"memory: {used:.0f} MB"
            if ended in GOOD:
                counts[1 + GOOD.index(ended)] += 1
            else:
                parent.send((number, ended))
            if used > megabytes or _computed() > until:
                break
        parent.send((number + 1, _computed() - until + SLICE))


def forked(script: str, path: Path, timeout: float) -> int:
    """Return what `trial.exit_code` does, without the start of a Python for every file.

    The child begins with all that its parent has imported, and its limit of memory allows for that.
    """
    from skelfuse.store import trial

    taken = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
    child = os.fork()
    if child == 0:
        try:
            for stream in (1, 2):
                os.dup2(os.open(os.devnull, os.O_WRONLY), stream)
            sys.argv[1:] = [os.fspath(path)]
            exec(script.replace(str(trial.MEMORY), str(trial.MEMORY + taken)), {})
        finally:
            os._exit(0)
    until = time.monotonic() + timeout
    while os.waitid(os.P_PID, child, os.WEXITED | os.WNOHANG | os.WNOWAIT) is None:
        if time.monotonic() > until:
            os.kill(child, signal.SIGKILL)
            os.waitpid(child, 0)
            raise subprocess.TimeoutExpired(script, timeout)
        time.sleep(0.001)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def _megabytes() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def _computed() -> float:
    return sum(os.times()[:4])


def campaign(name: str, numbers: range, *, seconds: float, megabytes: float) -> dict[str, Any]:
    """Return a row: what some mutants of one kind, from the first of the numbers on, end in."""
    counts: Counts = np.frombuffer(mmap.mmap(-1, 64), dtype=np.int64)  # shared with the worker
    counts[0] = numbers.start
    bad: dict[str, str] = {}
    context = multiprocessing.get_context("fork")
    ours, theirs = context.Pipe(duplex=False)
    began, took = time.perf_counter(), 0.0
    after: int | None = None
    worker = context.Process(
        target=work, args=(name, numbers, counts, seconds, megabytes, theirs), daemon=True
    )
    worker.start()
    theirs.close()
    try:
        at, since = -1, began
        while True:
            if ours.poll(1.0):
                number, ended = ours.recv()
                if isinstance(ended, float):
                    after, took = number, ended
                    break
                bad[str(number)] = ended
            now = time.perf_counter()
            at, since = (at, since) if counts[0] == at else (int(counts[0]), now)
            if now - since > PATIENCE * seconds:
                bad[str(at)] = f"hang: more than {PATIENCE * seconds:g} s on the clock"
                break
    except EOFError:
        worker.join()
        code, at = worker.exitcode, int(counts[0])
        slow = code == -signal.SIGPROF
        bad[str(at)] = f"hang: more than {seconds:g} s" if slow else f"crash: exit code {code}"
    finally:
        worker.kill()
        worker.join()
        ours.close()
    if after is None:
        after, took = int(counts[0]) + 1, time.perf_counter() - began
    ended_in = dict(zip(GOOD, counts[1 : 1 + len(GOOD)].tolist(), strict=True))
    return {
        "kind": name,
        "first": numbers.start,
        "after": after,
        "seconds": round(took, 2),
        **ended_in,
        "bad": bad,
    }


@click.command()
@click.option("--mutants", default=1000, show_default=True, type=click.IntRange(1), help="A kind.")
@click.option("--only", multiple=True, metavar="KIND", help="Again for several.")
@click.option("--minutes", type=float, help="All kinds get as much time, until this is over.")
@click.option("--rows", type=Path, help="Keep what is done here, and go on from there.")
@click.option("--seconds", default=5.0, show_default=True, help="Of computing, for one mutant.")
@click.option("--megabytes", default=1000.0, show_default=True, help="For one mutant.")
@click.option("--out", default="build/hostile", show_default=True, type=Path)
def main(
    mutants: int,
    only: tuple[str, ...],
    minutes: float | None,
    rows: Path | None,
    seconds: float,
    megabytes: float,
    out: Path,
) -> None:
    """Read many damaged files of every kind, and print what they end in."""
    known = targets()
    if strange := [name for name in only if name not in known]:
        raise click.UsageError(f"no kind {strange[0]}; there are: {', '.join(known)}")
    done = read_rows(rows)
    until = time.monotonic() + 60 * (minutes or np.inf)
    names = only or tuple(known)
    while time.monotonic() < until:
        first = {name: _first(name, done) for name in names}
        open_ones = [name for name in names if first[name] < mutants]
        if not open_ones:
            break
        name = open_ones[0] if minutes is None else min(open_ones, key=lambda one: _took(one, done))
        row = campaign(name, range(first[name], mutants), seconds=seconds, megabytes=megabytes)
        done.append(row)
        if rows is not None:
            append_row(rows, row)
        _keep(out, row)
    click.echo(table(names, done))
    sys.exit(any(row["bad"] for row in done))


def _first(name: str, rows: Sequence[Mapping[str, Any]]) -> int:
    return max((row["after"] for row in rows if row["kind"] == name), default=0)


def _took(name: str, rows: Sequence[Mapping[str, Any]]) -> float:
    return float(sum(row["seconds"] for row in rows if row["kind"] == name))


def table(names: Sequence[str], rows: Sequence[Mapping[str, Any]]) -> str:
    """Return what each kind's mutants ended in, and all of them together."""
    head = ("kind", "mutants", READ, TOLD, "unforeseen", "bad", "seconds", "what")
    lines: list[tuple[str, ...]] = [head]
    for name in (*names, "all"):
        of_kind = [row for row in rows if name in (row["kind"], "all") and row["kind"] in names]
        ended = [sum(row[what] for row in of_kind) for what in GOOD]
        bad = [told for row in of_kind for told in row["bad"].values()]
        kinds = sorted({told.partition(":")[0] for told in bad})
        took = sum(row["seconds"] for row in of_kind)
        numbers = (sum(ended) + len(bad), *ended, len(bad), round(took))
        lines.append((name, *(f"{number:,}" for number in numbers), ", ".join(kinds)))
    return "\n".join(
        f"{line[0]:<16} "
        + " ".join(f"{word:>10}" for word in line[1:-1])
        + f"  {line[-1]}".rstrip()
        for line in lines
    )


def _keep(out: Path, row: Mapping[str, Any]) -> None:
    name = row["kind"]
    if not row["bad"]:
        return
    with tempfile.TemporaryDirectory() as folder:
        whole = the_file(targets()[name][0](Path(folder))).read_bytes()
    for number, ended in row["bad"].items():
        place = out / name
        place.mkdir(parents=True, exist_ok=True)
        (place / f"{number}.bin").write_bytes(mutant(whole, name, int(number)))
        (place / f"{number}.txt").write_text(f"{ended}\n")


if __name__ == "__main__":
    main()

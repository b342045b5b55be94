"""Mutants of every kind of file that skelfuse reads, and what each kind ends in.

    python benchmarks/hostile.py --mutants 1000 --only npz --only store

A mutant is a small whole file with a few bytes changed, cut out, doubled or put in; mutant number i
of a kind is always the same. It is read in another process, which is ended where it takes more than
`--seconds` or `--megabytes`. A mutant may give clips or a SkelfuseError; everything else is kept in
`--out`, and makes the exit code 1.
"""

from __future__ import annotations

import json
import multiprocessing
import os
import resource
import runpy
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from functools import partial
from multiprocessing.connection import Connection
from pathlib import Path

import click
import numpy as np

SMALL = Path(__file__).resolve().parent.parent / "tests" / "small_files.py"
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
GOOD = ("read", "told", "told as unforeseen")
Make = Callable[[Path], Path]  # a whole file in an empty folder
Read = Callable[[Path], object]
Target = tuple[Make, Read]


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


def targets() -> dict[str, Target]:
    """Return every kind of file: how to make a whole one, and how it is read."""
    from skelfuse.clip import Clip
    from skelfuse.datasets.clips import clips_in
    from skelfuse.datasets.format import ReadOptions

    def read_clips(form: str, path: Path) -> str:
        found = [
            str(one) for one in clips_in(path, form, ReadOptions()) if not isinstance(one, Clip)
        ]
        unforeseen = any(": cannot be read: " in error for error in found)
        return GOOD[2] if unforeseen else GOOD[1] if found else GOOD[0]

    found: dict[str, Target] = {}
    for form, files in runpy.run_path(str(SMALL))["FILES"].items():
        for number, (write, content) in enumerate(files):
            name = f"{form}-{number}" if len(files) > 1 else form
            found[name] = (partial(write, content=content), partial(read_clips, form))
    return found | _stores() | _runs() | _yaml()


def _stores() -> dict[str, Target]:
    from skelfuse.clip import Clip
    from skelfuse.layouts import KINECT_V2
    from skelfuse.store import Store
    from skelfuse.store.journal import take_up
    from skelfuse.store.seal import SIZE
    from skelfuse.store.writer import StoreWriter, packed

    def make(folder: Path, *, finish: bool = True, sealed: bool = True) -> Path:
        path = folder / "s.h5"
        with StoreWriter(path, provenance={}, resume=False) as writer:
            for source in "ab":
                coords = np.linspace(0, 1, 5 * 75, dtype=np.float32).reshape(5, 1, 25, 3)
                clip = Clip(coords, KINECT_V2, name=source, label="wave")
                writer.accept(KINECT_V2)
                writer.add(*packed(clip), source=source)
                facts = {"source": source, "bytes": 1, "sha256": "", "clips": 1, "problems": []}
                writer.finish_source(facts)
            if finish:
                writer.finish()
        if not finish:
            return folder / "s.h5.partial" / "journal"
        if not sealed:
            os.truncate(path, path.stat().st_size - SIZE)
        return path

    def read(path: Path) -> None:
        store = Store(path)
        for i in range(len(store)):
            _ = store[i].coords.sum()
        _ = store.splits, store.sources, store.check_metadata(), list(store.damaged())

    def read_journal(path: Path) -> None:
        take_up(path.parent, half=False, unchanged=lambda number, facts, seen: True)

    return {
        "store": (make, read),
        "store-unsealed": (partial(make, sealed=False), read),
        "journal": (partial(make, finish=False), read_journal),
    }


def _runs() -> dict[str, Target]:
    from skelfuse.evaluation.compare import compare
    from skelfuse.evaluation.comparison_table import comparison_text
    from skelfuse.evaluation.evaluate import FORMAT, FORMAT_VERSION
    from skelfuse.layouts import HAND_21
    from skelfuse.run import load_run
    from skelfuse.training.build import build_model
    from skelfuse.training.checkpoint import BEST, WEIGHT, write_checkpoint
    from skelfuse.training.config_file import config_from_dict
    from skelfuse.training.log import METRICS, Log, read_lines

    config = config_from_dict({"model": {"size": "pure"}})

    def run(folder: Path) -> Path:
        model = build_model(config.model, HAND_21, 2)
        facts = {"config": config.as_dict(), "skeleton": HAND_21.to_dict(), "epoch": 9}
        facts |= {"class_names": ["sit", "stand"], "metrics": {}, "provenance": {}, "versions": {}}
        weights = {WEIGHT + name: value for name, value in model.state_dict().items()}
        write_checkpoint(folder / BEST, weights, facts)
        return folder / BEST

    def metrics(folder: Path) -> Path:
        log = Log(folder, done=0)
        for epoch in range(3):
            log.metrics({"epoch": epoch, "loss": 0.5, "accuracy": 0.25, "lr": 0.1})
        return folder / METRICS

    def evaluation(folder: Path) -> Path:
        run(folder)
        test = {"protocol": "p", "part": "test", "crops": 1, "store": "s", "clips_sha256": "0" * 64}
        told = {
            "format": FORMAT,
            "format_version": FORMAT_VERSION,
            "runs": [{"checkpoint": BEST, "epoch": 9}],
            "test": test,
            "metrics": {"top1": 0.5, "macro_f1": 0.5},
            "top1_interval": [0.4, 0.6],
        }
        path = folder / "evaluation-a.json"
        path.write_text(json.dumps(told))
        return path

    return {
        "checkpoint": (run, load_run),
        "metrics": (metrics, read_lines),
        "evaluation": (evaluation, lambda path: comparison_text(compare([path.parent]))),
    }


def _yaml() -> dict[str, Target]:
    from skelfuse.layouts import HAND_21
    from skelfuse.skeleton import Skeleton
    from skelfuse.training.config import TrainConfig
    from skelfuse.training.config_file import config_text, read_config

    def skeleton(folder: Path) -> Path:
        import yaml

        path = folder / "body.yaml"
        fields = {key: value for key, value in HAND_21.to_dict().items() if value}
        path.write_text(yaml.safe_dump(json.loads(json.dumps(fields))))
        return path

    def config(folder: Path) -> Path:
        path = folder / "c.yaml"
        path.write_text(config_text(TrainConfig()))
        return path

    return {"skeleton-yaml": (skeleton, Skeleton.from_yaml), "config-yaml": (config, read_config)}


def mutant(whole: bytes, name: str, number: int) -> bytes:
    """Return mutant `number` of a file of this kind."""
    return mutated(whole, np.random.default_rng([number, *name.encode()]))


def the_file(path: Path) -> Path:
    """Return the file to mutate: a source may be a folder of them."""
    return min(file for file in path.rglob("*") if file.is_file()) if path.is_dir() else path


def work(name: str, numbers: range, parent: Connection) -> None:
    """Read mutants, and send for each its number and what it ended in."""
    from skelfuse.errors import SkelfuseError

    make, read = targets()[name]
    with tempfile.TemporaryDirectory() as folder:
        place = make(Path(folder))
        file = the_file(place)
        whole = file.read_bytes()
        read(place)
        base = _megabytes()
        for number in numbers:
            file.write_bytes(mutant(whole, name, number))
            os.utime(file, ns=(number, number))
            parent.send((number, "began", 0))
            try:
                answer = read(place)
                ended = answer if isinstance(answer, str) and answer in GOOD else "read"
            except SkelfuseError:
                ended = "told"
            except BaseException as error:
                ended = f"{type(error).__name__}: {error}"[:200]
            parent.send((number, ended, _megabytes() - base))


def _megabytes() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def campaign(
    name: str, numbers: range, *, seconds: float, megabytes: float
) -> tuple[Counter[str], dict[int, str]]:
    """Return what the mutants of one kind end in, and those that end in what they should not."""
    counts: Counter[str] = Counter()
    bad: dict[int, str] = {}

    def note(number: int, ended: str) -> None:
        kind = ended if ended in GOOD else ended.partition(":")[0]
        counts[kind] += 1
        if kind not in GOOD:
            bad[number] = ended

    context = multiprocessing.get_context("spawn")
    at, stop = numbers.start, numbers.stop
    while at < stop:
        ours, theirs = context.Pipe(duplex=False)
        worker = context.Process(target=work, args=(name, range(at, stop), theirs), daemon=True)
        worker.start()
        theirs.close()
        try:
            patience, most = 120.0, 0.0
            while at < stop:
                if not ours.poll(patience):
                    note(at, f"hang: more than {seconds:g} s")
                    at += 1
                    break
                number, ended, used = ours.recv()
                if ended == "began":
                    at, patience = number, seconds
                    continue
                if used > most + megabytes:
                    ended, most = f"memory: {used:.0f} MB", used
                note(number, ended)
                at, patience = number + 1, 120.0
        except EOFError:
            worker.join()
            note(at, f"crash: exit code {worker.exitcode}")
            at += 1
        finally:
            worker.kill()
            worker.join()
            ours.close()
    return counts, bad


@click.command()
@click.option("--mutants", default=1000, show_default=True, type=click.IntRange(1))
@click.option("--first", default=0, show_default=True, type=click.IntRange(0), help="Go on there.")
@click.option("--only", multiple=True, metavar="KIND", help="Again for several.")
@click.option("--seconds", default=5.0, show_default=True, help="For one mutant.")
@click.option("--megabytes", default=1000.0, show_default=True, help="For one mutant.")
@click.option("--out", default="build/hostile", show_default=True, type=Path)
def main(
    mutants: int, first: int, only: tuple[str, ...], seconds: float, megabytes: float, out: Path
) -> None:
    """Read many damaged files of every kind, and print what they end in."""
    known = targets()
    if strange := [name for name in only if name not in known]:
        raise click.UsageError(f"no kind {strange[0]}; there are: {', '.join(known)}")
    click.echo(
        f"{'kind':<16} {'mutants':>8} {'read':>8} {'told':>8} {'bad':>5} {'seconds':>8}  what"
    )
    failed = False
    for name in only or known:
        began = time.perf_counter()
        numbers = range(first, first + mutants)
        counts, bad = campaign(name, numbers, seconds=seconds, megabytes=megabytes)
        _keep(out, name, bad)
        took = time.perf_counter() - began
        others = ", ".join(
            f"{count} {kind}" for kind, count in counts.items() if kind not in GOOD[:2]
        )
        click.echo(
            f"{name:<16} {mutants:>8} {counts['read']:>8} {counts['told']:>8} {len(bad):>5} "
            f"{took:>8.1f}  {others}"
        )
        failed = failed or bool(bad)
    sys.exit(failed)


def _keep(out: Path, name: str, bad: dict[int, str]) -> None:
    if not bad:
        return
    with tempfile.TemporaryDirectory() as folder:
        whole = the_file(targets()[name][0](Path(folder))).read_bytes()
    for number, ended in bad.items():
        place = out / name
        place.mkdir(parents=True, exist_ok=True)
        (place / f"{number}.bin").write_bytes(mutant(whole, name, number))
        (place / f"{number}.txt").write_text(f"{ended}\n")


if __name__ == "__main__":
    main()

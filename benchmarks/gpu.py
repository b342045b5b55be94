"""What a GPU makes of it, in one run of less than six minutes: figures, a table and one JSON file.

    python benchmarks/gpu.py --json gpu.json            on the first CUDA card
    python benchmarks/gpu.py --device cpu --quick       tiny, to see that every part runs

Each part stands for itself: one that fails is told by its error, and what comes after it is
measured all the same. The file is written anew after every part. Clips have 64 frames, 25 joints
and 2 people of 60 classes; float32, skelfuse `small`. Times are medians.
"""

from __future__ import annotations

import json
import platform
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import click
import data_path
import ntu_size
import torch
from torch import Tensor, nn

from skelfuse.batches import Batches, Sampling
from skelfuse.layers import FrierenFuse, motion_statistics
from skelfuse.layouts import KINECT_V2
from skelfuse.models import MODELS, SkelFuse
from skelfuse.models.deployed import deployed
from skelfuse.replayed import OFTEN, replayed
from skelfuse.training import Fit, TrainConfig, train
from skelfuse.training.distributed import Team
from skelfuse.training.graph import cuda_capture
from skelfuse.training.learner import Learner
from skelfuse.training.loop import EpochLoop
from skelfuse.training.mixing import Mixed
from skelfuse.training.update import Update

CLASSES, BUDGET = 60, 330.0  # seconds after which no further part is begun
UNIT = {
    "clips/s": ",.0f",
    "ms": ".3f",
    "%": ".1f",
    "s": ".1f",
    "minutes": ".1f",
    "GB": ".1f",
    "": "s",
}
# What is to be reached on an H100 or H200, by the name of the row.
AIMS = {
    "training step, batch 64": 12_000,
    "training step, batch 1024": 80_000,
    "evaluation, batch 64, skelfuse": 60_000,
    "size of ntu60, 60 epochs": 15,
    "FrierenFuse forward": 60,
    "FrierenFuse forward and backward": 50,
}


class Size(NamedTuple):
    """How much is measured."""

    frames: int = 64
    batches: tuple[int, int] = (64, 1024)
    repeats: int = 20
    fuse: tuple[int, int, int, int] = (512, 64, 25, 64)  # [B,T,N,C]
    clips: int = 512  # of the store of the data path
    training: tuple[int, int] = (430, 60)  # clips and epochs, as UTD-MHAD's
    ntu: float = 1.0  # of the clips of NTU RGB+D


QUICK = Size(16, (4, 8), 1, (4, 16, 5, 8), 24, (24, 1), 0.0)


class Bench:
    """A device, how much is measured on it, and what has been found so far."""

    def __init__(self, device: str, size: Size) -> None:
        self.device, self.size = torch.device(device), size
        self.on_gpu = self.device.type == "cuda"
        self.rows: list[dict[str, Any]] = []

    def row(self, name: str, value: float | str, unit: str = "clips/s") -> None:
        self.rows.append({"what": name, "value": value, "unit": unit, "aim": AIMS.get(name)})

    def seconds(self, work: Callable[[], object], *, inner: int = 5) -> float:
        """Return the median time of one call, many waited for together."""
        times = []
        for _ in range(self.size.repeats + 1):
            start = time.perf_counter()
            for _ in range(inner if self.on_gpu else 1):
                work()
            if self.on_gpu:
                torch.cuda.synchronize()
            times.append((time.perf_counter() - start) / (inner if self.on_gpu else 1))
        return statistics.median(times[1:])

    def clips(self, count: int) -> Tensor:
        return torch.randn(count, self.size.frames, 2, 25, 3, device=self.device)

    def graph(self, work: Callable[[], list[Tensor]]) -> Callable[[], object]:
        """Return the work as a CUDA graph; on a CPU the work itself."""
        return cuda_capture(work) if self.on_gpu else work


def steps(bench: Bench, ways: tuple[str, ...] = ("eager", "")) -> None:
    """Time whole steps of training: forward, backward, clipping, optimiser and average.

    In each way: "eager", "compiled", or as one graph, which is what skelfuse does on a GPU.
    """
    for nominal, count in zip((64, 1024), bench.size.batches, strict=True):
        for way in ways:
            recorded = not way
            model = SkelFuse(KINECT_V2, CLASSES).to(bench.device).train()
            config = TrainConfig(train=Fit(precision="float32", compile=way == "compiled"))
            learner = Learner(model, config.train, recorded=recorded)
            update = Update(config, learner, Team(bench.device), None)
            x = bench.clips(count)
            label = torch.arange(count, device=bench.device) % CLASSES
            clips = Mixed(x, torch.ones(x.shape[:-1], dtype=torch.bool, device=x.device), label)
            rate = torch.full((), 1e-3, device=bench.device) if recorded else 1e-3

            def step(
                update: Update = update,
                clips: Any = clips,
                rate: Any = rate,
                share: Any = rate,
            ) -> list[Tensor]:
                size = len(clips.label)
                return list(update([clips], 1, size=size, rate=rate, share=share, number=1000))

            took = bench.seconds(bench.graph(step) if recorded else step)
            told = f", {way}" if way else ""
            bench.row(f"training step, batch {nominal}{told}", count / took)


def compiled(bench: Bench) -> None:
    """Time the same steps compiled; at the end, for the compiler takes minutes."""
    if bench.on_gpu:
        steps(bench, ("compiled",))


def evaluation(bench: Bench) -> None:
    """Time evaluations of a batch and of one clip beside other models', and as graphs.

    A graph is what `predict` and `evaluate` replay: inputs copied to it, results copied from it.
    """
    models: dict[str, nn.Module] = {"skelfuse": deployed(SkelFuse(KINECT_V2, CLASSES))}
    models |= {name: MODELS[name](KINECT_V2, CLASSES).eval() for name in ("ddnet", "stgcn")}
    for name, model in models.items():
        model.to(bench.device)
        graphs = replayed(model, capture=cuda_capture if bench.on_gpu else lambda work: work)
        for count in (bench.size.batches[0], 1):
            x = bench.clips(count)
            one = "one clip" if count == 1 else "batch 64"
            for how, run in ((", eager", model), ("", graphs)):

                def work(run: nn.Module = run, x: Tensor = x) -> None:
                    with torch.inference_mode():
                        run(x)

                for _ in range(OFTEN):  # until it is recorded
                    work()
                took = bench.seconds(work)
                row = f"evaluation, {one}, {name}{how}"
                bench.row(
                    row,
                    took * 1e3 if count == 1 else count / took,
                    "ms" if count == 1 else "clips/s",
                )


def frieren(bench: Bench) -> None:
    """Time FrierenFuse against a copy of the bytes that it must move."""
    B, T, N, C = bench.size.fuse
    block = torch.empty(B * T * N * C, device=bench.device)
    into = torch.empty_like(block)
    rate = 2 * 4 * block.numel() / bench.seconds(lambda: into.copy_(block))  # bytes a second
    fuse = FrierenFuse(C, 8, gate=None).to(bench.device)
    x = torch.randn(B, T, N, C, device=bench.device)
    v = torch.randn(B, T, N, 8, device=bench.device)
    options: dict[str, Any] = {"scales": (1, 2, 4), "order": 2, "windows": (1,)}
    F = len(fuse.feature_names)
    cases: dict[str, tuple[Tensor, int, Callable[[Tensor], Tensor]]] = {
        "FrierenFuse": (x, F + C, lambda x: fuse(x).y),
        "its statistics alone": (v, F, lambda v: motion_statistics(v, None, **options)),
    }
    for name, (given, made, work) in cases.items():

        def forward(work: Any = work, given: Tensor = given) -> None:
            with torch.no_grad():
                work(given)

        def both(work: Any = work, given: Tensor = given) -> None:
            needs = given.detach().requires_grad_()
            torch.autograd.grad(work(needs).sum(), needs)

        moved = 4 * (given.numel() + B * N * made)  # read once, and what comes of it written
        for run, bytes_, how in (
            (forward, moved, "forward"),
            (both, 3 * 4 * given.numel() + 3 * 4 * B * N * made, "forward and backward"),
        ):
            bench.row(f"{name} {how}", 100 * bytes_ / rate / bench.seconds(run), "%")
    bench.row("copy rate", f"{rate / 1e12:.2f} TB/s", "")


def data(bench: Bench) -> None:
    """Measure the data path's share of a step, with clips on the device and from the file."""
    data_path.CLIPS = bench.size.clips
    with tempfile.TemporaryDirectory() as folder:
        store = data_path.random_store(Path(folder) / "random.h5")
        found = data_path.cases(store, bench.size.batches[0], bench.size.frames, str(bench.device))
        for name in ("in memory, augmented", "from the file, augmented"):
            share = data_path.measure(store, found[name], bench.size.repeats)["share"]
            bench.row(f"data path, {name}", 100 * share, "%")


@contextmanager
def no_waiting() -> Iterator[None]:
    torch.cuda.set_sync_debug_mode("error")
    try:
        yield
    finally:
        torch.cuda.set_sync_debug_mode("default")


def waits(bench: Bench) -> None:
    """Take steps and evaluate where whatever waits for the GPU is an error."""
    if not bench.on_gpu:
        bench.row("nothing waits", "not checked: no CUDA", "")
        return
    data_path.CLIPS = bench.size.clips
    with tempfile.TemporaryDirectory() as folder:
        store = data_path.random_store(Path(folder) / "random.h5")
        config = TrainConfig(train=Fit(precision="float32"))
        batches = data_path.cases(store, 64, 64, "cuda")["in memory, augmented"]
        model = SkelFuse(KINECT_V2, len(store.class_names)).to(bench.device)
        loop = EpochLoop(config, Learner(model, config.train), batches, Team(bench.device))
        loop.totals = torch.zeros(3, dtype=torch.float64, device=bench.device)
        model.train()
        for number, batch in enumerate(batches.epoch(1)):  # the first sets up what is kept
            loop.step([batch], 1, number)
        with no_waiting():
            for number, batch in enumerate(batches.epoch(2)):
                loop.step([batch], 2, number)
        model.eval()
        quiet = Batches(store, range(64), sampling=Sampling(), batch_size=32, device="cuda")
        with torch.no_grad():
            for first in (True, False):
                for batch in quiet.epoch():
                    if first:
                        model(batch.x, batch.seen)
                        continue
                    with no_waiting():
                        model(batch.x, batch.seen)
    bench.row("nothing waits", "true", "")


def training(bench: Bench) -> None:
    """Train on a store of UTD-MHAD's size."""
    clips, epochs = bench.size.training
    data_path.CLIPS = clips
    with tempfile.TemporaryDirectory() as folder:
        store = data_path.random_store(Path(folder) / "random.h5")
        config = TrainConfig(
            sampling=Sampling(frames=bench.size.frames),
            train=Fit(epochs=epochs, validation=0.0, batch_size=min(32, clips // 2)),
        )
        start = time.perf_counter()
        out = Path(folder) / "run"
        train(config, store, {"train": range(clips)}, out, device=str(bench.device))  # type: ignore[dict-item]
        bench.row(f"training, {clips} clips, {epochs} epochs", time.perf_counter() - start, "s")


def ntu(bench: Bench) -> None:
    """Train an epoch on stores of the sizes of NTU RGB+D 60 and 120, by the shipped settings."""
    for one in ntu_size.SETS:
        found = ntu_size.measured(one, str(bench.device), bench.size.ntu)
        name = f"size of {one.config}"
        bench.row(f"{name}, an epoch", found.rate)
        bench.row(f"{name}, {ntu_size.EPOCHS} epochs", found.hours * 60, "minutes")
        bench.row(f"{name}, memory", found.memory, "GB")


PARTS = (waits, steps, evaluation, frieren, data, training, ntu, compiled)


def table(found: dict[str, Any]) -> str:
    """Return the rows as docs/benchmarks.md shows them."""
    lines = [f"{found['card']}, torch {found['torch']}:", "", "| what | found | aim |"]
    lines += ["| --- | ---: | ---: |"]
    for row in found["rows"]:
        value = f"{row['value']:{UNIT[row['unit']]}}"
        aim = "" if row["aim"] is None else f"{row['aim']:,}"
        lines.append(f"| {row['what']} | {value} {row['unit']} | {aim} |")
    return "\n".join(
        [*lines, *(f"\n{part} failed: {why}" for part, why in found["failed"].items())]
    )


@click.command(help=__doc__.splitlines()[0])
@click.option("--device", default="cuda", show_default=True)
@click.option("--quick", is_flag=True, help="Tiny sizes: does every part run?")
@click.option("--json", "path", type=click.Path(path_type=Path), help="File for the figures.")
def main(device: str, *, quick: bool, path: Path | None) -> None:
    bench, began = Bench(device, QUICK if quick else Size()), time.perf_counter()
    card = torch.cuda.get_device_name() if bench.on_gpu else f"{platform.machine()} CPU"
    found: dict[str, Any] = {"card": card, "torch": torch.__version__, "quick": quick}
    found |= {"rows": bench.rows, "failed": {}}
    torch.manual_seed(0)
    for part in PARTS:
        if not quick and time.perf_counter() - began > BUDGET:
            found["failed"][part.__name__] = "no time left"
            continue
        try:
            part(bench)
        except Exception as error:  # a card is at hand for minutes: go on
            found["failed"][part.__name__] = f"{type(error).__name__}: {error}".splitlines()[0]
        found["seconds"] = round(time.perf_counter() - began, 1)
        if path is not None:
            path.write_text(json.dumps(found, indent=2) + "\n")
    click.echo(table(found))


if __name__ == "__main__":
    main()

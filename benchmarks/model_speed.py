"""What the models cost side by side: parameters, MACs, time and memory on one core or on a GPU.

    python benchmarks/model_speed.py
    python benchmarks/model_speed.py --device cuda --batch 64 --json speed.json

Every repeat runs all models in turn, so that a busy moment of the machine meets all of them;
times are medians over the repeats. Memory is measured in a process of its own for each model:
the highest resident size of the run less the size before it (on a GPU: the allocator's peak less
the weights). `forward` is an evaluation without gradients, `training` is forward and backward.
"""

from __future__ import annotations

import json
import os
import platform
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from datetime import datetime, timezone
from functools import partial
from pathlib import Path

import click
import torch
from torch import Tensor, nn

from skelfuse.layouts import KINECT_V2
from skelfuse.models import MODELS, SIZES, SkelFuse, describe

CLASSES = 60
REFERENCE = "stgcn"
ENOUGH = 0.05  # seconds that one timing should last at least
MIB = 2**20


@dataclass
class Cost:
    """What one model costs; times are seconds for one clip."""

    model: str
    parameters: int
    macs: int
    forward_s: list[float] = field(default_factory=list)
    training_s: list[float] = field(default_factory=list)
    forward_mib: float = 0
    training_mib: float = 0

    @property
    def forward(self) -> float:
        return statistics.median(self.forward_s)

    @property
    def training(self) -> float:
        return statistics.median(self.training_s)


def candidates() -> dict[str, Callable[[], nn.Module]]:
    """Return how to build every size of SkelFuse and every other model with its own defaults."""
    builders: dict[str, Callable[[], nn.Module]] = {
        f"skelfuse {name}": partial(SkelFuse, KINECT_V2, CLASSES, size=size)
        for name, size in SIZES.items()
        if "skelfuse" in MODELS
    }
    for name, model in MODELS.items():
        if name != "skelfuse":
            builders[name] = partial(model, KINECT_V2, CLASSES)
    return builders


def batch_of(clips: int, frames: int, persons: int, device: str) -> Tensor:
    torch.manual_seed(0)
    return torch.randn(clips, frames, persons, len(KINECT_V2), 3, device=device)


def forward(model: nn.Module, x: Tensor) -> None:
    with torch.no_grad():
        model(x)


def training(model: nn.Module, x: Tensor) -> None:
    model.zero_grad(set_to_none=True)
    labels = torch.arange(len(x), device=x.device) % CLASSES
    votes = model(x).flatten(1).view(len(labels), -1, CLASSES)  # of one voter or several
    labels = labels[:, None].expand(votes.shape[:2]).flatten()
    loss: Tensor = nn.functional.cross_entropy(votes.flatten(0, 1), labels)
    loss.backward()  # type: ignore[no-untyped-call]


def timed(run: Callable[[nn.Module, Tensor], None], model: nn.Module, x: Tensor) -> float:
    """Return the seconds for one clip, over as many runs as make the clock's error small.

    The first run, which gets its memory anew from the system, does not count.
    """
    model.train(run is training)
    run(model, x)
    seconds, runs = 0.0, 0
    while seconds < ENOUGH:
        start = time.perf_counter()
        run(model, x)
        if x.is_cuda:
            torch.cuda.synchronize()
        seconds += time.perf_counter() - start
        runs += 1
    return seconds / runs / len(x)


def resident(key: str) -> float:
    """Return a size of this process in MiB: `VmRSS` now, `VmHWM` at its highest."""
    for line in Path("/proc/self/status").read_text(encoding="ascii").splitlines():
        if line.startswith(f"{key}:"):
            return int(line.split()[1]) / 1024
    raise click.ClickException(f"/proc/self/status has no {key}: memory is measured on Linux")


def peak(name: str, mode: str, x: Tensor) -> float:
    """Return the MiB that a run needs beyond what stands before it, in this fresh process."""
    run = training if mode == "training" else forward
    model = candidates()[name]().to(x.device).train(run is training)
    run(model, x[:2, :2])  # loads code that has nothing to do with the clip's size
    model.zero_grad(set_to_none=True)
    if x.is_cuda:
        before = torch.cuda.memory_allocated()
        torch.cuda.reset_peak_memory_stats()
        run(model, x)
        return (torch.cuda.max_memory_allocated() - before) / MIB
    Path("/proc/self/clear_refs").write_text("5", encoding="ascii")  # forget the highest so far
    size = resident("VmRSS")
    run(model, x)
    return resident("VmHWM") - size


def machine(device: str) -> dict[str, str | int]:
    model = platform.processor()
    cpuinfo = Path("/proc/cpuinfo")
    if cpuinfo.exists():
        lines = cpuinfo.read_text(encoding="utf-8").splitlines()
        model = next((a.split(":")[1].strip() for a in lines if a.startswith("model name")), model)
    return {
        "processor": model,
        "cores": os.cpu_count() or 0,
        "device": torch.cuda.get_device_name() if device == "cuda" else "one core",
        "system": platform.platform(),
        "python": platform.python_version(),
        "torch": torch.__version__,
        "date": datetime.now(timezone.utc).isoformat(timespec="seconds"),
    }


def table(costs: list[Cost]) -> str:
    """Return a Markdown table; `×` columns are speeds relative to the reference."""
    against = next(cost for cost in costs if cost.model == REFERENCE)
    lines = [
        "| model | parameters | MMACs | forward, clips/s | × | training, clips/s | × "
        "| forward, MiB | training, MiB |",
        "| --- " + "| ---: " * 8 + "|",
    ]
    for a in costs:
        lines.append(
            f"| {a.model} | {a.parameters:,} | {a.macs / 1e6:,.1f} "
            f"| {1 / a.forward:,.1f} | {against.forward / a.forward:.1f} "
            f"| {1 / a.training:,.1f} | {against.training / a.training:.1f} "
            f"| {a.forward_mib:,.0f} | {a.training_mib:,.0f} |"
        )
    return "\n".join(lines)


@click.command(help=__doc__)
@click.option("--device", type=click.Choice(["cpu", "cuda"]), default="cpu", show_default=True)
@click.option("--frames", type=click.IntRange(min=2), default=64, show_default=True)
@click.option("--persons", type=click.IntRange(min=1), default=2, show_default=True)
@click.option("--batch", type=click.IntRange(min=2), default=8, show_default=True)
@click.option("--repeats", type=click.IntRange(min=1), default=7, show_default=True)
@click.option("--json", "file", type=click.Path(path_type=Path), help="Write everything here.")
@click.option("--memory-of", nargs=2, hidden=True, help="A model and a mode: print its peak.")
def main(
    *,
    device: str,
    frames: int,
    persons: int,
    batch: int,
    repeats: int,
    file: Path | None,
    memory_of: tuple[str, str] | None,
) -> None:
    torch.set_num_threads(1)
    if device == "cuda" and not torch.cuda.is_available():
        raise click.ClickException("there is no CUDA device here")
    x = batch_of(batch, frames, persons, device)
    if memory_of:
        click.echo(peak(*memory_of, x))
        return
    models = {name: build().to(device) for name, build in candidates().items()}
    costs = []
    for name, model in models.items():
        description = describe(model, frames=frames, persons=persons)
        costs.append(Cost(name, description.parameters, description.macs))
    for way in (forward, training):  # what recognises does not train in between
        for repeat in range(repeats + 1):
            for cost in costs:
                seconds = timed(way, models[cost.model], x)
                if repeat:  # the first round warms up
                    (cost.forward_s if way is forward else cost.training_s).append(seconds)
    for cost in costs:
        for mode in ("forward", "training"):
            same = ["--device", device, "--frames", frames, "--persons", persons, "--batch", batch]
            command = [sys.executable, __file__, *same, "--memory-of", cost.model, mode]
            run = subprocess.run(
                list(map(str, command)), check=True, stdout=subprocess.PIPE, text=True
            )
            setattr(cost, f"{mode}_mib", float(run.stdout))
    where = machine(device)
    click.echo(f"{where['device']} ({where['processor']}), torch {where['torch']}, {where['date']}")
    click.echo(f"{batch} clips of {frames} frames, {persons} persons, {CLASSES} classes\n")
    click.echo(table(costs))
    if file:
        settings = {"frames": frames, "persons": persons, "batch": batch, "repeats": repeats}
        rows = [asdict(cost) for cost in costs]
        record = {"machine": where, "settings": settings, "costs": rows}
        file.write_text(json.dumps(record, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()

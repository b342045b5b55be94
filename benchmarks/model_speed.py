"""What the models cost side by side: operations, MACs, time and memory on one core or on a GPU.

    python benchmarks/model_speed.py
    python benchmarks/model_speed.py --batch 1,8,64
    python benchmarks/model_speed.py --device cuda --batch 64 --json speed.json

Every repeat runs all models in turn, so that a busy moment of the machine meets all of them;
times are medians over the repeats. Each size of SkelFuse stands there as it trains and, where it
says so, deployed: the same function folded for use, which never trains. Operations are those of
an evaluation of one clip, views not counted. One clip alone trains nothing.

Memory is measured in a process of its own for each model: the highest resident size of the run
less the size before it (on a GPU: the allocator's peak less the weights). `forward` is an
evaluation without gradients, `training` is forward and backward.
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
from typing import Any

import click
import torch
from torch import Tensor, nn
from torch.utils._python_dispatch import TorchDispatchMode

from skelfuse.layouts import KINECT_V2
from skelfuse.models import MODELS, SIZES, SkelFuse, describe
from skelfuse.models.deployed import deployed

CLASSES = 60
REFERENCE = "stgcn"
DEPLOYED = ", deployed"
VIEWS = ("aten::_unsafe_view", "aten::_reshape_alias", "aten::lift_fresh")  # not marked as such
ENOUGH = 0.05  # seconds that one timing should last at least
MIB = 2**20


@dataclass
class Cost:
    """What one model costs in batches of one size; times are seconds for one clip."""

    model: str
    batch: int
    parameters: int
    macs: int
    operations: int
    seconds: dict[str, list[float]] = field(default_factory=dict)  # forward, training
    mib: dict[str, float] = field(default_factory=dict)

    def median(self, mode: str) -> float | None:
        return statistics.median(self.seconds[mode]) if self.seconds.get(mode) else None

    @property
    def modes(self) -> dict[str, Callable[[nn.Module, Tensor], None]]:
        """What can be done with it: a deployed form, and one clip alone, train nothing."""
        learns = self.batch > 1 and not self.model.endswith(DEPLOYED)
        return {"forward": forward, "training": training} if learns else {"forward": forward}


class Operations(TorchDispatchMode):  # type: ignore[no-untyped-call]
    """Count what is computed; a view of a tensor is no computation."""

    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.count = 0

    def __torch_dispatch__(
        self, func: Any, types: Any, args: tuple[Any, ...] = (), kwargs: Any = None
    ) -> Any:
        self.count += not (func.is_view or func.name().partition(".")[0] in VIEWS)
        return func(*args, **(kwargs or {}))


def candidates() -> dict[str, Callable[[], nn.Module]]:
    """Return how to build every size of SkelFuse and every other model with its own defaults."""
    builders: dict[str, Callable[[], nn.Module]] = {}
    for size in SIZES:
        plain = partial(SkelFuse, KINECT_V2, CLASSES, size=size)
        builders[f"skelfuse {size}"] = plain
        builders[f"skelfuse {size}{DEPLOYED}"] = partial(_deployed, plain)
    for name, model in MODELS.items():
        if name != "skelfuse":
            builders[name] = partial(model, KINECT_V2, CLASSES)
    return builders


def _deployed(build: Callable[[], nn.Module]) -> nn.Module:
    return deployed(build())


def operations(model: nn.Module, x: Tensor) -> int:
    """Return how many operations an evaluation of clips `x [B,T,M,N,D]` is, whatever B."""
    model.eval()
    counting = Operations()
    with torch.no_grad(), counting:
        model(x)
    return int(counting.count)


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
        "| model | parameters | MMACs | operations | forward, clips/s | × | training, clips/s | × "
        "| forward, MiB | training, MiB |",
        "| --- " + "| ---: " * 9 + "|",
    ]
    for cost in costs:
        cells = [cost.model, f"{cost.parameters:,}", f"{cost.macs / 1e6:,.1f}"]
        cells.append(f"{cost.operations:,}")
        for mode in ("forward", "training"):
            own, other = cost.median(mode), against.median(mode)
            cells += [f"{1 / own:,.1f}", f"{other / own:.1f}"] if own and other else ["–", "–"]
        cells += [f"{cost.mib[m]:,.0f}" if m in cost.mib else "–" for m in ("forward", "training")]
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines)


def sizes(_: click.Context, __: click.Parameter, text: str) -> list[int]:
    """Read batch sizes, such as "1,8,64"."""
    try:
        found = [int(part) for part in text.split(",")]
    except ValueError:
        raise click.BadParameter(f"{text!r} is no list of numbers, such as 1,8,64") from None
    if min(found) < 1:
        raise click.BadParameter("a batch has at least one clip")
    return found


def measured(
    models: dict[str, nn.Module], plain: dict[str, Cost], x: Tensor, repeats: int
) -> list[Cost]:
    """Return what all models cost on clips `x [B,T,M,N,D]`, timed in turn."""
    costs = [
        Cost(name, len(x), one.parameters, one.macs, one.operations) for name, one in plain.items()
    ]
    for mode in ("forward", "training"):  # what recognises does not train in between
        for repeat in range(repeats + 1):
            for cost in costs:
                if mode not in cost.modes:
                    continue
                seconds = timed(cost.modes[mode], models[cost.model], x)
                if repeat:  # the first round warms up
                    cost.seconds.setdefault(mode, []).append(seconds)
    return costs


@click.command(help=__doc__)
@click.option("--device", type=click.Choice(["cpu", "cuda"]), default="cpu", show_default=True)
@click.option("--frames", type=click.IntRange(min=2), default=64, show_default=True)
@click.option("--persons", type=click.IntRange(min=1), default=2, show_default=True)
@click.option(
    "--batch", "batches", default="8", show_default=True, callback=sizes, help="Or several: 1,8,64."
)
@click.option("--repeats", type=click.IntRange(min=1), default=7, show_default=True)
@click.option("--json", "file", type=click.Path(path_type=Path), help="Write everything here.")
@click.option("--memory-of", nargs=2, hidden=True, help="A model and a mode: print its peak.")
def main(
    *,
    device: str,
    frames: int,
    persons: int,
    batches: list[int],
    repeats: int,
    file: Path | None,
    memory_of: tuple[str, str] | None,
) -> None:
    torch.set_num_threads(1)
    if device == "cuda" and not torch.cuda.is_available():
        raise click.ClickException("there is no CUDA device here")
    if memory_of:
        click.echo(peak(*memory_of, batch_of(batches[0], frames, persons, device)))
        return
    models = {name: build().to(device) for name, build in candidates().items()}
    one, plain = batch_of(1, frames, persons, device), dict[str, Cost]()
    for name, model in models.items():
        # A deployed form has the parameters of what it is made of, folded.
        told = describe(models[name.removesuffix(DEPLOYED)], frames=frames, persons=persons)
        plain[name] = Cost(name, 1, told.parameters, told.macs, operations(model, one))
    where, rows = machine(device), list[Cost]()
    click.echo(f"{where['device']} ({where['processor']}), torch {where['torch']}, {where['date']}")
    for batch in batches:
        costs = measured(models, plain, batch_of(batch, frames, persons, device), repeats)
        for cost in costs:
            for mode in cost.modes:
                same = ["--device", device, "--frames", frames, "--persons", persons]
                this = [*same, "--batch", batch, "--memory-of", cost.model, mode]
                run = subprocess.run(
                    [sys.executable, __file__, *map(str, this)],
                    check=True,
                    stdout=subprocess.PIPE,
                    text=True,
                )
                cost.mib[mode] = float(run.stdout)
        clips = "one clip" if batch == 1 else f"{batch} clips"
        click.echo(f"\n{clips} of {frames} frames, {persons} persons, {CLASSES} classes\n")
        click.echo(table(costs))
        rows += costs
    if file:
        settings = {"frames": frames, "persons": persons, "batches": batches, "repeats": repeats}
        record = {"machine": where, "settings": settings, "costs": [asdict(row) for row in rows]}
        file.write_text(json.dumps(record, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()

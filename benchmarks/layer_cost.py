"""What layers cost as clips grow: time per frame at T = 64 to 4096, and what FrierenFuse keeps.

    python benchmarks/layer_cost.py [--repeats 9] [--json FILE]

Every T has the same number of frames in all, so that only their arrangement differs. Layers and
lengths take turns, and the quickest turn counts: whatever else a machine does only makes it slower.
A layer whose cost were T² would take 64 times as long for each frame at the greatest length as at
the smallest; for T log T it is twice as long. Memory is what FrierenFuse keeps for the backward
pass, in units of [B,T,N,K].
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click
import torch
from parse_ntu import machine
from torch import Tensor

from skelfuse.layers import (
    ChannelGate,
    DCTChannels,
    FrierenFuse,
    GlobalFilter,
    SpectralFrameWeighting,
    SpectralMotion,
)

FRAMES, JOINTS, DIRECTIONS = 8192, 25, 8
LENGTHS = (64, 256, 1024, 4096)
FUSE, FUSED = "FrierenFuse", 32  # its channels
CHANNELS = 8  # of the other layers
WINDOW = 16  # of the cosine transform
Layer = Callable[[Tensor, Tensor | None], Tensor]


def layers() -> dict[str, Layer]:
    """Return each layer by name, for features `[B,T,N,C]` and a mask `[B,T,N]`."""
    fuse = FrierenFuse(FUSED, DIRECTIONS)
    dct, gate = DCTChannels(WINDOW), ChannelGate((WINDOW, JOINTS))

    def fused(x: Tensor, mask: Tensor | None) -> Tensor:
        found = fuse(x, mask)
        total: Tensor = found.h.sum() + found.y.sum()
        return total

    def gated(x: Tensor, mask: Tensor | None) -> Tensor:
        seen = None if mask is None else dct.windows_seen(mask)[:, None, :, None]
        gates: Tensor = gate(dct(x, mask), seen)
        return gates

    return {
        FUSE: fused,
        "DCTChannels": dct,
        "DCTChannels, ChannelGate": gated,
        "GlobalFilter": GlobalFilter(CHANNELS),
        "SpectralMotion": SpectralMotion(),
        "SpectralFrameWeighting": SpectralFrameWeighting(CHANNELS),
    }


def clips(length: int, channels: int, *, padded: bool) -> tuple[Tensor, Tensor | None]:
    """Return `FRAMES` frames as clips `[B,T,N,C]`; of padded ones a mask hides up to half."""
    x = torch.randn(FRAMES // length, length, JOINTS, channels, requires_grad=True)
    if not padded:
        return x, None
    ends = torch.randint(length // 2, length + 1, (len(x), 1, 1))
    return x, (torch.arange(length)[None, :, None] < ends).expand(-1, -1, JOINTS).contiguous()


def timed(layer: Layer, x: Tensor, mask: Tensor | None) -> tuple[float, float]:
    start = time.perf_counter()
    found = layer(x, mask)
    middle = time.perf_counter()
    found.sum().backward()  # type: ignore[no-untyped-call]
    return middle - start, time.perf_counter() - start


def kept(layer: Layer, x: Tensor, mask: Tensor | None) -> float:
    """Return the numbers kept for the backward pass, in units of [B,T,N,K]."""
    seen: dict[int, int] = {}

    def remember(tensor: Tensor) -> Tensor:
        seen[tensor.untyped_storage().data_ptr()] = tensor.untyped_storage().nbytes()
        return tensor

    with torch.autograd.graph.saved_tensors_hooks(remember, lambda tensor: tensor):
        layer(x, mask)
    return sum(seen.values()) / (4 * x[..., 0].numel() * DIRECTIONS)


def measure(repeats: int) -> list[dict[str, Any]]:
    made = layers()
    cases = [(t, padded) for padded in (False, True) for t in LENGTHS]
    few = {case: clips(case[0], CHANNELS, padded=case[1]) for case in cases}
    many = {case: clips(case[0], FUSED, padded=case[1]) for case in cases}
    times: dict[tuple[str, int, bool], list[tuple[float, float]]] = {
        (name, *case): [] for name in made for case in cases
    }
    for repeat in range(repeats + 1):
        for (name, t, padded), taken in times.items():
            took = timed(made[name], *(many if name == FUSE else few)[t, padded])
            if repeat:  # the first one warms up
                taken.append(took)
    rows = []
    for (name, t, padded), taken in times.items():
        forward, both = (min(each) / FRAMES for each in zip(*taken, strict=True))
        row = {"layer": name, "frames": t, "padded": padded}
        row |= {"forward_us": 1e6 * forward, "both_us": 1e6 * both}
        if name == FUSE:
            row["kept"] = kept(made[name], *many[t, padded])
        rows.append(row)
    return rows


@click.command()
@click.option("--repeats", default=9, show_default=True, type=click.IntRange(1))
@click.option("--json", "target", type=click.Path(dir_okay=False, path_type=Path))
def main(repeats: int, target: Path | None) -> None:
    """Time FrierenFuse and the frequency layers at several lengths on one core."""
    torch.set_num_threads(1)
    torch.manual_seed(0)
    rows = measure(repeats)
    here = machine()
    click.echo(f"{here['machine']['processor']}, torch {torch.__version__}, {here['date'][:10]}")
    click.echo(f"N = {JOINTS}, C = {FUSED} and K = {DIRECTIONS} in FrierenFuse,")
    click.echo(f"C = {CHANNELS} elsewhere; µs per frame of all joints, forward and backward\n")
    head = "".join(f"{t:>8}" for t in LENGTHS)
    click.echo(f"{'layer':<26}{'mask':>7}{head}   last / first")
    for name in dict.fromkeys(row["layer"] for row in rows):
        for padded in (False, True):
            costs = [r["both_us"] for r in rows if (r["layer"], r["padded"]) == (name, padded)]
            click.echo(
                f"{name:<26}{'padded' if padded else 'none':>7}"
                + "".join(f"{cost:>8.2f}" for cost in costs)
                + f"{costs[-1] / costs[0]:>15.2f}"
            )
    for padded in (False, True):
        numbers = [row["kept"] for row in rows if "kept" in row and row["padded"] is padded]
        click.echo(
            f"{'kept of FrierenFuse':<26}{'padded' if padded else 'none':>7}"
            + "".join(f"{number:>8.1f}" for number in numbers)
        )
    if target:
        target.write_text(json.dumps({"rows": rows, **here}, indent=2) + "\n")


if __name__ == "__main__":
    main()

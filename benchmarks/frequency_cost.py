"""What the frequency layers cost as clips grow: time per frame at T = 64 to 4096.

    python benchmarks/frequency_cost.py [--repeats 9] [--json FILE]

As in frieren_cost.py every T has the same number of frames in all, so that only their arrangement
differs. Layers and lengths take turns, and the quickest turn counts: whatever else a machine does
only makes it slower. A layer whose cost were T² would take 64 times as long for each frame at the
greatest length as at the smallest; for T log T it is twice as long.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click
import torch
from frieren_cost import FRAMES, JOINTS, LENGTHS, clips
from parse_ntu import machine
from torch import Tensor

from skelfuse.layers import (
    ChannelGate,
    DCTChannels,
    GlobalFilter,
    SpectralFrameWeighting,
    SpectralMotion,
)

CHANNELS = 8
WINDOW = 16  # of the cosine transform
Layer = Callable[[Tensor, Tensor | None], Tensor]


def layers(channels: int, joints: int) -> dict[str, Layer]:
    """Return each layer by name, for features `[B,T,N,C]` and a mask `[B,T,N]`."""
    dct, gate = DCTChannels(WINDOW), ChannelGate((WINDOW, joints))

    def gated(x: Tensor, mask: Tensor | None) -> Tensor:
        seen = None if mask is None else dct.windows_seen(mask)[:, None, :, None]
        gates: Tensor = gate(dct(x, mask), seen)
        return gates

    return {
        "DCTChannels": dct,
        "DCTChannels, ChannelGate": gated,
        "GlobalFilter": GlobalFilter(channels),
        "SpectralMotion": SpectralMotion(),
        "SpectralFrameWeighting": SpectralFrameWeighting(channels),
    }


def timed(layer: Layer, x: Tensor, mask: Tensor | None) -> tuple[float, float]:
    start = time.perf_counter()
    found = layer(x, mask)
    middle = time.perf_counter()
    found.sum().backward()  # type: ignore[no-untyped-call]
    return middle - start, time.perf_counter() - start


def measure(repeats: int) -> list[dict[str, Any]]:
    made = layers(CHANNELS, JOINTS)
    inputs = {
        (t, padded): clips(t, padded=padded, channels=CHANNELS)
        for padded in (False, True)
        for t in LENGTHS
    }
    cases = [(name, *case) for name in made for case in inputs]
    times: dict[tuple[str, int, bool], list[tuple[float, float]]] = {case: [] for case in cases}
    for repeat in range(repeats + 1):
        for name, t, padded in cases:
            took = timed(made[name], *inputs[t, padded])
            if repeat:  # the first one warms up
                times[name, t, padded].append(took)
    return [
        {
            "layer": name,
            "frames": t,
            "padded": padded,
            "forward_us": 1e6 * min(forward for forward, _ in times[name, t, padded]) / FRAMES,
            "both_us": 1e6 * min(both for _, both in times[name, t, padded]) / FRAMES,
        }
        for name, t, padded in cases
    ]


@click.command()
@click.option("--repeats", default=9, show_default=True, type=click.IntRange(1))
@click.option("--json", "target", type=click.Path(dir_okay=False, path_type=Path))
def main(repeats: int, target: Path | None) -> None:
    """Time the frequency layers at several lengths on one core."""
    torch.set_num_threads(1)
    torch.manual_seed(0)
    rows = measure(repeats)
    here = machine()
    click.echo(f"{here['machine']['processor']}, torch {torch.__version__}, {here['date'][:10]}")
    click.echo(f"N = {JOINTS}, C = {CHANNELS}; µs per frame of all joints, forward and backward\n")
    click.echo(
        f"{'layer':<26}{'mask':>7}" + "".join(f"{t:>8}" for t in LENGTHS) + "   last / first"
    )
    for name in dict.fromkeys(row["layer"] for row in rows):
        for padded in (False, True):
            costs = [r["both_us"] for r in rows if (r["layer"], r["padded"]) == (name, padded)]
            click.echo(
                f"{name:<26}{'padded' if padded else 'none':>7}"
                + "".join(f"{cost:>8.2f}" for cost in costs)
                + f"{costs[-1] / costs[0]:>15.2f}"
            )
    if target:
        target.write_text(json.dumps({"rows": rows, **here}, indent=2) + "\n")


if __name__ == "__main__":
    main()

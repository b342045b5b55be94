"""FrierenFuse's cost is linear in time: time per frame at T = 64 to 4096, and what it keeps.

    python benchmarks/frieren_cost.py [--repeats 9] [--json FILE]

Every T has the same number of frames in all, so that only their arrangement differs; the lengths
take turns, and the median counts. Memory is what is kept for the backward pass, in units of
[B,T,N,K].
"""

from __future__ import annotations

import json
import statistics
import time
from pathlib import Path
from typing import Any

import click
import torch
from parse_ntu import machine
from torch import Tensor

from skelfuse.layers import FrierenFuse

FRAMES, JOINTS, CHANNELS, DIRECTIONS = 8192, 25, 32, 8
LENGTHS = (64, 256, 1024, 4096)


def clips(length: int, *, padded: bool, channels: int = CHANNELS) -> tuple[Tensor, Tensor | None]:
    """Return `FRAMES` frames as clips `[B,T,N,C]`; of padded ones a mask hides up to half."""
    x = torch.randn(FRAMES // length, length, JOINTS, channels, requires_grad=True)
    if not padded:
        return x, None
    ends = torch.randint(length // 2, length + 1, (len(x), 1, 1))
    return x, (torch.arange(length)[None, :, None] < ends).expand(-1, -1, JOINTS).contiguous()


def timed(fuse: FrierenFuse, x: Tensor, mask: Tensor | None) -> tuple[float, float]:
    start = time.perf_counter()
    fused = fuse(x, mask)
    middle = time.perf_counter()
    (fused.h.sum() + fused.y.sum()).backward()
    return middle - start, time.perf_counter() - start


def kept(fuse: FrierenFuse, x: Tensor, mask: Tensor | None) -> float:
    """Return the numbers kept for the backward pass, in units of [B,T,N,K]."""
    seen: dict[int, int] = {}

    def remember(tensor: Tensor) -> Tensor:
        seen[tensor.untyped_storage().data_ptr()] = tensor.untyped_storage().nbytes()
        return tensor

    with torch.autograd.graph.saved_tensors_hooks(remember, lambda tensor: tensor):
        fuse(x, mask)
    return sum(seen.values()) / (4 * x[..., 0].numel() * DIRECTIONS)


def measure(repeats: int) -> list[dict[str, Any]]:
    fuse = FrierenFuse(CHANNELS, DIRECTIONS)
    cases = {(t, padded): clips(t, padded=padded) for padded in (False, True) for t in LENGTHS}
    times: dict[tuple[int, bool], list[tuple[float, float]]] = {case: [] for case in cases}
    for repeat in range(repeats + 1):
        for case, (x, mask) in cases.items():
            took = timed(fuse, x, mask)
            if repeat:  # the first one warms up
                times[case].append(took)
    return [
        {
            "frames": t,
            "padded": padded,
            "forward_us": 1e6 * statistics.median(f for f, _ in times[t, padded]) / FRAMES,
            "both_us": 1e6 * statistics.median(b for _, b in times[t, padded]) / FRAMES,
            "kept": kept(fuse, *cases[t, padded]),
        }
        for t, padded in cases
    ]


@click.command()
@click.option("--repeats", default=9, show_default=True, type=click.IntRange(1))
@click.option("--json", "target", type=click.Path(dir_okay=False, path_type=Path))
def main(repeats: int, target: Path | None) -> None:
    """Time FrierenFuse at several lengths on one core."""
    torch.set_num_threads(1)
    torch.manual_seed(0)
    rows = measure(repeats)
    here = machine()
    click.echo(f"{here['machine']['processor']}, torch {torch.__version__}, {here['date'][:10]}")
    click.echo(f"N = {JOINTS}, C = {CHANNELS}, K = {DIRECTIONS}; µs per frame of all joints\n")
    click.echo(f"{'T':>6}{'mask':>8}{'forward':>9}{'and backward':>14}{'kept/[B,T,N,K]':>16}")
    for row in rows:
        mask = "padded" if row["padded"] else "none"
        click.echo(
            f"{row['frames']:>6}{mask:>8}{row['forward_us']:>9.2f}{row['both_us']:>14.2f}"
            f"{row['kept']:>16.1f}"
        )
    for padded in (False, True):
        costs = [row["both_us"] for row in rows if row["padded"] is padded]
        click.echo(
            f"largest over smallest, {'padded' if padded else 'no mask'}: "
            f"{max(costs) / min(costs):.2f}"
        )
    if target:
        target.write_text(json.dumps({"rows": rows, **here}, indent=2) + "\n")


if __name__ == "__main__":
    main()

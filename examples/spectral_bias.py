"""Spectral bias: what a small network learns of a joint's course, and what Fourier features add.

The course of one joint over four seconds holds six frequencies of the same size, 0.5 to 16 Hz. The
same network learns it from plain time, and from time as Fourier features. The plot shows the
courses, and the share of each frequency that has not been learned.

    python examples/spectral_bias.py [--quick] [spectral_bias.png]

It takes some seconds, fewer of them with --quick, and needs matplotlib
(`pip install "skelfuse[plot]"`).
"""

from __future__ import annotations

import math
import sys
from pathlib import Path

import matplotlib as mpl
import torch
from torch import Tensor, nn

from skelfuse.layers.fourier_features import FourierFeatures

FPS, SECONDS = 60, 4
HERTZ = (0.5, 1, 2, 4, 8, 16)
QUICK = "--quick" in sys.argv
STEPS = 200 if QUICK else 600


def course(time: Tensor) -> Tensor:
    """The same amplitude at each frequency; the phases differ, so that no peak stands out."""
    waves = [(2 * math.pi * (f * time + 0.37 * i * i)).sin() for i, f in enumerate(HERTZ)]
    return torch.stack(waves).sum(0)


def learned(features: nn.Module, width: int, time: Tensor, wanted: Tensor) -> Tensor:
    torch.manual_seed(0)
    network = nn.Sequential(
        features, nn.Linear(width, 64), nn.ReLU(), nn.Linear(64, 64), nn.ReLU(), nn.Linear(64, 1)
    )
    step = torch.optim.Adam(network.parameters(), lr=3e-3)
    for _ in range(STEPS):
        step.zero_grad()
        (network(time) - wanted).square().mean().backward()
        step.step()
    with torch.no_grad():
        found: Tensor = network(time)
    return found


def missing(found: Tensor, wanted: Tensor) -> list[float]:
    """The share of each frequency's amplitude that is wrong, 1 where nothing was learned."""
    error, whole = (torch.fft.rfft(y[:, 0]).abs() for y in (found - wanted, wanted))
    return [float(error[round(f * SECONDS)] / whole[round(f * SECONDS)]) for f in HERTZ]


def main(path: Path) -> None:
    mpl.use("Agg")
    from matplotlib import pyplot as plt

    time = torch.arange(FPS * SECONDS)[:, None] / FPS  # [T,1], in seconds
    wanted = course(time)
    torch.manual_seed(0)
    gaussian = FourierFeatures(1, bands=64, sigma=8.0)
    linear = FourierFeatures(1, bands=60, kind="linear", highest=FPS / 2)
    found = {
        "plain time": learned(nn.Identity(), 1, time / SECONDS * 2 - 1, wanted),
        "linear to 30 Hz": learned(linear, linear.out_features, time, wanted),
        "gaussian, σ = 8 Hz": learned(gaussian, gaussian.out_features, time, wanted),
    }
    styles = (("tab:red", "-", 1.2), ("tab:green", "-", 3.0), ("tab:blue", "--", 1.2))
    figure, (left, right) = plt.subplots(1, 2, figsize=(11, 4.5), width_ratios=(3, 2))
    left.plot(time, wanted, color="black", linewidth=6, alpha=0.15, label="the course itself")
    for (name, values), (colour, line, width) in zip(found.items(), styles, strict=True):
        shares = missing(values, wanted)
        left.plot(time, values, line, color=colour, linewidth=width, label=name)
        right.plot(HERTZ, shares, line, marker="o", color=colour, linewidth=width)
        told = "  ".join(f"{f:g} Hz {m:.0%}" for f, m in zip(HERTZ, shares, strict=True))
        print(f"not learned from {name}: {told}")
    left.set(xlabel="time in seconds", ylabel="position", xlim=(0, 2))
    right.set(xlabel="frequency in Hz", ylabel="share not learned", xscale="log", ylim=(-0.05, 1.1))
    right.set_xticks(HERTZ, [f"{f:g}" for f in HERTZ])
    right.minorticks_off()
    figure.legend(loc="lower center", ncols=4, frameon=False)
    figure.suptitle(f"The same network, {STEPS} steps: high frequencies need Fourier features")
    figure.tight_layout(rect=(0, 0.07, 1, 1))
    figure.savefig(path, dpi=120)
    print(f"wrote {path}")


if __name__ == "__main__":
    named = [one for one in sys.argv[1:] if one != "--quick"]
    main(Path(named[0] if named else "spectral_bias.png"))

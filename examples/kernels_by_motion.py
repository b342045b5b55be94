# %% [markdown]
# # What motion kernels learn from: a periodic, an impulsive and a still class
#
# A body of five joints does one of three things: its hand goes to and fro four times a second
# (periodic), leaps once from one place to another (impulsive), or rests (still). A small model
# learns to tell two of them apart at a time, and we look at what becomes of its motion kernels,
# which start as plain differences, the longest one at random. Two still classes, told apart by
# where the hand rests, are the control: there is no motion to learn from.
#
# Run it as a notebook (cells begin at `# %%`), or as a script, which takes a minute or two:
#
#     python examples/kernels_by_motion.py [--quick] [kernels_by_motion.png]

# %%
from __future__ import annotations

import sys
import tempfile
from pathlib import Path

import matplotlib as mpl
import numpy as np
import numpy.typing as npt

from skelfuse.batches import Sampling
from skelfuse.clip import Clip
from skelfuse.inspect.kernel_report import AxisReport, report_kernels
from skelfuse.inspect.kernel_source import KernelSource, kernels_of_run
from skelfuse.inspect.response import NYQUIST, gain
from skelfuse.predict import load
from skelfuse.skeleton import Skeleton
from skelfuse.store import Store
from skelfuse.store.writer import StoreWriter, packed
from skelfuse.training import Fit, ModelChoice, TrainConfig, train

QUICK = "--quick" in sys.argv
PATHS = [one for one in sys.argv[1:] if one.endswith((".png", ".pdf", ".svg"))]
CLIPS, EPOCHS = (24, 2) if QUICK else (160, 25)
FPS, FRAMES, HERTZ = 30, 64, 4.0
NOISE = 0.05  # as much as a tenth of the movement: single differences are mostly noise

BODY = Skeleton(
    "five",
    joints=("hip", "head", "left_hand", "right_hand", "foot"),
    bones=(("head", "hip"), ("left_hand", "head"), ("right_hand", "head"), ("foot", "hip")),
    root="hip",
)
REST = np.array([[0, 0, 0], [0, 1, 0], [-1, 0.5, 0], [1, 0.5, 0], [0, -1, 0]], float)
HAND = BODY.index("right_hand")

# %% [markdown]
# ## The clips
# Everybody moves a little at random; only the right hand does what its class says. Where the hand
# is on average is the same for the periodic, the impulsive and the still class.


# %%
def course(kind: str, draw: np.random.Generator) -> npt.NDArray[np.float64]:
    """Return how far the hand is from its place, `[T]`."""
    time = np.arange(FRAMES) / FPS
    if kind == "periodic":
        return np.asarray(0.25 * np.sin(2 * np.pi * (HERTZ * time + draw.random())))
    if kind == "impulsive":
        when = draw.uniform(0.3, 0.7) * time[-1]
        return np.asarray(0.25 * draw.choice([-1, 1]) * np.tanh((time - when) * 40))
    return np.full(FRAMES, 0.3 if kind == "still, higher" else 0.0)


def clip(kind: str, number: int, seed: int) -> Clip:
    draw = np.random.default_rng([seed, number])
    coords = REST + NOISE * draw.normal(size=(FRAMES, 5, 3)) + draw.normal(size=3)
    coords[:, HAND, 1] += course(kind, draw)
    return Clip(coords[:, None], BODY, name=f"{kind} {number}", label=kind, fps=FPS)


def store_of(path: Path, kinds: tuple[str, str]) -> Store:
    with StoreWriter(path, provenance={}, resume=False) as writer:
        writer.accept(BODY)
        for number in range(CLIPS):
            writer.add(*packed(clip(kinds[number % 2], number, number % 2)), source="drawn")
        done = {"source": "drawn", "bytes": 0, "sha256": "", "clips": CLIPS, "problems": []}
        writer.finish_source(done)
        writer.finish()
    return Store(path)


# %% [markdown]
# ## One training for each pair of classes
# `pure` decides by what each joint did by itself. What the classes need has to go through the
# kernels, or through the positions themselves, which go on beside them.

# %%
PAIRS = {
    "periodic or still": ("periodic", "still"),
    "impulsive or still": ("impulsive", "still"),
    "periodic or impulsive": ("periodic", "impulsive"),
    "still or still, higher": ("still", "still, higher"),
}


def learned(folder: Path, name: str) -> tuple[KernelSource, float]:
    """Return the kernels of a training, and how many of its own clips it tells apart."""
    kinds = PAIRS[name]
    store = store_of(folder / f"{name}.h5", kinds)
    options = {"directions": 6, "fuse_scales": (1, 2), "poly_order": 0, "streams": ("joint",)}
    config = TrainConfig(
        sampling=Sampling(frames=FRAMES, persons=1),
        model=ModelChoice("skelfuse", "pure", options),
        train=Fit(epochs=EPOCHS, batch_size=16, learning_rate=0.01, validation=0, warmup_epochs=1),
    )
    out = train(config, store, {"train": np.arange(CLIPS)}, folder / name, device="cpu").folder
    fresh = [clip(kinds[i % 2], 10_000 + i, i % 2) for i in range(24)]
    found = load(out, device="cpu").predict_many(fresh)
    right = sum(one.best == kinds[i % 2] for i, one in enumerate(found))
    return kernels_of_run(out), right / len(fresh)


# %% [markdown]
# ## What became of the kernels
# The hand moves along y, so we look at the y axis: how far its taps have come, which classical
# filter they resemble, and how strongly they answer to 4 Hz, the frequency of the periodic class,
# compared with before.


# %%
def rows(source: KernelSource) -> list[tuple[str, AxisReport]]:
    report = report_kernels(source.kernels, start=source.start)
    return [(one.name, one.axes[1]) for one in report.kernels]


def told(name: str, source: KernelSource, right: float) -> str:
    lines = [f"{name}: {right:.0%} of new clips are told apart"]
    for kernel, axis in rows(source):
        at = gain(axis.taps, [HERTZ], FPS)[0]
        before = gain(axis.start or axis.taps, [HERTZ], FPS)[0]
        lines.append(
            f"  {kernel}  drift {axis.drift or 0:.2f}  gain at {HERTZ:g} Hz {before:.2f} → {at:.2f}"
            f"  peak {axis.response.peak * FPS:4.1f} Hz  {axis.likeness}"
        )
    return "\n".join(lines)


with tempfile.TemporaryDirectory() as made:
    found = {name: learned(Path(made), name) for name in PAIRS}
for name, (source, right) in found.items():
    print(told(name, source, right))

# %% [markdown]
# ## The same as a picture
# One row for each pair of classes, one column for each kernel: the gain over frequency, before
# (dashed) and after training (solid). The line marks 4 Hz.

# %%
mpl.use("Agg")
from matplotlib import pyplot as plt  # noqa: E402

names = [kernel for kernel, _ in rows(next(iter(found.values()))[0])]
figure, panels = plt.subplots(len(found), len(names), figsize=(11, 9), sharex=True, sharey="col")
frequencies = np.linspace(0, NYQUIST, 200)
for line, (name, (source, right)) in zip(panels, found.items(), strict=True):
    for panel, (kernel, axis) in zip(line, rows(source), strict=True):
        panel.axvline(HERTZ, color="#6b6b6b", linewidth=1)
        start = axis.start or axis.taps
        panel.plot(
            frequencies * FPS, gain(start, frequencies), "--", color="#0072B2", label="before"
        )
        panel.plot(frequencies * FPS, gain(axis.taps, frequencies), color="#D55E00", label="after")
        panel.grid(visible=True, alpha=0.3)
        if name == next(iter(found)):
            panel.set_title(f"{kernel}, {len(axis.taps)} taps, y", fontsize=10)
    line[0].set_ylabel(f"{name}\n({right:.0%} right)", fontsize=9)
for panel in panels[-1]:
    panel.set_xlabel("frequency (Hz)")
panels[0, 0].legend(frameon=False, fontsize=9)
figure.suptitle("Gain of motion kernels before and after training, by what had to be told apart")
figure.tight_layout()
picture = Path(PATHS[0] if PATHS else "kernels_by_motion.png")
figure.savefig(picture, dpi=90)
print(f"wrote {picture}")

"""What share of a training step goes into making the batch?

    python benchmarks/data_path.py                 a store of random clips, made for the purpose
    python benchmarks/data_path.py store.h5        your own
    python benchmarks/data_path.py --json          the same as JSON

A step of the default model ('small': forward, backward, AdamW) is timed on the very batches whose
making is timed, so the two share the machine's caches and clock as they do in training. Figures
are medians over the steps. The share must stay under 15 % on two cores.
"""

from __future__ import annotations

import argparse
import json
import platform
import statistics
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np
import torch

from skelfuse.batches import Augment, Batches, Sampling
from skelfuse.clip import Clip
from skelfuse.layouts import KINECT_V2
from skelfuse.models import SkelFuse
from skelfuse.store import Store
from skelfuse.training.losses import clip_losses
from skelfuse.training.mixing import Mixed

TARGET = 0.15
CLIPS, SHORTEST, LONGEST = 512, 40, 150  # NTU RGB+D's clips have 80 frames and 1.2 persons or so


def random_store(path: Path) -> Store:
    rng = np.random.default_rng(0)
    clips = []
    for i in range(CLIPS):
        shape = (int(rng.integers(SHORTEST, LONGEST)), 1 + int(rng.random() < 0.2), 25, 3)
        coords = rng.normal(size=shape).astype(np.float32)
        coords[rng.random(shape[:3]) < 0.02] = np.nan
        clips.append(Clip(coords, KINECT_V2, name=f"clip {i}", label=f"A{i % 60}", fps=30))
    return Store.write(path, clips)


def augmentation(dimensions: int) -> Augment:
    return Augment(
        rotate=(0.3, 0.3, 0.3) if dimensions == 3 else (0.3,),
        scale=0.1,
        shear=0.1,
        mirror=0.5,
        joint_dropout=0.05,
        frame_dropout=0.05,
        swap_persons=0.5,
        tempo=0.2,
    )


def measure(store: Store, batches: Batches, steps: int) -> dict[str, float]:
    """Return milliseconds for a batch and for a step on it, medians."""
    model = SkelFuse(store.skeleton, max(len(store.class_names), 2)).to(batches.device)
    optimiser = torch.optim.AdamW(model.parameters())
    making: list[float] = []
    stepping: list[float] = []
    epoch = 0
    while len(making) < steps + 2:
        start = time.perf_counter()
        for x, mask, label, _ in batches.epoch(epoch):
            made = time.perf_counter()
            loss = clip_losses(model(x, mask), Mixed(x, mask, label.clamp_min(0))).mean()
            optimiser.zero_grad()
            torch.autograd.backward(loss)
            optimiser.step()
            float(loss.detach())  # waits for a GPU
            making.append(made - start)
            start = time.perf_counter()
            stepping.append(start - made)
            if len(making) == steps + 2:
                break
        epoch += 1
    batch, step = (statistics.median(times[2:]) * 1e3 for times in (making, stepping))
    return {"batch_ms": batch, "step_ms": step, "share": batch / (batch + step)}


def cases(store: Store, batch_size: int, frames: int, device: str) -> dict[str, Batches]:
    torso = bool(store.skeleton.hips and store.skeleton.shoulders)
    sampling = Sampling(frames=frames, crop=(0.5, 1.0), align=torso, scale=True)
    full = augmentation(store.skeleton.dimensions)
    options: dict[str, dict[str, Any]] = {
        "in memory": {},
        "in memory, augmented": {"augment": full},
        "in memory, augmented, noise": {"augment": Augment(**{**vars(full), "noise": 0.01})},
        "from the file": {"memory_limit": 0},
        "from the file, augmented": {"memory_limit": 0, "augment": full},
    }
    return {
        name: Batches(
            store,
            range(len(store)),
            sampling=sampling,
            batch_size=batch_size,
            shuffle=True,
            device=device,
            **option,
        )
        for name, option in options.items()
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("store", nargs="?", type=Path)
    parser.add_argument("--batch-size", type=int, default=64)
    parser.add_argument("--frames", type=int, default=64)
    parser.add_argument("--steps", type=int, default=10)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--json", action="store_true")
    given = parser.parse_args()
    torch.set_num_threads(given.threads)
    torch.manual_seed(0)
    with tempfile.TemporaryDirectory() as folder:
        store = Store(given.store) if given.store else random_store(Path(folder) / "random.h5")
        rows = {
            name: measure(store, batches, given.steps)
            for name, batches in cases(store, given.batch_size, given.frames, given.device).items()
        }
    if given.json:
        where = {"torch": torch.__version__, "machine": platform.machine()}
        settings = {**vars(given), "store": str(given.store or "random"), **where}
        print(json.dumps({"settings": settings, "target": TARGET, "cases": rows}, indent=2))
        return
    print(f"{'data path':30} {'batch':>9} {'step':>9} {'share':>7}")
    for name, row in rows.items():
        times = f"{row['batch_ms']:6.1f} ms {row['step_ms']:6.0f} ms"
        late = "" if row["share"] < TARGET else f"   over {TARGET:.0%}"
        print(f"{name:30} {times} {row['share']:7.1%}{late}")


if __name__ == "__main__":
    main()

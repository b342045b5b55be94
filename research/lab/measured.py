"""What a run cost, how fast its model is, and where and when it was made."""

from __future__ import annotations

import hashlib
import platform
import statistics
import time
from collections.abc import Callable, Mapping
from datetime import datetime, timezone
from functools import cache
from pathlib import Path
from typing import Any

import torch
from torch import nn

import skelfuse
from skelfuse.models import describe
from skelfuse.store import Store
from skelfuse.training import TrainConfig

ROUNDS = 15
ENOUGH = 0.1  # seconds that one timing should last at least


def cost(model: nn.Module, config: TrainConfig, store: Store) -> dict[str, int]:
    persons = min(config.sampling.persons, int(store.persons.max()))
    found = describe(model, frames=config.sampling.frames, persons=persons)
    return {"parameters": found.parameters, "macs": found.macs}


def when_and_where(device: str) -> dict[str, Any]:
    return {
        "date": datetime.now(timezone.utc).isoformat(timespec="seconds"),
        "machine": {
            "processor": processor(),
            "device": torch.cuda.get_device_name() if device.startswith("cuda") else "cpu",
            "threads": torch.get_num_threads(),
            "platform": platform.platform(),
            "python": platform.python_version(),
        },
        "torch": torch.__version__,
        "skelfuse": skelfuse.__version__,
        "source": source_digest(),
    }


@cache  # of the files as they were when the process began, which it runs
def source_digest() -> str:
    """Return a hash of the library's own files, by which rows of one state of it are known."""
    digest = hashlib.sha256()
    folder = Path(skelfuse.__file__).parent
    for path in sorted(folder.rglob("*.py")):
        digest.update(str(path.relative_to(folder)).encode() + path.read_bytes())
    return digest.hexdigest()[:16]


def processor() -> str:
    facts = Path("/proc/cpuinfo")
    for line in facts.read_text().splitlines() if facts.exists() else []:
        if line.startswith("model name"):
            return line.partition(":")[2].strip()
    return platform.processor() or "unknown"


def latencies(calls: Mapping[str, Callable[[], object]]) -> dict[str, float]:
    """Return the seconds of each call on one core: medians of rounds in which all take turns."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    seconds: dict[str, list[float]] = {name: [] for name in calls}
    for turn in range(ROUNDS + 1):
        for name, call in calls.items():
            took = _timed(call)
            if turn:  # the first round warms up
                seconds[name].append(took)
    torch.set_num_threads(threads)
    return {name: statistics.median(times) for name, times in seconds.items()}


def _timed(call: Callable[[], object]) -> float:
    """Return the seconds of one call, over as many as make the clock's error small."""
    with torch.inference_mode():
        call()  # gets its memory anew from the system
        start, calls = time.perf_counter(), 0
        while (seconds := time.perf_counter() - start) < ENOUGH:
            call()
            calls += 1
    return seconds / calls

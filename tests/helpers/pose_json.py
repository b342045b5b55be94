"""Bodies as pose estimators write them into JSON, and what is read of it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np

from skelfuse.clip import Clip
from skelfuse.datasets import keypoint_json
from skelfuse.datasets.format import ReadOptions
from skelfuse.datasets.formats import recognise

BODY = [[float(i % 5), float(i // 5)] for i in range(136)]  # nobody moves by more than a body


def at(x: float, joints: int = 17) -> list[list[float]]:
    return [[place[0] + x, place[1]] for place in BODY[:joints]]


def flat(x: float, joints: int = 17, sure: float = 0.5) -> list[float]:
    return [number for place in at(x, joints) for number in (*place, sure)]


# A body of up to 40 joints that stands in a box of 10 x 20.
GRID = np.stack([np.arange(40) % 5 * 2.5, np.arange(40) // 5 * 2.5], axis=-1).astype(np.float32)


def grid_body(joints: int, right: float = 0, sure: float = 0.5) -> list[float]:
    rows = np.column_stack([GRID[:joints] + np.array([100 + right, 50]), np.full(joints, sure)])
    return [float(number) for number in rows.ravel()]


def saved(folder: Path, content: Any) -> Path:
    (folder / "wave").mkdir(exist_ok=True)
    file = folder / "wave" / "a.json"
    file.write_text(json.dumps(content))
    return file


def read_all(file: Path, **options: Any) -> list[Clip]:
    assert recognise(file)[0].name == "keypoints"
    return list(keypoint_json.read(file, ReadOptions(**options)))

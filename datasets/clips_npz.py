"""Clips into one .npz of the form that ragged_npz.py reads: a user's own data."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from skelfuse.clip import Clip


def write_clips(path: Path, clips: Sequence[Clip]) -> None:
    """Write the clips of one body, one after the other; people who are not in a clip are NaN.

    >>> import tempfile
    >>> from skelfuse.datasets import ragged_npz
    >>> from skelfuse.datasets.format import ReadOptions
    >>> from skelfuse.layouts import COCO_17
    >>> clip = Clip(np.ones((4, 1, 17, 2), np.float32), COCO_17, name="a", label="sit", fps=25.0)
    >>> file = Path(tempfile.mkdtemp(), "mine.npz")
    >>> write_clips(file, [clip])
    >>> list(ragged_npz.read(file, ReadOptions()))
    [Clip('a': sit, 4 frames at 25 per second [T,M,N,D] = [4, 1, 17, 2], coco-17)]
    """
    body = clips[0].skeleton
    people = max(clip.persons for clip in clips)
    arrays: dict[str, Any] = {
        "coords": np.concatenate([_with_people(clip.coords, people, np.nan) for clip in clips]),
        "lengths": np.array([clip.frames for clip in clips]),
        "names": np.array([clip.name for clip in clips]),
        "fps": np.array([clip.fps or np.nan for clip in clips]),
        "joint_names": np.array(body.joints),
    }
    if all(clip.confidence is not None for clip in clips):
        sure = [_with_people(clip.confidence, people, 0) for clip in clips]
        arrays["confidence"] = np.concatenate(sure)
    if any(clip.label for clip in clips):
        arrays["label"] = np.array([clip.label or "" for clip in clips])
    with path.open("wb") as file:  # a name would be given another ending
        np.savez(file, **arrays)


def _with_people(values: Any, people: int, nobody: float) -> Any:
    missing = [(0, 0)] * values.ndim
    missing[1] = (0, people - values.shape[1])
    return np.pad(values, missing, constant_values=nobody)

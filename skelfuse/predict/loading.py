"""From a run's folder to a recogniser."""

from __future__ import annotations

from pathlib import Path

from skelfuse.predict.recogniser import Recogniser
from skelfuse.run import load_run


def load(path: str | Path, *, device: str = "auto", crops: int = 1) -> Recogniser:
    """Load a run's best model, or one of its checkpoints, ready to recognise actions.

    `device` is "auto" (a GPU where there is one), "cpu", "cuda" or "cuda:1". Probabilities are the
    mean over so many `crops` of each clip, as in evaluation.

    >>> load("no/such/run")
    Traceback (most recent call last):
    ...
    skelfuse.errors.SkelfuseError: no/such/run: no such run; \
name a run's folder, or one of its checkpoints
    """
    return Recogniser(load_run(path, device=device), crops=crops)

"""From a trained run and a recording to what is seen in it: whole, in windows, or live."""

from __future__ import annotations

from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from skelfuse.predict.prediction import Prediction
    from skelfuse.predict.recogniser import Recogniser

__all__ = ["Prediction", "Recogniser", "load"]


def load(path: str | Path, *, device: str = "auto", crops: int = 1) -> Recogniser:
    """Load a run's best model, or one of its checkpoints, ready to recognise actions.

    `device` is "auto" (a GPU where there is one), "cpu", "cuda" or "cuda:1". Probabilities are the
    mean over that many `crops` of each clip, as in evaluation.

    >>> load("no/such/run")
    Traceback (most recent call last):
    ...
    skelfuse.errors.SkelfuseError: no/such/run: no such run; \
name a run's folder, or one of its checkpoints
    """
    from skelfuse.predict.recogniser import Recogniser
    from skelfuse.run import load_run

    return Recogniser(load_run(path, device=device), crops=crops)


_HOMES = {"Prediction": "prediction", "Recogniser": "recogniser"}


def __getattr__(name: str) -> Any:
    # Only then: what a window's length means is told without waiting for torch.
    if name not in _HOMES:
        raise AttributeError(f"module 'skelfuse.predict' has no attribute '{name}'")
    return getattr(import_module(f"skelfuse.predict.{_HOMES[name]}"), name)

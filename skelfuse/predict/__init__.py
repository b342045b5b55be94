"""From a trained run and a recording to what is seen in it: whole, in windows, or live."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from skelfuse.predict.loading import load
    from skelfuse.predict.prediction import Prediction
    from skelfuse.predict.recogniser import Recogniser

__all__ = ["Prediction", "Recogniser", "load"]


_HOMES = {"Prediction": "prediction", "Recogniser": "recogniser", "load": "loading"}


def __getattr__(name: str) -> Any:
    # Only then: what a window's length means is told without waiting for torch.
    if name not in _HOMES:
        raise AttributeError(f"module 'skelfuse.predict' has no attribute '{name}'")
    return getattr(import_module(f"skelfuse.predict.{_HOMES[name]}"), name)

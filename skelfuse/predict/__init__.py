"""From a trained run and a recording to what is seen in it: whole, in windows, or live."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from skelfuse.predict.prediction import Prediction
    from skelfuse.predict.recogniser import Recogniser, load

__all__ = ["Prediction", "Recogniser", "load"]


def __getattr__(name: str) -> Any:
    # Only then: what a window's length means is told without waiting for torch.
    if name not in __all__:
        raise AttributeError(f"module 'skelfuse.predict' has no attribute '{name}'")
    from skelfuse.predict import recogniser

    return getattr(recogniser, name)

"""Skeleton-based action recognition that can say why.

>>> import skelfuse
>>> arm = skelfuse.Skeleton("arm", ("elbow", "hand"), bones=(("hand", "elbow"),), root="elbow")
>>> arm.parents
(0, 0)

From files to a decision, each step is one call:

    store = skelfuse.preprocess("raw", "store.h5")
    skelfuse.train(store, "runs/first", config="generic", protocol="kfold:5/1")
    print(skelfuse.evaluate("runs/first", store).metrics.top1)
    print(skelfuse.load("runs/first").predict(store[0]))
"""

from __future__ import annotations

TYPE_CHECKING = False  # type checkers know the name; `typing` itself takes a while to import
if TYPE_CHECKING:
    from typing import Any

    from skelfuse.clip import Clip
    from skelfuse.datasets.steps import (
        evaluate,
        evaluate_recordings,
        preprocess,
        split,
        train,
    )
    from skelfuse.errors import SkelfuseError
    from skelfuse.layers import FrierenFuse, MotionKernels
    from skelfuse.models import STGCN, DDNet, SkelFuse, describe
    from skelfuse.predict import Prediction, Recogniser, load
    from skelfuse.skeleton import Skeleton
    from skelfuse.store import Store

__version__ = "0.1.0"

__all__ = [
    "STGCN",
    "Clip",
    "DDNet",
    "FrierenFuse",
    "MotionKernels",
    "Prediction",
    "Recogniser",
    "SkelFuse",
    "Skeleton",
    "SkelfuseError",
    "Store",
    "describe",
    "evaluate",
    "evaluate_recordings",
    "load",
    "preprocess",
    "split",
    "train",
]

# Taken from their modules when first asked for: `import skelfuse` is quick, and without torch.
_HOMES = {
    "skelfuse.clip": ("Clip",),
    "skelfuse.datasets.steps": ("evaluate", "evaluate_recordings", "preprocess", "split", "train"),
    "skelfuse.errors": ("SkelfuseError",),
    "skelfuse.layers": ("FrierenFuse", "MotionKernels"),
    "skelfuse.models": ("STGCN", "DDNet", "SkelFuse", "describe"),
    "skelfuse.predict": ("Prediction", "Recogniser", "load"),
    "skelfuse.skeleton": ("Skeleton",),
    "skelfuse.store": ("Store",),
}


def __getattr__(name: str) -> Any:
    from importlib import import_module

    for home, names in _HOMES.items():
        if name in names:
            found = getattr(import_module(home), name)
            globals()[name] = found
            return found
    raise AttributeError(f"module 'skelfuse' has no attribute '{name}'")


def __dir__() -> list[str]:
    return sorted([*__all__, "__version__"])

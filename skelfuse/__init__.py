"""Skeleton-based action recognition that can say why.

>>> import skelfuse
>>> arm = skelfuse.Skeleton("arm", ("elbow", "hand"), bones=(("hand", "elbow"),), root="elbow")
>>> arm.parents
(0, 0)
>>> "load" in dir(skelfuse)
True
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from skelfuse.clip import Clip
    from skelfuse.errors import SkelfuseError
    from skelfuse.layers import FrierenFuse, MotionKernels
    from skelfuse.models import STGCN, DDNet, SkelFuse, describe
    from skelfuse.predict import Recogniser, load
    from skelfuse.skeleton import Skeleton
    from skelfuse.store import Store

__version__ = "0.1.0"

__all__ = [
    "STGCN",
    "Clip",
    "DDNet",
    "FrierenFuse",
    "MotionKernels",
    "Recogniser",
    "SkelFuse",
    "Skeleton",
    "SkelfuseError",
    "Store",
    "describe",
    "load",
]

# Taken from their modules when first asked for: `import skelfuse` is quick, and without torch.
_HOMES = {
    "skelfuse.clip": ("Clip",),
    "skelfuse.errors": ("SkelfuseError",),
    "skelfuse.layers": ("FrierenFuse", "MotionKernels"),
    "skelfuse.models": ("STGCN", "DDNet", "SkelFuse", "describe"),
    "skelfuse.predict": ("Recogniser", "load"),
    "skelfuse.skeleton": ("Skeleton",),
    "skelfuse.store": ("Store",),
}


def __getattr__(name: str) -> Any:
    for home, names in _HOMES.items():
        if name in names:
            found = getattr(import_module(home), name)
            globals()[name] = found
            return found
    raise AttributeError(f"module 'skelfuse' has no attribute '{name}'")


def __dir__() -> list[str]:
    return sorted([*__all__, "__version__"])

"""The models, by the names that configurations and commands use."""

from __future__ import annotations

from skelfuse.models.ddnet import DDNet
from skelfuse.models.describe import describe
from skelfuse.models.frequencies import Frequencies
from skelfuse.models.sizes import SIZES, Size
from skelfuse.models.skelfuse import SkelFuse
from skelfuse.models.stgcn import STGCN

MODELS = {"skelfuse": SkelFuse, "stgcn": STGCN, "ddnet": DDNet}

__all__ = [
    "MODELS",
    "SIZES",
    "STGCN",
    "DDNet",
    "Frequencies",
    "Size",
    "SkelFuse",
    "describe",
]

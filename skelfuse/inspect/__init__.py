"""What a model has learned: its motion kernels, FrierenFuse's head, its gates."""

from __future__ import annotations

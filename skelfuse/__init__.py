"""Skeleton-based action recognition that can say why."""

from __future__ import annotations

__version__ = "0.1.0"

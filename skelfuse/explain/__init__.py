"""What a model has learned and why it decides as it does: in numbers, in words and in pictures."""

from __future__ import annotations

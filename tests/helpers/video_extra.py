"""The extra `video` as if it were there, or as if it were not."""

from __future__ import annotations

import importlib.util
from typing import Any

import pytest

find_spec = importlib.util.find_spec


def pretend(patch: pytest.MonkeyPatch, *, there: bool) -> None:
    """Let MediaPipe and OpenCV be found, or not; neither can be imported by it."""

    def found(name: str, package: str | None = None) -> Any:
        if name in ("mediapipe", "cv2"):
            return object() if there else None
        return find_spec(name, package)

    patch.setattr(importlib.util, "find_spec", found)

"""Penn Action: one MATLAB file per video with x, y and visibility [T,13] and the action's name."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from skelfuse.clip import Clip
from skelfuse.datasets.format import Format, ReadOptions
from skelfuse.datasets.reading import layout_of
from skelfuse.datasets.reading.coordinates import as_confidence, as_coordinates
from skelfuse.datasets.reading.matlab import FETCH_AGAIN, numbers, read_mat
from skelfuse.datasets.reading.named_files import named
from skelfuse.errors import SkelfuseError
from skelfuse.layouts import PENN_13

NAME = re.compile(r"\d{4}", re.ASCII)


def read(path: Path, options: ReadOptions) -> Iterator[Clip]:
    """Yield the one clip of a file, `[T,1,13,2]` in pixels, y downwards; the unseen is missing.

    The camera is the side from which the body is seen (front, back, left, right).
    """
    found = read_mat(path, ["x", "y", "visibility", "action", "train", "pose"])
    x = numbers(found, "x", (None, len(PENN_13)))
    y = numbers(found, "y", x.shape)
    seen = numbers(found, "visibility", x.shape)
    coords = as_coordinates(np.stack([x, y], axis=-1))
    confidence = as_confidence(seen, x.shape)[:, None]  # [T,1,13]
    coords[confidence <= 0] = np.nan
    part = "train" if numbers(found, "train", (1, 1)).item() > 0 else "test"
    yield Clip(
        coords,
        layout_of.imposed(options.skeleton, PENN_13),
        name=path.stem,
        label=_text(found, "action"),
        confidence=confidence,
        camera=_text(found, "pose") if "pose" in found else None,
        fps=options.fps,
        splits={"official": part},
    )


def _text(found: dict[str, npt.NDArray[Any]], name: str) -> str:
    text = found.get(name)
    if text is None or text.dtype.kind != "U" or text.size != 1 or not str(text.item()).strip():
        raise SkelfuseError(
            f"no usable variable '{name}'", expected="one word", found=text, remedy=FETCH_AGAIN
        )
    return str(text.item()).strip()


FORMAT = Format(
    "penn-action",
    "Penn Action, MATLAB files with x, y, visibility",
    named(NAME, ".mat"),
    read,
    needs="a .mat with x, y and visibility",
)

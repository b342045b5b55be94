"""Clips as a picture: a row of poses for each, left and right in two colours."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from skelfuse.clip import Clip
from skelfuse.telling.picture import new_picture, write_picture
from skelfuse.viewing.onlooker import onlooker, staged
from skelfuse.viewing.page import sides
from skelfuse.viewing.shown import Shown

COLOURS = ("#7d8793", "#c44e00", "#0068a8")  # middle, left, right
INK = "#444b54"
POSES = 6
ROWS = 12
YAW = 0.35  # so that depth is seen
INCHES = 1.35


def plot_view(shown: Shown, path: str | Path) -> int:
    """Draw six poses of each clip into `path`; return how many clips it shows, twelve at most.

    >>> import tempfile
    >>> from skelfuse.layouts import COCO_17
    >>> path = Path(tempfile.mkdtemp()) / "clips.png"
    >>> clip = Clip(np.random.default_rng(0).random((9, 1, 17, 2)), COCO_17, name="a")
    >>> plot_view(Shown("a.npy", (clip,), (clip,)), path)
    1
    """
    clips = shown.clips[:ROWS]
    figure = new_picture(POSES * INCHES + 1.6, len(clips) * INCHES + 0.7)
    panels = figure.subplots(len(clips), POSES, squeeze=False, sharex=True, sharey=True)
    for clip, row in zip(clips, panels, strict=True):
        _draw(clip, row)
    skeleton = clips[0].skeleton
    orange, blue = ("the body's left", "its right") if skeleton.pairs else ("person 1", "person 2")
    title = f"{Path(shown.source).name} · {skeleton.name} · orange: {orange}, blue: {blue}"
    figure.suptitle(title, fontsize=9, color=INK, parse_math=False)
    write_picture(figure, path)
    return len(clips)


def _draw(clip: Clip, row: Any) -> None:
    frames = np.linspace(0, clip.frames - 1, POSES).round().astype(int)
    flat = clip.skeleton.dimensions == 2
    at = staged(clip.coords, onlooker(clip))[frames]
    turned = at[..., 0] if flat else at[..., 0] * np.cos(YAW) + at[..., 2] * np.sin(YAW)
    known = sides(clip.skeleton)
    bones = [(n, parent) for n, parent in enumerate(clip.skeleton.parents) if n != parent]
    for i, panel in enumerate(row):
        for m in range(clip.persons):
            # Bodies without sides are told apart by whose joints they are.
            of_side = [COLOURS[side if any(known) else 1 + m % 2] for side in known]
            x, y = turned[i, m], at[i, m, :, 1]
            for n, parent in bones:
                panel.plot(x[[n, parent]], y[[n, parent]], color=of_side[n], linewidth=1.4)
            panel.scatter(x, y, c=of_side, s=5, zorder=3)
        panel.set_xlim(-1.25, 1.25)
        panel.set_ylim(-1.25, 1.25)
        panel.set_aspect("equal")
        panel.set_xticks([])
        panel.set_yticks([])
        panel.spines[:].set_color("#d5dae0")
        when = f"{frames[i] / clip.fps:.2f} s" if clip.fps else f"frame {frames[i]}"
        panel.set_title(when, fontsize=7, color=INK, pad=2)
    name = clip.label or clip.name
    row[0].set_ylabel(
        name if len(name) < 18 else f"{name[:16]}…", fontsize=8, color=INK, parse_math=False
    )

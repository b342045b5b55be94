"""The picture of the confusions holds its title and tells classes apart, however few or long."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from skelfuse.evaluation.confusion_plot import draw_confusion, shortened

LONG = "put on a pair of glasses, a hat and then a coat, with the {} hand"


def test_long_names_keep_their_ends() -> None:
    short = [shortened(LONG.format(side)) for side in ("left", "right")]
    assert len(set(short)) == 2
    assert all(len(name) <= 34 for name in short)
    assert short[0].startswith("put on a pair")
    assert short[0].endswith("left hand")


@pytest.mark.long
@pytest.mark.slow
def test_a_long_title_makes_room_for_itself(tmp_path: Path) -> None:
    image = pytest.importorskip("matplotlib.image")
    names = [LONG.format(side) for side in ("left", "right")]
    pages = []
    for title in ("short", "\n".join(["a run with a name, and what it was tested on " * 4] * 3)):
        path = tmp_path / "c.png"
        draw_confusion(np.array([[5, 1], [2, 7]]), names, path, title=title)
        page = image.imread(path)[:, :, :3]
        pages.append(page)
        ink = np.argwhere((page < 0.9).any(axis=2))
        for edge, size in zip(
            (*ink.min(axis=0), *ink.max(axis=0)), (0, 0, *page.shape), strict=False
        ):
            assert abs(int(edge) - size) > 3  # nothing touches the border, so nothing is cut off
    panels = [int((page[..., 2] - page[..., 0] > 0.25).sum()) for page in pages]
    assert panels[1] > 0.9 * panels[0]  # the cells are as large as under a short title

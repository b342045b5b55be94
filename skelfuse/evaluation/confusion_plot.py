"""A picture of the confusion matrix in which every class can be read."""

from __future__ import annotations

from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path
from textwrap import wrap

import numpy as np

from skelfuse.arrays import Bools
from skelfuse.evaluation.metrics import IntArray
from skelfuse.telling.picture import new_picture

CELL = 0.21  # inches a class, enough for a line of text of POINTS
POINTS = 7.0
LONGEST = 34  # letters of a class name before it is cut
ENDING = 10  # of them at its end: names often differ there alone
TITLE_POINTS = 9.0
LETTER, LINE = 0.0076, 0.0175  # inches of a letter and of a line for each point of a title
LARGEST = 400  # classes; a picture of more takes minutes, and nobody can read it
NUMBERS = 1500  # cells with a number, the largest ones: writing takes longer than all the rest


def draw_confusion(
    confusion: IntArray, class_names: Sequence[str], path: Path, *, title: str = ""
) -> None:
    """Draw `confusion [K,K]` (rows are true classes) as a PNG, if it `can_be_drawn`.

    Colours are shares of the true class (rare confusions are drawn darker than in proportion),
    numbers are clips. A class that is neither true nor predicted anywhere is left out.

    >>> import tempfile
    >>> path = Path(tempfile.mkdtemp()) / "confusion.png"
    >>> confusion = np.array([[3, 1], [0, 4]])
    >>> if can_be_drawn(confusion):
    ...     draw_confusion(confusion, ["sit", "stand"], path)
    >>> path.exists() == can_be_drawn(confusion)
    True
    """
    from matplotlib.colors import PowerNorm

    there = _there(confusion)
    confusion = confusion[there][:, there]
    names = [shortened(name) for name, is_there in zip(class_names, there, strict=True) if is_there]
    K = len(names)
    share = confusion / np.maximum(confusion.sum(axis=1, keepdims=True), 1)
    side = max(2.0, CELL * K)
    width = side + 3.2
    letters = int(width / (LETTER * TITLE_POINTS))
    lines = [part for line in title.splitlines() for part in wrap(line, letters)]
    height = side + 2.6 + LINE * TITLE_POINTS * len(lines)
    figure = new_picture(width, height)
    panel = figure.subplots()
    image = panel.imshow(share, cmap="Blues", norm=PowerNorm(0.5, 0, 1), interpolation="nearest")
    for spine in panel.spines.values():
        spine.set_visible(False)
    panel.set_xticks(range(K), names, rotation=90, fontsize=POINTS)
    panel.set_yticks(range(K), names, fontsize=POINTS)
    panel.tick_params(length=0)
    panel.set_xticks(np.arange(K + 1) - 0.5, minor=True)
    panel.set_yticks(np.arange(K + 1) - 0.5, minor=True)
    panel.tick_params(which="minor", length=0)
    panel.grid(which="minor", color="#d9dee5", linewidth=0.4)
    cells = np.argwhere(confusion)
    largest_first = np.argsort(-confusion[confusion > 0], kind="stable")
    for a, b in cells[largest_first[:NUMBERS]]:
        count = int(confusion[a, b])
        panel.text(  # inside the panel: nothing that the layout must find room for
            b,
            a,
            f"{count}" if count < 10_000 else f"{count // 1000}k",
            ha="center",
            va="center",
            fontsize=POINTS - 1 - 0.9 * max(0, len(str(count)) - 2),
            color="white" if share[a, b] > 0.3 else "#1a202c",
            in_layout=False,
        )
    panel.set_xlabel("predicted")
    panel.set_ylabel("true")
    if lines:
        figure.suptitle(_plain("\n".join(lines)), fontsize=TITLE_POINTS)
    bar = figure.colorbar(image, ax=panel, fraction=0.03, pad=0.01, shrink=min(1.0, 3 / side))
    bar.set_label("share of the true class", fontsize=POINTS)
    bar.ax.tick_params(labelsize=POINTS)
    # Around all that is drawn: the layout leaves the lowest label too little room at times.
    figure.savefig(path, format="png", dpi=150, bbox_inches="tight", pad_inches=0.1)


def can_be_drawn(confusion: IntArray) -> bool:
    """Tell whether matplotlib is installed, and the classes are few enough for a picture.

    >>> can_be_drawn(np.ones((1000, 1000), int))
    False
    """
    return find_spec("matplotlib") is not None and int(_there(confusion).sum()) <= LARGEST


def _there(confusion: IntArray) -> Bools:
    """Tell which classes are true or predicted somewhere."""
    return np.asarray((confusion.sum(axis=0) + confusion.sum(axis=1)) > 0)


def shortened(name: str) -> str:
    """Return a name with its middle left out where it is too long, as matplotlib takes it."""
    if len(name) > LONGEST:
        name = f"{name[: LONGEST - ENDING - 1].rstrip()}…{name[-ENDING:].lstrip()}"
    return _plain(name)


def _plain(text: str) -> str:
    return text.replace("$", r"\$")  # matplotlib takes what lies between two for a formula

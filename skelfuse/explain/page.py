"""An explanation as one page for any browser: nothing is fetched, everything is in the file."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from skelfuse.explain.answer import Explanation
from skelfuse.explain.exact_sum import ExactSum
from skelfuse.explain.page_data import page_data
from skelfuse.explain.typical import Typical
from skelfuse.files import write_text
from skelfuse.run import Run
from skelfuse.viewing.assembled import assembled

SHARED, OWN = "skelfuse.viewing", "skelfuse.explain"
SCRIPTS = ("page_bodies.js", "page_time.js", "page_parts.js", "page.js")
IN_METRES = ("kinect-v2", "kinect-v1", "utd-mhad", "nw-ucla", "utkinect-20", "ui-prmd-22", "sbu-15")
TORSO = (0.25, 0.9)  # metres; what is outside is in another unit, whatever its layout


def write_page(
    views: Sequence[Explanation],
    path: str | Path,
    *,
    sums: Sequence[ExactSum] = (),
    typical: Mapping[str, Sequence[Typical]] | None = None,
    run: Run | None = None,
    opened: int = 0,
) -> None:
    """Write the page of one class's explanations, which works without a network, at `path`.

    The first of `views` is of the class by itself, those that follow of it against rivals, as
    `explain_with_rivals` gives them; `opened` is the one that the page begins with. `sums` are
    the model's own of each view, `typical` clips of the classes.
    """
    one = views[0]
    data = page_data(
        views,
        sums,
        typical or {},
        opened=opened,
        source="" if run is None else f"model: {run.path}",
        metres=run is not None and _in_metres(one, run),
    )
    text = assembled(
        (OWN, "page.html"),
        title=f"{one.clip}: why {one.target}",
        styles=[(SHARED, "base.css"), (OWN, "page.css")],
        scripts=[
            (SHARED, "stage.js"),
            *((OWN, name) for name in SCRIPTS),
        ],
        data=data,
    )
    write_text(path, text, what="the page")


def _in_metres(one: Explanation, run: Run) -> bool:
    """Tell whether the model saw the clip in metres: a sensor's, of a person's size, not scaled."""
    if run.provenance.scale or run.config.sampling.scale or one.skeleton.name not in IN_METRES:
        return False
    low, high = one.skeleton.torso
    at = np.where(one.mask[..., None], one.x, np.nan)[:, 0]  # [T,N,D]
    length = np.linalg.norm(at[:, high].mean(axis=1) - at[:, low].mean(axis=1), axis=-1)
    known = length[~np.isnan(length)]
    return bool(len(known)) and TORSO[0] <= float(np.median(known)) <= TORSO[1]

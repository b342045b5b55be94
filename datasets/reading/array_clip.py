"""A clip from an array that says nothing of its joints but their number."""

from __future__ import annotations

from skelfuse.clip import Clip, FloatArray
from skelfuse.datasets.format import ReadOptions
from skelfuse.datasets.reading import layout_of
from skelfuse.datasets.reading.axes import check_third_column
from skelfuse.datasets.reading.coordinates import blank_zeros
from skelfuse.datasets.reading.facts import Facts, make_clip
from skelfuse.datasets.reading.likely import check_guess
from skelfuse.datasets.reading.scores import hide_unsure


def of_array(
    facts: Facts,
    coords: FloatArray,
    confidence: FloatArray | None,
    options: ReadOptions,
    order: list[int] | slice = slice(None),
) -> Clip:
    """Return the clip of `[T,M,N,D]`, its joints in `order`, once its layout is found and fits.

    >>> import numpy as np
    >>> of_array(Facts("a"), np.ones((4, 1, 17, 2)), None, ReadOptions()).skeleton.name
    'coco-17'
    """
    if options.axes is None:  # whoever names the axes has seen what they are
        check_third_column(coords, options.skeleton)
    layout, guessed = layout_of.choose(coords.shape[2], coords.shape[3], options.skeleton)
    coords = coords[:, :, order]
    if guessed:
        check_guess(coords, layout)
    notes: tuple[str, ...] = ()
    if confidence is not None:
        confidence = confidence[:, :, order]
        blank_zeros(coords, confidence)
        coords, notes = hide_unsure(coords, confidence, options.min_score, default=0)
    return make_clip(facts, coords, confidence, layout, options).noted(*guessed, *notes)

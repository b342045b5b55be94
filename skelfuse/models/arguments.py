"""What a model's arguments may be, each told by the name that it has in the model.

Layers check what they are given as well, but they know it by names of their own.
"""

from __future__ import annotations

import math

from skelfuse.errors import SkelfuseError
from skelfuse.layers.checks import different_numbers, whole_number
from skelfuse.models.sizes import Size


def check_head(
    num_classes: int, directions: int, fuse_scales: tuple[int, ...], *, fuse: bool = True
) -> None:
    """Raise where nothing can be decided; without `fuse` the other two do not matter.

    >>> check_head(60, 8, ())
    Traceback (most recent call last):
    ...
    skelfuse.errors.SkelfuseError: fuse_scales has the wrong values: expected different whole \
numbers, each at least 1, found ()
    """
    if num_classes < 1:
        raise SkelfuseError("a classifier needs classes", expected=">= 1", found=num_classes)
    if fuse:
        whole_number("directions", directions, 1)
        different_numbers("fuse_scales", fuse_scales)


def check_size(size: object) -> None:
    """Raise where a size is not one, such as its name in a configuration.

    >>> check_size("nano")
    Traceback (most recent call last):
    ...
    skelfuse.errors.SkelfuseError: size is not a Size: expected for example \
skelfuse.models.SIZES["nano"], found 'nano'
    """
    if not isinstance(size, Size):
        raise SkelfuseError(
            "size is not a Size",
            expected='for example skelfuse.models.SIZES["nano"]',
            found=repr(size),
        )


def check_frequencies(dct_window: int, fourier: int, fourier_sigma: float) -> None:
    """Raise where frequencies cannot be seen so; 0 is for not at all.

    >>> check_frequencies(0, fourier=-2, fourier_sigma=1.0)
    Traceback (most recent call last):
    ...
    skelfuse.errors.SkelfuseError: fourier is out of range: expected a whole number, \
at least 0, found -2
    """
    whole_number("dct_window", dct_window, 0)
    whole_number("fourier", fourier, 0)
    if fourier and not 0 < fourier_sigma < math.inf:
        raise SkelfuseError(
            "fourier_sigma is out of range", expected="above 0", found=fourier_sigma
        )

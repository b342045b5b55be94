"""Whether coordinates can be a body of a layout that was only guessed by its number of joints.

In a layout that fits, bones are short beside the distances between any two joints, a bone keeps
its length, and the centre is in the middle. Of seven data sets, two of them estimated poses, bones
were 0.25 to 0.59 of the mean distance in the right layout and 0.73 to 1.26 with joints shuffled;
the centre was at most 0.63 mean radii from the middle, and the lengths varied by at most 0.21.
"""

from __future__ import annotations

import numpy as np

from skelfuse.clip import FloatArray
from skelfuse.errors import SkelfuseError
from skelfuse.skeleton import Skeleton

LONG, ASIDE, WILD = 0.7, 0.75, 0.5
FRAMES = 256  # of a clip, evenly spread: enough to tell
REMEDY = "if it is right, say so with --skeleton {name}; otherwise give the joints' own layout"


def check_guess(coords: FloatArray, skeleton: Skeleton) -> None:
    """Refuse a guessed layout that the coordinates `[T,M,N,D]` contradict.

    >>> from skelfuse.layouts import COCO_17
    >>> check_guess(np.random.default_rng(0).normal(size=(9, 1, 17, 2)), COCO_17)
    Traceback (most recent call last):
    ...
    skelfuse.errors.SkelfuseError: the coordinates are no body of the layout 'coco-17', which was \
taken for its 17 joints: expected bones shorter than the distances between joints, found 0.98 of \
them; if it is right, say so with --skeleton coco-17; otherwise give the joints' own layout
    """
    why = contradiction(coords, skeleton)
    if why is not None:
        raise SkelfuseError(
            f"the coordinates are no body of the layout '{skeleton.name}', "
            f"which was taken for its {len(skeleton)} joints",
            expected=why[0],
            found=why[1],
            remedy=REMEDY.format(name=skeleton.name),
        )


def contradiction(coords: FloatArray, skeleton: Skeleton) -> tuple[str, str] | None:
    """Return what a body would have and what was found instead; None where nothing speaks so."""
    bodies = coords.reshape(-1, *coords.shape[2:])
    bodies = bodies[~np.isnan(bodies).any(axis=(1, 2))]
    bodies = bodies[:: max(1, len(bodies) // FRAMES)].astype(np.float64)
    if not len(bodies) or len(skeleton.bones) < 3:
        return None
    largest = np.abs(bodies).max()
    bodies = bodies / largest if largest > 0 else bodies  # squares of what is huge stay finite
    joints = np.arange(len(skeleton)) != np.array(skeleton.parents)
    bones = bodies[:, joints] - bodies[:, np.array(skeleton.parents)[joints]]
    lengths = np.linalg.norm(bones, axis=-1)  # [T,N-1]
    apart = np.linalg.norm(bodies[:, :, None] - bodies[:, None], axis=-1)  # [T,N,N]
    mean = apart.sum(axis=(1, 2)) / (len(skeleton) * (len(skeleton) - 1))
    if not (mean > 1e-6).all():
        return None  # a body that is one point tells nothing
    ratio = float(np.median(lengths.mean(axis=1) / mean))
    if ratio > LONG:
        return "bones shorter than the distances between joints", f"{ratio:.2f} of them"
    middle = bodies.mean(axis=1)
    radius = np.sqrt(((bodies - middle[:, None]) ** 2).sum(axis=-1).mean(axis=1))
    centre = bodies[:, list(skeleton.centre_indices)].mean(axis=1)
    aside = float(np.median(np.linalg.norm(centre - middle, axis=-1) / radius))
    if skeleton.hips and aside > ASIDE:
        what = " and ".join(skeleton.centre)
        return "its centre in the middle of the body", f"{what} at {aside:.2f} radii from it"
    sizes = lengths / mean[:, None]  # a person who comes nearer the camera grows
    varies = float(np.median(sizes.std(axis=0) / np.maximum(sizes.mean(axis=0), 1e-9)))
    if varies > WILD:
        return "bones that keep their lengths", f"lengths that vary by {varies:.0%}"
    return None

"""Bring clips to one view and one size: optional steps before a model sees them.

Both need to know the first person of a clip, the one who moves most; what is done to it is done
to everybody, so that two people keep their places towards each other.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt

from skelfuse.clip import Clip
from skelfuse.errors import SkelfuseError

UNUSABLE = 1e-6  # a torso or a width of this share of the body's size has no direction


def align_view(clip: Clip) -> Clip:
    """Move and turn a clip so that the first person begins at the origin, upright, facing +z.

    The body is measured once, in the first frame where the first person's centre, hips and
    shoulders are all seen (another person's, if that never happens). There its centre becomes
    the origin; the line from the middle of the hips to the middle of the shoulders points along
    +y; and the line from the body's right to its left, the mean of hips and shoulders, lies in
    the half-plane of +x. In right-handed coordinates, as Kinect's are, the person then looks
    along +z. It is a proper rotation: left and right never swap. The same motion is applied to
    all people and frames `[T,M,N,3]`; what is missing stays NaN.

    Flat clips `[T,M,N,2]` are only moved: turning an image would undo the camera's upright.

    >>> from skelfuse.skeleton import Skeleton
    >>> box = Skeleton("box", joints=("lh", "rh", "ls", "rs"),
    ...                bones=(("rh", "lh"), ("ls", "lh"), ("rs", "rh")), root="lh",
    ...                hips=("lh", "rh"), shoulders=("ls", "rs"), centre=("lh", "rh"))
    >>> lying = [[0.0, 5, 1], [0, 5, -1], [4, 5, 1], [4, 5, -1]]  # head towards +x
    >>> aligned = align_view(Clip(np.array([[lying]]), box, name="lying"))
    >>> (aligned.coords[0, 0] + 0.0).round(6)
    array([[ 1.,  0.,  0.],
           [-1.,  0.,  0.],
           [ 1.,  4.,  0.],
           [-1.,  4.,  0.]])
    >>> aligned.notes
    ('view: person 1 in frame 0 is the origin: moved by (0, -5, 0), turned by 120 degrees',)
    """
    if clip.skeleton.dimensions == 2:
        return _centred(clip)
    hips, shoulders = clip.skeleton.torso
    if not hips:
        raise SkelfuseError(
            f"aligning the view needs hips and shoulders, and skeleton '{clip.skeleton.name}' has "
            "none",
            remedy="name them in the layout (hips, shoulders), or leave this step out",
        )
    coords = clip.coords.astype(np.float64)
    centres = coords[:, :, list(clip.skeleton.centre_indices)].mean(axis=2)  # [T,M,3]
    up = coords[:, :, shoulders].mean(axis=2) - coords[:, :, hips].mean(axis=2)
    side = (coords[:, :, [hips[0], shoulders[0]]] - coords[:, :, [hips[1], shoulders[1]]]).mean(2)
    # What is left of the side once it is made upright; nothing, for a body seen edge-on.
    height = np.linalg.norm(up, axis=-1, keepdims=True)
    with np.errstate(invalid="ignore", divide="ignore"):
        y = up / height
        across = side - (side * y).sum(axis=-1, keepdims=True) * y
        width = np.linalg.norm(across, axis=-1)
        x = across / width[..., None]
        smallest = UNUSABLE * (height[..., 0] + np.linalg.norm(side, axis=-1))
        usable = (height[..., 0] > smallest) & (width > smallest)
    usable &= ~np.isnan(centres).any(axis=-1)
    t, m = _first(usable, clip, "centre, hips and shoulders")
    rotation = np.stack([x[t, m], y[t, m], np.cross(x[t, m], y[t, m])])  # rows: the new axes
    turned = (coords - centres[t, m]) @ rotation.T
    angle = np.degrees(np.arccos(np.clip((np.trace(rotation) - 1) / 2, -1, 1)))
    note = f"view: {_moved(centres[t, m], t, m)}, turned by {angle:.3g} degrees"
    return replace(clip, coords=turned.astype(clip.coords.dtype)).noted(note)


def normalise_scale(clip: Clip) -> Clip:
    """Divide a clip by the size of its first person, so that tall and small people move alike.

    The size is the median over the frames of the torso's length, from the middle of the hips to
    the middle of the shoulders; for a layout without hips or shoulders (a hand) that of all its
    bones; for one without bones how far its joints are from their middle. If the first person's
    is never seen the next one's is taken. All people of the clip are divided by the same number,
    so a child beside an adult stays smaller.

    >>> from skelfuse.skeleton import Skeleton
    >>> stick = Skeleton("stick", joints=("a", "b"), bones=(("b", "a"),), root="a", dimensions=2)
    >>> clip = normalise_scale(Clip(np.array([[[[1.0, 1], [1, 5]]]]), stick, name="still"))
    >>> clip.coords.tolist(), clip.notes
    ([[[[0.25, 0.25], [0.25, 1.25]]]], ('scale: divided by 4, the median bone of person 1',))
    """
    coords = clip.coords.astype(np.float64)
    hips, shoulders = clip.skeleton.torso
    if hips:
        torso = coords[:, :, shoulders].mean(axis=2) - coords[:, :, hips].mean(axis=2)
        what, lengths = "torso", np.linalg.norm(torso, axis=-1)[..., None]  # [T,M,1]
    else:
        below = [i for i, parent in enumerate(clip.skeleton.parents) if parent != i]
        above = [clip.skeleton.parents[i] for i in below]
        what, lengths = "bone", np.linalg.norm(coords[:, :, below] - coords[:, :, above], axis=-1)
        if not below:
            what = "distance from the middle"
            lengths = np.linalg.norm(coords - _middle(coords)[:, :, None], axis=-1)
    for m in range(clip.persons):
        seen = lengths[:, m][lengths[:, m] > 0]  # NaN is not
        if seen.size:
            size = float(np.median(seen))
            note = f"scale: divided by {size:.4g}, the median {what} of person {m + 1}"
            return replace(clip, coords=(coords / size).astype(clip.coords.dtype)).noted(note)
    raise SkelfuseError(
        f"clip '{clip.name}': no person's size can be measured",
        expected=f"a frame in which a {what} of some length is seen",
        remedy="leave the clip out, or do not scale",
    )


def _centred(clip: Clip) -> Clip:
    coords = clip.coords.astype(np.float64)
    centres = coords[:, :, list(clip.skeleton.centre_indices)].mean(axis=2)  # [T,M,2]
    if not clip.skeleton.bones and np.isnan(centres).any(axis=-1).all():  # what is seen must do
        centres = _middle(coords)
    t, m = _first(~np.isnan(centres).any(axis=-1), clip, "centre")
    moved = (coords - centres[t, m]).astype(clip.coords.dtype)
    return replace(clip, coords=moved).noted(f"view: {_moved(centres[t, m], t, m)}")


def _middle(coords: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Return the mean `[T,M,D]` of the joints that are seen; NaN where none is."""
    seen = ~np.isnan(coords).any(axis=-1, keepdims=True)
    with np.errstate(invalid="ignore"):
        return np.asarray(np.where(seen, coords, 0).sum(axis=2) / seen.sum(axis=2))


def _first(usable: npt.NDArray[np.bool_], clip: Clip, what: str) -> tuple[int, int]:
    """Return the first usable frame of the first person who has one, from `[T,M]`."""
    for m in range(clip.persons):
        if usable[:, m].any():
            return int(usable[:, m].argmax()), m
    raise SkelfuseError(
        f"clip '{clip.name}': no view to align to",
        expected=f"a frame in which a person's {what} are seen, at different places",
        remedy="leave the clip out, or do not align",
    )


def _moved(centre: npt.NDArray[Any], t: int, m: int) -> str:
    by = ", ".join(f"{0.0 - value:.4g}" for value in centre)
    return f"person {m + 1} in frame {t} is the origin: moved by ({by})"

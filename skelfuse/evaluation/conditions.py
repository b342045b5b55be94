"""What can go wrong with a recording, done to clips that went well.

Every function takes a clip as a store holds it, before it is sampled, aligned or filled in, and
returns another; at strength zero an equal one. What is drawn depends on the clip's name and the
seed alone, not on the order of clips, and a larger strength keeps what a smaller one has drawn.
"""

from __future__ import annotations

import hashlib
import math
from collections import Counter
from collections.abc import Iterable
from dataclasses import replace

import numpy as np
import numpy.typing as npt

from skelfuse.arrays import Array
from skelfuse.batches import Sampling
from skelfuse.batches.place import measured
from skelfuse.batches.tracks import pack
from skelfuse.clip import Clip
from skelfuse.clips.upright import up_axis

_SIZE_ALONE = Sampling(centre=False, scale=True)


def without_joints(clip: Clip, share: float, *, seed: int = 0) -> Clip:
    """Take joints away for the whole clip: a share of those each person ever shows, at least one.

    At least one joint of a person stays.

    >>> from skelfuse.layouts import KINECT_V2
    >>> whole = Clip(np.zeros((9, 1, 25, 3)), KINECT_V2, name="a")
    >>> fewer = without_joints(whole, 0.3)
    >>> fewer.mask.all(axis=0).sum(), fewer.mask.any(axis=0).sum()
    (np.int64(17), np.int64(17))
    """
    coords = clip.coords.copy()
    draw = _draw(clip, seed, "joints")
    for m in range(clip.persons):
        order = draw.permutation(len(clip.skeleton))  # drawn for everybody, seen or not
        seen = np.asarray(clip.mask[:, m].any(axis=0))
        order = order[seen[order]]
        count = max(1, math.floor(share * len(order) + 0.5)) if share else 0
        coords[:, m, order[: min(count, len(order) - 1)]] = np.nan
    return replace(clip, coords=coords)


def jittered(clip: Clip, share: float, *, seed: int = 0) -> Clip:
    """Add Gaussian noise to every coordinate, each frame anew.

    Its deviation is a share of the body's size: the median length of the torso, or of all bones
    where the layout has no torso.

    >>> from skelfuse.layouts import HAND_21
    >>> coords = np.arange(21.0)[:, None] * [1.0, 2.0, 2.0]
    >>> clip = Clip(np.broadcast_to(coords, (999, 1, 21, 3)), HAND_21, name="a")
    >>> bones = coords - coords[list(HAND_21.parents)]
    >>> size = np.median(np.linalg.norm(bones[1:], axis=1))
    >>> round(float((jittered(clip, 0.1).coords - coords).std() / size), 2)
    0.1
    """
    tracks = pack([clip.coords], clip.persons)
    size = measured(tracks, tracks.owners(), clip.skeleton, _SIZE_ALONE).size
    assert size is not None
    noise = _draw(clip, seed, "noise").standard_normal(clip.coords.shape)
    return _with(clip, clip.coords + share * float(size) * noise)


def beginning(clip: Clip, share: float) -> Clip:
    """Keep the first share of the frames, at least one.

    >>> from skelfuse.layouts import KINECT_V2
    >>> beginning(Clip(np.zeros((10, 1, 25, 3)), KINECT_V2, name="a"), 0.25).frames
    3
    """
    frames = max(1, math.ceil(share * clip.frames - 1e-9))
    confidence = None if clip.confidence is None else clip.confidence[:frames]
    return replace(clip, coords=clip.coords[:frames], confidence=confidence, intervals=())


def every_second_frame(clip: Clip) -> Clip:
    """Leave out every other frame, as a camera at half of the rate would.

    >>> from skelfuse.layouts import KINECT_V2
    >>> slow = every_second_frame(Clip(np.zeros((9, 1, 25, 3)), KINECT_V2, name="a", fps=30))
    >>> slow.frames, slow.fps
    (5, 15.0)
    """
    fps = None if clip.fps is None else clip.fps / 2
    return replace(clip, coords=clip.coords[::2], confidence=None, fps=fps, intervals=())


def frames_between(clip: Clip) -> Clip:
    """Put a frame half-way between every two; a joint is seen there if it is in both.

    >>> from skelfuse.layouts import KINECT_V2
    >>> fast = frames_between(Clip(np.zeros((9, 1, 25, 3)), KINECT_V2, name="a", fps=30))
    >>> fast.frames, fast.fps
    (17, 60)
    """
    coords = np.repeat(clip.coords, 2, axis=0)[:-1]
    coords[1::2] = (clip.coords[:-1] + clip.coords[1:]) / 2
    fps = None if clip.fps is None else clip.fps * 2
    return replace(clip, coords=coords, confidence=None, fps=fps, intervals=())


def turned(clip: Clip, degrees: float, *, vertical: int = 1) -> Clip:
    """Turn what the camera sees about the axis `vertical`, through the middle of all that is seen.

    So the camera walks round people at the same distance and height. A flat clip can only be
    turned in its plane, as by a camera that is tilted sideways.

    >>> from skelfuse.skeleton import Skeleton
    >>> stick = Skeleton("stick", joints=("a", "b"), bones=(("b", "a"),), root="a")
    >>> clip = Clip(np.array([[[[1.0, 5, 0], [-1, 5, 0]]]]), stick, name="across")
    >>> turned(clip, 90).coords[0, 0].round(6) + 0.0
    array([[ 0.,  5., -1.],
           [ 0.,  5.,  1.]])
    """
    if not degrees or not clip.mask.any():
        return clip
    flat = clip.skeleton.dimensions == 2
    a, b = (0, 1) if flat else ((vertical + 1) % 3, (vertical + 2) % 3)
    angle = math.radians(degrees)
    matrix = np.eye(clip.skeleton.dimensions)
    matrix[a, a] = matrix[b, b] = math.cos(angle)
    matrix[a, b], matrix[b, a] = -math.sin(angle), math.sin(angle)
    middle = _middle(clip)
    return _with(clip, (clip.coords - middle) @ matrix.T + middle)


def mirrored(clip: Clip, *, vertical: int = 1) -> Clip:
    """Swap left and right: as a mirror does, with paired joints under each other's names.

    The mirror stands across a level axis, in the middle of all that is seen.

    >>> from skelfuse.skeleton import Skeleton
    >>> arms = Skeleton("arms", joints=("neck", "left", "right"), root="neck", dimensions=2,
    ...                 bones=(("left", "neck"), ("right", "neck")), pairs=(("left", "right"),))
    >>> clip = Clip(np.array([[[[1.0, 0], [2, 5], [-3, 7]]]]), arms, name="left hand low")
    >>> mirrored(clip).coords[0, 0].tolist()
    [[-1.0, 0.0], [3.0, 7.0], [-2.0, 5.0]]
    """
    if not clip.mask.any():
        return clip
    other = list(clip.skeleton.mirror)
    coords = clip.coords[:, :, other].astype(np.float64)
    across = 1 if vertical == 0 and clip.skeleton.dimensions == 3 else 0
    coords[..., across] = 2 * _middle(clip)[across] - coords[..., across]
    confidence = None if clip.confidence is None else clip.confidence[:, :, other]
    return replace(_with(clip, coords), confidence=confidence)


def vertical_axis(clips: Iterable[Clip]) -> int | None:
    """Return the axis along which torsos stand in most clips; None if that is not to tell.

    >>> from skelfuse.skeleton import Skeleton
    >>> box = Skeleton("box", joints=("lh", "rh", "ls", "rs"),
    ...                bones=(("rh", "lh"), ("ls", "lh"), ("rs", "rh")), root="lh",
    ...                hips=("lh", "rh"), shoulders=("ls", "rs"))
    >>> standing = np.array([[[[1.0, 0, 1], [-1, 0, 1], [1, 0, 2], [-1, 0.2, 2]]]])
    >>> vertical_axis([Clip(standing, box, name="z is up")])
    2
    """
    in_space = (clip for clip in clips if clip.skeleton.dimensions == 3)
    axes = Counter(axis.number for axis in map(up_axis, in_space) if axis is not None)
    return max(axes, key=axes.__getitem__, default=None)


def _middle(clip: Clip) -> Array:
    return np.asarray(np.nanmean(clip.coords, axis=(0, 1, 2), dtype=np.float64))


def _draw(clip: Clip, seed: int, what: str) -> np.random.Generator:
    digest = hashlib.sha256(f"{seed} {what} {clip.name}".encode()).digest()
    return np.random.default_rng(int.from_bytes(digest[:8], "little"))


def _with(clip: Clip, coords: npt.NDArray[np.floating]) -> Clip:
    return replace(clip, coords=coords.astype(clip.coords.dtype))

"""A recording as NTU RGB+D writes it: text of 12 columns per joint, byte for byte its layout."""

from __future__ import annotations

import numpy as np

from skelfuse.datasets.synth.body import PARENTS
from skelfuse.datasets.synth.rotation import Array, dot, unit
from skelfuse.datasets.synth.sensor import Recording, colour_pixels, depth_pixels

# Head, feet, tips and thumbs end no bone that Kinect gives a direction: zeros stand there.
_UNDIRECTED = (3, 15, 19, 21, 22, 23, 24)
_DEPTH_IMAGE = (512, 424)
# .NET wrote the originals with its G7, which is C's %.7G.
_JOINT_LINES = "\r\n".join(["25"] + [" ".join(["%.7G"] * 11 + ["%d"])] * 25)


def skeleton_text(recording: Recording) -> str:
    r"""Return the whole text of a `.skeleton` file: lines end in CR LF, numbers have 7 digits.

    >>> from skelfuse.datasets.synth.dataset import plan_clips
    >>> from skelfuse.datasets.synth.sensor import render
    >>> recording = render(plan_clips(clips=1, classes=2, seed=0)[0], noise=0)
    >>> lines = skeleton_text(recording).split("\r\n")
    >>> int(lines[0]) == recording.frames, lines[1], lines[3], len(lines[2].split())
    (True, '1', '25', 10)
    """
    coords = recording.coords
    numbers = _columns(recording)  # [T,B,300]
    edges = _clipped(depth_pixels(coords))
    hands = recording.state[..., (7, 11)].min(axis=-1) == 2
    trunk = unit(coords[:, :, 20] - coords[:, :, 0])
    lean = np.round(np.stack([trunk[..., 0], -trunk[..., 2]], axis=-1), 12) + 0.0
    parts = [str(recording.frames)]
    for frame in range(recording.frames):
        bodies = recording.listed(frame)
        parts.append(str(len(bodies)))
        for at in ((frame, body) for body in bodies):
            # Body id, clipped edges, confidence and state of the left and right hand, restricted,
            # lean to the side and to the front, tracking state.
            sure = " ".join([f"{hands[at]:d}"] * 4)
            side, front = lean[at]
            parts.append(f"{recording.ids[at]} {edges[at]} {sure} 0 {side:.7G} {front:.7G} 2")
            parts.append(_JOINT_LINES % tuple(numbers[at].tolist()))
    return "\r\n".join([*parts, ""])


def _columns(recording: Recording) -> Array:
    coords = recording.coords
    columns = np.concatenate(
        [
            coords,
            depth_pixels(coords),
            colour_pixels(coords),
            orientations(coords),
            recording.state[..., None].astype(np.float64),
        ],
        axis=-1,
    )
    # Rounding first turns what is zero but for the last bits into zero, and adding 0 a -0 into 0.
    return np.round(columns, 12).reshape(*coords.shape[:2], -1) + 0.0


def _clipped(pixels: Array) -> np.ndarray[tuple[int, ...], np.dtype[np.int64]]:
    # Kinect's bits: 1 right, 2 left, 4 top, 8 bottom edge of the depth image.
    x, y = pixels[..., 0], pixels[..., 1]
    right, left = (x >= _DEPTH_IMAGE[0]).any(axis=-1), (x < 0).any(axis=-1)
    top, bottom = (y < 0).any(axis=-1), (y >= _DEPTH_IMAGE[1]).any(axis=-1)
    return 1 * right + 2 * left + 4 * top + 8 * bottom


def orientations(coords: Array) -> Array:
    """Return quaternions (w, x, y, z) `[...,25,4]` of the bones that end at joints `[...,25,3]`.

    A bone's own y axis runs along it and its z axis to the body's front, as far as it can.

    >>> from skelfuse.datasets.synth.body import Body
    >>> from skelfuse.datasets.synth.pose import Pose
    >>> quaternions = orientations(Body(1.75).place(Pose(), frames=1))
    >>> quaternions[0, 0].round(2) + 0.0  # upright, looking along z: hardly turned
    array([1.  , 0.01, 0.  , 0.  ])
    >>> quaternions[0, 3].tolist()
    [0.0, 0.0, 0.0, 0.0]
    """
    bone = coords - coords[..., list(PARENTS), :]
    bone[..., 0, :] = coords[..., 1, :] - coords[..., 0, :]
    along = unit(bone)
    left = coords[..., 12, :] - coords[..., 16, :]
    up = np.broadcast_to(along[..., 0:1, :], along.shape)
    front = np.broadcast_to(unit(np.cross(left, along[..., 0, :]))[..., None, :], along.shape)
    guide = np.where(np.abs(dot(front, along)) < 0.9, front, up)
    normal = unit(guide - dot(guide, along) * along)
    rotation = np.stack([np.cross(along, normal), along, normal], axis=-1)
    quaternion = _quaternion(rotation)
    quaternion[..., list(_UNDIRECTED), :] = 0.0
    return quaternion


def _quaternion(rotation: Array) -> Array:
    # Of the four ways to take a quaternion out of a matrix, the one with the largest divisor.
    (a, b, c), (d, e, f), (g, h, i) = np.moveaxis(rotation, (-2, -1), (0, 1))
    ways = np.stack(
        [
            np.stack([1 + a + e + i, h - f, c - g, d - b], axis=-1),
            np.stack([h - f, 1 + a - e - i, b + d, c + g], axis=-1),
            np.stack([c - g, b + d, 1 - a + e - i, f + h], axis=-1),
            np.stack([d - b, c + g, f + h, 1 - a - e + i], axis=-1),
        ],
        axis=-2,
    )
    diagonal = np.stack([ways[..., k, k] for k in range(4)], axis=-1)
    best = diagonal.argmax(axis=-1)[..., None, None]
    chosen = np.take_along_axis(ways, best, axis=-2)[..., 0, :]
    length = np.sqrt(dot(chosen[..., :3], chosen[..., :3]) + chosen[..., 3:] * chosen[..., 3:])
    return np.asarray(chosen / np.maximum(length, 1e-9))

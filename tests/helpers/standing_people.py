"""People who stand and sway, recorded under the numbers of their bodies."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from skelfuse.datasets.ntu_text import Recording

Joints = npt.NDArray[np.float32]
Body = tuple[int, Sequence[int], Joints]  # number, frames [L], joints [L,25,3]


def standing(frames: int, *, sway: float = 0.0, x: float = 0.0, width: float = 0.5) -> Joints:
    """Return a person 1.8 m high who sways from -sway to +sway in x."""
    joints = np.zeros((frames, 25, 3))
    joints[..., 0] = np.linspace(-width / 2, width / 2, 25) + x
    joints[..., 1] = np.linspace(-0.9, 0.9, 25)
    joints[..., 2] = 3.0
    joints[..., 0] += np.linspace(-sway, sway, frames)[:, None]
    return joints.astype(np.float32)


def recording(frames: int, *bodies: Body) -> Recording:
    rows = [(f, number, joints) for number, at, body in bodies for f, joints in zip(at, body)]  # noqa: B905
    rows.sort(key=lambda row: row[0])
    return Recording(
        frames=frames,
        frame=np.array([f for f, _, _ in rows], dtype=np.int64),
        body=np.array([number for _, number, _ in rows], dtype=np.uint64),
        joints=np.array([joints for _, _, joints in rows], dtype=np.float32).reshape(-1, 25, 3),
        tracking=np.full((len(rows), 25), 2, dtype=np.uint8),
    )

"""A body of 25 Kinect joints with bones of fixed length, posed by forward kinematics."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from skelfuse.datasets.synth.pose import Pose
from skelfuse.datasets.synth.rotation import Array, compose, dot, rotate, turned, unit

# Kinect v2 order: spine base, spine mid, neck, head, then shoulder, elbow, wrist, hand (left,
# right), hip, knee, ankle, foot (left, right), spine shoulder, and tip and thumb (left, right).
PARENTS = (0, 0, 20, 2, 20, 4, 5, 6, 20, 8, 9, 10, 0, 12, 13, 14, 0, 16, 17, 18, 1, 7, 6, 11, 10)
MIRROR = (
    0,
    1,
    2,
    3,
    *range(8, 12),
    *range(4, 8),
    *range(16, 20),
    *range(12, 16),
    20,
    23,
    24,
    21,
    22,
)

_UP = np.array([0.0, 1.0, 0.0])


@dataclass(frozen=True)
class Body:
    """The lengths of one body, in metres, from its stature and from how it departs from the mean.

    Segments are fractions of the stature after Drillis and Contini (1966); those of the trunk
    follow where Kinect puts its joints.

    >>> body = Body(stature=1.75)
    >>> round(body.leg, 3), round(body.arm, 3)
    (0.859, 0.581)
    >>> body.place(Pose(), frames=2).shape
    (2, 25, 3)
    """

    stature: float
    legs: float = 1.0
    arms: float = 1.0
    shoulders: float = 1.0
    trunk: float = 1.0

    @property
    def leg(self) -> float:
        """Hip to ankle, stretched."""
        return (0.245 + 0.246) * self.stature * self.legs

    @property
    def arm(self) -> float:
        """Shoulder to wrist, stretched."""
        return (0.186 + 0.146) * self.stature * self.arms

    @property
    def ankle_height(self) -> float:
        """The ankle above the floor in standing."""
        return 0.045 * self.stature

    @property
    def shoulder_height(self) -> float:
        """The shoulders above the floor in standing."""
        return self.ankle_height + self.leg + (0.01 + 0.265 * self.trunk) * self.stature

    def place(self, pose: Pose, frames: int) -> Array:
        """Return where the joints are, `[T,25,3]`, as (left, up, forward) from the place to stand.

        The floor is at height 0.
        """
        size = self.stature
        joints = np.zeros((frames, 25, 3))
        hips = _turned(pose.pelvis_turn, frames)
        middle = compose(hips, _turned(pose.spine / 2, frames))
        chest = compose(middle, _turned(pose.spine / 2, frames))
        skull = compose(chest, _turned(pose.head, frames))

        standing = np.array([0.0, self.ankle_height + self.leg + 0.01 * size, 0.0])
        joints[:, 0] = standing + pose.pelvis * self.leg
        joints[:, 1] = joints[:, 0] + rotate(middle, _UP * 0.16 * size * self.trunk)
        joints[:, 20] = joints[:, 1] + rotate(chest, _UP * 0.125 * size * self.trunk)
        joints[:, 2] = joints[:, 20] + rotate(chest, _UP * 0.04 * size)
        joints[:, 3] = joints[:, 2] + rotate(skull, np.array([0.0, 0.08, 0.012]) * size)

        right = pose.right_hand, pose.right_elbow, pose.right_palm, pose.right_foot
        left = pose.left_hand, pose.left_elbow, pose.left_palm, pose.left_foot
        shrugs = np.broadcast_to(pose.shrug, (frames, 3))
        yaw = np.broadcast_to(pose.pelvis_turn, (frames, 3))[:, 0]
        for side, shoulder, hip, tip in ((-1, 8, 16, 23), (1, 4, 12, 21)):
            hand, elbow, palm, foot = left if side == 1 else right
            outward = np.array([side, 1.0, 1.0])
            girdle = compose(chest, turned(roll=side * shrugs[:, (side + 1) // 2]))
            socket = np.array([0.1 * self.shoulders, -0.02, 0.0]) * outward * size
            joints[:, shoulder] = joints[:, 20] + rotate(girdle, socket)
            arm = self._arm(joints[:, shoulder], chest, outward, hand=hand, elbow=elbow, palm=palm)
            joints[:, [shoulder + 1, shoulder + 2, shoulder + 3, tip, tip + 1]] = arm

            joints[:, hip] = joints[:, 0] + rotate(
                hips, np.array([0.045, -0.01, 0]) * outward * size
            )
            home = np.array([0.055 * size, self.ankle_height, 0.0]) * outward
            heading = turned(yaw=yaw + side * 0.15)  # the toes point a little outward
            leg = self._leg(joints[:, hip], heading, home, foot=foot)
            joints[:, hip + 1 : hip + 4] = leg
        return joints

    def _arm(
        self,
        shoulder: Array,
        chest: Array,
        outward: Array,
        *,
        hand: Array,
        elbow: Array,
        palm: Array,
    ) -> Array:
        # Elbow, wrist, hand, tip and thumb, [T,5,3].
        size = self.stature * self.arms
        aim = shoulder + rotate(chest, hand * outward * self.arm)
        aside = rotate(chest, elbow * outward)
        bend, wrist = two_bones(shoulder, aim, aside, upper=0.186 * size, lower=0.146 * size)
        flexed = palm * np.minimum(0.6 / np.maximum(np.sqrt(dot(palm, palm)), 1e-9), 1.0)
        straight = unit(unit(wrist - bend) + rotate(chest, flexed * outward))
        inward = rotate(chest, np.array([-0.7, 0.2, 0.7]) * outward)
        inward = unit(inward - dot(inward, straight) * straight)
        middle = wrist + 0.045 * size * straight
        tip = middle + 0.045 * size * straight
        thumb = wrist + 0.05 * size * unit(straight + 0.9 * inward)
        return np.stack([bend, wrist, middle, tip, thumb], axis=1)

    def _leg(self, hip: Array, heading: Array, home: Array, *, foot: Array) -> Array:
        # Knee, ankle and foot, [T,3,3].
        size = self.stature * self.legs
        aim = home + foot * self.leg + np.zeros_like(hip)
        ahead = rotate(heading, np.array([0.0, 0.15, 1.0]))
        knee, ankle = two_bones(hip, aim, ahead, upper=0.245 * size, lower=0.246 * size)
        # A lifted foot lets its toes hang.
        hang = np.minimum(np.maximum((aim[:, 1] - home[1]) / self.leg, 0.0), 0.4) * 2
        toes = rotate(heading, rotate(turned(pitch=hang), np.array([0.0, -0.45, 0.9])))
        return np.stack([knee, ankle, ankle + 0.06 * self.stature * unit(toes)], axis=1)


def two_bones(
    start: Array, aim: Array, point: Array, *, upper: float, lower: float
) -> tuple[Array, Array]:
    """Bend two bones from `start` so that they end at `aim`, or as near as they reach.

    All are `[T,3]`; the joint between them points towards the direction `point`.

    >>> start, aim, point = np.zeros((1, 3)), np.array([[0.0, -0.6, 0]]), np.array([[0.0, 0, 1]])
    >>> knee, ankle = two_bones(start, aim, point, upper=0.5, lower=0.5)
    >>> knee.round(3).tolist(), ankle.round(3).tolist()
    ([[0.0, -0.3, 0.4]], [[0.0, -0.6, 0.0]])
    """
    way = aim - start
    distance = np.sqrt(dot(way, way))
    along = way / np.maximum(distance, 1e-9)
    distance = np.minimum(np.maximum(distance, 0.3 * (upper + lower)), 0.998 * (upper + lower))
    aside = unit(point - dot(point, along) * along)
    cosine = (upper * upper + distance * distance - lower * lower) / (2 * upper * distance)
    cosine = np.minimum(cosine, 1.0)
    bend = start + upper * (cosine * along + np.sqrt(1 - cosine * cosine) * aside)
    return bend, start + distance * along


def mirrored(joints: Array) -> Array:
    """Swap left and right of a body `[T,25,3]` about its own middle.

    >>> walker = Body(1.7).place(Pose(right_hand=np.array([0.1, 0.2, 0.9])), frames=1)
    >>> bool(np.allclose(mirrored(mirrored(walker)), walker))
    True
    """
    return np.asarray(joints[:, MIRROR] * np.array([-1.0, 1.0, 1.0]))


def _turned(angles: Array, frames: int) -> Array:
    yaw, pitch, roll = np.broadcast_to(angles, (frames, 3)).T
    return turned(yaw, pitch, roll)

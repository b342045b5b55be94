"""The skeletons that sensors, pose estimators and public data sets use, by name.

Joints stand in the order of the N axis. Bones are written as chains that lead away from the root.
Sources of the orders: Kinect for Windows SDK 1.8 and 2.0 (`JointType`), and the pages of NW-UCLA,
UTD-MHAD, J-HMDB (puppet joints), SBU Kinect Interaction and Penn Action. Those of pose estimators
are in `estimators.py` and, with hands and face, in `whole_bodies.py`; more, of motion
capture, the first Kinect and older data sets, in `more.py`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from difflib import get_close_matches
from types import MappingProxyType

from skelfuse.errors import SkelfuseError
from skelfuse.layouts.estimators import COCO_17, HAND_21, MEDIAPIPE_33, OPENPOSE_18, OPENPOSE_25
from skelfuse.layouts.joint_chains import both, build
from skelfuse.layouts.more import KINECT_V1, MORE_LAYOUTS
from skelfuse.layouts.whole_bodies import WHOLE_BODIES
from skelfuse.skeleton import Skeleton

__all__ = [
    "COCO_17",
    "HAND_21",
    "JHMDB_15",
    "KINECT_V1",
    "KINECT_V2",
    "LAYOUTS",
    "MEDIAPIPE_33",
    "NW_UCLA",
    "OPENPOSE_18",
    "OPENPOSE_25",
    "PENN_13",
    "SBU_15",
    "UTD_MHAD",
    "build",
    "find_layout",
    "layout",
]

_HIPS = ("left_hip", "right_hip")

KINECT_V2 = build(
    "kinect-v2",
    "spine_base spine_mid neck head left_shoulder left_elbow left_wrist left_hand right_shoulder"
    " right_elbow right_wrist right_hand left_hip left_knee left_ankle left_foot right_hip"
    " right_knee right_ankle right_foot spine_shoulder left_hand_tip left_thumb right_hand_tip"
    " right_thumb",
    "spine_mid spine_base; spine_mid spine_shoulder neck head;"
    + both(
        "spine_shoulder left_shoulder left_elbow left_wrist left_hand left_hand_tip;"
        "left_wrist left_thumb; spine_base left_hip left_knee left_ankle left_foot"
    ),
)

NW_UCLA = replace(KINECT_V1, name="nw-ucla")
UTD_MHAD = replace(
    KINECT_V1,
    name="utd-mhad",
    joints=("head", "shoulder_center", "spine", "hip_center", *KINECT_V1.joints[4:]),
)

JHMDB_15 = build(
    "jhmdb-15",
    "neck belly face right_shoulder left_shoulder right_hip left_hip right_elbow left_elbow"
    " right_knee left_knee right_wrist left_wrist right_ankle left_ankle",
    "belly neck face;"
    + both("neck left_shoulder left_elbow left_wrist; belly left_hip left_knee left_ankle"),
    dimensions=2,
)

SBU_15 = build(
    "sbu-15",
    "head neck torso left_shoulder left_elbow left_hand right_shoulder right_elbow right_hand"
    " left_hip left_knee left_foot right_hip right_knee right_foot",
    "torso neck head;"
    + both("neck left_shoulder left_elbow left_hand; torso left_hip left_knee left_foot"),
)

PENN_13 = build(
    "penn-13",
    "head left_shoulder right_shoulder left_elbow right_elbow left_wrist right_wrist left_hip"
    " right_hip left_knee right_knee left_ankle right_ankle",
    both("head left_shoulder left_elbow left_wrist; left_shoulder left_hip left_knee left_ankle"),
    centre=_HIPS,
    dimensions=2,
)

LAYOUTS: Mapping[str, Skeleton] = MappingProxyType(
    {
        body.name: body
        for body in (
            *(KINECT_V2, KINECT_V1, NW_UCLA, UTD_MHAD),
            *(COCO_17, OPENPOSE_18, OPENPOSE_25, MEDIAPIPE_33),
            *(JHMDB_15, SBU_15, PENN_13, HAND_21),
            *MORE_LAYOUTS,
            *WHOLE_BODIES,
        )
    }
)


def layout(name: str, *, dimensions: int | None = None) -> Skeleton:
    """Return a built-in skeleton, with another number of dimensions if wanted.

    >>> len(layout("coco-17")), layout("coco-17", dimensions=3).dimensions
    (17, 3)
    >>> layout("kinect_v2")
    Traceback (most recent call last):
    ...
    skelfuse.errors.SkelfuseError: no skeleton layout is named 'kinect_v2'; \
did you mean 'kinect-v2'? There are: kinect-v2, kinect-v1, nw-ucla, utd-mhad, coco-17, \
openpose-18, openpose-25, mediapipe-33, jhmdb-15, sbu-15, penn-13, hand-21, h36m-17, \
azure-kinect-32, smpl-24, cmu-bvh, msr-action3d-20, utkinect-20, ui-prmd-22, shrec-22, \
hands-42, mediapipe-holistic-75, halpe-26, halpe-136, coco-wholebody-133, openpose-67, openpose-137
    """
    if name not in LAYOUTS:
        near = get_close_matches(name, LAYOUTS, n=1)
        hint = f"did you mean '{near[0]}'? " if near else ""
        raise SkelfuseError(
            f"no skeleton layout is named '{name}'",
            remedy=f"{hint}There are: {', '.join(LAYOUTS)}",
        )
    found = LAYOUTS[name]
    return found if dimensions is None else replace(found, dimensions=dimensions)


def find_layout(name: str) -> Skeleton:
    """Return what a user means by a skeleton: a built-in layout's name, or a YAML file.

    >>> find_layout("hand-21").root
    'wrist'
    """
    return Skeleton.from_yaml(name) if name.endswith((".yaml", ".yml")) else layout(name)

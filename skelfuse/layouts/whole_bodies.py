"""The skeletons of whole-body pose estimators: body, feet, hands and face as one.

Sources of the orders: MediaPipe's holistic landmarks, the keypoint lists of Halpe Full-Body (26 and
136) and of COCO-WholeBody (133), and OpenPose's output page (BODY_25, hands, face).
"""

from __future__ import annotations

from skelfuse.layouts.estimators import COCO_17, MEDIAPIPE_33, OPENPOSE_25
from skelfuse.layouts.face_and_hands import (
    FACE_68,
    FACE_CHAINS,
    LEFT_HAND,
    LEFT_HAND_CHAINS,
    PUPILS,
    RIGHT_HAND,
)
from skelfuse.layouts.joint_chains import both, build
from skelfuse.skeleton import Skeleton

_HIPS = ("left_hip", "right_hip")
_HANDS = f"left_wrist left_hand_wrist; {LEFT_HAND_CHAINS}"


def _bones(skeleton: Skeleton) -> str:
    """Write a skeleton's bones as chains, beginning at its root."""
    first = [bone for bone in skeleton.bones if bone[1] == skeleton.root]
    others = [bone for bone in skeleton.bones if bone[1] != skeleton.root]
    return "; ".join(f"{parent} {joint}" for joint, parent in (*first, *others))


HANDS_42 = build(
    "hands-42",
    (*LEFT_HAND, *RIGHT_HAND),
    f"left_hand_wrist right_hand_wrist; {both(LEFT_HAND_CHAINS)}",
    centre=("left_hand_wrist", "right_hand_wrist"),
)
MEDIAPIPE_HOLISTIC_75 = build(
    "mediapipe-holistic-75",
    (*MEDIAPIPE_33.joints, *LEFT_HAND, *RIGHT_HAND),
    f"{_bones(MEDIAPIPE_33)}; {both(_HANDS)}",
    centre=_HIPS,
)
_FEET = both("left_ankle left_big_toe left_small_toe; left_ankle left_heel")
_HALPE = both(
    "hip neck head nose left_eye left_ear; neck left_shoulder left_elbow left_wrist;"
    "hip left_hip left_knee left_ankle"
)
HALPE_26 = build(
    "halpe-26",
    (
        *COCO_17.joints,
        *("head", "neck", "hip", "left_big_toe", "right_big_toe", "left_small_toe"),
        *("right_small_toe", "left_heel", "right_heel"),
    ),
    f"{_HALPE}; {_FEET}",
    dimensions=2,
)
HALPE_136 = build(
    "halpe-136",
    (*HALPE_26.joints, *FACE_68, *LEFT_HAND, *RIGHT_HAND),
    f"{_HALPE}; {_FEET}; {both(FACE_CHAINS)}; {both(_HANDS)}",
    dimensions=2,
)
COCO_WHOLEBODY_133 = build(
    "coco-wholebody-133",
    (
        *COCO_17.joints,
        *("left_big_toe", "left_small_toe", "left_heel"),
        *("right_big_toe", "right_small_toe", "right_heel"),
        *(*FACE_68, *LEFT_HAND, *RIGHT_HAND),
    ),
    f"{_bones(COCO_17)}; {_FEET}; {both(FACE_CHAINS)}; {both(_HANDS)}",
    centre=_HIPS,
    dimensions=2,
)
OPENPOSE_67 = build(
    "openpose-67",
    (*OPENPOSE_25.joints, *LEFT_HAND, *RIGHT_HAND),
    f"{_bones(OPENPOSE_25)}; {both(_HANDS)}",
    dimensions=2,
)
OPENPOSE_137 = build(
    "openpose-137",
    (*OPENPOSE_25.joints, *LEFT_HAND, *RIGHT_HAND, *FACE_68, *PUPILS),
    f"{_bones(OPENPOSE_25)}; {both(_HANDS)}; {both(FACE_CHAINS + '; left_eye_3 left_pupil')}",
    dimensions=2,
)
WHOLE_BODIES = (
    *(HANDS_42, MEDIAPIPE_HOLISTIC_75, HALPE_26, HALPE_136, COCO_WHOLEBODY_133),
    *(OPENPOSE_67, OPENPOSE_137),
)

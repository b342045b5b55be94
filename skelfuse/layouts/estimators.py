"""The skeletons of pose estimators: a body, or a hand.

Sources of the orders: the COCO keypoint task, OpenPose's output page (BODY_25, COCO, hand), and
MediaPipe's pose and hand landmark pages.
"""

from __future__ import annotations

from skelfuse.layouts.face_and_hands import HAND, HAND_CHAINS
from skelfuse.layouts.joint_chains import both, build

_HIPS = ("left_hip", "right_hip")

COCO_17 = build(
    "coco-17",
    "nose left_eye right_eye left_ear right_ear left_shoulder right_shoulder left_elbow"
    " right_elbow left_wrist right_wrist left_hip right_hip left_knee right_knee left_ankle"
    " right_ankle",
    both(
        "nose left_eye left_ear; nose left_shoulder left_elbow left_wrist;"
        "left_shoulder left_hip left_knee left_ankle"
    ),
    centre=_HIPS,
    dimensions=2,
)

OPENPOSE_18 = build(
    "openpose-18",
    "nose neck right_shoulder right_elbow right_wrist left_shoulder left_elbow left_wrist"
    " right_hip right_knee right_ankle left_hip left_knee left_ankle right_eye left_eye"
    " right_ear left_ear",
    both(
        "neck nose left_eye left_ear; neck left_shoulder left_elbow left_wrist;"
        "neck left_hip left_knee left_ankle"
    ),
    centre=_HIPS,
    dimensions=2,
)

OPENPOSE_25 = build(
    "openpose-25",
    "nose neck right_shoulder right_elbow right_wrist left_shoulder left_elbow left_wrist"
    " mid_hip right_hip right_knee right_ankle left_hip left_knee left_ankle right_eye left_eye"
    " right_ear left_ear left_big_toe left_small_toe left_heel right_big_toe right_small_toe"
    " right_heel",
    both(
        "mid_hip neck nose left_eye left_ear; neck left_shoulder left_elbow left_wrist;"
        "mid_hip left_hip left_knee left_ankle left_big_toe left_small_toe; left_ankle left_heel"
    ),
    dimensions=2,
)

MEDIAPIPE_33 = build(
    "mediapipe-33",
    "nose left_eye_inner left_eye left_eye_outer right_eye_inner right_eye right_eye_outer"
    " left_ear right_ear left_mouth right_mouth left_shoulder right_shoulder left_elbow"
    " right_elbow left_wrist right_wrist left_pinky right_pinky left_index right_index left_thumb"
    " right_thumb left_hip right_hip left_knee right_knee left_ankle right_ankle left_heel"
    " right_heel left_foot_index right_foot_index",
    both(
        "nose left_eye_inner left_eye left_eye_outer left_ear; nose left_mouth;"
        "nose left_shoulder left_elbow left_wrist left_pinky; left_wrist left_index;"
        "left_wrist left_thumb; left_shoulder left_hip left_knee left_ankle left_heel;"
        "left_ankle left_foot_index"
    ),
    centre=_HIPS,
)

HAND_21 = build("hand-21", HAND, HAND_CHAINS)

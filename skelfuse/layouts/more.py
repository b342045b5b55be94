"""Further skeletons by name: motion capture, body models, and the sensors of older data sets.

Sources of the orders: the Azure Kinect body tracking SDK (`k4abt_joint_id_t`), Human3.6M as the
field cuts it to 17 joints, SMPL's 24 joints, the BVH conversion of CMU's motion capture, and the
files of MSR-Action3D, UT-Kinect, UI-PRMD and SHREC'17 themselves.
"""

from __future__ import annotations

from dataclasses import replace

from skelfuse.layouts.joint_chains import both, build

H36M_17 = build(
    "h36m-17",
    "hip right_hip right_knee right_ankle left_hip left_knee left_ankle spine thorax neck head"
    " left_shoulder left_elbow left_wrist right_shoulder right_elbow right_wrist",
    "hip spine thorax neck head;"
    + both("hip left_hip left_knee left_ankle; thorax left_shoulder left_elbow left_wrist"),
)

AZURE_KINECT_32 = build(
    "azure-kinect-32",
    "pelvis spine_navel spine_chest neck left_clavicle left_shoulder left_elbow left_wrist"
    " left_hand left_hand_tip left_thumb right_clavicle right_shoulder right_elbow right_wrist"
    " right_hand right_hand_tip right_thumb left_hip left_knee left_ankle left_foot right_hip"
    " right_knee right_ankle right_foot head nose left_eye left_ear right_eye right_ear",
    "pelvis spine_navel spine_chest neck head nose;"
    + both(
        "spine_chest left_clavicle left_shoulder left_elbow left_wrist left_hand left_hand_tip;"
        "left_wrist left_thumb; pelvis left_hip left_knee left_ankle left_foot;"
        "head left_eye; head left_ear"
    ),
)

SMPL_24 = build(
    "smpl-24",
    "pelvis left_hip right_hip spine1 left_knee right_knee spine2 left_ankle right_ankle spine3"
    " left_foot right_foot neck left_collar right_collar head left_shoulder right_shoulder"
    " left_elbow right_elbow left_wrist right_wrist left_hand right_hand",
    "pelvis spine1 spine2 spine3 neck head;"
    + both(
        "pelvis left_hip left_knee left_ankle left_foot;"
        "spine3 left_collar left_shoulder left_elbow left_wrist left_hand"
    ),
)

_CMU_LEG = "{0}HipJoint {1}UpLeg {1}Leg {1}Foot {1}ToeBase"
_CMU_ARM = "{1}Shoulder {1}Arm {1}ForeArm {1}Hand"
_CMU_FINGERS = "{1}FingerBase {1}HandIndex1"
_SIDES = (("L", "Left"), ("R", "Right"))
_CMU = build(
    "cmu-bvh",
    " ".join(
        [
            "Hips",
            *(_CMU_LEG.format(*side) for side in _SIDES),
            "LowerBack Spine Spine1 Neck Neck1 Head",
            *(f"{_CMU_ARM} {_CMU_FINGERS} {{0}}Thumb".format(*side) for side in _SIDES),
        ]
    ),
    "; ".join(
        [
            "Hips LowerBack Spine Spine1 Neck Neck1 Head",
            *(f"Hips {_CMU_LEG}".format(*side) for side in _SIDES),
            *(f"Spine1 {_CMU_ARM} {_CMU_FINGERS}".format(*side) for side in _SIDES),
            *(f"{side}Hand {letter}Thumb" for letter, side in _SIDES),
        ]
    ),
)
CMU_BVH = replace(
    _CMU,
    pairs=tuple(
        (joint, other)
        for joint in _CMU.joints
        if (other := joint.replace("Left", "Right").replace("LHip", "RHip").replace("LTh", "RTh"))
        != joint
    ),
    hips=("LeftUpLeg", "RightUpLeg"),
    shoulders=("LeftArm", "RightArm"),
)

_KINECT_V1_CHAINS = "spine hip_center; spine shoulder_center head;" + both(
    "shoulder_center left_shoulder left_elbow left_wrist left_hand;"
    "hip_center left_hip left_knee left_ankle left_foot"
)
KINECT_V1 = build(
    "kinect-v1",
    "hip_center spine shoulder_center head left_shoulder left_elbow left_wrist left_hand"
    " right_shoulder right_elbow right_wrist right_hand left_hip left_knee left_ankle left_foot"
    " right_hip right_knee right_ankle right_foot",
    _KINECT_V1_CHAINS,
)
MSR_ACTION3D_20 = build(
    "msr-action3d-20",
    "left_shoulder right_shoulder shoulder_center spine left_hip right_hip hip_center left_elbow"
    " right_elbow left_wrist right_wrist left_hand right_hand left_knee right_knee left_ankle"
    " right_ankle left_foot right_foot head",
    _KINECT_V1_CHAINS,
)
UTKINECT_20 = replace(KINECT_V1, name="utkinect-20")

UI_PRMD_22 = replace(
    build(
        "ui-prmd-22",
        "waist spine chest neck head head_tip left_collar left_upper_arm left_forearm left_hand"
        " right_collar right_upper_arm right_forearm right_hand left_upper_leg left_lower_leg"
        " left_foot left_toes right_upper_leg right_lower_leg right_foot right_toes",
        "waist spine chest neck head head_tip;"
        + both(
            "chest left_collar left_upper_arm left_forearm left_hand;"
            "waist left_upper_leg left_lower_leg left_foot left_toes"
        ),
    ),
    hips=("left_upper_leg", "right_upper_leg"),
    shoulders=("left_upper_arm", "right_upper_arm"),
)

_FINGERS = [
    " ".join(f"{finger}_{part}" for part in ("base", "first", "second", "tip"))
    for finger in ("thumb", "index", "middle", "ring", "pinky")
]
SHREC_22 = build(
    "shrec-22",
    f"wrist palm {' '.join(_FINGERS)}",
    "wrist palm;" + ";".join(f"wrist {finger}" for finger in _FINGERS),
)

# Layouts that no number of joints stands for: COCO's 17 are met far more often than these.
NEVER_GUESSED = (H36M_17.name,)
MORE_LAYOUTS = (
    *(H36M_17, AZURE_KINECT_32, SMPL_24, CMU_BVH),
    *(MSR_ACTION3D_20, UTKINECT_20, UI_PRMD_22, SHREC_22),
)

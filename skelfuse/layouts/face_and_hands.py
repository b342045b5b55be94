"""Names and bones of what whole-body estimators add to a body: the face's 68 points, two hands.

The face's points go by the order that is usual for 68 of them: along the jaw from the person's
right ear to the left one, right brow, left brow, nose, right eye, left eye, lips outside, inside.
"""

from __future__ import annotations

FINGERS = {
    "thumb": "cmc mcp ip tip",
    **dict.fromkeys(("index", "middle", "ring", "pinky"), "mcp pip dip tip"),
}
FINGER_CHAINS = [
    [f"{finger}_{part}" for part in parts.split()] for finger, parts in FINGERS.items()
]
HAND = ("wrist", *(joint for chain in FINGER_CHAINS for joint in chain))
HAND_CHAINS = "; ".join(f"wrist {' '.join(chain)}" for chain in FINGER_CHAINS)


def hand(side: str) -> tuple[str, ...]:
    """Return the 21 joints of a hand beside a body's own, whose wrist is not the hand's.

    >>> hand("left")[:2]
    ('left_hand_wrist', 'left_hand_thumb_cmc')
    """
    return tuple(f"{side}_hand_{joint}" for joint in HAND)


LEFT_HAND, RIGHT_HAND = hand("left"), hand("right")
LEFT_HAND_CHAINS = "; ".join(
    " ".join(f"left_hand_{joint}" for joint in ("wrist", *chain)) for chain in FINGER_CHAINS
)


def _row(stem: str, numbers: range | list[int]) -> list[str]:
    return [f"{stem}_{number}" for number in numbers]


FACE_68 = (
    *(*_row("right_jaw", range(8)), "chin", *_row("left_jaw", range(7, -1, -1))),
    *(*_row("right_brow", range(5)), *_row("left_brow", range(4, -1, -1))),
    *_row("nose_bridge", range(4)),
    *("right_nostril_1", "right_nostril_0", "nose_base", "left_nostril_0", "left_nostril_1"),
    *(*_row("right_eye", range(6)), *_row("left_eye", [3, 2, 1, 0, 5, 4])),
    *("right_lip_corner", "right_upper_lip_1", "right_upper_lip_0", "upper_lip"),
    *("left_upper_lip_0", "left_upper_lip_1", "left_lip_corner"),
    *("left_lower_lip_1", "left_lower_lip_0", "lower_lip"),
    *("right_lower_lip_0", "right_lower_lip_1"),
    *("right_inner_corner", "right_upper_inner", "upper_inner", "left_upper_inner"),
    *("left_inner_corner", "left_lower_inner", "lower_inner", "right_lower_inner"),
)
PUPILS = ("right_pupil", "left_pupil")
# From the nose; to be written once more for the right side.
FACE_CHAINS = "; ".join(
    [
        "nose nose_bridge_3 nose_bridge_2 nose_bridge_1 nose_bridge_0",
        "nose_bridge_0 " + " ".join(_row("left_brow", range(4, -1, -1))),
        "nose_bridge_1 " + " ".join(_row("left_eye", range(3, -1, -1))),
        "left_eye_3 left_eye_4 left_eye_5",
        "nose nose_base left_nostril_0 left_nostril_1",
        "nose_base upper_lip left_upper_lip_0 left_upper_lip_1 left_lip_corner",
        "upper_lip upper_inner left_upper_inner left_inner_corner",
        "upper_inner lower_inner left_lower_inner",
        "lower_inner lower_lip left_lower_lip_0 left_lower_lip_1",
        "lower_lip chin " + " ".join(_row("left_jaw", range(7, -1, -1))),
    ]
)

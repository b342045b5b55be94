"""The sentences of an explanation: what is said first, what is named, and what is not."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from skelfuse.explain.answer import Explanation, Moment, Named, standing_out
from skelfuse.explain.hiding_text import hiding_text
from skelfuse.explain.limbs import limbs_of
from skelfuse.explain.verdict import verdict
from skelfuse.layouts import COCO_17, HAND_21, KINECT_V2, LAYOUTS
from skelfuse.skeleton import Skeleton

HAND = ("right_wrist", "right_elbow")


def explained(**fields: Any) -> Explanation:
    """Return a wave at 97 %, whose right wrist and elbow decided in the second of four seconds."""
    shares = {"nose": 0.1, "left_wrist": 0.1, "right_elbow": 1.0, "right_wrist": 1.8}
    facts: dict[str, Any] = {
        "clip": "a",
        "label": "wave",
        "classes": ("knock", "sit", "wave"),
        "probabilities": np.array([0.02, 0.01, 0.97]),
        "target": "wave",
        "against": None,
        "players": "joints",
        "joints": shares,
        "limbs": {"head": 0.1, "left arm": 0.1, "right arm": 2.8},
        "limb_error": {"head": 0.0, "left arm": 0.0, "right arm": 0.0},
        "moments": tuple(Moment(i, i + 1.0, s, 0.0) for i, s in enumerate([0.2, 2.6, 0.1, 0.1])),
        "total": 3.0,
        "error": dict.fromkeys(shares, 0.05),
        "rounds": 16,
        "pairs": {("right_elbow", "right_wrist"): -0.8, ("nose", "right_wrist"): 0.01},
        "hidden": dict.fromkeys(shares, 0.5),
        "frozen": dict.fromkeys(shares, 0.6),
        "named": Named(HAND, 0.07, "knock", 0.12, 0.8),
        "by_class": np.zeros((4, 3)),
        "fps": 30.0,
        "skeleton": COCO_17,
        "x": np.zeros((4, 1, 17, 2)),
        "mask": np.ones((4, 1, 17), bool),
        "time": np.arange(4.0),
    }
    return Explanation(**facts | fields)


def test_all_is_said_in_four_sentences() -> None:
    assert verdict(explained()) == [
        "Wave, 97 %.",
        "Without the right wrist and elbow it would be 7 % (knock).",
        "What counts is the movement: held still, 12 %.",
        "Most between 1.0 and 2.0 s.",
    ]
    assert verdict(explained(fps=None))[3] == "Most between frames 1 and 2."


def test_a_disagreement_is_said_first() -> None:
    assert (
        verdict(explained(label="knock"))[0]
        == "The file says knock, the model wave (97 %; knock 2 %)."
    )
    first = verdict(explained(label="jump"))[0]
    assert first == "The file says jump, a class that the run does not know."
    assert verdict(explained(label=None))[0] == "Wave, 97 %."


def test_what_was_asked_for_is_said_with_what_the_model_says() -> None:
    other = verdict(explained(target="sit", label=None))
    assert other[0] == "Sit, 1 %; the model says wave, 97 %."
    assert verdict(explained(against="knock"))[0] == "Wave rather than knock: 97 % to 2 %."


@pytest.mark.parametrize(
    ("frozen", "words"),
    [
        (0.07, "What counts is the movement: held still, 7 %."),
        (0.5, "Place and movement both count: held still, 50 %."),
        (0.95, "What counts is the place, not the movement: held still, still 95 %."),
    ],
)
def test_movement_is_told_from_place(frozen: float, words: str) -> None:
    assert verdict(explained(named=Named(HAND, 0.07, "knock", frozen, 0.8)))[2] == words


def test_where_hiding_costs_hardly_anything_nothing_is_split() -> None:
    found = verdict(explained(named=Named(HAND, 0.9, "wave", 0.2, 0.8)))
    assert found[1:] == [
        "Without the right wrist and elbow it would still be 90 %.",
        "Most between 1.0 and 2.0 s.",
    ]


def test_where_no_joint_stands_out_limbs_may_or_nothing() -> None:
    assert (
        verdict(explained(named=None))[1] == "No single joint stands out; of limbs, the right arm."
    )
    even = explained(named=None, limbs={"head": 1.0, "left arm": 1.0, "right arm": 1.0})
    assert verdict(even)[1] == "No joint stands out: it rests on many together."
    assert verdict(explained(named=None, total=-1.0))[1] == "Nothing that was seen speaks for it."
    one = explained(named=None, joints={"right_wrist": 3.0}, error={"right_wrist": 0.0})
    assert verdict(one)[1] == "Nothing but the right wrist was seen, so all rests on it."


def test_moments_are_named_by_their_times() -> None:
    error = {f"moment {i}": 0.1 for i in (1, 2, 3, 4)}
    named = Named(("moment 3", "moment 2"), 0.2, "sit", None, 0.9)
    found = explained(players="moments", joints={}, limbs={}, error=error, named=named)
    assert verdict(found)[1:] == ["Without 1.0 to 3.0 s it would be 20 % (sit)."]


def test_what_is_not_above_its_error_is_not_named() -> None:
    shares = {"a": 2.0, "b": 1.9, "c": 0.1, "d": 0.1, "e": 0.1}
    assert standing_out(shares, {"a": 0.3, "b": 0.7}) == ["a"]
    assert standing_out(dict.fromkeys("abcde", -1.0), {}) == []
    assert (
        len(standing_out(dict.fromkeys("abcdefg", 1.0) | dict.fromkeys("ABCDEFGHIJKLM", 0.0), {}))
        == 4
    )


def test_the_table_tells_shares_errors_and_how_sure() -> None:
    text = hiding_text(explained(), top=2)
    assert "  right wrist  +1.80  ± 0.05  ████████████        50 %        60 %" in text
    assert "  2 more       +0.20" in text
    assert "(shares of the log probability; mean of 16 random orders ± standard error)" in text
    assert "  1.0 to 2.0 s  +2.60    ████████████" in text
    assert "  right elbow + right wrist    -0.80  one would do" in text
    assert "nose + right wrist" not in text  # too weak to tell
    exact = explained(rounds=0, against="sit")
    assert "(shares of the difference of the log probabilities; every set of them" in hiding_text(
        exact
    )


@pytest.mark.parametrize("name", LAYOUTS)
def test_every_joint_is_in_one_limb(name: str) -> None:
    body = LAYOUTS[name]
    joints = [joint for limb in limbs_of(body).values() for joint in limb]
    assert sorted(joints) == sorted(body.joints)
    if body.hips and body.shoulders:
        assert {"left arm", "right arm", "left leg", "right leg"} <= {*limbs_of(body)}


def test_limbs_of_other_bodies_are_branches() -> None:
    assert limbs_of(KINECT_V2)["trunk"] == ("spine_base", "spine_mid", "neck", "spine_shoulder")
    assert limbs_of(HAND_21)["thumb"] == ("thumb_cmc", "thumb_mcp", "thumb_ip", "thumb_tip")
    bones = (("neck", "snout"), ("left_paw", "neck"), ("right_paw", "neck"), ("tail", "neck"))
    rat = Skeleton("rat", ("snout", "neck", "left_paw", "right_paw", "tail"), bones, root="snout")
    assert limbs_of(rat) == {
        "snout": ("snout", "neck"),
        "left_paw": ("left_paw",),
        "right_paw": ("right_paw",),
        "tail": ("tail",),
    }
    marks = Skeleton("marks", ("snout", "paw", "toe"), bones=(("toe", "paw"),), root="snout")
    assert limbs_of(marks) == {"snout": ("snout",), "paw": ("paw", "toe")}
    arm = Skeleton("arm", ("elbow", "hand"), bones=(("hand", "elbow"),), root="elbow")
    assert limbs_of(arm) == {"elbow": ("elbow",), "hand": ("hand",)}

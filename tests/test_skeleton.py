"""What a Skeleton promises: it refuses what is no body, and knows parents, mirrors and orders."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from skelfuse.errors import SkelfuseError
from skelfuse.skeleton import Skeleton

BODY: dict[str, Any] = {
    "name": "stick",
    "joints": ("hip", "left_hand", "right_hand", "head"),
    "bones": (("left_hand", "hip"), ("right_hand", "hip"), ("head", "hip")),
    "root": "hip",
    "pairs": (("left_hand", "right_hand"),),
}


@pytest.mark.parametrize(
    ("changed", "problem"),
    [
        ({"joints": ()}, "it has no joints"),
        ({"joints": ("hip", "hip", "left_hand", "right_hand", "head")}, "joints named twice: hip"),
        ({"root": "tail"}, "does not have: tail"),
        ({"centre": ("hip", "heart")}, "does not have: heart"),
        ({"hips": ("left_hip", "hip")}, "does not have: left_hip"),
        ({"hips": ("hip",)}, "hips need two joints"),
        ({"shoulders": ("hip", "head", "hip")}, "shoulders need two joints"),
        ({"bones": (("head",),)}, "a bone or pair needs two joints"),
        ({"bones": (*BODY["bones"], ("head", "left_hand"))}, "'head' has two parents"),
        ({"bones": (*BODY["bones"], ("hip", "head"))}, "the root 'hip' has a parent"),
        (
            {"bones": (BODY["bones"][0], ("right_hand", "head"), ("head", "right_hand"))},
            "form a circle",
        ),
        (
            {"pairs": (("left_hand", "right_hand"), ("left_hand", "head"))},
            "two left/right pairs: left_hand",
        ),
        ({"dimensions": 4}, "2 or 3 dimensions, not 4"),
    ],
)
def test_what_is_no_body_is_refused(changed: dict[str, Any], problem: str) -> None:
    with pytest.raises(SkelfuseError, match="skeleton 'stick'") as error:
        Skeleton(**{**BODY, **changed})
    assert problem in str(error.value)


def test_parents_mirror_and_centre() -> None:
    body = Skeleton(**BODY)
    assert body.parents == (0, 0, 0, 0)
    assert body.mirror == (0, 2, 1, 3)
    assert body.centre == ("hip",)
    assert body.centre_indices == (0,)
    assert len(body) == 4
    with pytest.raises(SkelfuseError, match="no joint 'tail'"):
        body.index("tail")


def test_permuted_is_the_same_body_in_another_order() -> None:
    body = Skeleton(**BODY)
    turned = body.permuted((3, 2, 1, 0))
    assert turned.joints == ("head", "right_hand", "left_hand", "hip")
    assert turned.parents == (3, 3, 3, 3)
    assert turned.mirror == (0, 2, 1, 3)
    assert set(turned.bones) == set(body.bones)
    assert turned.permuted((3, 2, 1, 0)) == body


@pytest.mark.parametrize("bones", [(), BODY["bones"][:2], (("right_hand", "left_hand"),)])
def test_bones_are_optional_and_a_joint_without_a_parent_is_its_own(bones: Any) -> None:
    body = Skeleton(**{**BODY, "bones": bones})
    above = dict(bones)
    assert [body.joints[i] for i in body.parents] == [above.get(name, name) for name in body.joints]
    assert body.centre == (("hip",) if bones else body.joints)
    assert Skeleton.from_dict(body.to_dict()) == body


@pytest.mark.parametrize("order", [(0, 1, 2), (0, 0, 1, 2), (1, 2, 3, 4)])
def test_permuted_refuses_what_is_no_permutation(order: tuple[int, ...]) -> None:
    with pytest.raises(SkelfuseError, match=r"permutation of 0\.\.3"):
        Skeleton(**BODY).permuted(order)


def test_dict_and_yaml_round_trip(tmp_path: Path) -> None:
    body = Skeleton(**BODY)
    assert Skeleton.from_dict(body.to_dict()) == body
    file = tmp_path / "stick.yaml"
    file.write_text(
        "name: stick\njoints: [hip, left_hand, right_hand, head]\nroot: hip\n"
        "bones: [[left_hand, hip], [right_hand, hip], [head, hip]]\n"
        "pairs: [[left_hand, right_hand]]\n"
    )
    assert Skeleton.from_yaml(file) == body


STICK = "name: stick\njoints: [hip, hand]\nbones: [[hand, hip]]\nroot: hip\n"


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("[1, 2]", "not a skeleton"),
        ("name: a\njoint: [b]", "unknown key 'joint'"),
        ("name: a\njoints: [b]", "needs 'bones'"),
        (
            "name: a\njoints: [b]\nbones: 3\nroot: b",
            "'bones' is of the wrong kind: expected a list",
        ),
        ("hello", "not a skeleton: expected lines such as 'root: hip', found 'hello'"),
        ("", "not a skeleton: expected lines such as 'root: hip', found nothing"),
        ("1: a\nname: b\njoint: [c]", "unknown key '1'"),
        (STICK.replace("[hip, hand]", "[1, 2]"), "expected text, found 1"),
        (STICK.replace("[hip, hand]", "[yes, no]"), "found True; YAML reads numbers, yes, no"),
        (STICK.replace("[hip, hand]", "hip"), "expected a list, found 'hip'; write joints: [first"),
        (STICK.replace("[hip, hand]", "[hip, [hand]]"), "expected text, found a list of 1"),
        (STICK.replace("[hip, hand]", "[hip, '']"), "expected text, found ''"),
        (STICK.replace("[hip, hand]", "[hip, null]"), "quote them, as 'yes'"),
        (STICK.replace("[hip, hand]", "{hip: 1}"), "expected a list, found keys with values"),
        (
            STICK.replace("name: stick", "name:"),
            "'name' is of the wrong kind: expected text, found",
        ),
        (
            STICK.replace("root: hip", "root: 0"),
            "'root' is of the wrong kind: expected text, found 0",
        ),
        (STICK.replace("[[hand, hip]]", "[hand, hip]"), "expected a list of two joints each"),
        (STICK.replace("[[hand, hip]]", "[[1, 0]]"), "expected text, found 1"),
        (STICK.replace("[[hand, hip]]", "[[hand]]"), "a bone or pair needs two joints"),
        (STICK + "pairs: [[hand, off]]", "expected text, found False"),
        (STICK + "centre: hip", "'centre' is of the wrong kind: expected a list, found 'hip'"),
        (STICK + "centre:", "'centre' is of the wrong kind: expected a list, found nothing"),
        (STICK + "hips: hand", "'hips' is of the wrong kind"),
        (STICK + "shoulders: {}", "'shoulders' is of the wrong kind"),
        (STICK + "dimensions: two", "expected 2 or 3, found 'two'"),
        (STICK + "dimensions: 3.0", "expected 2 or 3, found 3.0"),
        (STICK + "dimensions: yes", "expected 2 or 3, found True"),
        (
            "a: &a [x, x]\nb: &b [*a, *a]\n" + STICK.replace("[hip, hand]", "[*b]"),
            "unknown key 'a'",
        ),
        ("name: a\njoints: [b]\nbones: []\nroot: c", "does not have: c"),
        ("name: [", "not YAML"),
    ],
)
def test_bad_yaml_is_named_with_its_file(tmp_path: Path, text: str, problem: str) -> None:
    file = tmp_path / "bad.yaml"
    file.write_text(text)
    with pytest.raises(SkelfuseError, match=r"bad\.yaml") as error:
        Skeleton.from_yaml(file)
    assert problem in str(error.value)
    assert error.value.remedy


@pytest.mark.parametrize("content", [None, b"name: \xff", b"\x00", b"[" * 5000])
def test_a_layout_that_cannot_be_read_says_what_to_do(
    tmp_path: Path, content: bytes | None
) -> None:
    file = tmp_path / "bad.yaml"
    if content is not None:
        file.write_bytes(content)
    with pytest.raises(SkelfuseError, match=r"bad\.yaml: (cannot read|not YAML)") as error:
        Skeleton.from_yaml(file)
    assert error.value.remedy


def test_words_that_yaml_takes_for_something_else_may_be_quoted(tmp_path: Path) -> None:
    file = tmp_path / "odd.yaml"
    file.write_text("name: '1'\njoints: ['yes', 'no']\nbones: [['no', 'yes']]\nroot: 'yes'\n")
    assert Skeleton.from_yaml(file) == Skeleton("1", ("yes", "no"), (("no", "yes"),), "yes")

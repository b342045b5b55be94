"""Frames of a live recording as JSON lines."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest

from helpers.untaught import ARM
from skelfuse.datasets.frame_lines import Frame, Heading, parse_line
from skelfuse.errors import SkelfuseError


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ({"joints": [[1, 2, 3]] * 3}, [[[1, 2, 3]] * 3]),
        ({"joints": [[1, 2, 3], None, [4, None, 6]]}, [[[1, 2, 3], [None] * 3, [None] * 3]]),
        ({"persons": [[[0, 0, 0]] * 3, None]}, [[[0, 0, 0]] * 3, [[None] * 3] * 3]),
        ({"persons": []}, []),
        ({"joints": None, "t": 3}, [[[None] * 3] * 3]),
        (
            {"joints": [[1, 2, float("inf")], [1, 2, 3], None]},
            [[[None] * 3, [1, 2, 3], [None] * 3]],
        ),
    ],
)
def test_frame_lines(line: dict[str, Any], expected: Any) -> None:
    frame = parse_line(json.dumps(line), ARM)
    assert isinstance(frame, Frame)
    wanted = np.array(expected, np.float32).reshape(-1, 3, 3)
    np.testing.assert_array_equal(frame.joints, wanted)
    assert frame.t == line.get("t")


def test_a_heading_names_joints_and_rate() -> None:
    for text, names, fps in (
        ('{"joint_names": ["a"], "fps": 30}', ["a"], 30),
        ('{"fps": 12.5}', None, 12.5),
    ):
        heading = parse_line(text, ARM)
        assert isinstance(heading, Heading)
        assert (heading.joint_names, heading.fps) == (names, fps)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("[1, 2]", "expected named values"),
        ("wave", "not JSON"),
        ("[" * 100_000, "not JSON"),
        ("{}", "neither joints nor persons"),
        ('{"joints": [], "persons": []}', "both joints and persons"),
        ('{"joints": [[1, 2, 3]]}', "wrong number of joints: expected 3 ('arm'), found 1"),
        ('{"joints": [[1, 2], [1, 2], [1, 2]]}', "joints of the wrong shape: expected [x, y, z]"),
        ('{"joints": [[1, 2, "3"], null, null]}', "expected numbers"),
        ('{"joints": [[1, 2, 3], [1, 2], null]}', "lists of different lengths"),
        ('{"joints": "all"}', "'joints' is of the wrong kind"),
        ('{"persons": [5]}', "wrong number of joints"),
        ('{"joints": [null, null, null], "t": "now"}', "'t' is of the wrong kind"),
        ('{"joint_names": [1]}', "are not names"),
        ('{"fps": 0}', "no rate"),
    ],
)
def test_bad_lines_say_what_is_wrong(text: str, told: str) -> None:
    with pytest.raises(SkelfuseError) as error:
        parse_line(text, ARM)
    assert told in str(error.value)
    assert error.value.remedy

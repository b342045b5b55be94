"""The names of features and joints as a person would say them."""

from __future__ import annotations

from skelfuse.layers.statistics import Feature
from skelfuse.telling.counted import counted

COURSES = {
    "Legendre 0+": "level, above zero",
    "Legendre 0-": "level, below zero",
    "Legendre 1+": "trend up",
    "Legendre 1-": "trend down",
    "Legendre 2+": "dip in the middle",
    "Legendre 2-": "rise in the middle",
    "range": "range",
}
CHANGES = {
    "mean Δ+": "{}-frame change up",
    "mean Δ-": "{}-frame change down",
    "mean |Δ|": "{}-frame speed",
    "mean |Δ²|": "{}-frame change of speed",
    "up": "{}-frame speed up",
    "down": "{}-frame speed down",
}
HALVES = {(1, 2): "first half", (2, 2): "second half"}


def joint_words(joint: str) -> str:
    """Return a joint's name in words.

    >>> joint_words("right_wrist")
    'right wrist'
    """
    return joint.replace("_", " ")


def statistic_words(feature: Feature, *, frames: int = 1) -> str:
    """Return what a feature measures; `frames` of the clip make one step of FrierenFuse.

    >>> statistic_words(Feature(4, "up", 3, (1, 1))), statistic_words(Feature(4, "up", 0, (1, 1)),
    ...                                                               frames=2)
    ('4-frame speed up', '8-frame speed up')
    >>> statistic_words(Feature(None, "Legendre 3-", 0, (1, 1)))
    'wave of degree 3, inverted'
    """
    if feature.scale is not None:
        return CHANGES[feature.statistic].format(feature.scale * frames)
    if feature.statistic in COURSES:
        return COURSES[feature.statistic]
    degree = feature.statistic.removeprefix("Legendre ")
    return f"wave of degree {degree[:-1]}{', inverted' if degree.endswith('-') else ''}"


def statistic_kind(feature: Feature) -> str:
    """Return what a feature measures, whatever its scale.

    >>> statistic_kind(Feature(4, "up", 3, (1, 1)))
    'speed up'
    """
    return statistic_words(feature).removeprefix(f"{feature.scale}-frame ")


def feature_words(feature: Feature, *, frames: int = 1) -> str:
    """Return a feature in words.

    >>> feature_words(Feature(1, "mean |Δ|", 5, (2, 2)))
    '1-frame speed, direction 5, second half'
    >>> feature_words(Feature(None, "range", 0, (3, 4)))
    'range, direction 0, part 3 of 4'
    """
    part, parts = feature.window
    when = "" if parts == 1 else ", " + HALVES.get((part, parts), f"part {part} of {parts}")
    return f"{statistic_words(feature, frames=frames)}, direction {feature.direction}{when}"


def scale_words(feature: Feature, *, frames: int = 1) -> str:
    """Return over how long a feature looks.

    >>> scale_words(Feature(2, "up", 0, (1, 1))), scale_words(Feature(None, "range", 0, (1, 1)))
    ('2 frames', 'whole course')
    """
    if feature.scale is None:
        return "whole course"
    return counted(feature.scale * frames, "frame")

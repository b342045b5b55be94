"""Settings for a data set that nobody has tuned for, chosen by what its training clips are like.

They lie between the package's defaults and what a person writes: a configuration with the key
`defaults: from-store` takes them for all that its file and --set leave open. What is chosen is
chosen once, when a run begins; the run's own configuration holds the values themselves.

The model is not chosen: `small` has been measured on sets of 230 to 2,300 clips, and nothing says
that a smaller or larger one would suit others better.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import Any, NamedTuple

from skelfuse.telling.counted import counted
from skelfuse.training.store_facts import StoreFacts

SECTIONS = (
    "sampling",
    "augment",
    "model",
    "train",
)  # of a configuration, in which something is chosen

VERSION = 3  # of what follows: raised where a store would be given other settings than before

# Time. A movement needs about so many frames a second; a clip gets the nearest of the sizes.
FRAMES_A_SECOND = 15
ASSUMED_RATE = 30.0  # of clips that do not say theirs
FRAMES = ((40, 32), (56, 48), (math.inf, 64))  # (frames needed for a usual clip below this, frames)
CROP, UNEVEN = [0.8, 1.0], 1.0
LEAST_TO_CROP = 8  # frames: of fewer than these none can be spared
RATES_DIFFER = 1.5  # the fastest over the slowest

# Bodies.
MOST_PERSONS = 4
OF_ONE_PERSON = ("joint", "bone", "distances")  # what is told of a joint where nobody else is
SWAP_PERSONS = 0.5
SIZES_DIFFER = 1.6  # people's torsos in metres differ by 1.1 to 1.2 from tenth to tenth, in pixels
METRES = (0.2, 2.0)  # by 1.5 to 2.6; a torso outside these is not in metres, or is no torso
PIXELS = 5.0  # a torso longer than this is in pixels or millimetres

# View. Angles in radians.
FACING_ALIKE = 0.35  # radians of spread: one camera in front of everybody gives 0.1
TURN_LITTLE, TURN_FAR = (0.1, 0.3), (0.2, 0.8)  # (about level axes, about the vertical)
TURN_ANY = [0.3, 0.3, 0.3]  # about x, y and z: without hips and shoulders nobody knows what is up
TURN_FLAT = [0.2]

# Other changes.
FEW_CLIPS = 3000
STRETCH_FEW, STRETCH_MANY = (0.15, 0.1), (0.1, 0.05)  # (scale, shear)
INCOMPLETE = 0.02  # share of the joints not seen
DROPOUT_WHOLE, DROPOUT_INCOMPLETE = 0.05, 0.1
MIRROR = 0.5

# Learning.
TEACH_OWN = 1.0
STEPS = 2000  # of the optimiser
EPOCHS = (40, 150)
BATCHES = ((300, 16), (5001, 32), (math.inf, 64))  # (clips below this, clips in a batch)
CLIPS_TO_SPARE, SUBJECTS_TO_SPARE = 2000, 10  # from here on a validation costs little

SIDES = ("left", "right", "clockwise")
SIDE_WORDS = {"cw", "ccw", "l", "r", "lh", "rh", "links", "rechts", "gauche", "droite", "izquierda"}
SIDE_WORDS |= {"derecha", "sinistra", "destra"}

Given = Mapping[str, Any]


class Suggested(NamedTuple):
    """Settings, nested as in a configuration file, and in words what was chosen and why."""

    settings: dict[str, dict[str, Any]]
    reasons: list[str]


class _Choice(NamedTuple):
    why: str
    values: dict[str, Any]  # by dotted key


def suggested(facts: StoreFacts, given: Given = MappingProxyType({})) -> Suggested:
    """Choose settings by the facts; what is `given`, nested likewise, is left to who gave it.

    >>> from skelfuse.layouts import HAND_21
    >>> facts = StoreFacts(HAND_21, clips=400, class_names=("fist", "point"), frames=240,
    ...                    seconds=2.0, rates=(120, 120), persons=1, subjects=12, size=0.03)
    >>> found = suggested(facts, {"train": {"epochs": 9}})
    >>> found.settings["sampling"]["frames"], found.settings["sampling"]["scale"]
    (32, True)
    >>> found.settings["train"]
    {'teach_own': 1.0, 'batch_size': 32, 'validation': 0.0}
    >>> found.reasons[0]
    'sampling.frames 32, sampling.crop [0.8, 1.0], sampling.uneven 1.0: half of the clips last \
2 s or less'
    """
    settings: dict[str, dict[str, Any]] = {}
    reasons = []
    for choice in (
        *_time(facts, given),
        *_bodies(facts, given),
        *_paths(given),
        *_view(facts),
        *_learning(facts, given),
    ):
        told = []
        for key, value in choice.values.items():
            section, _, name = key.partition(".")
            if name not in _section(given, section):
                settings.setdefault(section, {})[name] = value
                told.append(f"{key} {str(value).lower()}")
        if told:
            reasons.append(f"{', '.join(told)}: {choice.why}")
    return Suggested(settings, reasons)


def _time(facts: StoreFacts, given: Given) -> Iterator[_Choice]:
    if _section(given, "sampling").get("mode") == "crop":
        # How long a piece of a clip should be is what this mode is chosen to say. Resized clips
        # have one length at any rate; pieces last alike only at a common one.
        slowest, fastest = facts.rates or (1.0, 1.0)
        if fastest > RATES_DIFFER * slowest:
            why = f"clips come at {slowest:g} to {fastest:g} frames a second"
            yield _Choice(why, {"sampling.fps": slowest})
        return
    seconds = facts.frames / ASSUMED_RATE if facts.seconds is None else facts.seconds
    needed = FRAMES_A_SECOND * seconds
    frames = next(frames for below, frames in FRAMES if needed < below)
    crop = CROP if facts.frames >= LEAST_TO_CROP else [1.0, 1.0]
    length = f"{facts.frames:.3g} frames" if facts.seconds is None else f"{seconds:.2g} s"
    yield _Choice(
        f"half of the clips last {length} or less",
        {"sampling.frames": frames, "sampling.crop": crop, "sampling.uneven": UNEVEN},
    )


def _bodies(facts: StoreFacts, given: Given) -> Iterator[_Choice]:
    persons = min(facts.persons, MOST_PERSONS)
    if persons == 1:
        alone = dict[str, Any]({"sampling.persons": 1})
        if _ours(given):
            alone["model.streams"] = list(OF_ONE_PERSON)
        yield _Choice("no class usually shows more", alone)
    else:
        yield _Choice(
            f"clips of some class usually show {facts.persons}",
            {"sampling.persons": persons, "augment.swap_persons": SWAP_PERSONS},
        )
    scale, why = _scale(facts)
    yield _Choice(why, {"sampling.scale": scale})
    dropout = DROPOUT_INCOMPLETE if facts.missing >= INCOMPLETE else DROPOUT_WHOLE
    why = f"{facts.missing:.1%} of the joints were not seen"
    yield _Choice(why, {"augment.joint_dropout": dropout})


def _paths(given: Given) -> Iterator[_Choice]:
    """Choose how much the model's own path learns from its together path, where it has both."""
    model = _section(given, "model")
    if _ours(given) and model.get("size") != "pure" and model.get("together") != 0:
        why = "each joint by itself learns from how joints go together"
        yield _Choice(why, {"train.teach_own": TEACH_OWN})


def _scale(facts: StoreFacts) -> tuple[bool, str]:
    flat = facts.skeleton.dimensions == 2
    if facts.size > PIXELS:
        return True, f"bodies are in {'pixels' if flat else 'millimetres or the like'}"
    if flat:
        return True, "in an image size is distance to the camera"
    if facts.size_spread > SIZES_DIFFER:
        return True, f"bodies differ {facts.size_spread:.2g}-fold in size"
    if not METRES[0] <= facts.size <= METRES[1]:
        return True, f"a body's size is {facts.size:.2g}"
    return False, "bodies are about alike in size"


def _view(facts: StoreFacts) -> Iterator[_Choice]:
    body = facts.skeleton
    if body.dimensions == 2:
        yield _Choice(
            "flat clips cannot be turned but in their plane", {"augment.rotate": TURN_FLAT}
        )
    elif not (body.hips and body.shoulders):
        why = "without hips and shoulders nothing tells what is up"
        yield _Choice(why, {"augment.rotate": TURN_ANY})
    else:
        # A view is measured on one frame, and not at all where a hip or shoulder is gone. Where
        # nothing is to be turned back that could only do harm. Even aligned clips are turned far:
        # the measure is not exact, and a view that no training clip has hides other joints.
        spread = math.inf if facts.facing_spread is None else facts.facing_spread
        alike = spread < FACING_ALIKE
        apart = "people face" if math.isfinite(spread) else "people may face"
        yield _Choice(
            "everybody faces one way" if alike else f"{apart} different ways",
            {
                "sampling.align": not alike,
                "augment.rotate": _turn(TURN_LITTLE, facts.vertical) if alike else _turn(TURN_FAR),
            },
        )
    scale, shear = STRETCH_FEW if facts.clips < FEW_CLIPS else STRETCH_MANY
    limit = f"{FEW_CLIPS:,} training clips"
    why = f"fewer than {limit}" if facts.clips < FEW_CLIPS else f"{limit} or more"
    yield _Choice(why, {"augment.scale": scale, "augment.shear": shear})
    mirror, why = _mirror(facts)
    yield _Choice(why, {"augment.mirror": mirror})


def _turn(angles: tuple[float, float], vertical: int = 1) -> list[float]:
    """Return angles about x, y and z, the wider one about what is up: y, once clips are aligned."""
    tilt, about = angles
    return [about if axis == vertical else tilt for axis in range(3)]


def _mirror(facts: StoreFacts) -> tuple[float, str]:
    """Decide whether a mirrored clip still shows its class.

    That is known only of people as cameras find them, who kick with either leg. A sensor's set in
    space may have everybody wave with the right hand, and turn on it; so it is off there, as it
    is where names tell of sides, or tell nothing. Off costs little, a wrong mirror costs a class.
    """
    if facts.skeleton.dimensions == 3:
        return 0.0, "classes may differ in their side alone"
    if not facts.skeleton.pairs:
        return 0.0, "the layout names no left and right"
    for name in facts.class_names:
        words = set(re.findall(r"[a-z]+", re.sub(r"([a-z])([A-Z])", r"\1 \2", name).lower()))
        if any(side in name.lower() for side in SIDES) or words & SIDE_WORDS:
            return 0.0, f"class '{name}' tells sides apart"
        if max(map(len, words), default=0) < 3:
            return 0.0, f"the name '{name}' does not tell whether a side matters"
    return MIRROR, "no class names a side"


def _learning(facts: StoreFacts, given: Given) -> Iterator[_Choice]:
    fixed = _section(given, "train")
    batch = next(size for below, size in BATCHES if facts.clips < below)
    clips = fixed.get("batch_size", batch) * fixed.get("accumulate", 1)
    steps = max(1, -(-facts.clips // clips))
    epochs = min(max(round(STEPS / steps), EPOCHS[0]), EPOCHS[1])
    epochs_told = fixed.get("epochs", epochs)
    yield _Choice(
        counted(epochs_told * steps, "step"),
        {"train.batch_size": batch, "train.epochs": epochs},
    )
    few = 0 < facts.subjects < SUBJECTS_TO_SPARE
    if (few or facts.clips < CLIPS_TO_SPARE) and not fixed.get("patience"):
        people = f" of {counted(facts.subjects, 'person', 'people')}" if few else ""
        why = f"all clips{people} are needed to learn from; the test shows the rest"
        yield _Choice(why, {"train.validation": 0.0})


def _ours(given: Given) -> bool:
    """Tell whether the model is SkelFuse itself, not one to compare it with."""
    name: str = _section(given, "model").get("name", "skelfuse")
    return name == "skelfuse"


def _section(given: Given, name: str) -> Mapping[str, Any]:
    section = given.get(name)
    return section if isinstance(section, Mapping) else {}

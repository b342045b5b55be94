"""The exact sum that decided a clip: what the model saw, what it says, and the named terms."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from skelfuse.arrays import Array, Bools, array_of
from skelfuse.clip import Clip
from skelfuse.errors import SkelfuseError
from skelfuse.explain.class_names import number_of
from skelfuse.explain.evidence import Evidence, Reasons, evidence_of
from skelfuse.explain.seen import seen_by
from skelfuse.predict import Recogniser
from skelfuse.skeleton import Skeleton


@dataclass(frozen=True, eq=False)
class ExactSum:
    """Why a class was chosen for a clip, or why it rather than another one."""

    clip: str
    label: str | None  # what the file says
    run: str
    classes: tuple[str, ...]
    probabilities: Array  # [classes]
    number: int  # the class explained
    against: int | None  # the class it is compared with
    evidence: Evidence
    reasons: Reasons
    skeleton: Skeleton
    x: Array  # [T,M,N,D] as the model saw the clip
    mask: Bools  # [T,M,N]
    frames: Array  # [T], which frame of the clip each one is
    fps: float | None  # of the clip

    @property
    def title(self) -> str:
        """What is explained: "wave", or "wave rather than salute"."""
        name = self.classes[self.number]
        if self.against is None:
            return name
        return f"{name} rather than {self.classes[self.against]}"

    @property
    def what(self) -> str:
        """What the sum is."""
        return "logit" if self.against is None else "difference of the logits"

    def parts(self) -> dict[str, float]:
        """Return the parts of the sum, by what they tell."""
        parts = {
            "what each joint did by itself": float(self.reasons.by_joint().sum()),
            "how the joints went together": self.reasons.together,
            "the average training clip": self.reasons.bias,
        }
        if not self.evidence.together.any():  # the model has no path for it
            del parts["how the joints went together"]
        return parts

    @property
    def time(self) -> Array:
        """When each frame is, `[T]`: in seconds, or in frames of a clip that has no rate."""
        return self.frames / (self.fps or 1.0)

    def time_of_step(self) -> Array:
        """Return when each step of FrierenFuse is, `[S]`: in the middle of its frames."""
        per, T = self.evidence.frames, len(self.frames)
        return np.array([self.time[s : s + per].mean() for s in range(0, T, per)])

    def moment(self, time: float) -> str:
        """Write a time in words, "1.2 s" or "frame 36", with a space that does not break."""
        return f"{time:.1f}\u00a0s" if self.fps else f"frame\u00a0{time:.0f}"

    def person_of(self, joint: int) -> int:
        """Return the person whose joint decides most."""
        each = np.abs(self.reasons.timed[:, :, joint]).sum(1)  # [M]
        return int(np.where(self.evidence.present, each, -1).argmax())


def exact_sum_of(
    recogniser: Recogniser,
    clip: Clip,
    *,
    class_name: str | None = None,
    against: str | None = None,
) -> ExactSum:
    """Explain the likeliest class of a clip (or `class_name`), perhaps `against` another.

    The clip is prepared and sampled as `recogniser.predict` would, with one crop.

    >>> from pathlib import Path
    >>> from skelfuse.layouts import KINECT_V2
    >>> from skelfuse.run import Run
    >>> from skelfuse.training import TrainConfig, build_model
    >>> config = TrainConfig()
    >>> model = build_model(config.model, KINECT_V2, 2).eval()  # it knows nothing yet
    >>> run = Run(model, config, KINECT_V2, ("sit", "stand"), Path("runs/x"), 1)
    >>> moving = np.random.default_rng(0).normal(size=(90, 1, 25, 3))
    >>> clip = Clip(moving, KINECT_V2, name="a", fps=30)
    >>> found = exact_sum_of(Recogniser(run), clip, class_name="sit", against="stand")
    >>> found.title, abs(found.reasons.total - found.reasons.logit) < 1e-5, found.frames.shape
    ('sit rather than stand', True, (64,))
    """
    number = None if class_name is None else number_of(recogniser.classes, class_name)
    other = None if against is None else number_of(recogniser.classes, against)
    run = recogniser.run
    seen = seen_by(run, recogniser.preparation.prepared(recogniser.preparation.matched(clip)))
    try:
        evidence = evidence_of(run.model, seen.x, seen.mask)
    except SkelfuseError as error:
        raise error.at(run.path) from None
    logits = evidence.logits - evidence.logits.max()
    probabilities = np.exp(logits) / np.exp(logits).sum()
    if number is None:
        number = int(probabilities.argmax())
    if number == other:
        raise SkelfuseError(
            f"'{against}' cannot be compared with itself",
            remedy="it is the class explained; name another one",
        )
    return ExactSum(
        clip.name,
        clip.label,
        str(run.path),
        recogniser.classes,
        probabilities,
        number,
        other,
        evidence,
        evidence.reasons(number, other),
        recogniser.skeleton,
        array_of(seen.x[0]),
        seen.mask[0].cpu().numpy(),
        seen.position[0].numpy(),
        clip.fps,
    )

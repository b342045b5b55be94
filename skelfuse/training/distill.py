"""What a student learns from a teacher besides the labels: its features and its doubts."""

from __future__ import annotations

import math
from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from skelfuse.layers.known_norm import KnownNorm
from skelfuse.layers.voting_linear import decision
from skelfuse.models.model import Model
from skelfuse.store import Store
from skelfuse.training.config import Distill, TrainConfig
from skelfuse.training.distributed import Team
from skelfuse.training.losses import softened_divergence
from skelfuse.training.seeds import seed_of
from skelfuse.training.teacher import Teacher, load_teacher

# A feature that never varies would be foretold ever better, and drown all others.
LEAST_VARIANCE = 0.01
START = math.log(math.expm1(1 - LEAST_VARIANCE))  # softplus of it makes a variance of 1


def gaussian_log_likelihood(value: Tensor, mean: Tensor, variance: Tensor) -> Tensor:
    """Return log N(value; mean, variance) in nats, averaged over channels: `[B]`.

    `value` and `mean` are `[B,G]`, `variance` is `[G]`.

    >>> value, mean = torch.tensor([[0.0, 3.0]]), torch.tensor([[0.0, 1.0]])
    >>> gaussian_log_likelihood(value, mean, torch.tensor([1.0, 4.0]))  # −½·(log 2πv + d²/v)
    tensor([-1.5155])
    """
    surprise = (2 * math.pi * variance).log() + (value - mean).square() / variance  # [B,G]
    return -surprise.mean(dim=1) / 2


class FeatureBound(nn.Module):
    """How much of a teacher's features `[B,G]` a student's evidence `[B,E]` tells.

    The mutual information I(t; s) is at least H(t) + E[log q(t | s)] for any distribution q
    (Barber and Agakov 2003; for distillation Ahn et al. 2019). Here q is Gaussian: its mean is
    linear in the normalised evidence, each feature has a learned variance. H(t) is not the
    student's to change, so E[log q] is what it makes large. This layer exists in training only.

    >>> bound = FeatureBound(evidence=20, features=50)
    >>> bound(torch.randn(8, 20), torch.randn(8, 50)).shape
    torch.Size([8])
    """

    def __init__(self, evidence: int, features: int) -> None:
        super().__init__()
        self.mean = nn.Sequential(KnownNorm(evidence, affine=False), nn.Linear(evidence, features))
        self.raw = nn.Parameter(torch.full((features,), START))

    def variance(self) -> Tensor:
        """Return the variance `[G]` of what the evidence leaves open; 1 at the start."""
        return LEAST_VARIANCE + F.softplus(self.raw)

    def forward(self, evidence: Tensor, features: Tensor) -> Tensor:
        """Return log q(features | evidence) of each clip, `[B]`, in nats per feature."""
        return gaussian_log_likelihood(features, self.mean(evidence), self.variance())


class Pupil(nn.Module):
    """A student and its bound as one module: one forward, so that processes share it as a whole.

    >>> from skelfuse.layouts import KINECT_V2
    >>> from skelfuse.models import SkelFuse
    >>> student = SkelFuse(KINECT_V2, 5, scales=(), fuse=False)
    >>> pupil = Pupil(student, FeatureBound(student.num_features, features=30))
    >>> logits, told = pupil(torch.randn(4, 16, 1, 25, 3), None, torch.randn(4, 30))
    >>> logits.shape, told.shape                            # the votes of eight voters
    (torch.Size([4, 8, 5]), torch.Size([4]))
    """

    def __init__(self, student: Model, bound: nn.Module) -> None:
        super().__init__()
        self.student, self.bound = student, bound

    def forward(self, x: Tensor, mask: Tensor | None, features: Tensor) -> tuple[Tensor, Tensor]:
        """Return logits `[B,classes]` of `x [B,T,M,N,D]`, and log q of `features [B,G]`, `[B]`."""
        evidence = self.student.features(x, mask)
        logits = self.student.decide(evidence)
        with torch.autocast(x.device.type, enabled=False):  # log q is of small differences
            told = self.bound(evidence.float(), features.float())
        return logits, told


class Taught(NamedTuple):
    """What a batch has of its teacher, for each clip `[B]`; both grow smaller by learning."""

    features: Tensor  # −log q of the teacher's features, in nats per feature
    logits: Tensor  # the divergence from its softened logits


NAMES = tuple(f"distill_{part}" for part in Taught._fields)  # of their means in the records


class Lesson:
    """A teacher, its pupil, and how much each thing that is taught counts."""

    def __init__(self, weights: Distill, teacher: Teacher, pupil: Pupil) -> None:
        self.weights, self.teacher, self.pupil = weights, teacher, pupil

    def given(self, wrapped: nn.Module, x: Tensor, mask: Tensor) -> tuple[Tensor, Taught]:
        """Return the student's logits `[B,classes]`, and what it misses of the teacher.

        `wrapped` is the pupil as the run has wrapped it. Both see the same clips.
        """
        said = self.teacher(x, mask)
        logits, told = wrapped(x, mask, said.features)
        return logits, Taught(
            -told, softened_divergence(decision(logits), said.logits, self.weights.temperature)
        )

    def loss(self, taught: Taught) -> Tensor:
        """Return what each clip adds to the loss, `[B]`."""
        return self.weights.features * taught.features + self.weights.logits * taught.logits


def lesson_of(config: TrainConfig, model: Model, store: Store, team: Team) -> Lesson | None:
    """Return what a run's model is to be taught, or None where there is no teacher."""
    if config.distill.teacher is None:
        return None
    teacher = load_teacher(config.distill.teacher, config.sampling, store, team.device)
    torch.manual_seed(seed_of(config.seed, "lesson"))
    bound = FeatureBound(model.num_features, teacher.features)
    bound_of_all = team.joined_norms(bound.to(team.device))
    return Lesson(config.distill, teacher, Pupil(model, bound_of_all))

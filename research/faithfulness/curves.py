"""Does the evidence tell the truth? Take away what it names, and see what the model then says."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn

from skelfuse.explain.evidence import evidence_of

Array = npt.NDArray[np.float64]
By = Literal["joints", "frames"]

RANKINGS = ("evidence", "evidence, usual included", "gradient", "gradient x input", "random")
STEPS = 10


@dataclass(frozen=True, eq=False)
class Course:
    """How likely the class stays as the parts of a clip are hidden, or shown, in some order.

    `deletion[i]` is with the first share `i / (len - 1)` of the parts hidden, `insertion[i]` with
    nothing but that share shown. A ranking is the better, the sooner deletion falls and the sooner
    insertion rises.
    """

    deletion: Array
    insertion: Array

    @property
    def deletion_area(self) -> float:
        """The area under the deletion curve: less is better."""
        return area(self.deletion)

    @property
    def insertion_area(self) -> float:
        """The area under the insertion curve: more is better."""
        return area(self.insertion)


def area(curve: Array) -> float:
    """Return the area under a curve over 0 to 1.

    >>> area(np.array([1.0, 0.5, 0.0]))
    0.5
    """
    return float((curve[1:] + curve[:-1]).mean() / 2)


def faithfulness(
    model: nn.Module,
    x: Tensor,
    mask: Tensor,
    *,
    by: By = "joints",
    steps: int = STEPS,
    seed: int = 0,
) -> dict[str, Course]:
    """Return the courses of one clip `x [1,T,M,N,D]` for every ranking of its joints or frames.

    A part is hidden by masking it, of all persons; the class is the one decided on the whole clip.

    >>> from skelfuse.layouts import KINECT_V2
    >>> from skelfuse.models import SkelFuse
    >>> model = SkelFuse(KINECT_V2, num_classes=4, size="pure").eval()
    >>> x = torch.randn(1, 16, 1, 25, 3)
    >>> found = faithfulness(model, x, torch.ones(x.shape[:4], dtype=torch.bool))
    >>> list(found), found["random"].deletion.shape
    (['evidence', 'evidence, usual included', 'gradient', 'gradient x input', 'random'], (11,))
    """
    with torch.no_grad():
        number = int(model(x, mask).argmax())
    scores = rankings(model, x, mask, number, by=by, seed=seed)
    return {
        name: course_of(model, x, mask, number, order_of(score, mask, by), by=by, steps=steps)
        for name, score in scores.items()
    }


def rankings(
    model: nn.Module, x: Tensor, mask: Tensor, number: int, *, by: By, seed: int = 0
) -> Mapping[str, Array]:
    """Return how much each joint `[N]` or frame `[T]` counts for a class, by every ranking.

    Evidence is what a joint gives beyond the average training clip. A joint that is hidden gives
    nothing at all, not what is usual, so that hiding it tests the evidence with the usual in it.
    Frames share what is usual equally, so both are the same ranking there.
    """
    reasons = evidence_of(model, x, mask)
    decided = reasons.reasons(number)
    T, N = x.shape[1], x.shape[3]
    if by == "joints":
        evidence, others = decided.by_joint(), (0, 1, 2)
        whole = evidence + decided.usual
    else:
        evidence = whole = decided.by_moment().sum(1).repeat(reasons.frames)[:T]
        others = (0, 2, 3)
    given = torch.where(mask[..., None], x, 0.0).requires_grad_()
    (gradient,) = torch.autograd.grad(model(given, mask)[0, number], given)
    size = gradient.norm(dim=-1).sum(others)
    product = (gradient * given).detach().sum(-1).sum(others)
    chance = np.random.default_rng(seed).random(N if by == "joints" else T)
    found = (evidence, whole, size.cpu().numpy(), product.cpu().numpy(), chance)
    return {name: np.asarray(one, np.float64) for name, one in zip(RANKINGS, found, strict=True)}


def order_of(score: Array, mask: Tensor, by: By) -> npt.NDArray[np.int64]:
    """Return the parts that were seen at all, the greatest score first."""
    others = (0, 1, 2) if by == "joints" else (0, 2, 3)
    order = np.argsort(-score, kind="stable")
    seen = np.asarray(mask.cpu().numpy().any(others))
    return np.asarray(order[seen[order]])


@torch.no_grad()
def course_of(
    model: nn.Module,
    x: Tensor,
    mask: Tensor,
    number: int,
    order: npt.NDArray[np.int64],
    *,
    by: By,
    steps: int = STEPS,
) -> Course:
    """Hide, and show, the joints or frames of a clip in `order`; see what becomes of a class."""
    axis = 3 if by == "joints" else 1
    counts = np.linspace(0, len(order), steps + 1).round().astype(int)
    kept = torch.ones(2, steps + 1, x.shape[axis], dtype=torch.bool, device=x.device)
    for i, count in enumerate(counts):
        first = torch.from_numpy(np.ascontiguousarray(order[:count])).to(x.device)
        kept[0, i, first] = False
        kept[1, i] = ~kept[0, i]
    shape = [2 * (steps + 1), 1, 1, 1]
    shape[axis] = x.shape[axis]
    masks = mask & kept.reshape(shape)  # [2(steps+1),T,M,N]
    logits = model(x.expand(len(masks), -1, -1, -1, -1), masks).double()
    probability = logits.softmax(dim=1)[:, number].reshape(2, -1).cpu().numpy()
    return Course(probability[0], probability[1])

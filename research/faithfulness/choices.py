"""Ways to say which joints of a clip matter most: their shares, and what others would take."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn

from skelfuse.errors import SkelfuseError
from skelfuse.explain.answer import Explanation
from skelfuse.explain.evidence import check_explainable, evidence_of
from skelfuse.explain.players import Players
from skelfuse.explain.seen import Seen

Array = npt.NDArray[np.float64]

SHARE, ALONE, MOVED, SUM, GRADIENT, CHANCE = (
    "share",
    "hidden alone",
    "moved most",
    "exact sum",
    "gradient x input",
    "chance",
)
NAMED = "named"  # by `explain`: those of large shares that are needed most together
SEARCH = "found by search"  # no explanation, but how far the best choice could go


def joint_scores(
    model: nn.Module, seen: Seen, players: Players, found: Explanation, draw: np.random.Generator
) -> Mapping[str, Array]:
    """Return for each way how much each joint player matters, `[P]`; larger is more."""
    number = found.classes.index(found.target)
    place = players.cells.flatten(1).float().argmax(dim=1).numpy()  # [P], of [M·N]
    scores = {
        SHARE: np.array([found.joints[name] for name in players.names]),
        ALONE: -np.array([found.hidden[name] for name in players.names]),
        MOVED: _path(found).reshape(-1)[place],
        GRADIENT: _product(model, seen, number).reshape(-1)[place],
        CHANCE: draw.random(len(players)),
    }
    try:
        check_explainable(model)
    except SkelfuseError:  # this model has no such sum
        return scores
    own = evidence_of(model, seen.x[:1], seen.mask[:1]).reasons(number).by_joint()  # [N]
    return {**scores, SUM: own[place % len(own)]}


def _path(found: Explanation) -> Array:
    """Return how far each joint of each person went, `[M,N]`."""
    both = found.mask[1:] & found.mask[:-1]
    step = np.linalg.norm(np.diff(found.x, axis=0), axis=-1)  # [T-1,M,N]
    return np.asarray(np.where(both, step, 0).sum(axis=0))


def _product(model: nn.Module, seen: Seen, number: int) -> Array:
    x: Tensor = torch.where(seen.mask[:1, ..., None], seen.x[:1], 0.0).requires_grad_()
    worth = model(x, seen.mask[:1]).log_softmax(dim=1)[0, number]
    (gradient,) = torch.autograd.grad(worth, x)
    product = (gradient * x).detach().sum(dim=(0, 1, 4))  # [M,N]
    return np.asarray(product.double().cpu().numpy())

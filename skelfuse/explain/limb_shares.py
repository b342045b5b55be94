"""What each limb is worth to a decision, quickly enough to be told while it happens."""

from __future__ import annotations

from torch import Tensor

from skelfuse.arrays import Array
from skelfuse.explain.game import Game
from skelfuse.explain.players import limb_players
from skelfuse.explain.questions import Model, Questions
from skelfuse.explain.shapley import BATCH, shapley_shares
from skelfuse.skeleton import Skeleton

# Joints times frames that all questions about a window may have together: what the model `small`
# answers on one core in a tenth of a second. Every set of six limbs, with 25 joints in 32 frames.
AFFORDED = 62 * 25 * 32
LEAST = 2  # orders; each is followed by its reverse


def limb_shares(
    model: Model, x: Tensor, mask: Tensor, skeleton: Skeleton, nothing: Array, number: int
) -> dict[str, float]:
    """Return each limb's share in the log probability of class `number`.

    `x [C,T,M,N,D]` are the crops of one clip, seen where `mask [C,T,M,N]` is True; `nothing [K]`
    are the log probabilities of nobody. A limb is that of everybody: the shares are as many
    whoever is there. One that is never seen is left out.

    >>> from skelfuse.layouts import COCO_17
    >>> import numpy as np
    >>> import torch
    >>> arm = [COCO_17.index("right_wrist")]
    >>> def model(x, mask):  # it looks at the right wrist
    ...     return torch.stack([mask[:, 0, 0, arm[0]] * 2.0, torch.zeros(len(x))], dim=1)
    >>> x, mask = torch.zeros(1, 8, 1, 17, 2), torch.ones(1, 8, 1, 17, dtype=torch.bool)
    >>> shares = limb_shares(model, x, mask, COCO_17, np.log([0.5, 0.5]), 0)
    >>> {name: round(share, 2) + 0.0 for name, share in shares.items()}
    {'head': 0.0, 'left arm': 0.0, 'right arm': 0.57, 'left leg': 0.0, 'right leg': 0.0}
    """
    players = limb_players(mask.any(dim=2, keepdim=True), skeleton)
    if not len(players):
        return {}
    game = Game(Questions(model, x, mask, nothing), players)
    rounds = AFFORDED // mask.numel() // max(1, len(players) - 1)
    rounds = max(LEAST, rounds // 2 * 2 if rounds < BATCH else rounds // BATCH * BATCH)
    found = shapley_shares(game.value, len(players), rounds, steady=lambda _: True)
    mean = found.each.mean(axis=0)[:, number]
    return dict(zip(players.names, mean.tolist(), strict=True))

"""How much of a decision each of a model's two paths has made."""

from __future__ import annotations

from typing import NamedTuple, Protocol, runtime_checkable

import torch
from torch import Tensor, nn


class Parts(NamedTuple):
    """Logits as a sum of what joints did each by itself, and of how they went together."""

    own: Tensor  # [B,classes]
    together: Tensor  # [B,classes]


@runtime_checkable
class TwoPaths(Protocol):
    """A model that tells both parts of its logits.

    >>> isinstance(nn.Linear(3, 4), TwoPaths)
    False
    """

    def by_path(self, x: Tensor, mask: Tensor | None = None) -> Parts:
        """Return both parts of the logits of `x [B,T,M,N,D]`, seen where `mask [B,T,M,N]`."""
        ...


def own_votes(model: nn.Module) -> int | None:
    """Return how many of the votes in training are the own path's, which come first.

    None where there is but one path.

    >>> from skelfuse.layouts import KINECT_V2
    >>> from skelfuse.models import SkelFuse
    >>> own_votes(SkelFuse(KINECT_V2, 5)), own_votes(SkelFuse(KINECT_V2, 5, size="pure"))
    (4, None)
    """
    count: int | None = getattr(model, "own_votes", None)
    return count


def own_share(parts: Parts) -> Tensor:
    """Return the own path's share in each decision, `[B]` between 0 and 1.

    A decision is by how much the logit of the likeliest class exceeds that of the next. Each part
    of the logits has a part in that, for or against, and the share is that of their sizes:
    `|own| / (|own| + |together|)`. Where nothing is decided, all of it is the own path's.

    >>> own, together = torch.tensor([[3.0, 0.0, 1.0]]), torch.tensor([[1.0, 0.0, 2.0]])
    >>> own_share(Parts(own, together))     # of the first to the last: 2 and -1
    tensor([0.6667])
    """
    logits = parts.own + parts.together
    best = logits.topk(min(2, logits.shape[1]), dim=1).indices  # [B,2]
    own, together = (
        (part.gather(1, best[:, :1]) - part.gather(1, best[:, 1:])).sum(dim=1).abs()
        for part in parts
    )  # [B] each
    return 1 - together / (own + together).clamp_min(torch.finfo(own.dtype).tiny)

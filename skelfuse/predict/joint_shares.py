"""What each joint adds to each class's logit, and what the joints add together."""

from __future__ import annotations

from typing import NamedTuple

from torch import Tensor, nn

from skelfuse.models.explainable import explainable


class JointShares(NamedTuple):
    """Logits taken apart: `logits = shares.sum(-1) + together + rest`, up to rounding."""

    logits: Tensor  # [B,K]
    shares: Tensor  # [B,K,N], joints in the order of the skeleton that the model was built with
    together: Tensor  # [B,K], what only several joints at once tell
    rest: Tensor  # [K], the logits of the average training clip


def joint_shares(model: nn.Module, x: Tensor, mask: Tensor | None = None) -> JointShares:
    """Return the logits of `x [B,T,M,N,D]` and how far each joint moves them from the average.

    A joint that does what it does in the average training clip has a share of zero.

    >>> import torch
    >>> from skelfuse.layouts import KINECT_V2
    >>> from skelfuse.models import SkelFuse
    >>> model = SkelFuse(KINECT_V2, num_classes=4, size="nano").eval()
    >>> with torch.no_grad():
    ...     found = joint_shares(model, torch.randn(2, 32, 1, 25, 3))
    >>> total = found.shares.sum(-1) + found.together + found.rest
    >>> found.shares.shape, torch.allclose(total, found.logits, atol=1e-5)
    (torch.Size([2, 4, 25]), True)
    """
    return JointShares(*explainable(model).by_joint(x, mask))

"""What each joint adds to each class's logit, for models whose logits are linear in evidence."""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor, nn

from skelfuse.errors import SkelfuseError
from skelfuse.models import Pure, SkelFuse


class JointShares(NamedTuple):
    """Logits taken apart: `logits = shares.sum(-1) + rest`, up to rounding."""

    logits: Tensor  # [B,K]
    shares: Tensor  # [B,K,N], joints in the order of the skeleton that the model was built with
    rest: Tensor  # [K], the logits of the average training clip


def joint_shares(model: nn.Module, x: Tensor, mask: Tensor | None = None) -> JointShares:
    """Return the logits of `x [B,T,M,N,D]` and how far each joint moves them from the average.

    The average is that of the evidence in training, which the normalisation before the classifier
    has kept: a joint that does what it does on average has a share of zero.

    >>> from skelfuse.layouts import KINECT_V2
    >>> model = Pure(KINECT_V2, num_classes=4).eval()
    >>> with torch.no_grad():
    ...     logits, shares, rest = joint_shares(model, torch.randn(2, 32, 1, 25, 3))
    >>> shares.shape, torch.allclose(shares.sum(-1) + rest, logits, atol=1e-5)
    (torch.Size([2, 4, 25]), True)
    """
    if not isinstance(model, (SkelFuse, Pure)):
        raise SkelfuseError(
            "this model's decisions do not split into joints",
            expected="a model of the kind 'skelfuse' or 'pure'",
            found=type(model).__name__,
        )
    if isinstance(model, SkelFuse):
        evidence = model.evidence(x, mask)
        logits = model.classify(evidence)
        features = torch.cat(evidence, dim=1)  # [B,E,N,C]
    else:
        features = model.evidence(x, mask)
        logits = model.classify(features)
    norm, classifier = model.evidence_norm, model.classifier
    mean, variance = norm.running_mean, norm.running_var
    assert mean is not None  # the models' norms keep them
    assert variance is not None
    scale = norm.weight / (variance + norm.eps).sqrt()  # [E·N·C]
    weight = (classifier.decision_weight() * scale).view(-1, *features.shape[1:])  # [K,E,N,C]
    unusual = features.float() - mean.view(features.shape[1:])
    with torch.autocast(x.device.type, enabled=False):  # many small numbers are summed
        shares = torch.einsum("kenc,benc->bkn", weight, unusual)
        rest = classifier(norm.bias)
    order = [model.fold.skeleton.index(joint) for joint in model.fold.given.joints]
    return JointShares(logits, shares[..., order], rest)

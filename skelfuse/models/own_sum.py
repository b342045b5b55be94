"""The own path of SkelFuse as an exact sum: joints × statistics, and what each is worth."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
from torch import Tensor

from skelfuse.errors import SkelfuseError
from skelfuse.models.explainable import Head, Named, OwnSum, Split

if TYPE_CHECKING:
    from skelfuse.models.skelfuse import SkelFuse


def own_worth(model: SkelFuse) -> Tensor:
    """Return what the maximum and the mean over persons of y are worth, `[classes,2,N,C]`.

    Joints are in the model's own order; the normalisation before the classifier is taken in.
    """
    scale, _ = model.own_norm.scale_and_shift()
    weight = model.own_share * model.own_classifier.decision_weight() * scale  # [classes,2·N·C]
    return torch.unflatten(weight, 1, (2, len(model.fold.skeleton), -1))


def taken_apart(model: SkelFuse, x: Tensor, mask: Tensor | None) -> OwnSum:
    """Take the logits of one clip `x [1,T,M,N,D]`, seen where `mask [1,T,M,N]`, apart."""
    if len(x) != 1:
        raise SkelfuseError(
            "only one clip at a time can be split into parts", expected=1, found=len(x)
        )
    bodies = model.fold(x, mask)
    alone = model.each_joint(bodies)
    y = alone.y  # [M,N,C]
    seen = bodies.ever
    if seen is None:
        seen = torch.ones(y.shape[:2], dtype=torch.bool, device=y.device)
    own, together = model.paths(model.features(x, mask))
    beyond, bias = _apart_from_bias(model, together)
    worth = own_worth(model)  # [classes,2,N,C]
    largest = y.masked_fill(~seen[..., None], -torch.inf).argmax(dim=0, keepdim=True)  # [1,N,C]
    person = torch.arange(len(y), device=y.device)[:, None, None]
    winner = (person == largest) & seen[..., None]  # [M,N,C]
    share = seen / seen.sum(dim=0).clamp_min(1)  # [M,N]
    each = worth[:, 0, None] * winner + worth[:, 1, None] * share[..., None]  # [classes,M,N,C]
    assert model.own_norm.running_mean is not None
    mean = model.own_norm.running_mean.view(worth.shape[1:])  # [2,N,C]
    known = seen.any(dim=0).to(mean.dtype)  # [N]
    usual = torch.einsum("kpnc,pnc->kn", worth, mean) * known
    order = model.fold.order.argsort()  # joints as the skeleton lists them
    named = None
    if model.frieren is not None:
        steps = alone.seen.joints
        if steps is None:
            steps = torch.ones(alone.course.shape[:3], dtype=torch.bool, device=x.device)
        signals = alone.course @ model.frieren.directions().to(y.dtype)  # [M,S,N,K]
        signals = model.frieren.bound(torch.where(steps[..., None], signals, 0.0), steps)
        features = model.frieren(alone.course, alone.seen.joints).features
        named = Named(features[:, order], signals[:, :, order], steps[:, :, order])
    return OwnSum(
        (own + together)[0],
        each[:, :, order],
        y[:, order],
        usual[:, order],
        beyond[0],
        bias,
        seen[:, order],
        named,
    )


def by_joint(model: SkelFuse, x: Tensor, mask: Tensor | None) -> Split:
    """Return the logits of `x [B,T,M,N,D]` and what each joint adds to them."""
    features = model.features(x, mask)
    own, together = model.paths(features)
    beyond, bias = _apart_from_bias(model, together)
    weight = model.own_share * model.own_classifier.decision_weight()  # [classes,2·N·C]
    shape = (2, len(model.fold.skeleton), -1)
    wide = torch.promote_types(features.dtype, torch.float32)  # many small numbers are summed
    with torch.autocast(x.device.type, enabled=False):
        each = torch.unflatten(features[:, : model.own_features].to(wide), 1, shape)
        shares = torch.einsum("kpnc,bpnc->bkn", torch.unflatten(weight.to(wide), 1, shape), each)
    return Split(own + together, shares[..., model.fold.order.argsort()], beyond, bias)


def _apart_from_bias(model: SkelFuse, together: Tensor) -> tuple[Tensor, Tensor]:
    """Return what the together path adds beyond its bias, and the bias of both paths."""
    bias = model.own_share * model.own_classifier.bias
    if model.together_classifier is None:
        return together, bias
    shift = model.share * model.together_classifier.bias
    return together - shift, bias + shift


@torch.no_grad()
def head_of(model: SkelFuse) -> Head:
    """Return what each statistic of each joint is worth to each class.

    Between what is told of a joint and the directions lies the network along time: what is given
    is the linear part, by which features of standard deviation 1 reach a direction past it.
    """
    if model.frieren is None:
        raise SkelfuseError(
            "this model was trained without FrierenFuse: its head has no named features",
            remedy="inspect one trained with model.fuse: true",
        )
    directions = model.frieren.directions().T  # [K,C]
    return Head(
        model.frieren.feature_names,
        model.frieren.weight(),
        own_worth(model).sum(dim=1),
        directions @ model.embed.weight().to(directions.dtype),
        model.features_of.names,
        model.fold.skeleton.joints,
    )

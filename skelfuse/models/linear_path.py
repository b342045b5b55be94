"""The way from FrierenFuse's y to the logits: linear once training is over, so it can be split."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from torch import Tensor, nn

from skelfuse.errors import SkelfuseError
from skelfuse.models.pure import Pure
from skelfuse.models.skelfuse import SkelFuse

Array = npt.NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class LinearPath:
    """What each number that a classifier sees is worth to each class, normalisation included.

    `logits = bias + Σ fused·evidence.fused + Σ past·evidence.past`, over persons' maximum and
    mean, joints and channels. Joints are in the model's own order, `joints`.
    """

    fused: Array | None  # [2,classes,N,C] of y's maximum and mean over persons; None without y
    past: Array | None  # [2,classes,N,C] of what came past, likewise; None where nothing does
    bias: Array  # [classes]
    gate: float  # σ(β): y is in what came past too, times this
    joints: tuple[str, ...]  # N names

    def logits(self, fused: npt.ArrayLike | None, past: npt.ArrayLike | None = None) -> Array:
        """Return the logits `[B,classes]` of the evidence `[B,2,N,C]`, as the model's `classify`.

        >>> import torch
        >>> from skelfuse.layouts import KINECT_V2
        >>> model = Pure(KINECT_V2, num_classes=3).eval()
        >>> y = torch.rand(4, 2, 25, model.frieren.outputs)
        >>> logits = linear_path(model).logits(y.numpy())
        >>> bool(np.abs(logits - model.classify(y).detach().numpy()).max() < 1e-5)
        True
        """
        total = self.bias
        for weight, given in ((self.fused, fused), (self.past, past)):
            if weight is not None:
                assert given is not None
                evidence = np.asarray(given, np.float64)
                total = total + np.einsum("bmnc,mknc->bk", evidence, weight)
        return total

    def of_y(self) -> Array:
        """Return the weights `[classes,N,C]` of y in a clip of one person, on both of its ways.

        With one person maximum and mean are the same. y goes to the classifier itself, and
        within what came past: `h = x + gate·y`.
        """
        if self.fused is None:
            raise SkelfuseError(
                "this model has no FrierenFuse", remedy="models with it: skelfuse, pure"
            )
        weight: Array = self.fused.sum(0)
        return weight if self.past is None else weight + self.gate * self.past.sum(0)

    def of_past(self) -> Array | None:
        """Return the weights `[classes,N,C]` of x's average over time in a clip of one person."""
        return None if self.past is None else np.asarray(self.past.sum(0))


def linear_path(model: nn.Module) -> LinearPath:
    """Split a SkelFuse or a Pure, in evaluation, into the weights of its evidence and a bias.

    Batch normalisation in evaluation is `scale·e + shift`, and is taken into the weights.
    """
    if not isinstance(model, (SkelFuse, Pure)):
        raise SkelfuseError(
            f"the logits of {type(model).__name__} are no sum over joints",
            remedy="models whose decisions add up: skelfuse, pure",
        )
    norm, last = model.evidence_norm, model.classifier
    scale = _array(norm.weight) / np.sqrt(_array(norm.running_var) + norm.eps)
    shift = _array(norm.bias) - _array(norm.running_mean) * scale
    weight = _array(last.decision_weight())  # [classes,2·shares·N·C]
    bias = _array(last.bias) + weight @ shift
    joints = model.fold.skeleton.joints
    parts = (weight * scale).reshape(len(bias), -1, 2, len(joints), _channels(model, joints))
    shares = parts.transpose(1, 2, 0, 3, 4)  # [shares,2,classes,N,C]
    if isinstance(model, Pure):
        return LinearPath(shares[0], None, bias, 0.0, joints)
    if model.frieren is None:
        return LinearPath(None, shares[0], bias, 0.0, joints)
    assert model.frieren.beta is not None
    gate = 1 / (1 + float(np.exp(-_array(model.frieren.beta))))
    return LinearPath(shares[0], shares[1], bias, gate, joints)


def _channels(model: SkelFuse | Pure, joints: tuple[str, ...]) -> int:
    shares = 1 if isinstance(model, Pure) or model.frieren is None else 2
    return model.classifier.in_features // (2 * shares * len(joints))


def _array(tensor: Tensor | Any) -> Array:
    return np.asarray(tensor.detach().cpu().double().numpy())

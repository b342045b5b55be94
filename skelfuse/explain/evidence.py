"""Why a clip was decided as it was: each logit taken apart into joints, statistics and the rest."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn

from skelfuse.errors import SkelfuseError
from skelfuse.explain.evidence_time import Signals, over_time
from skelfuse.layers.frieren import FrierenFuse, Fused
from skelfuse.layers.statistics import Feature
from skelfuse.models import Pure, SkelFuse
from skelfuse.models.linear_path import linear_path

Array = npt.NDArray[np.float64]

FRAMES_IN_A_PAIR = 2  # SkelFuse fuses pairs of frames, Pure single ones


@dataclass(frozen=True, eq=False)
class Reasons:
    """One logit as a sum, or the difference between two: `fused + past + bias = logit`.

    `usual` is what each joint gives in the average training clip, which the normalisation before
    the classifier has kept.
    """

    logit: float  # as the model itself computes it
    fused: Array  # [M,N,F], of each person's features, both straight and within the residual
    past: Array  # [M,N], of what came past FrierenFuse
    bias: float
    usual: Array  # [N]
    timed: Array  # [M,S,N], fused and past as they came about along the steps

    @property
    def total(self) -> float:
        """The sum of all parts, equal to `logit` up to the model's rounding."""
        return float(self.fused.sum() + self.past.sum() + self.bias)

    @property
    def average(self) -> float:
        """The logit of the average training clip."""
        return float(self.bias + self.usual.sum())

    def by_joint(self) -> Array:
        """Return by how much each joint exceeds the average training clip: `[N]`.

        `by_joint().sum() + average = total`.
        """
        own: Array = self.fused.sum((0, 2)) + self.past.sum(0)
        return own - self.usual

    def by_moment(self) -> Array:
        """Return each joint's evidence at every step, `[S,N]`, as if all steps were like it.

        The mean over steps is `by_joint()`.
        """
        timed: Array = self.timed.sum(0)  # [S,N]
        return timed * len(timed) - self.usual


@dataclass(frozen=True, eq=False)
class Evidence:
    """All that a clip's logits are made of; joints in the order of the skeleton given."""

    joints: tuple[str, ...]  # N
    features: tuple[Feature, ...]  # F
    frames: int  # of the clip in one step of FrierenFuse
    logits: Array  # [classes], as the model computes them
    present: npt.NDArray[np.bool_]  # [M]
    values: Array  # [M,N,F], the features, none negative
    weight: Array  # [F,C]
    worth: Array  # [classes,M,N,C], of each person's y
    worth_past: Array  # [classes,M,N,C], of what came past; C = 0 where nothing does
    bias: Array  # [classes]
    usual: Array  # [classes,N]
    signals: Signals
    past: Array  # [M,S,N,C] what came past, step by step, each its share of the average

    def reasons(self, number: int, against: int | None = None) -> Reasons:
        """Return the reasons for a class, or what speaks for it rather than for another one."""

        def of(table: Array) -> Array:
            return np.asarray(table[number] if against is None else table[number] - table[against])

        each = of(self.worth) @ self.weight.T  # [M,N,F]
        course = np.einsum("mnc,msnc->msn", of(self.worth_past), self.past)
        return Reasons(
            float(of(self.logits)),
            each * self.values,
            course.sum(1),
            float(of(self.bias)),
            of(self.usual),
            course + over_time(self.signals, each),
        )


@torch.no_grad()
def evidence_of(model: nn.Module, x: Tensor, mask: Tensor | None = None) -> Evidence:
    """Take the logits of one clip `x [1,T,M,N,D]`, seen where `mask [1,T,M,N]` is True, apart.

    The maximum over persons is the evidence of the person who has it, the mean is shared.

    >>> from skelfuse.layouts import KINECT_V2
    >>> model = Pure(KINECT_V2, num_classes=4).eval()
    >>> found = evidence_of(model, torch.randn(1, 32, 2, 25, 3)).reasons(1)
    >>> found.fused.shape, abs(found.total - found.logit) < 1e-5
    ((2, 25, 840), True)
    """
    check_explainable(model)
    path = linear_path(model)
    assert isinstance(model, (SkelFuse, Pure))
    assert path.fused is not None
    assert model.frieren is not None
    if len(x) != 1:
        raise SkelfuseError("one clip at a time is explained", expected=1, found=len(x))
    if mask is None:
        mask = torch.ones(x.shape[:4], dtype=torch.bool, device=x.device)
    there = mask.any(dim=3).any(dim=1)[0]  # [M]
    seen: list[tuple[Tensor, Tensor, Fused]] = []
    spectra: list[Tensor] = []  # [M,N,C], at most one

    def keep(_: nn.Module, given: tuple[Tensor, Tensor | None], fused: Fused) -> None:
        h, steps = given
        if steps is None:
            steps = torch.ones(h.shape[:3], dtype=torch.bool, device=h.device)
        seen.append((of_all(h), of_all(steps), Fused(*map(of_all, fused))))

    def of_all(rows: Tensor) -> Tensor:
        """Return `[M,...]` of a tensor that leaves out whoever is not there."""
        if len(rows) == len(there):
            return rows
        return rows.new_zeros(len(there), *rows.shape[1:]).index_copy(
            0, there.nonzero()[:, 0], rows
        )

    hooks = [model.frieren.register_forward_hook(keep)]
    if isinstance(model, SkelFuse) and model.spectrum is not None:
        hooks.append(
            model.spectrum.register_forward_hook(lambda _, __, y: spectra.append(of_all(y)))
        )
    try:
        logits = model(x, mask)[0]
    finally:
        for hook in hooks:
            hook.remove()
    ((h, steps, fused),) = seen  # h [M,S,N,C], steps [M,S,N]
    order = [model.fold.skeleton.index(joint) for joint in model.fold.given.joints]
    present = _bool(steps.flatten(1).any(1))  # [M]
    y, course = _array(fused.y), np.zeros((*h.shape[:3], 0))
    winner, share = _winner(y, present), present / max(int(present.sum()), 1)

    def shared(weight: Array, first: npt.NDArray[np.bool_]) -> Array:  # [2,classes,N,C]
        mean = weight[1][:, None] * share[:, None, None]
        return np.asarray(weight[0][:, None] * first + mean)

    worth = shared(path.fused, winner)  # [classes,M,N,C]
    worth_past = worth[..., :0]
    if path.past is not None:
        # Once the frames are averaged, y is in what came past as well, `gate` times.
        assert isinstance(model, SkelFuse)
        even = _array(steps) / np.maximum(_array(steps).sum(1, keepdims=True), 1)  # [M,S,N]
        weights = even[..., None] if model.pool is None else _array(model.pool.weights(h, steps))
        # Of the spectrum, which is of the whole clip, every step has an equal part.
        course = _array(h) * weights + sum(even[..., None] * _array(y)[:, None] for y in spectra)
        worth_past = shared(path.past, _winner(course.sum(1) + path.gate * y, present))
        worth = worth + path.gate * worth_past
    signals = _signals(model.frieren, h, steps)
    return Evidence(
        model.fold.given.joints,
        model.frieren.feature_names,
        FRAMES_IN_A_PAIR if isinstance(model, SkelFuse) else 1,
        _array(logits),
        present,
        _array(fused.features)[:, order],
        _array(model.frieren.weight()),
        worth[:, :, order],
        worth_past[:, :, order],
        path.bias,
        _usual(model, path.fused, path.past)[:, order],
        signals._replace(values=signals.values[:, :, order], seen=signals.seen[:, :, order]),
        course[:, :, order],
    )


def check_explainable(model: nn.Module, file: str | Path | None = None) -> None:
    """Raise where a model's logits do not split into named statistics; `file` is its checkpoint.

    >>> check_explainable(nn.Linear(3, 4))
    Traceback (most recent call last):
    ...
    skelfuse.errors.SkelfuseError: the decisions of Linear do not split into joints and \
statistics; explain a run of the model skelfuse (with fuse: true) or pure
    """
    remedy = "explain a run of the model skelfuse (with fuse: true) or pure"
    if not isinstance(model, (SkelFuse, Pure)):
        name = type(model).__name__
        problem = f"the decisions of {name} do not split into joints and statistics"
        raise SkelfuseError(problem, file=file, remedy=remedy)
    if model.frieren is None:
        raise SkelfuseError(
            "this run was trained without FrierenFuse, so nothing in it has a scale or a statistic",
            file=file,
            remedy=f"{remedy}; predict --joints splits this one by joints",
        )


def _winner(y: Array, present: npt.NDArray[np.bool_]) -> npt.NDArray[np.bool_]:
    """Return who has the maximum of `y [M,N,C]`: True once along M, nowhere if nobody is there."""
    there = present[:, None, None]
    first = np.where(there, y, -np.inf).argmax(0)  # [N,C]
    return np.asarray((np.arange(len(y))[:, None, None] == first) & there)


def _usual(model: SkelFuse | Pure, fused: Array, past: Array | None) -> Array:
    assert model.evidence_norm.running_mean is not None  # these models' norms keep it
    weights = fused[None] if past is None else np.stack([fused, past])  # [E,2,classes,N,C]
    E, two, _, N, C = weights.shape
    mean = _array(model.evidence_norm.running_mean).reshape(E, two, N, C)
    return np.asarray(np.einsum("epknc,epnc->kn", weights, mean))


def _signals(frieren: FrierenFuse, h: Tensor, steps: Tensor) -> Signals:
    x = torch.where(steps[..., None], h, 0.0)
    v = frieren.bound(x @ frieren.directions(), steps)  # [M,S,N,K]
    v = torch.where(steps[..., None], v, 0.0)
    return Signals(_array(v), _bool(steps), frieren.scales, frieren.poly_order, frieren.windows)


def _array(tensor: Tensor) -> Array:
    return np.asarray(tensor.detach().cpu().double().numpy())


def _bool(tensor: Tensor) -> npt.NDArray[np.bool_]:
    return np.asarray(tensor.cpu().numpy())

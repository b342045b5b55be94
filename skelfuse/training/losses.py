"""What training makes small: the clips' cross entropy, and the motion kernels' regularisers."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import numpy.typing as npt
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from skelfuse.layers import Kernel, MotionKernels
from skelfuse.training.config import KernelWeights
from skelfuse.training.mixing import Mixed

TEACHING_TEMPERATURE = 2.0  # by which what one path teaches the other is softened
SMOOTHNESS_FACTOR = 0.1  # smoothness is a mean square of steps, an order above the other two


def clip_losses(
    logits: Tensor, mixed: Mixed, *, smoothing: float = 0.0, weights: Tensor | None = None
) -> Tensor:
    """Return each clip's loss `[B]` from `logits [B,classes]`, in float32.

    Of votes `[B,V,classes]` it is the mean of each voter's own loss.

    A clip that is mixed of two has the loss of each in the share that it has in it. `weights`
    `[classes]` are of classes.

    >>> from skelfuse.training.mixing import Mixed
    >>> x = torch.zeros(2, 4, 1, 3, 3)
    >>> clips = Mixed(x, torch.ones(2, 4, 1, 3, dtype=torch.bool), torch.tensor([0, 1]))
    >>> clip_losses(torch.tensor([[0.0, 0.0], [-1.0, 1.0]]), clips).round(decimals=3)
    tensor([0.6930, 0.1270])
    """
    first = _losses(logits, mixed.label, smoothing, weights)
    if mixed.other is None or mixed.share is None:
        return first
    second = _losses(logits, mixed.other, smoothing, weights)
    return mixed.share * first + (1 - mixed.share) * second


def softened_divergence(logits: Tensor, teacher: Tensor, temperature: float) -> Tensor:
    """Return T² KL(softmax(teacher / T) ‖ softmax(logits / T)), `[B]`, of logits `[B,classes]`.

    With T² the gradient keeps its size whatever the temperature T is.

    >>> teacher, student = torch.tensor([[9.0, 1.0]]).log(), torch.zeros(1, 2)
    >>> softened_divergence(student, teacher, 1.0)  # 0.9·log(0.9/0.5) + 0.1·log(0.1/0.5)
    tensor([0.3681])
    >>> softened_divergence(student, teacher, 2.0)  # 4·(0.75·log(0.75/0.5) + 0.25·log(0.25/0.5))
    tensor([0.5232])
    """
    told = (teacher.float() / temperature).log_softmax(dim=1)
    own = (logits.float() / temperature).log_softmax(dim=1)
    return temperature**2 * F.kl_div(own, told, reduction="none", log_target=True).sum(dim=1)


def path_losses(votes: Tensor, own_votes: int) -> Tensor:
    """Return how far the own path is from what the together path says of each clip, `[B]`.

    `votes [B,V,classes]` are of the own path, `own_votes` of them, and then of the together path,
    whose mean is the teacher and learns nothing here.

    >>> votes = torch.tensor([[[0.0, 0.0], [4.3944, 0.0]]])  # 0.5 and 0.9, once softened
    >>> path_losses(votes, 1)                       # 4·(0.9·log(0.9/0.5) + 0.1·log(0.1/0.5))
    tensor([1.4722])
    """
    own, together = votes[:, :own_votes], votes[:, own_votes:]
    teacher = together.detach().mean(dim=1).repeat_interleave(own_votes, dim=0)
    each = softened_divergence(own.flatten(0, 1), teacher, TEACHING_TEMPERATURE)
    return each.view(-1, own_votes).mean(dim=1)


def balanced_weights(labels: npt.NDArray[np.integer], num_classes: int) -> npt.NDArray[np.float32]:
    """Return a weight for each class so that all count alike, 1 on average over the clips.

    >>> balanced_weights(np.array([0, 0, 0, 1]), 3).round(3).tolist()
    [0.6669999957084656, 2.0, 1.0]
    """
    counts = np.bincount(labels, minlength=num_classes)
    there = counts > 0
    weights = np.ones(num_classes, np.float32)
    weights[there] = len(labels) / (there.sum() * counts[there])
    return weights


def motion_kernels(model: nn.Module) -> dict[str, MotionKernels]:
    """Return the model's banks of motion kernels by their path in it."""
    return {path: part for path, part in model.named_modules() if isinstance(part, MotionKernels)}


def kernel_values(model: nn.Module, weights: KernelWeights) -> dict[str, Tensor]:
    """Return the regularisers of all motion kernels, unweighted; empty where there are none.

    >>> from skelfuse.layouts import KINECT_V2
    >>> from skelfuse.models import SkelFuse
    >>> model = SkelFuse(KINECT_V2, 5, scales=(1, 2), streams=("joint",))
    >>> values = kernel_values(model, KernelWeights())
    >>> {name: round(value.item(), 3) for name, value in values.items()}
    {'weight_sum': 0.0, 'smoothness': 2.125, 'diversity': 0.0}
    """
    banks = motion_kernels(model).values()
    found = [bank.penalties(target=weights.target, threshold=weights.threshold) for bank in banks]
    if not found:
        return {}
    return {
        name: torch.stack([getattr(one, name) for one in found]).sum() for name in found[0]._fields
    }


def kernel_loss(model: nn.Module, weights: KernelWeights) -> Tensor | None:
    """Return what the kernels add to the loss, or None where no kernel learns."""
    if not any(isinstance(bank.taps, nn.Parameter) for bank in motion_kernels(model).values()):
        return None
    values = kernel_values(model, weights)
    total: Tensor = (
        weights.weight_sum * values["weight_sum"]
        + weights.smoothness * SMOOTHNESS_FACTOR * values["smoothness"]
        + weights.diversity * values["diversity"]
    )
    return total


def kernels_of(model: nn.Module) -> Mapping[str, Kernel]:
    """Return every motion kernel as it is now, by what it sees and its name.

    Where all signals share their taps, as distances do, a kernel has one axis.

    >>> from skelfuse.layouts import KINECT_V2
    >>> from skelfuse.models import SkelFuse
    >>> list(kernels_of(SkelFuse(KINECT_V2, 5, scales=(1, 2), streams=("joint", "distances"))))
    ['joint/scale1', 'joint/scale2', 'distances/scale1', 'distances/scale2']
    """
    return {
        f"{path.rpartition('.')[2]}/{name}": kernel._replace(
            taps=kernel.taps[:, : bank.taps.shape[2]]
        )
        for path, bank in motion_kernels(model).items()
        for name, kernel in bank.kernels().items()
    }


def _losses(logits: Tensor, label: Tensor, smoothing: float, weights: Tensor | None) -> Tensor:
    votes = logits.float().view(len(label), -1, logits.shape[-1])  # [B,V,classes]
    losses = F.cross_entropy(
        votes.flatten(0, 1),
        label.repeat_interleave(votes.shape[1]),
        reduction="none",
        label_smoothing=smoothing,
    )
    losses = losses.view(votes.shape[:2]).mean(dim=1)
    return losses if weights is None else losses * weights[label]

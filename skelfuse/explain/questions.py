"""What a model would say of a clip of which less was seen, or in which something stood still."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import torch
from torch import Tensor

from skelfuse.arrays import Array

Model = Callable[[Tensor, Tensor], Tensor]  # x [B,T,M,N,D], mask [B,T,M,N] -> logits [B,K]

# Joints times frames in one batch. With 64 channels a layer's output is then 32 MiB, and a
# processor's caches still help; a GPU needs more to be busy.
CELLS_AT_ONCE = {"cpu": 1 << 17, "cuda": 1 << 20}


class Questions:
    """One clip `x [C,T,M,N,D]`, `mask [C,T,M,N]` (C crops), about which a model is asked.

    Answers are log probabilities `[E,K]` in double precision, the mean over crops. A crop of which
    all that it shows is hidden has the answer `nothing [K]`: the model is not asked about it.
    However much is asked at once, a batch holds a bounded number of joints and frames.

    >>> def model(x, mask):  # it counts what is seen
    ...     return torch.stack([mask.sum((1, 2, 3)).float(), torch.zeros(len(x))], dim=1)
    >>> x, mask = torch.zeros(1, 4, 1, 5, 3), torch.ones(1, 4, 1, 5, dtype=torch.bool)
    >>> asked = Questions(model, x, mask, np.log([0.5, 0.5]))
    >>> np.exp(asked.hiding(torch.zeros(2, 1, 1, 1, 1, dtype=torch.bool))).tolist()
    [[0.5, 0.5], [0.5, 0.5]]
    """

    def __init__(self, model: Model, x: Tensor, mask: Tensor, nothing: Array) -> None:
        self.model, self.x, self.mask, self.nothing = model, x, mask, nothing
        # What the clip itself does not show is asked about as it is, as a prediction does.
        self._blank = ~mask.flatten(1).any(dim=1)  # [C]
        limit = CELLS_AT_ONCE.get(x.device.type, CELLS_AT_ONCE["cpu"])
        self.at_once = max(1, limit // max(1, mask.numel()))
        self.asked = 0  # how often

    def as_it_is(self) -> Array:
        """Return the answer to the clip itself, `[K]`."""
        everything = self.mask.new_ones((1, 1, 1, 1, 1))
        return np.asarray(self.hiding(everything)[0])

    def hiding(self, seen: Tensor) -> Array:
        """Return the answers where only what `seen [E,...]` keeps is seen."""
        return self._answers(len(seen), lambda some: (self.x[None], self.mask & seen[some]))

    def freezing(self, which: Tensor) -> Array:
        """Return the answers where the joints `which [E,1,1,M,N]` stay at their mean place.

        The mean is over the frames in which a joint was seen; where it was not, it still is not.
        """
        count = self.mask.sum(dim=1, keepdim=True)[..., None].clamp_min(1)  # [C,1,M,N,1]
        mean = torch.where(self.mask[..., None], self.x, 0.0).sum(dim=1, keepdim=True) / count

        def ask(some: slice) -> tuple[Tensor, Tensor]:
            return torch.where(which[some][..., None], mean, self.x), self.mask[None]

        return self._answers(len(which), ask)

    @torch.inference_mode()
    def _answers(self, count: int, ask: Callable[[slice], tuple[Tensor, Tensor]]) -> Array:
        found = []
        for first in range(0, count, self.at_once):
            size = min(self.at_once, count - first)
            x, mask = ask(slice(first, first + size))
            x, mask = (  # an expanded view: the clip is not copied for every question
                part.expand(size, *own.shape).flatten(0, 1)
                for part, own in ((x, self.x), (mask, self.mask))
            )
            crops = torch.unflatten(self._of_rows(x, mask), 0, (size, -1))  # [E,C,K]
            found.append(crops.logsumexp(dim=1) - np.log(crops.shape[1]))
        self.asked += count
        answers = torch.cat(found) if found else torch.zeros(0)
        return np.asarray(answers.cpu().numpy())

    def _of_rows(self, x: Tensor, mask: Tensor) -> Tensor:
        """Return the answers to crops `x [E·C,T,M,N,D]`, `[E·C,K]`."""
        ask = mask.flatten(1).any(dim=1) | self._blank.repeat(len(mask) // len(self._blank))
        if bool(ask.all()):
            return self.model(x, mask).double().log_softmax(dim=1)
        nothing = torch.from_numpy(self.nothing).to(x.device)
        answers = nothing.repeat(len(x), 1)
        if bool(ask.any()):
            answers[ask] = self.model(x[ask], mask[ask]).double().log_softmax(dim=1)
        return answers

"""Forward passes of a deployed model as CUDA graphs, one for each of the last shapes of batch.

A small model spends more time in Python than on a GPU. A graph is recorded for a shape that comes
again and again, over inputs that stay in place, and replayed from then on. Before that it must give
what the model gives. A few are kept; the one that was not used for the longest time goes.
"""

from __future__ import annotations

import threading
import warnings
from collections import OrderedDict

import torch
from torch import Tensor, nn

from skelfuse.models.paths import Parts, TwoPaths
from skelfuse.training.graph import Capture, Recorded, Tensors, cuda_capture

MOST = 4  # graphs, each of which keeps the memory of a forward pass
OFTEN = 3  # times that a shape comes until it is recorded, which takes as long as five passes
REMEMBERED = 64  # shapes that are counted
CLOSE = 1e-5  # how near the results must be, relative to the largest

Key = tuple[torch.Size, torch.dtype, bool]


def replayed(model: nn.Module, *, capture: Capture = cuda_capture) -> nn.Module:
    """Return a model that gives what `model` gives, from graphs where a shape comes often.

    It tells the two paths of its logits apart if `model` does. Where gradients are computed, it is
    the model itself. Calls from several threads take turns.

    >>> model, x = nn.Linear(3, 4), torch.ones(2, 3)
    >>> run_again = replayed(model, capture=lambda work: work)
    >>> with torch.no_grad():
    ...     all(torch.equal(run_again(x), model(x)) for _ in range(5))
    True
    """
    return (_TwoPaths if isinstance(model, TwoPaths) else _Replayed)(model, capture)


class _Replayed(nn.Module):
    """A model of one path."""

    def __init__(self, model: nn.Module, capture: Capture) -> None:
        super().__init__()
        self.model, self.capture = model, capture
        self.graphs: OrderedDict[Key, Recorded] = OrderedDict()  # the last one used comes last
        self.counts: OrderedDict[Key, int] = OrderedDict()
        self.given_up = False
        self.turn = threading.Lock()

    def forward(self, x: Tensor, mask: Tensor | None = None) -> Tensor:
        """Return logits `[B,classes]` of `x [B,T,M,N,D]`, seen where `mask [B,T,M,N]` is True."""
        return self._results([x] if mask is None else [x, mask])[0]

    def _plain(self, inputs: Tensors) -> Tensors:
        return [self.model(*inputs)]

    def _results(self, inputs: Tensors) -> Tensors:
        if self.given_up or torch.is_grad_enabled():
            return self._plain(inputs)
        key = (inputs[0].shape, inputs[0].dtype, len(inputs) > 1)
        with self.turn:
            if key in self.graphs:
                self.graphs.move_to_end(key)
                return self.graphs[key](inputs)
            results = self._plain(inputs)
            if self._comes_often(key):
                self._record(key, inputs, results)
            return results

    def _comes_often(self, key: Key) -> bool:
        self.counts[key] = self.counts.pop(key, 0) + 1
        if len(self.counts) > REMEMBERED:
            self.counts.popitem(last=False)
        return self.counts[key] >= OFTEN

    def _record(self, key: Key, inputs: Tensors, results: Tensors) -> None:
        """Keep a graph for inputs of this shape, if it gives these results for these inputs."""
        del self.counts[key]
        if len(self.graphs) == MOST:
            self.graphs.popitem(last=False)  # first, for its memory
        # Recorded over other values: a graph that kept them would give the results of those.
        others = [torch.ones_like(one) if one.dtype == torch.bool else one / 2 for one in inputs]
        try:
            with torch.inference_mode(mode=False), torch.no_grad():  # changed in place later on
                graph = Recorded(self._plain, others, self.capture)
                found = graph(inputs)
        except RuntimeError as error:
            self._give_up(f"this model cannot be: {str(error).splitlines()[0]}")
            return
        apart = max(map(_apart, found, results))
        if apart <= CLOSE:  # false where one is not a number
            self.graphs[key] = graph
        elif all(bool(torch.isfinite(one).all()) for one in results):  # what is bad shows nothing
            self._give_up(f"results differ by {apart:.1g}, more than {CLOSE:g}")

    def _give_up(self, why: str) -> None:
        self.graphs.clear()
        self.given_up = True
        warnings.warn(f"forward passes are not recorded as graphs: {why}", stacklevel=2)


class _TwoPaths(_Replayed):
    """A model that tells what each of its paths adds."""

    def forward(self, x: Tensor, mask: Tensor | None = None) -> Tensor:
        """Return logits, as the sum of both paths."""
        own, together = self.by_path(x, mask)
        return own + together

    def by_path(self, x: Tensor, mask: Tensor | None = None) -> Parts:
        """Return what each path adds to the logits."""
        return Parts(*self._results([x] if mask is None else [x, mask]))

    def _plain(self, inputs: Tensors) -> Tensors:
        assert isinstance(self.model, TwoPaths)
        return list(self.model.by_path(*inputs))


def _apart(found: Tensor, expected: Tensor) -> float:
    largest = expected.abs().amax().clamp_min(1e-12)
    return float((found - expected).abs().amax() / largest)

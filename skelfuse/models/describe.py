"""What a model consists of and what a clip costs: layers, parameters, multiply-accumulates."""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils.flop_counter import flop_registry

from skelfuse.errors import SkelfuseError
from skelfuse.models.persons import FoldPersons
from skelfuse.telling.tables import aligned


@dataclass(frozen=True)
class Layer:
    """One row: a part of the model with all that it contains down to the chosen depth."""

    name: str  # as in `model.get_submodule(name)`; "" is what the model does by itself
    kind: str
    parameters: int
    macs: int  # multiply-accumulates for one clip


@dataclass(frozen=True)
class Description:
    """A model's layers and what one clip of so many frames and persons costs."""

    model: str
    frames: int
    persons: int
    layers: tuple[Layer, ...]

    @property
    def parameters(self) -> int:
        """All parameters, each counted once."""
        return sum(layer.parameters for layer in self.layers)

    @property
    def macs(self) -> int:
        """The multiply-accumulates of one clip."""
        return sum(layer.macs for layer in self.layers)

    def __str__(self) -> str:
        title = f"{self.model}, one clip of {self.frames} frames, persons: {self.persons}"
        rows = [(a.name or ".", a.kind, f"{a.parameters:,}", f"{a.macs:,}") for a in self.layers]
        rows += [("total", "", f"{self.parameters:,}", f"{self.macs:,}")]
        header = ("layer", "kind", "parameters", "MACs")
        return f"{title}\n{aligned(header, rows, words=(0, 1))}"


def describe(
    model: nn.Module, *, frames: int = 64, persons: int = 1, depth: int = 2
) -> Description:
    """Return a model's layers with their parameters and multiply-accumulates, by running it.

    Counted are the products in convolutions and matrix products of an evaluation of one clip, as
    they are really computed; what works number by number (normalisations, activations,
    differences) is left out, as is usual. `depth` levels of submodules have rows of their own.

    >>> from skelfuse.models.stgcn import STGCN
    >>> from skelfuse.skeleton import Skeleton
    >>> arm = Skeleton("arm", joints=("shoulder", "elbow", "hand"),
    ...                bones=(("elbow", "shoulder"), ("hand", "elbow")), root="shoulder")
    >>> print(describe(STGCN(arm, num_classes=4, channels=(8, 16), blocks=(1, 1)), frames=20))
    STGCN, one clip of 20 frames, persons: 1
    layer       kind         parameters     MACs
    data_norm   BatchNorm1d          18        0
    blocks.0    Block               707   40,500
    blocks.1    Block             2,939  100,320
    classifier  Linear               68       64
    total                         3,732  140,884
    """
    skeleton = next((a.given for a in model.modules() if isinstance(a, FoldPersons)), None)
    if skeleton is None:
        raise SkelfuseError(
            "this model takes no skeletons, and cannot be described",
            found=type(model).__name__,
            remedy="give a model of skelfuse.models",
        )
    if min(frames, persons, depth) < 1:
        raise SkelfuseError(
            "a description needs a clip",
            expected="frames, persons and depth of at least 1",
            found=(frames, persons, depth),
        )
    weights = itertools.chain(model.parameters(), model.buffers())  # a deployed form's are buffers
    like = next(value for value in weights if value.is_floating_point())
    shape = (1, frames, persons, len(skeleton), skeleton.dimensions)
    x = torch.linspace(0, 1, frames * persons * len(skeleton) * skeleton.dimensions)
    x = x.view(shape).to(like)  # [1,T,M,N,D]
    macs = _measured(model, x)
    parameters: Counter[str] = Counter()
    for name, parameter in model.named_parameters():
        parameters[name.rpartition(".")[0]] += parameter.numel()
    layers: dict[str, Layer] = {}
    for path, module in model.named_modules():
        name = ".".join(path.split(".")[:depth])
        above = layers.get(name, Layer(name, type(module).__name__, 0, 0))
        layers[name] = Layer(
            name, above.kind, above.parameters + parameters[path], above.macs + macs[path]
        )
    rows = tuple(layer for layer in layers.values() if layer.parameters or layer.macs)
    return Description(type(model).__name__, frames, persons, rows)


def _measured(model: nn.Module, x: Tensor) -> Counter[str]:
    """Return the multiply-accumulates of `model(x)` by the path of the module that did them."""
    running = [""]
    macs: Counter[str] = Counter()

    class Count(TorchDispatchMode):  # type: ignore[no-untyped-call]
        def __torch_dispatch__(
            self, func: Any, types: Any, args: Any = (), kwargs: Any = None
        ) -> Any:
            kwargs = kwargs or {}
            out = func(*args, **kwargs)
            operations = flop_registry.get(func._overloadpacket)
            if operations is not None:
                # The registry counts a product and a sum as two.
                macs[running[-1]] += operations(*args, **kwargs, out_val=out) // 2
            return out

    with _followed(model, running), torch.no_grad(), Count():  # type: ignore[no-untyped-call]
        model(x)
    return macs


@contextmanager
def _followed(model: nn.Module, running: list[str]) -> Iterator[None]:
    """Evaluate meanwhile, with the paths of the modules at work on the stack `running`."""

    def enter(path: str) -> Callable[..., None]:
        return lambda *_: running.append(path)

    def leave(*_: object) -> None:
        running.pop()

    were_training = [module for module in model.modules() if module.training]
    hooks = []
    try:
        for path, module in model.named_modules():
            hooks.append(module.register_forward_pre_hook(enter(path)))
            hooks.append(module.register_forward_hook(leave))
        model.eval()
        yield
    finally:
        for hook in hooks:
            hook.remove()
        for module in were_training:
            module.training = True

"""A stand-in for a GPU: tensors without values, and a watch for all that would make a GPU wait.

Tensors on torch's "meta" device have shapes and no values, so a look at one is an error, as is a
result whose size depends on values. What a GPU would wait for besides is told by `Watch`: copies
between the CPU and the device, lists and CPU tensors used as indices there, tensors made of Python
numbers there. Copies by way of pinned memory (`non_blocking`) are counted, for they do not wait.
"""

from __future__ import annotations

import contextlib
import traceback
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor
from torch.overrides import TorchFunctionMode
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves

DEVICE = torch.device("meta")
LIBRARY = str(Path(__file__).resolve().parents[2] / "skelfuse")


class Watch(TorchDispatchMode):  # type: ignore[no-untyped-call]
    """Note every operation that would wait: its name and the line of ours that asked for it."""

    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.waits: list[str] = []
        self.sent = 0  # copies to the device that do not wait

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        kwargs = kwargs or {}
        given = tensors((args, kwargs))
        result = func(*args, **kwargs)
        name = str(func)
        if name.startswith(("aten._to_copy", "aten.copy_")):
            if len(kinds([*given, *tensors(result)])) > 1:
                free = bool(kwargs.get("non_blocking")) or True in args[2:]
                self.note(name, free=free)
        elif len(kinds([one for one in given if one.ndim])) > 1:
            self.note(name)
        return result

    def note(self, name: str, *, free: bool = False) -> None:
        if free:
            self.sent += 1
            return
        ours = [frame for frame in traceback.extract_stack() if frame.filename.startswith(LIBRARY)]
        line = f"{ours[-1].filename}:{ours[-1].lineno}" if ours else "a test"
        self.waits.append(f"{name} at {line}")


class Indices(TorchFunctionMode):
    """Note what torch turns into tensors by itself, below what `Watch` sees."""

    def __init__(self, watch: Watch) -> None:
        super().__init__()
        self.watch = watch

    def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        kwargs = kwargs or {}
        name = getattr(func, "__name__", "")
        made = name in ("tensor", "as_tensor") and str(kwargs.get("device")) == str(DEVICE)
        made |= name == "new_tensor" and args[0].device == DEVICE
        if name in ("__getitem__", "__setitem__") and args[0].device == DEVICE:
            index = args[1] if isinstance(args[1], tuple) else (args[1],)
            made |= any(
                isinstance(one, list) or (isinstance(one, Tensor) and one.device != DEVICE)
                for one in index
            )
        if made:
            self.watch.note(name)
        return func(*args, **kwargs)


@contextlib.contextmanager
def watched(patch: pytest.MonkeyPatch) -> Iterator[Watch]:
    """Watch what runs inside; torch knows no autocast for tensors without values."""
    autocast = torch.autocast

    def cast(device: str, **options: Any) -> Any:
        return contextlib.nullcontext() if device == DEVICE.type else autocast(device, **options)

    patch.setattr(torch, "autocast", cast)
    watch = Watch()
    with watch, Indices(watch):
        yield watch


def tensors(values: Any) -> list[Tensor]:
    return [one for one in tree_leaves(values) if isinstance(one, Tensor)]


def kinds(found: list[Tensor]) -> set[str]:
    return {one.device.type for one in found}

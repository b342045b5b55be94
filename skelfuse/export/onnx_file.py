"""A graph as ONNX, which runs without torch: in ONNX Runtime, TensorRT, OpenVINO, a browser."""

from __future__ import annotations

import logging
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from typing import Any

import numpy as np
import torch
from torch import Tensor

from skelfuse.errors import SkelfuseError
from skelfuse.export.facts import FACTS

NEEDED = ("onnxscript", "onnxruntime")


def check_onnx() -> None:
    """Raise where what ONNX takes is not installed: before the work, not after it."""
    if missing := [name for name in NEEDED if find_spec(name) is None]:
        raise SkelfuseError(
            f"an .onnx file needs {' and '.join(missing)}",
            remedy="pip install 'skelfuse[onnx]', or give a name that ends in .pt2",
        )


def onnx_bytes(
    program: torch.export.ExportedProgram, given: tuple[Tensor, Tensor], facts: str
) -> bytes:
    """Return an exported program as the content of an .onnx file, with the facts inside."""
    with _in_silence():
        unknown: dict[Any, Callable[..., Any]] = {
            torch.ops.aten.cummax.default: _running(torch.maximum),
            torch.ops.aten.cummin.default: _running(torch.minimum),
            torch.ops.aten.cdist.default: _distances,
            torch.ops.aten._cdist_forward.default: _distances,
        }
        if any(node.target in unknown for node in program.graph.nodes):
            program = program.run_decompositions(unknown)
        try:
            graph = torch.onnx.export(
                program,
                given,
                input_names=["x", "mask"],
                output_names=["probabilities"],
                dynamic_shapes=({0: "batch"}, {0: "batch"}),
                dynamo=True,
                verbose=False,
            )
        except torch.onnx.OnnxExporterError:
            raise SkelfuseError(
                "ONNX lacks operations of this model, such as Fourier transforms",
                remedy="train without model.frequencies.global_filter and "
                "model.frequencies.spectral_motion, or give a name that ends in .pt2",
            ) from None
    assert graph is not None
    graph.model.metadata_props[FACTS] = facts
    content: bytes = graph.model_proto.SerializeToString()
    return content


def onnx_session(content: bytes) -> Callable[[Tensor, Tensor], Tensor]:
    """Return the graph in an .onnx file as a function, run by ONNX Runtime on the CPU."""
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.log_severity_level = 3  # errors
    session = onnxruntime.InferenceSession(content, options, providers=["CPUExecutionProvider"])

    def run(x: Tensor, mask: Tensor) -> Tensor:
        (found,) = session.run(None, {"x": x.numpy(), "mask": mask.numpy()})
        return torch.from_numpy(np.asarray(found))

    return run


def _running(pick: Callable[[Tensor, Tensor], Tensor]) -> Callable[..., tuple[Tensor, Tensor]]:
    """Return the largest or smallest value so far in as many steps as its length has bits.

    ONNX has no such operator. Where the value was is not asked by any model, so it is not told.
    """

    def running(x: Tensor, dim: int) -> tuple[Tensor, Tensor]:
        step, length = 1, x.shape[dim]
        while step < length:
            earlier, later = x.narrow(dim, 0, length - step), x.narrow(dim, step, length - step)
            x = torch.cat([x.narrow(dim, 0, step), pick(later, earlier)], dim=dim)
            step *= 2
        return x, torch.zeros_like(x, dtype=torch.int64)

    return running


def _distances(x: Tensor, y: Tensor, p: float = 2.0, compute_mode: int | None = None) -> Tensor:
    """Return how far points `x [...,N,D]` are from `y [...,H,D]`, in words that ONNX has."""
    apart = x[..., :, None, :] - y[..., None, :, :]
    return apart.square().sum(dim=-1).sqrt()


@contextmanager
def _in_silence() -> Iterator[None]:
    """Keep what torch tells of its own parts, and of packages that nobody asked for, to itself."""
    logger = logging.getLogger("torch.onnx._internal.exporter._registration")
    level = logger.level
    logger.setLevel(logging.ERROR)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        logger.setLevel(level)

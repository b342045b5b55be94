"""Writing a run's graph, once it is known to give the run's own numbers."""

from __future__ import annotations

import io
import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from skelfuse.errors import SkelfuseError
from skelfuse.export.facts import FACTS, facts_of
from skelfuse.export.onnx_file import check_onnx, onnx_bytes, onnx_session
from skelfuse.export.program import drawn, program_of
from skelfuse.files import atomic_write, cannot_write
from skelfuse.run import Run

KINDS = (".pt2", ".onnx")
TOLERANCE = 1e-3  # of a probability's logarithm: of what is drawn a model may be sure
LEAST = 1e-30  # below it probabilities are all alike
OLDEST_TORCH = (2, 6)  # earlier ones cannot export what leaves autocast for a while

Graph = Callable[[Tensor, Tensor], Tensor]


@dataclass(frozen=True)
class Exported:
    """What was written: where, how much, and how far it is from the run itself."""

    path: Path
    bytes: int
    facts: dict[str, Any]
    difference: float  # of a probability's logarithm, the largest one


def export_run(run: Run, path: str | Path) -> Exported:
    """Write a run's model into `path`: .pt2 for torch, .onnx for ONNX Runtime and others.

    The graph takes 1 to 1,024 prepared clips at a time. It begins where a clip has its T moments
    and is centred, as `inputs` gives it; what is done to a clip until then is in the file, under
    `skelfuse.json`. Before anything is written, the graph has to give the model's own numbers.
    """
    path = Path(path)
    if path.suffix not in KINDS:
        raise SkelfuseError(
            "unknown kind of graph", file=path, expected=f"a name that ends in {' or '.join(KINDS)}"
        )
    if tuple(map(int, torch.__version__.split(".")[:2])) < OLDEST_TORCH:
        raise SkelfuseError(
            "this torch cannot export the model",
            expected=".".join(map(str, OLDEST_TORCH)) + " or later",
            found=torch.__version__,
            remedy="pip install --upgrade torch",
        )
    if path.suffix == ".onnx":
        check_onnx()
    try:
        with atomic_write(path) as new:
            content, graph = _onnx(run) if path.suffix == ".onnx" else _pt2(run)
            difference = max(_difference(graph, run, clips) for clips in (1, 5))
            if not difference < TOLERANCE:
                raise SkelfuseError(
                    "the exported graph does not give the model's numbers",
                    file=run.path,
                    expected=f"less than {TOLERANCE:g} apart",
                    found=f"{difference:.1e}",
                    remedy="try another version of torch",
                )
            new.write_bytes(content)
    except OSError as error:
        raise cannot_write("the graph", path, error) from None
    return Exported(path, len(content), facts_of(run), difference)


def _pt2(run: Run) -> tuple[bytes, Graph]:
    program, content = program_of(run), io.BytesIO()
    torch.export.save(program, content, extra_files={FACTS: _told(run)})
    return content.getvalue(), program.module()


def _onnx(run: Run) -> tuple[bytes, Graph]:
    content = onnx_bytes(program_of(run), drawn(run, 2), _told(run))
    return content, onnx_session(content)


def _told(run: Run) -> str:
    return json.dumps(facts_of(run), ensure_ascii=False)


@torch.no_grad()
def _difference(graph: Graph, run: Run, clips: int) -> float:
    x, mask = drawn(run, clips)
    device = next(run.model.parameters()).device
    own = run.model(x.to(device), mask.to(device)).softmax(dim=1).cpu()
    exported = graph(x, mask)
    return float((exported.clamp_min(LEAST).log() - own.clamp_min(LEAST).log()).abs().max())

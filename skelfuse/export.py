"""A trained model as a graph of torch's own, which runs where skelfuse is not installed."""

from __future__ import annotations

import copy
import io
import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from skelfuse import __version__
from skelfuse.batches import Batch, batch_of
from skelfuse.clip import Clip
from skelfuse.errors import SkelfuseError
from skelfuse.predict import Recogniser
from skelfuse.run import Run
from skelfuse.whole_files import cannot_write, replaced_together

FACTS = "skelfuse.json"  # in the file, what the graph takes and gives
LARGEST_BATCH = 1024
TOLERANCE = 1e-3  # of a probability's logarithm: of what is drawn a model may be sure
LEAST = 1e-30  # below it probabilities are all alike
OLDEST_TORCH = (2, 6)  # earlier ones cannot export what leaves autocast for a while
IN_TRAINING_ONLY = ("crop", "jitter", "uneven")  # of the sampling


@dataclass(frozen=True)
class Exported:
    """What was written: where, how much, and how far it is from the run itself."""

    path: Path
    bytes: int
    facts: dict[str, Any]
    difference: float  # of a probability's logarithm, the largest one


class _Probabilities(nn.Module):
    """A model and the softmax of its decision: `[B,T,M,N,D]` and a mask to `[B,classes]`."""

    def __init__(self, model: nn.Module) -> None:
        super().__init__()
        self.model = copy.deepcopy(model).cpu().float().eval()
        for values in (*self.model.parameters(), *self.model.buffers()):
            # A view of another tensor, or one laid out another way, would be written as a part.
            values.data = values.detach().clone(memory_format=torch.contiguous_format)

    def forward(self, x: Tensor, mask: Tensor) -> Tensor:
        return torch.softmax(self.model(x, mask), dim=1)


def export_run(run: Run, path: str | Path) -> Exported:
    """Write a run's model into `path` (.pt2), for batches of 1 to 1,024 prepared clips.

    The graph begins where a clip has its T moments and is centred, as `inputs` gives it; what
    is done to a clip until then is in the file, under `skelfuse.json`. Before anything is written,
    the graph has to give the model's own numbers.
    """
    path = Path(path)
    if tuple(map(int, torch.__version__.split(".")[:2])) < OLDEST_TORCH:
        raise SkelfuseError(
            "this torch cannot export the model",
            expected=".".join(map(str, OLDEST_TORCH)) + " or later",
            found=torch.__version__,
            remedy="pip install --upgrade torch",
        )
    try:
        with replaced_together([path]) as (new,):
            new.touch()  # told before the graph is made
            content, difference = _graph(run)
            new.write_bytes(content)
    except OSError as error:
        raise cannot_write("the graph", path, error) from None
    return Exported(path, len(content), facts_of(run), difference)


def _graph(run: Run) -> tuple[bytes, float]:
    model = _Probabilities(run.model)
    batch = {0: torch.export.Dim("batch", min=1, max=LARGEST_BATCH)}
    program = torch.export.export(model, _drawn(run, 2), dynamic_shapes=(batch, batch))
    difference = max(_difference(program, run, clips) for clips in (1, 5))
    if not difference < TOLERANCE:
        raise SkelfuseError(
            "the exported graph does not give the model's numbers",
            file=run.path,
            expected=f"less than {TOLERANCE:g} apart",
            found=f"{difference:.1e}",
            remedy="try another version of torch",
        )
    content = io.BytesIO()
    facts = json.dumps(facts_of(run), ensure_ascii=False)
    torch.export.save(program, content, extra_files={FACTS: facts})
    return content.getvalue(), difference


def facts_of(run: Run) -> dict[str, Any]:
    """Return what somebody without skelfuse needs to know of a run's graph."""
    sampling = run.config.sampling
    shape = [sampling.frames, sampling.persons, len(run.skeleton)]
    how = {key: value for key, value in asdict(sampling).items() if key not in IN_TRAINING_ONLY}
    made = run.provenance.get("provenance", {})
    return {
        "skelfuse": __version__,
        "classes": list(run.class_names),
        "skeleton": run.skeleton.to_dict(),
        "x": ["batch", *shape, run.skeleton.dimensions],
        "mask": ["batch", *shape],
        "probabilities": ["batch", len(run.class_names)],
        "sampling": {**how, "share": sampling.crop[1]},
        "store": {key: bool(made.get(key)) for key in ("align", "scale")},
    }


def inputs(recogniser: Recogniser, clips: Sequence[Clip]) -> Batch:
    """Return clips as the run's exported graph takes them: `x [B,T,M,N,D]` and `mask [B,T,M,N]`.

    Joints are matched by name, and clips prepared and sampled, as `recogniser.predict` does it.
    """
    prepare = recogniser.preparation
    whole = [prepare.prepared(prepare.matched(clip)) for clip in clips]
    sampling = recogniser.run.config.sampling
    batch = batch_of(whole, sampling=sampling, device=recogniser.device)
    absent = sampling.persons - batch.x.shape[2]
    return batch._replace(
        x=nn.functional.pad(batch.x, (0, 0, 0, 0, 0, absent)),
        mask=nn.functional.pad(batch.mask, (0, 0, 0, absent)),
    )


def _drawn(run: Run, clips: int) -> tuple[Tensor, Tensor]:
    draw = torch.Generator().manual_seed(clips)
    *shape, dimensions = facts_of(run)["x"][1:]
    x = torch.randn(clips, *shape, dimensions, generator=draw)
    return x, torch.rand(clips, *shape, generator=draw) > 0.1


@torch.no_grad()
def _difference(program: torch.export.ExportedProgram, run: Run, clips: int) -> float:
    x, mask = _drawn(run, clips)
    device = next(run.model.parameters()).device
    own = run.model(x.to(device), mask.to(device)).softmax(dim=1).cpu()
    exported = program.module()(x, mask)
    return float((exported.clamp_min(LEAST).log() - own.clamp_min(LEAST).log()).abs().max())

"""A trained model with all that belongs to it, from a run's folder or from one checkpoint."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from skelfuse.batches.rate import SeenRate
from skelfuse.errors import SkelfuseError
from skelfuse.models.deployed import deployed
from skelfuse.models.model import Model
from skelfuse.models.persons import keep_to
from skelfuse.skeleton import Skeleton
from skelfuse.training.build import build_model
from skelfuse.training.checkpoint import BEST, LAST, WEIGHT, fill, read_checkpoint
from skelfuse.training.config import TrainConfig
from skelfuse.training.config_file import config_of_checkpoint
from skelfuse.training.devices import device_named


@dataclass(frozen=True, eq=False)
class Run:
    """What one checkpoint holds: enough to recognise actions, with nothing else at hand."""

    model: Model  # in evaluation, on the device asked for
    config: TrainConfig
    skeleton: Skeleton
    class_names: tuple[str, ...]
    path: Path  # of the checkpoint
    epoch: int
    metrics: dict[str, Any]  # of that epoch
    provenance: dict[str, Any]  # how the store was made
    versions: dict[str, str]
    seen_rate: SeenRate | None = None  # frames per second, of the clips it was trained with
    class_counts: tuple[int, ...] | None = None  # training clips; None: an earlier version's run

    def checked(self, scores: Tensor) -> Tensor:
        """Return the model's scores; a training that failed may give some that are no numbers."""
        if not bool(torch.isfinite(scores).all()):
            raise SkelfuseError(
                "the model's scores are not numbers",
                file=self.path,
                remedy="train anew with a smaller train.learning_rate",
            )
        return scores

    @cached_property
    def deployed(self) -> nn.Module:
        """The model as it is used: the same function in fewer operations."""
        return deployed(self.model)


def load_run(path: str | Path, *, device: str = "cpu") -> Run:
    """Load a run's best model, or the checkpoint file that `path` names.

    >>> import tempfile, torch
    >>> from skelfuse.layouts import KINECT_V2
    >>> from skelfuse.training.checkpoint import write_checkpoint
    >>> from skelfuse.training import config_from_dict
    >>> config = config_from_dict({"model": {"size": "nano"}})
    >>> model, path = build_model(config.model, KINECT_V2, 2), Path(tempfile.mkdtemp())
    >>> facts = {"config": config.as_dict(), "skeleton": KINECT_V2.to_dict(), "epoch": 9,
    ...          "class_names": ["sit", "stand"], "metrics": {}, "provenance": {}, "versions": {}}
    >>> weights = {WEIGHT + name: value for name, value in model.state_dict().items()}
    >>> write_checkpoint(path / BEST, weights, facts)
    >>> run = load_run(path)
    >>> run.class_names, run.model(torch.randn(3, 64, 1, 25, 3)).shape
    (('sit', 'stand'), torch.Size([3, 2]))
    """
    file = _checkpoint(Path(path))
    facts, tensors = read_checkpoint(file, only=WEIGHT)
    try:
        config = config_of_checkpoint(facts, file)
        skeleton = Skeleton.from_dict(facts["skeleton"])
        model = build_model(config.model, skeleton, len(facts["class_names"]))
        fill(model, {name.removeprefix(WEIGHT): value for name, value in tensors.items()})
    except SkelfuseError as error:
        raise error.at(file) from None
    if facts.get("shown"):  # runs of earlier versions do not say
        keep_to(model, **facts["shown"])
    return Run(
        model.to(device_named(device)).eval(),
        config,
        skeleton,
        tuple(facts["class_names"]),
        file,
        int(facts["epoch"]),
        facts["metrics"],
        facts["provenance"],
        facts["versions"],
        SeenRate(**facts["seen_rate"]) if facts.get("seen_rate") else None,
        tuple(facts["class_counts"]) if facts.get("class_counts") else None,
    )


def _checkpoint(path: Path) -> Path:
    if not path.is_dir():
        if path.exists():
            return path
        raise SkelfuseError(
            "no such run", file=path, remedy="name a run's folder, or one of its checkpoints"
        )
    for name in (BEST, LAST):
        if (path / name).exists():
            return path / name
    raise SkelfuseError(
        "no checkpoint in this folder",
        file=path,
        expected=f"{BEST} or {LAST}",
        remedy="train it first: skelfuse train --out " + str(path),
    )

"""A trained model with all that belongs to it, from a run's folder or from one checkpoint."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from skelfuse.batches.rate import SeenRate
from skelfuse.clip import Clip
from skelfuse.clips.provenance import Provenance
from skelfuse.clips.usual_bodies import UsualBodies
from skelfuse.clips.usual_lengths import UsualLengths
from skelfuse.errors import SkelfuseError
from skelfuse.models.deployed import deployed
from skelfuse.models.persons import keep_to
from skelfuse.plain_text import is_plain
from skelfuse.replayed import replayed
from skelfuse.skeleton import Skeleton
from skelfuse.training.build import build_model
from skelfuse.training.checkpoint import (
    BEST,
    COPY_AGAIN,
    LAST,
    WEIGHT,
    check_weights,
    fill,
    read_checkpoint,
    undamaged,
)
from skelfuse.training.config import TrainConfig
from skelfuse.training.config_file import config_of_checkpoint
from skelfuse.training.devices import device_named

LEAST = 1000  # a number in a configuration that is no size
FEW = 4


@dataclass(frozen=True, eq=False)
class Run:
    """What one checkpoint holds: enough to recognise actions, with nothing else at hand."""

    model: nn.Module  # in evaluation, on the device asked for
    config: TrainConfig
    skeleton: Skeleton
    class_names: tuple[str, ...]
    path: Path  # of the checkpoint
    epoch: int
    metrics: dict[str, Any] = field(default_factory=dict)  # of that epoch
    provenance: Provenance = field(default_factory=Provenance)  # how the store was made
    versions: dict[str, str] = field(default_factory=dict)
    seen_rate: SeenRate | None = None  # frames per second, of the clips it was trained with
    class_counts: tuple[int, ...] | None = None  # training clips; None: an earlier version's run
    usual_bodies: UsualBodies | None = None  # of the training clips; None likewise
    usual_lengths: UsualLengths | None = None  # likewise

    def checked(self, scores: Tensor) -> Tensor:
        """Return the model's scores; a training that failed may give some that are no numbers."""
        if not bool(torch.isfinite(scores).all()):
            raise SkelfuseError(
                "the model's scores are not numbers",
                file=self.path,
                remedy="train anew with a smaller train.learning_rate",
            )
        return scores

    def doubts(self, clip: Clip) -> tuple[str, ...]:
        """Say what of a clip, prepared as those of the run's store, is as in no training clip."""
        sampling, flat = self.config.sampling, self.skeleton.dimensions == 2
        turned = sampling.align and not flat  # then it does not matter which way is up
        found = []
        if self.usual_bodies is not None:
            found += self.usual_bodies.unlike(clip, any_size=sampling.scale, any_turn=turned)
        if self.usual_lengths is not None:
            found += self.usual_lengths.unlike(clip)
        return tuple(found)

    @cached_property
    def deployed(self) -> nn.Module:
        """The model as it is used: the same function in fewer operations, on CUDA as graphs."""
        made = deployed(self.model)
        weight = next(self.model.parameters(), None)
        return made if weight is None or weight.device.type != "cuda" else replayed(made)


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
    weights = {name.removeprefix(WEIGHT): value for name, value in tensors.items()}
    try:
        with undamaged(file):
            config = config_of_checkpoint(facts, file)
            skeleton = Skeleton.from_dict(facts["skeleton"])
            class_names = _texts(facts["class_names"])
            if _asks_for_much(config.model.options, weights):
                from torch._subclasses.fake_tensor import FakeTensorMode

                with FakeTensorMode():  # takes no memory, whatever the configuration asks for
                    check_weights(build_model(config.model, skeleton, len(class_names)), weights)
            model = build_model(config.model, skeleton, len(class_names))
            fill(model, weights)
            if facts.get("shown"):  # runs of earlier versions do not say
                keep_to(model, **facts["shown"])
            counts, usual = facts.get("class_counts"), facts.get("usual_bodies")
            lengths = facts.get("usual_lengths")
            run = Run(
                model.eval(),
                config,
                skeleton,
                class_names,
                file,
                int(facts["epoch"]),
                metrics=dict(facts["metrics"]),
                provenance=Provenance.from_dict(facts["provenance"]),
                versions={name: str(version) for name, version in facts["versions"].items()},
                seen_rate=SeenRate(**facts["seen_rate"]) if facts.get("seen_rate") else None,
                class_counts=tuple(int(count) for count in counts) if counts else None,
                usual_bodies=UsualBodies.from_dict(usual) if usual else None,
                usual_lengths=UsualLengths.from_dict(lengths) if lengths else None,
            )
    except SkelfuseError as error:
        raise error.at(file) from None
    model.to(device_named(device))
    return run


def _asks_for_much(options: Mapping[str, Any], weights: Mapping[str, Tensor]) -> bool:
    """Tell whether a model of these options may be much larger than its weights say.

    >>> import torch
    >>> weights = {"a": torch.ones(2, 8)}
    >>> _asks_for_much({"channels": 8}, weights), _asks_for_much({"channels": [15]}, weights)
    (False, False)
    """
    largest = max(_numbers(options), default=0)
    if largest > LEAST + sum(value.numel() for value in weights.values()):
        raise SkelfuseError(
            "the checkpoint lacks weights of this model",
            found=largest,
            remedy=COPY_AGAIN,
        )
    return largest > FEW * max(
        (max(value.shape, default=1) for value in weights.values()), default=1
    )


def _numbers(value: Any) -> Iterator[int]:
    if isinstance(value, int):
        yield value
    elif isinstance(value, Mapping):
        for part in value.values():
            yield from _numbers(part)
    elif isinstance(value, (list, tuple)):
        for part in value:
            yield from _numbers(part)


def _texts(names: Any) -> tuple[str, ...]:
    if not isinstance(names, list):
        raise TypeError("class names that are no list")
    if not all(isinstance(name, str) and is_plain(name) for name in names):
        raise ValueError("class names that are no texts, or cannot be shown")
    return tuple(names)


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

"""What may be gone on with: the same configuration, the same skeleton, the same clips."""

from __future__ import annotations

from pathlib import Path
from typing import Any, NamedTuple, NoReturn

import torch
from torch import Tensor

from skelfuse.errors import SkelfuseError
from skelfuse.skeleton import Skeleton
from skelfuse.store import Store
from skelfuse.training.checkpoint import LAST, NO_TENSOR, read_checkpoint, undamaged
from skelfuse.training.config import TrainConfig
from skelfuse.training.config_file import (
    config_from_dict,
    config_of_checkpoint,
    first_difference,
)
from skelfuse.training.distributed import Team
from skelfuse.training.launch import end_launch, of_this_launch


class Saved(NamedTuple):
    """A checkpoint as it was read."""

    facts: dict[str, Any]
    tensors: dict[str, Tensor]


def found_checkpoint(folder: Path, *, resume: bool, team: Team) -> Saved | None:
    """Return the run's last checkpoint if it is to be resumed and has one.

    Without `resume` a finished or interrupted run in the folder is an error: nothing is ever
    written over. When torchrun starts lost processes anew they resume the run that they began.
    """
    path = folder / LAST
    if folder.exists() and not folder.is_dir():
        raise SkelfuseError("not a folder", file=folder, remedy="choose another --out")
    there = path.exists()
    differ = torch.tensor(float(team.told(there) != there), device=team.device)
    if team.sum(differ):  # all of them stop then, and the leading one tells
        raise SkelfuseError(
            "the processes do not see the same run folder",
            file=path,
            remedy="put --out on a file system that all machines share",
        )
    if not there:
        return None
    if not resume and not team.told(of_this_launch(folder)):
        if team.leads:
            end_launch(folder)  # of one that was lost: names of launches may come again
        raise SkelfuseError(
            "there is a run already", file=folder, remedy="use --resume, or another --out"
        )
    return Saved(*read_checkpoint(path))


def check_same_run(
    config: TrainConfig | None, saved: Saved | None, store: Store, folder: Path
) -> TrainConfig:
    """Return the run's configuration; what is asked for now must not differ from it."""
    if config is not None:
        config = config_from_dict(config.as_dict())  # checked, the model's defaults spelled out
    if saved is None:
        return nothing_to_resume(folder) if config is None else config
    _check_same_body(saved.facts, store)
    with undamaged(folder / LAST):
        config_before = config_of_checkpoint(saved.facts, folder / LAST)
    before = config_before.as_dict()  # with sections that are younger than the run
    if config is not None and (changed := first_difference(before, config.as_dict())):
        raise SkelfuseError(
            f"cannot resume: {changed}",
            file=folder,
            remedy="call it as before, or begin another run with another --out",
        )
    return config_before


def check_same_clips(saved: Saved | None, fingerprint: str, store: Store) -> None:
    """Raise where a resumed run would go on with other clips."""
    if saved is not None and saved.facts.get("data") != fingerprint:
        raise SkelfuseError(
            "cannot resume: the training clips are not those that the run began with",
            file=store.path,
            remedy="use the same store and protocol, or another --out",
        )


def check_resumable(folder: Path, store: Store) -> None:
    """Raise where a run that has begun cannot go on with a store: it shows other bodies."""
    path = folder / LAST
    if path.exists():
        _check_same_body(read_checkpoint(path, only=NO_TENSOR)[0], store)


def _check_same_body(facts: dict[str, Any], store: Store) -> None:
    body = Skeleton.from_dict(facts.get("skeleton", {}))
    if body != store.skeleton:
        raise SkelfuseError(
            "cannot resume: the store's skeleton is not the run's",
            file=store.path,
            expected=f"{body.name} ({len(body)} joints)",
            found=f"{store.skeleton.name} ({len(store.skeleton)} joints)",
            remedy="use the store that the run began with",
        )


def saved_config(folder: str | Path) -> TrainConfig:
    """Return the configuration of the run in a folder."""
    path = Path(folder) / LAST
    if not path.exists():
        return nothing_to_resume(path.parent)
    facts, _ = read_checkpoint(path, only=NO_TENSOR)
    with undamaged(path):
        return config_of_checkpoint(facts, path)


def nothing_to_resume(folder: Path) -> NoReturn:
    """Raise: there is neither a run nor a configuration to begin one with."""
    raise SkelfuseError(
        "no run to resume here, and no configuration to begin one with",
        file=folder,
        remedy="give --config",
    )

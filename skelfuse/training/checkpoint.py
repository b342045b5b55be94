"""A checkpoint: one safetensors file of named tensors, with all facts as JSON in its header.

One file, so that it is there whole or not at all: it is written aside, flushed to the disk and
renamed over the one before. It holds no code: nothing in it runs when it is read.

    weight/NAME      what the model evaluates with
    learning/NAME    the weights that learn, where evaluation uses their running average
    beside/NAME      what is learned beside the model, for training alone
    optimiser/NAME/KEY   the optimiser's moments; only in `last`, which a run goes on from
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save
from torch import Tensor, nn

from skelfuse.errors import SkelfuseError
from skelfuse.files import as_error, atomic_write, cannot_write, check_readable, damage_told

FORMAT = "skelfuse-checkpoint"
FORMAT_VERSION = 1
LAST, BEST = "last.safetensors", "best.safetensors"
WEIGHT, LEARNING, OPTIMISER = "weight/", "learning/", "optimiser/"
BESIDE = "beside/"
NO_TENSOR = "no tensor at all/"  # what no name begins with: the facts alone are read
COPY_AGAIN = "copy it again, or use another checkpoint of the run"


def write_checkpoint(path: Path, tensors: Mapping[str, Tensor], facts: Mapping[str, Any]) -> None:
    """Write a checkpoint over the one at `path`, which stays whole whatever happens meanwhile.

    >>> import tempfile, torch
    >>> path = Path(tempfile.mkdtemp()) / LAST
    >>> write_checkpoint(path, {"weight/a": torch.ones(2)}, {"epoch": 3})
    >>> facts, tensors = read_checkpoint(path)
    >>> facts["epoch"], tensors
    (3, {'weight/a': tensor([1., 1.])})
    """
    header = {"format": FORMAT, "format_version": FORMAT_VERSION, **facts}
    # One metadata key: several would be written in no fixed order.
    content = save(
        {name: value.detach().cpu().contiguous() for name, value in tensors.items()},
        metadata={"skelfuse": json.dumps(header)},
    )
    try:
        with atomic_write(path, flush=True) as new:
            new.write_bytes(content)
    except OSError as error:
        kept = f"the checkpoint before it is whole: {path}" if path.exists() else "none was there"
        remedy = f"{kept}; make room, then go on with --resume"
        raise cannot_write("the checkpoint", path, error, remedy=remedy) from None


def read_checkpoint(path: Path, *, only: str = "") -> tuple[dict[str, Any], dict[str, Tensor]]:
    """Return a checkpoint's facts, and its tensors whose names begin with `only`."""
    if not path.exists():
        raise SkelfuseError(
            "no such checkpoint", file=path, remedy="name a run's folder, or a checkpoint in one"
        )
    check_readable(path)
    try:
        with undamaged(path), safe_open(path, framework="pt") as file:
            facts = _facts(path, file.metadata())
            names = [name for name in file.keys() if name.startswith(only)]  # noqa: SIM118
            # Copies: what is mapped from the file would change if the file did.
            return facts, {name: file.get_tensor(name).clone() for name in names}
    except OSError as error:
        raise as_error(error, path) from None
    except SafetensorError as error:
        raise SkelfuseError(
            "not a checkpoint, or one cut short",
            file=path,
            found=str(error),
            remedy=COPY_AGAIN,
        ) from None


def undamaged(path: Path) -> AbstractContextManager[None]:
    """Return a `with` in which a checkpoint is taken to be whole: what goes wrong is damage.

    What the operating system and the reader of tensors say is told in their own words.
    """
    return damage_told(path, "the checkpoint", COPY_AGAIN, told=(OSError, SafetensorError))


@torch.no_grad()
def fill(model: nn.Module, weights: Mapping[str, Tensor]) -> None:
    """Copy weights into a model; they must be exactly those that it has."""
    check_weights(model, weights)
    for name, value in model.state_dict().items():
        value.copy_(weights[name])


def check_weights(model: nn.Module, weights: Mapping[str, Tensor]) -> None:
    """Refuse weights that are not exactly those that a model has."""
    own = model.state_dict()
    wrong = sorted(set(own) ^ set(weights)) or [
        name for name in own if own[name].shape != weights[name].shape
    ]
    if wrong:
        raise SkelfuseError(
            f"the checkpoint's weights are not this model's; the first that differs: '{wrong[0]}'",
            remedy="use the version of skelfuse that wrote it",
        )


def _facts(path: Path, metadata: Mapping[str, str] | None) -> dict[str, Any]:
    facts = dict(json.loads((metadata or {}).get("skelfuse", "{}")))
    version = facts.get("format_version", 0)
    if facts.get("format") != FORMAT or not 1 <= version <= FORMAT_VERSION:
        raise SkelfuseError(
            "not a checkpoint that this version reads",
            file=path,
            expected=f"{FORMAT} version 1 to {FORMAT_VERSION}",
            found=f"{facts.get('format', 'other tensors')} version {version}",
            remedy="update skelfuse",
        )
    return dict(facts)

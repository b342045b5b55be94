"""A finished run that teaches: what it says of every batch that its student is shown."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import fields
from pathlib import Path
from typing import NamedTuple

import torch
from torch import Tensor

from skelfuse.batches import Sampling
from skelfuse.batches.joints import in_order
from skelfuse.batches.sampling import DRAWN
from skelfuse.errors import SkelfuseError
from skelfuse.models.model import Model
from skelfuse.same_body import difference, order_in
from skelfuse.store import Store


class Said(NamedTuple):
    """What a teacher says of a batch."""

    features: Tensor  # [B,G] what its classifier decides on
    logits: Tensor  # [B,classes] in the student's order


class Teacher:
    """A model in evaluation that is asked and never changed; it stays in no checkpoint.

    `columns` says where among its classes each of the student's is; `order` where among the
    student's joints each of its own is, nothing if they come as they are. `sha256` is of its file:
    a run that is resumed knows its teacher again.

    >>> from skelfuse.layouts import KINECT_V2
    >>> from skelfuse.models import SkelFuse
    >>> teacher = Teacher(SkelFuse(KINECT_V2, 2).eval(), columns=(1, 0), sha256="")
    >>> said = teacher(torch.randn(3, 16, 1, 25, 3), None)
    >>> said.features.shape[1] == teacher.features, said.logits.shape
    (True, torch.Size([3, 2]))
    """

    def __init__(
        self, model: Model, columns: Sequence[int], sha256: str, order: Sequence[int] = ()
    ) -> None:
        self.model = model.requires_grad_(requires_grad=False)
        self.sha256 = sha256
        self.features = model.num_features
        self.columns = torch.tensor(columns, device=next(model.parameters()).device)
        self.order = order

    @torch.no_grad()
    def __call__(self, x: Tensor, mask: Tensor | None) -> Said:
        """Return what it makes of clips `x [B,T,M,N,D]`, seen where `mask [B,T,M,N]`."""
        seen = None if mask is None else in_order(mask, self.order)
        features = self.model.features(in_order(x, self.order), seen)
        return Said(features, self.model.decide(features).index_select(1, self.columns))


def load_teacher(path: str, sampling: Sampling, store: Store, device: torch.device) -> Teacher:
    """Load a run as a teacher; raise where it is made for other clips than its student sees."""
    # Not above: a run is loaded by means of this package.
    from skelfuse.run import load_run

    try:
        run = load_run(path, device=str(device))
    except SkelfuseError as error:
        raise _of_teacher(error, Path(path)) from None
    ours, theirs = store.skeleton, run.skeleton
    if differs := difference(ours, theirs):
        raise SkelfuseError(
            "teacher and store have different skeletons",
            file=run.path,
            expected=f"{ours.name} ({len(ours)} joints)",
            found=f"{theirs.name} ({len(theirs)} joints): {differs}",
            remedy="train the teacher on the same store",
        )
    if odd := sorted(set(run.class_names) ^ set(store.class_names)):
        raise SkelfuseError(
            "teacher and store have different classes",
            file=run.path,
            expected=f"the {len(store.class_names)} classes of {store.path}",
            found=f"{len(run.class_names)} classes; not in both: {', '.join(odd[:5])}",
            remedy="train the teacher on the same store",
        )
    for name in (part.name for part in fields(Sampling) if part.name not in DRAWN):
        own, other = getattr(sampling, name), getattr(run.config.sampling, name)
        if own != other:
            raise SkelfuseError(
                f"the teacher was trained with a different sampling.{name}",
                file=run.path,
                expected=other,
                found=own,
                remedy=f"--set sampling.{name}={other}, or another teacher: both see the same "
                "clips",
            )
    columns = [run.class_names.index(name) for name in store.class_names]
    sha256 = hashlib.sha256(run.path.read_bytes()).hexdigest()
    assert isinstance(run.model, Model)
    return Teacher(run.model, columns, sha256, order_in(ours, theirs))


def _of_teacher(error: SkelfuseError, path: Path) -> SkelfuseError:
    told = error.with_context(within="the teacher (distill.teacher)")
    if path.is_absolute() or path.exists():
        return told
    return SkelfuseError(
        told.problem,
        file=path.absolute(),
        found=f"distill.teacher={path}, looked for in this folder",
        remedy="a run is resumed from the folder that it was begun in; a teacher by its whole path "
        "is found from everywhere",
    )

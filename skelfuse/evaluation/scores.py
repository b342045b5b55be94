"""What runs say of the clips of a store: how probable each class is, and by which path."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from skelfuse.arrays import Array
from skelfuse.batches import Batch, Batches
from skelfuse.batches.joints import in_order
from skelfuse.errors import SkelfuseError
from skelfuse.evaluation.matching import Indices, matched
from skelfuse.models.paths import TwoPaths, own_share
from skelfuse.run import Run
from skelfuse.store import Store

Progress = Callable[[int], None]  # takes the number of clips scored so far
ROWS_AT_ONCE = 128  # clips times crops in a batch


class Scores(NamedTuple):
    """What was said of C clips; crops of a clip are averaged."""

    probability: Array  # [C,K]
    own_share: Array | None  # [C], of the own path in each decision; None without two paths


def ensemble_scores(
    runs: Sequence[Run],
    store: Store,
    indices: Indices,
    *,
    crops: int = 1,
    progress: Progress | None = None,
) -> Scores:
    """Return the mean scores of the runs, in the first one's order of classes.

    Runs are matched by the names of joints and classes before anything is computed.
    """
    total = np.zeros((len(indices), len(runs[0].class_names)))
    shares: list[Array | None] = []
    for i, (run, order, column) in enumerate(matched(runs, store)):

        def tell(done: int, before: int = i * len(indices)) -> None:
            if progress is not None:
                progress(before + done)

        found = _scores(run, store, indices, order, crops, tell)
        total += found.probability[:, column]
        shares.append(found.own_share)
    known = [share for share in shares if share is not None]
    mean = np.mean(known, axis=0) if len(known) == len(runs) else None
    return Scores(total / len(runs), mean)


@torch.inference_mode()
def _scores(
    run: Run, store: Store, indices: Indices, order: list[int], crops: int, tell: Progress
) -> Scores:
    """Return one run's scores."""
    device = next(run.model.parameters()).device
    batches = Batches(
        store,
        indices,
        sampling=run.config.sampling,
        batch_size=max(1, ROWS_AT_ONCE // crops),
        device=device,
        crops=crops,
    )
    found: list[Said] = []
    done = 0
    for batch in batches.epoch():
        found.append(said_of(run, batch, order, crops))
        done += len(found[-1].probability)
        tell(done)
    return _looked_at(found, run, store.names)


@torch.inference_mode()
def batch_scores(
    run: Run, batch: Batch, order: list[int], crops: int, names: Sequence[str]
) -> Scores:
    """Return a run's scores for the clips of a batch, whose crops are averaged.

    `order` says where each of the run's joints is; `names` are those of the clips by `index`.
    """
    return _looked_at([said_of(run, batch, order, crops)], run, names)


class Said(NamedTuple):
    """What a run said of a batch, on its device: nothing there has been looked at yet."""

    probability: Tensor  # [C,K]
    own_share: Tensor | None  # [C]
    finite: Tensor  # [B], whether all logits of a row are numbers
    clips: Tensor  # [B], of each row


def said_of(run: Run, batch: Batch, order: list[int], crops: int) -> Said:
    """Return what a run says of a batch, without waiting for the device."""
    x, mask = in_order(batch.x, order), in_order(batch.mask, order)
    model, share = run.deployed, None
    seen = None if batch.seen is None else mask
    if isinstance(model, TwoPaths):
        parts = model.by_path(x, seen)
        logits, share = parts.own + parts.together, own_share(parts).double()
    else:
        logits = model(x, seen)  # [B·crops,K]
    return Said(
        _mean_of_crops(logits.double().softmax(dim=1), crops),
        None if share is None else _mean_of_crops(share, crops),
        torch.isfinite(logits).all(dim=1),
        batch.index,
    )


def _looked_at(found: Sequence[Said], run: Run, names: Sequence[str]) -> Scores:
    """Return the scores of all batches as arrays: the one place that waits for a GPU."""
    finite = torch.cat([one.finite for one in found])
    if not bool(finite.all()):
        bad = int(torch.cat([one.clips for one in found])[~finite][0])
        raise SkelfuseError(
            f"the model's scores for clip '{names[bad]}' are not numbers",
            file=run.path,
            remedy="check its coordinates for huge values; if it is every "
            "clip, train anew with a smaller train.learning_rate",
        )
    shares = [one.own_share for one in found if one.own_share is not None]
    return Scores(
        torch.cat([one.probability for one in found]).cpu().numpy(),
        torch.cat(shares).cpu().numpy() if shares else None,
    )


def _mean_of_crops(rows: Tensor, crops: int) -> Tensor:
    return torch.unflatten(rows, 0, (-1, crops)).mean(dim=1)

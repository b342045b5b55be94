"""The gate of a trained model; one that decides for each clip is watched while it does."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor, nn

from skelfuse.batches import Batches
from skelfuse.errors import SkelfuseError
from skelfuse.explain.gate_report import GateReport, report_spectrum
from skelfuse.layers.gates import ChannelGate
from skelfuse.models import SkelFuse
from skelfuse.run import Run
from skelfuse.store import Store

CLIPS_MEASURED = 1024


def gate_of_run(run: Run, store: Store | None = None) -> GateReport | None:
    """Return what the gate of a run's model keeps; None where it has none, nor had one.

    A dynamic gate is measured on the clips of `store`, at most `CLIPS_MEASURED` evenly spread ones;
    without a store its choice is not known.
    """
    model = run.model
    if not isinstance(model, SkelFuse) or model.spectrum is None:
        return None
    gate, shares, bodies = model.spectrum.gate, None, 0
    if gate is not None and gate.mode == "dynamic" and store is not None:
        shares, bodies = _watched(run, gate, store)
    return report_spectrum(
        model.spectrum,
        model.fold.skeleton,
        frames=run.config.sampling.frames,
        shares=shares,
        bodies=bodies,
    )


@torch.no_grad()
def _watched(run: Run, gate: ChannelGate, store: Store) -> tuple[Tensor, int]:
    """Return for which share of bodies each channel is open, `[F,N]`, and how many bodies."""
    if store.skeleton != run.skeleton:
        raise SkelfuseError(
            "the store has another skeleton than the run",
            file=store.path,
            expected=f"{run.skeleton.name}, {len(run.skeleton)} joints",
            found=f"{store.skeleton.name}, {len(store.skeleton)} joints",
        )
    count = min(len(store), CLIPS_MEASURED)
    indices = np.linspace(0, len(store) - 1, count).round().astype(np.intp)
    total, bodies = torch.zeros(gate.channels, dtype=torch.float64), 0

    def watch(_: nn.Module, given: tuple[Tensor, Tensor | None]) -> None:
        nonlocal total, bodies
        waves, there = given  # [R,F,N,2D,W]
        opened = gate.open_channels(waves, there)  # [R,F,N]
        if there is not None:  # a person who is not in the clip makes no choice
            opened = opened[there.flatten(1).any(dim=1)]
        total, bodies = total + opened.double().sum(0).cpu(), bodies + len(opened)

    hook = gate.register_forward_pre_hook(watch)
    try:
        device = next(run.model.parameters()).device
        for batch in Batches(store, indices, sampling=run.config.sampling, device=device).epoch():
            run.model(batch.x, batch.mask)
    finally:
        hook.remove()
    return total / max(bodies, 1), bodies

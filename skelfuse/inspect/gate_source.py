"""The gate of a trained model; one that decides for each clip is watched while it does."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor, nn

from skelfuse.inspect.gate_report import GateReport, report_spectrum
from skelfuse.inspect.shown_clips import show_clips
from skelfuse.layers.gates import ChannelGate
from skelfuse.models.spectrum import Spectrum
from skelfuse.run import Run
from skelfuse.store import Store


def gate_of_run(run: Run, store: Store | None = None) -> GateReport | None:
    """Return what the gate of a run's model keeps; None where it has none, nor had one.

    A dynamic gate is measured on the clips of `store`, at most `CLIPS_SHOWN` evenly spread ones;
    without a store its choice is not known.
    """
    spectrum = getattr(run.model, "spectrum", None)
    if not isinstance(spectrum, Spectrum):
        return None
    gate, shares, bodies = spectrum.gate, None, 0
    if gate is not None and gate.mode == "dynamic" and store is not None:
        shares, bodies = _watched(run, gate, store)
    return report_spectrum(
        spectrum,
        spectrum.skeleton,
        frames=run.config.sampling.frames,
        shares=shares,
        bodies=bodies,
    )


def _watched(run: Run, gate: ChannelGate, store: Store) -> tuple[Tensor, int]:
    """Return for which share of bodies each channel is open, `[F,N]`, and how many bodies."""
    total, bodies = torch.zeros(gate.channels, dtype=torch.float64), 0

    def watch(_: nn.Module, given: tuple[Tensor, Tensor | None]) -> None:
        nonlocal total, bodies
        waves, there = given  # [R,F,N,2D,W]
        opened = gate.open_channels(waves, there)  # [R,F,N]
        if there is not None:  # a person who is not in the clip makes no choice
            opened = opened[there.flatten(1).any(dim=1)]
        total, bodies = total + opened.double().sum(0).cpu(), bodies + len(opened)

    with gate.register_forward_pre_hook(watch):
        show_clips(run, store, np.arange(len(store)))
    return total / max(bodies, 1), bodies

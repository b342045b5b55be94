"""Pruning: what a static gate closed is taken out of the model, which decides as before."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import torch
from torch import Tensor, nn

from skelfuse.errors import SkelfuseError
from skelfuse.models import describe
from skelfuse.models.persons import keep_to
from skelfuse.models.spectrum import Spectrum
from skelfuse.pruned_run import check_free, write_run
from skelfuse.run import Run, load_run
from skelfuse.training.build import build_model
from skelfuse.training.checkpoint import (
    LAST,
    NO_TENSOR,
    WEIGHT,
    fill,
    read_checkpoint,
    undamaged,
)
from skelfuse.training.config import Gates, ModelChoice

TOLERANCE = 1e-5  # by which logits may differ, as two orders of summing do
CLIPS, REPEATS = 16, 15  # of the measurement
BRANCH = "spectrum."


@dataclass(frozen=True)
class Pruned:
    """What became of a run: pairs are (before, after)."""

    folder: Path
    source: Path  # the checkpoint that was pruned
    epoch: int  # of it
    channels: tuple[int, int]  # of the spectrum, frequencies times joints
    frequencies: tuple[int, int]
    parameters: tuple[int, int]
    macs: tuple[int, int]  # of one clip
    seconds: tuple[float, float]  # for one clip of several, on this machine's CPU
    difference: float  # largest, between the logits of both on random clips


def prune(path: str | Path, out: str | Path) -> Pruned:
    """Write the run at `path` anew to the folder `out`, without the channels its gate closed.

    The new run is loaded, evaluated and used like any other, and has no gate: its configuration
    names the channels that are left (`model.frequencies.dct_kept`). Both are compared on random
    clips first.

    Of a folder it takes the last checkpoint where `gates.penalty` closed the gates: they close to
    the end, and `best` is chosen by validation, which a closed gate helps in nothing. A `path` of
    a checkpoint is that checkpoint.

    >>> import tempfile
    >>> from skelfuse.layouts import KINECT_V2
    >>> from skelfuse.training import config_from_dict
    >>> from skelfuse.training.checkpoint import BEST, write_checkpoint
    >>> config = config_from_dict(
    ...     {
    ...         "model": {"size": "nano", "frequencies": {"dct_window": 8, "gate": "static"}},
    ...         "sampling": {"frames": 16, "persons": 1},
    ...     }
    ... )
    >>> model, folder = build_model(config.model, KINECT_V2, 2), Path(tempfile.mkdtemp())
    >>> with torch.no_grad():
    ...     model.spectrum.gate.weights[2:, :, 0] = 9.0     # off: all but the lowest two
    >>> facts = {"config": config.as_dict(), "skeleton": KINECT_V2.to_dict(), "epoch": 9,
    ...          "class_names": ["sit", "stand"], "metrics": {}, "provenance": {}, "versions": {}}
    >>> weights = {WEIGHT + name: value for name, value in model.state_dict().items()}
    >>> write_checkpoint(folder / BEST, weights, facts)
    >>> found = prune(folder, folder / "pruned")
    >>> found.channels, found.parameters, found.macs[1] < found.macs[0]
    ((200, 50), (79350, 68150), True)
    >>> load_run(found.folder).config.model.options["frequencies"].dct_kept["head"]
    (0, 1)
    """
    run, out = load_run(checkpoint_to_prune(path)), Path(out)
    spectrum, gate_open = _static_gate(run)
    check_free(out)
    kept = _by_joint(gate_open, spectrum)
    frequencies = replace(run.config.model.options["frequencies"], gate="none", dct_kept=kept)
    options = {**run.config.model.options, "frequencies": frequencies}
    choice = ModelChoice(run.config.model.name, run.config.model.size, options)
    config = replace(run.config, model=choice)
    model = build_model(choice, run.skeleton, len(run.class_names)).eval()
    facts, tensors = read_checkpoint(run.path, only=WEIGHT)
    tensors = _without_closed(tensors, gate_open)
    fill(model, {name.removeprefix(WEIGHT): value for name, value in tensors.items()})
    if facts.get("shown"):  # the run does not look at others either
        keep_to(model, **facts["shown"])
    clips = _random_clips(run)
    difference = _difference(run.model, model, clips)
    if not difference <= TOLERANCE:
        raise SkelfuseError(
            "the pruned model's decisions differ from the run's; nothing was written",
            file=run.path,
            expected=f"logits that differ by {TOLERANCE} at most",
            found=difference,
            remedy="use the run as it is, and report this as a bug of skelfuse",
        )
    seconds = _seconds(run.model, model, clips)
    facts |= {"config": config.as_dict(), "pruned": {"channels": gate_open.numel()}}
    # The records are of the training, which was the same.
    write_run(out, run.path.parent, config, tensors, facts)
    T, M = clips.shape[1:3]
    described = [describe(one, frames=T, persons=M) for one in (run.model, model)]
    left = model.spectrum
    assert isinstance(left, Spectrum)
    return Pruned(
        out,
        run.path,
        run.epoch,
        (gate_open.numel(), int(gate_open.sum())),
        (len(spectrum.dct.frequencies), len(left.dct.frequencies)),
        (described[0].parameters, described[1].parameters),
        (described[0].macs, described[1].macs),
        seconds,
        difference,
    )


def checkpoint_to_prune(path: str | Path) -> Path:
    """Return the checkpoint of a run whose gates have gone furthest, or `path` as it is."""
    last = Path(path) / LAST
    if not last.is_file():
        return Path(path)
    facts, _ = read_checkpoint(last, only=NO_TENSOR)
    with undamaged(last):
        gates = facts["config"].get("gates", {})
        return last if gates.get("penalty", Gates().penalty) else Path(path)


def _static_gate(run: Run) -> tuple[Spectrum, Tensor]:
    """Return the run's spectrum, and which of its channels `[F,N]` are open."""
    spectrum = getattr(run.model, "spectrum", None)
    gate = None if spectrum is None else spectrum.gate
    if gate is None or gate.mode != "static":
        kind = "a gate that decides for each clip anew" if gate is not None else "no gate"
        raise SkelfuseError(
            "only what a static gate has closed can be pruned",
            file=run.path,
            found=kind,
            remedy="train with model.frequencies.dct_window=16 and model.frequencies.gate=static",
        )
    assert isinstance(spectrum, Spectrum)
    gate_open: Tensor = gate.open_channels()
    if gate_open.all():
        raise SkelfuseError(
            "there is nothing to prune: all channels are open",
            file=run.path,
            remedy="train with a larger gates.penalty, or for longer",
        )
    if not gate_open.any():
        raise SkelfuseError(
            "all channels are closed: nothing would be left of the spectrum",
            file=run.path,
            remedy="train with a smaller gates.penalty, or without model.frequencies.dct_window",
        )
    return spectrum, gate_open


def _by_joint(gate_open: Tensor, spectrum: Spectrum) -> dict[str, tuple[int, ...]]:
    """Return the open frequencies of each joint that has any."""
    frequencies = torch.tensor(spectrum.dct.frequencies)
    joints = spectrum.skeleton.joints
    kept = {joint: frequencies[gate_open[:, n]].tolist() for n, joint in enumerate(joints)}
    return {joint: tuple(chosen) for joint, chosen in kept.items() if chosen}


def _without_closed(tensors: Mapping[str, Tensor], gate_open: Tensor) -> dict[str, Tensor]:
    """Return a checkpoint's tensors with the open channels' share of them alone."""
    branch = WEIGHT + BRANCH
    per_channel = tensors[f"{branch}norm.running_mean"].numel() // gate_open.numel()
    numbers = gate_open.flatten().repeat_interleave(per_channel)  # [F·N·2D]
    left = {k: value for k, value in tensors.items() if not k.startswith(f"{branch}gate.")}
    for name in ("norm.running_mean", "norm.running_var", "gather.weight"):
        left[branch + name] = left[branch + name][..., numbers]
    return left


def _random_clips(run: Run) -> Tensor:
    """Return people who sway at random, `[B,T,M,N,D]`."""
    persons, skeleton = run.config.sampling.persons, run.skeleton
    shape = (CLIPS, run.config.sampling.frames, persons, len(skeleton), skeleton.dimensions)
    draw = torch.Generator().manual_seed(0)
    return torch.randn(shape, generator=draw).cumsum(dim=1) / 10


@torch.no_grad()
def _difference(before: nn.Module, after: nn.Module, clips: Tensor) -> float:
    # In double precision: random clips are unlike any real ones, and their logits may be large.
    logits = [model.double()(clips.double()) for model in (before, after)]
    for model in (before, after):
        model.float()
    return float((logits[0] - logits[1]).abs().max())


@torch.no_grad()
def _seconds(before: nn.Module, after: nn.Module, clips: Tensor) -> tuple[float, float]:
    """Return the shortest time of both for a clip; in turn, so that a busy moment meets both."""
    times: tuple[list[float], list[float]] = ([], [])
    for _ in range(REPEATS):
        for model, found in zip((before, after), times, strict=True):
            began = time.perf_counter()
            model(clips)
            found.append((time.perf_counter() - began) / len(clips))
    return min(times[0]), min(times[1])

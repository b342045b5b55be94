"""A step of training recorded as one CUDA graph: a GPU then no longer waits for Python.

A step is recorded once, for the first shape of batch that comes ten times, and replayed over
inputs that stay where they are. It is used only after a trial: the same ten steps are taken
twice, as they are and as a graph, and both must give the same losses. Batches of another shape,
as the last one of an epoch, are computed as they are.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import torch
from torch import Tensor

from skelfuse.training.config import Fit
from skelfuse.training.distributed import Team

TRIAL = 10  # steps that are taken both ways
NO_GRAPH = "train.graph: steps are not recorded as a graph"
CLOSE = 1e-5  # how near their losses must be, relative to their size

Tensors = list[Tensor]
Step = Callable[[Tensors], Tensors]  # from inputs to results, the loss first; changes the state
Replay = Callable[[], Tensors]
Capture = Callable[[Callable[[], Tensors]], Replay]  # runs work, and returns what repeats it


def cuda_capture(step: Callable[[], Tensors]) -> Replay:
    """Record a step on the current CUDA device; the state is changed by the steps before that."""
    side = torch.cuda.Stream()  # type: ignore[no-untyped-call]
    side.wait_stream(torch.cuda.current_stream())
    with torch.cuda.stream(side):  # what is set up once must not be recorded
        for _ in range(3):
            step()
    torch.cuda.current_stream().wait_stream(side)
    graph = torch.cuda.CUDAGraph()
    # Other threads, such as the one that reads clips, may go on.
    with torch.cuda.graph(graph, capture_error_mode="thread_local"):
        results = step()

    def replay() -> Tensors:
        graph.replay()
        return results

    return replay


class Recorded:
    """Work that was recorded over inputs which stay in place, and is repeated for others."""

    def __init__(self, work: Step, inputs: Tensors, capture: Capture) -> None:
        self.inputs = [one.clone() for one in inputs]
        self.replay = capture(lambda: work(self.inputs))

    def __call__(self, inputs: Tensors) -> Tensors:
        """Return results that the next call does not write over."""
        for there, one in zip(self.inputs, inputs, strict=True):
            there.copy_(one)
        return [one.clone() for one in self.replay()]


class StepGraph:
    """A step that becomes a graph by itself, if that gives what the step gives.

    `state` returns every tensor that a step changes, in a fixed order. `tell` gets one line where
    the graph is not used after all.
    """

    def __init__(
        self,
        step: Step,
        state: Callable[[], Sequence[Tensor]],
        tell: Callable[[str], None],
        *,
        capture: Capture = cuda_capture,
    ) -> None:
        self.step, self.state, self.tell, self.capture = step, state, tell, capture
        self.graph: Recorded | None = None
        self.given_up = False
        self.shapes: list[torch.Size] = []
        self._forget()

    def __call__(self, inputs: Tensors) -> Tensors:
        """Take a step, one way or the other; the results are the caller's own."""
        shapes = [one.shape for one in inputs]
        if self.graph is not None and shapes == self.shapes:
            return self.graph(inputs)
        if self.graph is not None or self.given_up:
            return self.step(inputs)
        if shapes != self.shapes:  # a trial is of steps on end
            self._forget()
            self.shapes = shapes
        if not self.inputs:
            self.before += [one.detach().clone() for one in self.state()]
        self.inputs.append([one.clone() for one in inputs])
        self.random.append(_random_state(inputs[0].device))
        results = self.step(inputs)
        self.losses.append(results[0].detach().clone())
        if len(self.inputs) == TRIAL:
            self._try()
        return results

    def _try(self) -> None:
        """Take the steps of the trial once more, as a graph."""
        after = [one.detach().clone() for one in self.state()]
        why = self._differs()
        if why is not None:
            self._restore(after)
            self.graph, self.given_up = None, True
            self.tell(f"{NO_GRAPH}: {why}")
        self._forget()

    def _differs(self) -> str | None:
        """Return why the graph is not used; None where it gives the same losses."""
        try:
            self.graph = Recorded(self.step, self.inputs[0], self.capture)
        except RuntimeError as error:
            return f"this step cannot be: {str(error).splitlines()[0]}"
        self._restore(self.before)
        losses = []
        for inputs, random in zip(self.inputs, self.random, strict=True):
            _set_random_state(inputs[0].device, random)
            losses.append(self.graph(inputs)[0])
        eager, graph = torch.stack(self.losses), torch.stack(losses)
        apart = float(((eager - graph).abs() / eager.abs().clamp_min(1e-12)).max())
        if apart <= CLOSE:  # false where one is not a number
            return None
        return f"its losses differ by {apart:.1g}, more than {CLOSE:g}"

    @torch.no_grad()
    def _restore(self, values: Sequence[Tensor]) -> None:
        for one, value in zip(self.state(), values, strict=True):
            one.copy_(value)

    def _forget(self) -> None:
        self.inputs: list[Tensors] = []
        self.random: list[tuple[Tensor, ...]] = []
        self.losses: Tensors = []
        self.before: Tensors = []


def why_not(fit: Fit, team: Team, *, gates: bool) -> str | None:
    """Return why steps cannot be recorded; None where they can.

    >>> why_not(Fit(accumulate=2), Team(torch.device("cuda")), gates=False)
    'train.accumulate makes a step of several batches'
    """
    reasons = {
        "the device is no CUDA GPU": team.device.type != "cuda",
        "train.accumulate makes a step of several batches": fit.accumulate > 1,
        "several processes share a step": team.world > 1,
        "train.compile is on": fit.compile,
        "channel gates change by themselves from step to step": gates,
    }
    return next((reason for reason, holds in reasons.items() if holds), None)


def _random_state(device: torch.device) -> tuple[Tensor, ...]:
    states = (torch.get_rng_state(),)
    return (*states, torch.cuda.get_rng_state(device)) if device.type == "cuda" else states


def _set_random_state(device: torch.device, states: tuple[Tensor, ...]) -> None:
    torch.set_rng_state(states[0])
    if device.type == "cuda":
        torch.cuda.set_rng_state(states[1], device)

"""A trained model put to use: clips in, classes with probabilities out."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import nn

from skelfuse.arrays import Array, array_of
from skelfuse.batches import Batch, batch_of
from skelfuse.clip import Clip
from skelfuse.clips.preparation import Preparation, part, person
from skelfuse.errors import SkelfuseError
from skelfuse.explain.answer import Explanation
from skelfuse.explain.hiding import explain_by_hiding, explain_with_rivals
from skelfuse.explain.limb_shares import limb_shares
from skelfuse.explain.players import Kind
from skelfuse.explain.seen import log_class_shares
from skelfuse.models.explainable import explainable
from skelfuse.models.paths import TwoPaths, own_share
from skelfuse.models.persons import looked_at
from skelfuse.predict.prediction import Prediction
from skelfuse.predict.windows import Window, Windows
from skelfuse.run import Run
from skelfuse.telling.counted import counted

ROWS_AT_ONCE = 1 << 17  # bodies times frames in one batch: memory does not grow with the clips

OnError = Callable[[Clip, SkelfuseError], None]
Bodies = Sequence[Clip | None]  # prepared; None for one of whom too little is seen


class Recogniser:
    """Recognise actions as the run's evaluation would: same preparation, same sampling.

    A clip whose joints are those of the run's skeleton in another order is put in order by their
    names; one of another skeleton is an error.

    >>> from pathlib import Path
    >>> from skelfuse.layouts import KINECT_V2
    >>> from skelfuse.training import TrainConfig, build_model
    >>> _ = torch.manual_seed(0)
    >>> config = TrainConfig()
    >>> model = build_model(config.model, KINECT_V2, 2).eval()  # it knows nothing yet
    >>> run = Run(model, config, KINECT_V2, ("sit", "stand"), Path("runs/x"), 1)
    >>> recogniser = Recogniser(run)
    >>> moving = np.random.default_rng(0).normal(size=(90, 1, 25, 3))  # [T,M,N,D]
    >>> found = recogniser.predict(Clip(moving, KINECT_V2, name="a"))
    >>> found.classes, found.probabilities.shape, bool(0.5 <= found.probability < 1)
    (('sit', 'stand'), (2,), True)
    >>> recogniser
    Recogniser('runs/x': skelfuse, epoch 1, 2 classes, kinect-v2, on cpu)
    >>> found = recogniser.predict_array(moving[:, 0], joints=True)    # [T,N,D]
    >>> found.shares.shape
    (2, 25)
    >>> recording = Clip(moving, KINECT_V2, name="a", fps=30)
    >>> [(one.begins, one.ends) for one in recogniser.timeline(recording, window="2s")]
    [(0.0, 2.0), (0.5, 2.5), (1.0, 3.0)]
    """

    def __init__(self, run: Run, *, crops: int = 1) -> None:
        self.run, self.crops = run, crops
        self.classes = run.class_names
        self.skeleton = run.skeleton
        self.device = next(run.model.parameters()).device
        self.preparation = Preparation.of_store(run.skeleton, run.provenance)

    def __repr__(self) -> str:
        return (
            f"Recogniser({str(self.run.path)!r}: {self.run.config.model.name}, epoch "
            f"{self.run.epoch}, {counted(len(self.classes), 'class', 'classes')}, "
            f"{self.skeleton.name}, on {self.device})"
        )

    @property
    def model(self) -> nn.Module:
        """The run's model, in evaluation: `x [B,T,M,N,D]`, `mask [B,T,M,N]` to `[B,classes]`."""
        return self.run.model

    def predict(
        self, clip: Clip, *, persons: bool = False, joints: bool = False, limbs: bool = False
    ) -> Prediction:
        """Recognise one clip; with `persons` also each person of it alone.

        `joints` tells what each joint adds, which the model `skelfuse` can; `limbs` what each limb
        is worth, by hiding it, which takes about 60 times as long.
        """
        return next(self.predict_many([clip], persons=persons, joints=joints, limbs=limbs))

    def predict_array(
        self,
        coords: npt.NDArray[Any],
        *,
        fps: float | None = None,
        joint_names: Sequence[str] | None = None,
        persons: bool = False,
        joints: bool = False,
    ) -> Prediction:
        """Recognise bare coordinates `[T,N,D]` or `[T,M,N,D]`, NaN where a joint is missing.

        Joints are in the order of the run's skeleton, or as `joint_names` has them.
        """
        clip = self.clip_of(coords, fps=fps, joint_names=joint_names)
        return self.predict(clip, persons=persons, joints=joints)

    def clip_of(
        self,
        coords: npt.NDArray[Any],
        *,
        fps: float | None = None,
        joint_names: Sequence[str] | None = None,
        name: str = "array",
    ) -> Clip:
        """Return bare coordinates `[T,N,D]` or `[T,M,N,D]` as a clip of the run's skeleton."""
        given = np.asarray(coords)
        if given.dtype.kind not in "iuf":
            raise SkelfuseError(
                "coordinates must be numbers",
                found=given.dtype,
                remedy="give an array [T,N,D] or [T,M,N,D] of floating-point numbers",
            )
        given = given.astype(np.float32)
        skeleton = self.preparation.skeleton_of(joint_names)
        return Clip(given[:, None] if given.ndim == 3 else given, skeleton, name=name, fps=fps)

    def predict_many(
        self,
        clips: Iterable[Clip],
        *,
        persons: bool = False,
        joints: bool = False,
        limbs: bool = False,
        batch_size: int = 64,
        on_error: OnError | None = None,
    ) -> Iterator[Prediction]:
        """Yield the prediction of each clip in order, reading no further ahead than a batch.

        A clip that cannot be recognised ends it, or is left out and handed to `on_error`.
        """

        def bodies() -> Iterator[Bodies]:
            for clip in clips:
                try:
                    matched = self._matched(clip)
                    whole = self.preparation.prepared(matched)
                except SkelfuseError as error:
                    if on_error is None:
                        raise
                    on_error(clip, error)
                    continue
                alone = persons and clip.persons > 1
                singles = (person(matched, m) for m in range(clip.persons if alone else 0))
                yield [whole, *map(self._prepared_or_none, singles)]

        for found in self._recognised(bodies(), batch_size, joints=joints, limbs=limbs):
            whole, *singles = found
            assert whole is not None
            if not persons:
                yield whole
            else:
                yield replace(whole, persons=tuple(singles) if singles else (whole,))

    def timeline(
        self,
        clip: Clip,
        *,
        window: str = "2s",
        stride: str | None = "0.5s",
        joints: bool = False,
        limbs: bool = False,
        batch_size: int = 64,
    ) -> list[Window]:
        """Recognise windows of a long clip, lengths in seconds ("2s") or frames ("60f").

        Without a stride (None) it is a quarter of the window. Each window is treated as a clip of
        its own. What is left over at the end is covered by a window that ends with the clip. Frames
        and seconds count from the beginning of the video, of which a clip may be a later part.
        """
        rate, before = clip.fps, clip.first_frame
        matched = self._matched(clip)
        bounds = list(Windows.of(window, stride, fps=rate).within(clip.frames))
        parts = (part(matched, first, after) for first, after in bounds)
        bodies = ([self._prepared_or_none(one)] for one in parts)
        found = self._recognised(bodies, batch_size, joints=joints, limbs=limbs)
        return [
            Window(
                before + first,
                before + after,
                prediction,
                begins=None if rate is None else (before + first) / rate,
                ends=None if rate is None else (before + after) / rate,
            )
            for (first, after), (prediction,) in zip(bounds, found, strict=True)
        ]

    def explain(
        self,
        clip: Clip,
        target: str | None = None,
        against: str | None = None,
        players: Kind = "joints",
        rounds: int = 16,
        seed: int = 0,
    ) -> Explanation:
        """Explain a decision by hiding joints, limbs and moments; see `explain_by_hiding`."""
        whole, crops = self.preparation.prepared(self._matched(clip)), self.crops
        return explain_by_hiding(
            self.run, whole, target, against, players, rounds=rounds, seed=seed, crops=crops
        )

    def explain_with_rivals(
        self,
        clip: Clip,
        target: str | None = None,
        against: str | None = None,
        players: Kind = "joints",
        rounds: int = 16,
        seed: int = 0,
    ) -> tuple[Explanation, ...]:
        """Explain a class by itself, and then against rivals; see `explain_with_rivals`."""
        whole, crops = self.preparation.prepared(self._matched(clip)), self.crops
        return explain_with_rivals(
            self.run, whole, target, against, players, rounds=rounds, seed=seed, crops=crops
        )

    def _recognised(
        self, clips: Iterator[Bodies], batch_size: int, *, joints: bool, limbs: bool
    ) -> Iterator[list[Prediction | None]]:
        """Recognise the bodies of clips, those of several clips together."""
        group: list[Bodies] = []
        size = rows = 0
        for bodies in clips:
            group.append(bodies)
            seen = [body for body in bodies if body is not None]
            size += len(seen)
            rows += sum(body.frames * body.persons for body in seen)
            if size >= batch_size or rows >= ROWS_AT_ONCE:
                yield from self._batch(group, joints=joints, limbs=limbs)
                group, size, rows = [], 0, 0
        yield from self._batch(group, joints=joints, limbs=limbs)

    def _batch(
        self, group: list[Bodies], *, joints: bool, limbs: bool
    ) -> Iterator[list[Prediction | None]]:
        seen = [body for bodies in group for body in bodies if body is not None]
        known = iter(self._evaluated(seen, joints=joints, limbs=limbs) if seen else [])
        for bodies in group:
            yield [None if body is None else next(known) for body in bodies]

    @torch.inference_mode()
    def _evaluated(self, clips: list[Clip], *, joints: bool, limbs: bool) -> list[Prediction]:
        sampling, crops = self.run.config.sampling, self.crops
        batch = batch_of(clips, sampling=sampling, device=self.device, crops=crops)
        logits = self.run.deployed(batch.x, batch.seen)  # [B·crops,K]
        found = _mean_of_crops(self.run.checked(logits).double().softmax(dim=1), crops)  # [B,K]
        shares = own = None
        if joints:
            split = explainable(self.run.model).by_joint(batch.x, batch.seen).shares
            shares = _mean_of_crops(split, crops)  # [B,K,N]
            if isinstance(model := self.run.deployed, TwoPaths):
                own = _mean_of_crops(own_share(model.by_path(batch.x, batch.seen)), crops)  # [B]
        return [
            Prediction(
                clip.name,
                self.classes,
                found[i],
                joints=self.skeleton.joints if joints else (),
                shares=None if shares is None else shares[i],
                own_share=None if own is None else float(own[i]),
                limbs=self._limbs(batch, i, int(found[i].argmax())) if limbs else None,
                doubts=self.run.doubts(clip),
            )
            for i, clip in enumerate(clips)
        ]

    def _limbs(self, batch: Batch, i: int, number: int) -> dict[str, float]:
        run, crops = self.run, slice(i * self.crops, (i + 1) * self.crops)
        return limb_shares(
            lambda x, mask: run.checked(run.deployed(x, mask)),
            batch.x[crops],
            looked_at(run.model, batch.x[crops], batch.mask[crops]),
            run.skeleton,
            log_class_shares(run),
            number,
        )

    def _matched(self, clip: Clip) -> Clip:
        wanted = self.run.config.sampling.fps
        if wanted is not None and clip.fps is None:
            raise SkelfuseError(
                f"clip '{clip.name}' does not say its frame rate, by which the run samples",
                expected="frames per second",
                remedy="give the rate (fps)",
            )
        return self.preparation.matched(clip)

    def _prepared_or_none(self, clip: Clip) -> Clip | None:
        try:
            return self.preparation.prepared(clip)
        except SkelfuseError:  # nobody seen, or too little to align or to scale by
            return None


def _mean_of_crops(rows: torch.Tensor, crops: int) -> Array:
    return array_of(torch.unflatten(rows.double(), 0, (-1, crops)).mean(dim=1))

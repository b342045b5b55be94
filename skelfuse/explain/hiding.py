"""Explain a decision by hiding: which joints, limbs and moments the model cannot do without."""

from __future__ import annotations

import numpy as np

from skelfuse.clip import Clip
from skelfuse.explain.answer import Explanation
from skelfuse.explain.asked import Asked
from skelfuse.explain.class_names import number_of
from skelfuse.explain.players import Kind
from skelfuse.run import Run


def explain_by_hiding(
    run: Run,
    clip: Clip,
    target: str | None = None,
    against: str | None = None,
    players: Kind = "joints",
    *,
    rounds: int = 16,
    seed: int = 0,
    crops: int = 1,
) -> Explanation:
    """Explain the run's decision on a clip that is prepared like those of its store.

    `target` is the likeliest class by default; with `against`, everything is the difference between
    the two. `players` "joints" also explains limbs and moments, "limbs" also moments, "moments"
    nothing else.

    >>> from pathlib import Path
    >>> from skelfuse.layouts import KINECT_V2
    >>> from skelfuse.training import TrainConfig, build_model
    >>> config = TrainConfig()
    >>> model = build_model(config.model, KINECT_V2, 2).eval()  # it knows nothing yet
    >>> run = Run(model, config, KINECT_V2, ("sit", "stand"), Path("runs/x"), 1)
    >>> moving = np.random.default_rng(0).normal(size=(60, 1, 25, 3)).astype(np.float32)
    >>> found = explain_by_hiding(run, Clip(moving, KINECT_V2, name="a", fps=30), players="limbs")
    >>> list(found.limbs), abs(sum(found.limbs.values()) - found.total) < 1e-5
    (['head', 'trunk', 'left arm', 'right arm', 'left leg', 'right leg'], True)
    """
    asked = Asked(run, clip, rounds=rounds, seed=seed, crops=crops)
    return asked.explanation(target, against, players)


def explain_with_rivals(
    run: Run,
    clip: Clip,
    target: str | None = None,
    against: str | None = None,
    players: Kind = "joints",
    *,
    rivals: int = 3,
    rounds: int = 16,
    seed: int = 0,
    crops: int = 1,
) -> tuple[Explanation, ...]:
    """Explain a class by itself, and then compared with its likeliest rivals.

    Arguments are those of `explain_by_hiding`. The rivals are `against`, if it is named, and the
    `rivals` likeliest other classes. The model is asked only once for all of them.
    """
    asked = Asked(run, clip, rounds=rounds, seed=seed, crops=crops)
    by_itself = asked.explanation(target, None, players)
    names = [] if against is None else [run.class_names[number_of(run.class_names, against)]]
    order = [run.class_names[i] for i in np.argsort(-asked.whole, kind="stable")]
    likely = [name for name in order if name not in (by_itself.target, *names)]
    each = [asked.explanation(by_itself.target, name, players) for name in names + likely[:rivals]]
    return by_itself, *each

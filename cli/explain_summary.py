"""`skelfuse explain --summary`: what a run relies on, class by class."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from skelfuse.cli import options
from skelfuse.cli.messages import deliver, wrote
from skelfuse.cli.terminal import json_text


def explain_summary(path: Path, given: dict[str, Any]) -> None:
    """Print which limbs and moments the run at `path` relies on, over a part of a store."""
    from skelfuse.cli.progress import bar
    from skelfuse.datasets.evaluated_part import evaluated_clips
    from skelfuse.evaluation.matching import joint_order
    from skelfuse.explain.reliance import reliance_of
    from skelfuse.explain.reliance_text import plot_reliance, reliance_text
    from skelfuse.predict import load
    from skelfuse.store import Store

    recogniser = load(path, device=given["device"])
    store = Store(given["data"])
    joint_order(recogniser.run, store)  # a wrong skeleton is reported before a wrong protocol
    asked = given["protocol"] or recogniser.run.config.protocol
    _, indices = evaluated_clips(store, {asked}, given["part"] or "test")
    clips = [store[int(i)] for i in indices]
    with bar("clip", total=len(clips)) as show:
        found = reliance_of(
            lambda clip: recogniser.explain(
                clip, players="limbs", rounds=given["rounds"], seed=given["seed"]
            ),
            clips,
            recogniser.skeleton,
            run=str(path),
            store=str(store.path),
            progress=lambda done: show(done, ""),
        )
    as_json = given["form"] == options.JSON
    values = json_text(found.as_dict(), shown=given["out"] is None) if as_json else ""
    deliver(values or reliance_text(found), given["out"])
    if given["plot"]:
        plot_reliance(found, given["plot"])
        wrote(given["plot"])

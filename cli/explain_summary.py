"""`skelfuse explain --summary`: what a run relies on, class by class."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import click


def explain_summary(path: Path, given: dict[str, Any]) -> None:
    """Tell which limbs and moments the run at `path` relies on, over a part of a store."""
    from skelfuse.cli.evaluated_part import part_of_store
    from skelfuse.cli.progress import bar
    from skelfuse.evaluation.matching import joint_order
    from skelfuse.explain.reliance import reliance_of
    from skelfuse.explain.reliance_text import plot_reliance, reliance_text
    from skelfuse.files import write_text
    from skelfuse.predict import load
    from skelfuse.store import Store

    recogniser = load(path, device=given["device"])
    store = Store(given["data"])
    joint_order(recogniser.run, store)  # a store of another skeleton is told before its protocols
    _, indices = part_of_store(store, [recogniser.run], given["protocol"], given["part"] or "test")
    clips = [store[int(i)] for i in indices]
    with bar(len(clips), "clip") as show:
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
    click.echo(reliance_text(found))
    if given["json_"]:
        text = json.dumps(found.as_dict(), ensure_ascii=False)
        write_text(given["json_"], text, what="the numbers")
    if given["plot"] and found.classes:
        plot_reliance(found, given["plot"])
    for place in filter(None, (given["json_"], found.classes and given["plot"])):
        click.echo(f"wrote {place}", err=True)

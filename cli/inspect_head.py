"""`skelfuse inspect-head`: what each class listens to."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from skelfuse.cli import options
from skelfuse.cli.checkpoints import checkpoint_of
from skelfuse.cli.command import Command
from skelfuse.cli.messages import output
from skelfuse.cli.paths import PATH
from skelfuse.cli.terminal import json_text

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    from skelfuse.run import Run


@click.command(
    "inspect-head",
    cls=Command,
    examples=[
        "skelfuse inspect-head runs/first --data store.h5",
        "skelfuse inspect-head runs/first --class wave --top 10",
    ],
)
@click.argument("run", type=PATH)
@options.one_class(" Repeatable.", "classes", multiple=True)
@options.data()
@options.protocol("the run's")
@options.checkpoint()
@options.top(5)
@options.show_all
@options.output_format(["table", "json"])
def inspect_head(
    run: Path,
    *,
    classes: tuple[str, ...],
    top: int,
    data: Path | None,
    protocol: str | None,
    checkpoint: str | None,
    everything: bool,
    form: str,
) -> None:
    """Show which motion speaks for which class.

    RUN is a run's folder or a checkpoint, of the model skelfuse with FrierenFuse. Prints the
    strongest joints, scales, statistics and directions of each class. --data measures the features
    on the training clips of --protocol, which makes their weights comparable.
    """
    from skelfuse.configs import names
    from skelfuse.errors import SkelfuseError
    from skelfuse.explain.class_names import number_of
    from skelfuse.inspect.head_report import report_head
    from skelfuse.inspect.head_source import head_weights
    from skelfuse.inspect.head_text import head_dict, head_text
    from skelfuse.inspect.overview_text import head_overview
    from skelfuse.run import load_run

    if run.suffix in (".yaml", ".yml") or (not run.exists() and str(run) in names()):
        raise SkelfuseError(
            "a configuration has no trained head",
            file=run,
            remedy="name a run's folder or a checkpoint; inspect-kernels takes configurations",
        )
    if protocol and not data:
        raise SkelfuseError("--protocol says how to split --data", remedy="give --data too")
    loaded = load_run(checkpoint_of(run, checkpoint))
    only = [number_of(loaded.class_names, name) for name in classes] or None
    # An unsuitable model is reported before anything is measured.
    head_weights(loaded.model, loaded.class_names)
    spread, measured = _spread(loaded, data, protocol)
    head = head_weights(loaded.model, loaded.class_names, spread)
    if _persons(loaded) == 1:  # weights of features that no clip has were never trained
        head = head.without("partner")
    report = report_head(head, top=top, only=only)
    title = f"{loaded.path}: {loaded.config.model.name}, epoch {loaded.epoch}{measured}"
    if form == options.JSON:
        output(json_text(head_dict(report, title=title), indent=1))
    elif everything:
        output(head_text(report, title=title))
    else:
        output(head_overview(report, title=title, chosen=only is not None))


def _persons(run: Run) -> int:
    """Return the largest number of people in a training clip of the run."""
    from skelfuse.models.persons import FoldPersons

    shown = [part.most for part in run.model.modules() if isinstance(part, FoldPersons)]
    return min([run.config.sampling.persons, *(most for most in shown if most is not None)])


def _spread(
    run: Run, data: Path | None, protocol: str | None
) -> tuple[npt.NDArray[np.float64] | None, str]:
    from skelfuse.datasets.protocols import split
    from skelfuse.datasets.summary import clip_table
    from skelfuse.evaluation.matching import joint_order
    from skelfuse.inspect.head_source import feature_spread
    from skelfuse.store import Store

    if data is None:
        return None, ""
    store = Store(data)
    joint_order(run, store)  # a wrong skeleton is reported before a wrong protocol
    protocol = protocol or run.config.protocol
    indices = split(clip_table(store), protocol)["train"] if protocol else range(len(store))
    clips = f"the training clips of {protocol}" if protocol else "all clips"
    return feature_spread(run, store, indices), f", features measured on {clips} in {data}"

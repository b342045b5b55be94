"""`skelfuse inspect-head`: what each class listens to."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import click

from skelfuse.cli.paths import FILE, PATH

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    from skelfuse.run import Run


@click.command("inspect-head", short_help="Show which motion speaks for which class.")
@click.argument("run", type=PATH)
@click.option("--class", "classes", multiple=True, metavar="NAME", help="Only this; repeatable.")
@click.option("--top", type=click.IntRange(1), default=5, show_default=True, help="Per class.")
@click.option(
    "--data",
    type=FILE,
    help="A store to measure features on, which makes their weights comparable.",
)
@click.option("--protocol", help="Measure on its training clips.  [default: the run's]")
@click.option(
    "--format",
    "format_",
    type=click.Choice(["table", "json"]),
    default="table",
    show_default=True,
    help="For people, or for programs.",
)
def inspect_head(
    run: Path,
    *,
    classes: tuple[str, ...],
    top: int,
    data: Path | None,
    protocol: str | None,
    format_: str,
) -> None:
    """Show which joints, scales, statistics and directions speak for each class of RUN.

    RUN is a run's folder or a checkpoint, of the model skelfuse with FrierenFuse.
    """
    from skelfuse.configs import names
    from skelfuse.errors import SkelfuseError
    from skelfuse.inspect.head_report import report_head
    from skelfuse.inspect.head_source import head_weights
    from skelfuse.inspect.head_text import head_dict, head_text
    from skelfuse.run import load_run

    if run.suffix in (".yaml", ".yml") or (not run.exists() and str(run) in names()):
        raise SkelfuseError(
            "a configuration has no trained head",
            file=run,
            remedy="name a run's folder or a checkpoint; inspect-kernels takes configurations",
        )
    if protocol and not data:
        raise SkelfuseError("--protocol says how to split --data", remedy="give --data too")
    loaded = load_run(run)
    only = [_number(name, loaded.class_names) for name in classes] or None
    head_weights(loaded.model, loaded.class_names)  # an unfit model is told before any measuring
    spread, measured = _spread(loaded, data, protocol)
    head = head_weights(loaded.model, loaded.class_names, spread)
    report = report_head(head, top=top, only=only)
    title = f"{loaded.path}: {loaded.config.model.name}, epoch {loaded.epoch}{measured}"
    if format_ == "json":
        click.echo(json.dumps(head_dict(report, title=title), indent=1, ensure_ascii=False))
    else:
        click.echo(head_text(report, title=title))


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
    joint_order(run, store)  # a store of another skeleton is told before its protocols
    protocol = protocol or run.config.protocol
    indices = split(clip_table(store), protocol)["train"] if protocol else range(len(store))
    clips = f"the training clips of {protocol}" if protocol else "all clips"
    return feature_spread(run, store, indices), f", features measured on {clips} in {data}"


def _number(name: str, class_names: tuple[str, ...]) -> int:
    import difflib

    from skelfuse.errors import SkelfuseError

    if name in class_names:
        return class_names.index(name)
    near = difflib.get_close_matches(name, class_names, n=1, cutoff=0.5)
    raise SkelfuseError(
        f"the run knows no class '{name}'{f' (did you mean {near[0]!r}?)' if near else ''}",
        expected=", ".join(class_names),
    )

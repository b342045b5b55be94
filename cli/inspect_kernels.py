"""`skelfuse inspect-kernels`: what the motion kernels have become."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from skelfuse.cli.numbers import FPS
from skelfuse.cli.paths import FILE

if TYPE_CHECKING:
    from skelfuse.inspect.kernel_source import KernelSource
    from skelfuse.store import Store

DEFAULT_SKELETON = "kinect-v2"


@click.command("inspect-kernels", short_help="Show the motion kernels that a run has learned.")
@click.argument("run")
@click.option("--history", is_flag=True, help="Show how the kernels changed over the epochs.")
@click.option(
    "--format",
    "format_",
    type=click.Choice(["table", "json", "csv", "markdown"]),
    default="table",
    show_default=True,
    help="For people, or for programs.",
)
@click.option("--plot", type=FILE, help="Draw taps, responses and drift into this picture.")
@click.option("--plot-gate", type=FILE, help="Draw the frequencies that the gate keeps.")
@click.option("--fps", type=FPS, help="Frames a second, as sampled.")
@click.option(
    "--data", type=FILE, help="A store, to measure the rate of frames and a dynamic gate."
)
@click.option(
    "--skeleton", help=f"For a configuration: a layout or YAML file.  [default: {DEFAULT_SKELETON}]"
)
def inspect_kernels(run: str, **given: Any) -> None:
    """Show the motion kernels of RUN: taps, what they are like, which frequencies they pass.

    RUN is a run's folder, a checkpoint, or a configuration (a YAML file, or a shipped one's name),
    whose kernels are shown as they are before training. Where the model has a gate, the frequencies
    that it keeps of each joint follow.
    """
    from skelfuse.errors import SkelfuseError
    from skelfuse.evaluation.matching import joint_order
    from skelfuse.inspect.frame_rate import frame_rate
    from skelfuse.inspect.gate_source import gate_of_run
    from skelfuse.inspect.gate_text import gate_dict, gate_text
    from skelfuse.inspect.kernel_data import kernel_csv, kernel_dict
    from skelfuse.inspect.kernel_report import report_kernels
    from skelfuse.inspect.kernel_text import kernel_text
    from skelfuse.store import Store

    store = Store(given["data"]) if given["data"] else None
    source = _source(run, given["skeleton"], store)
    if source.run and store:
        joint_order(source.run, store)  # the rate of other bodies' clips says nothing here
    rate = frame_rate(
        source.config.sampling, given=given["fps"], store=store, trained=source.seen_rate
    )
    history, form = given["history"], given["format_"]
    if history and not source.history:
        raise SkelfuseError(
            "no record of how the kernels changed",
            file=run,
            remedy="name a run's folder that still has its kernels.jsonl, or leave out --history",
        )
    weights = source.config.kernels
    report = report_kernels(
        source.kernels,
        start=source.start,
        history=source.history,
        target=weights.target,
        threshold=weights.threshold,
    )
    if given["plot"]:
        from skelfuse.inspect.kernel_plot import plot_kernels

        plot_kernels(report, given["plot"], title=source.title, rate=rate)
    gate = None if source.run is None else gate_of_run(source.run, store)
    if given["plot_gate"]:
        if gate is None:
            raise SkelfuseError(
                "no gate to draw",
                file=run,
                remedy="name a run trained with model.frequencies.dct_window and .gate",
            )
        from skelfuse.inspect.gate_plot import plot_gate

        plot_gate(gate, given["plot_gate"], title=source.title, rate=rate)
    if form == "json":
        found = kernel_dict(report, title=source.title, rate=rate, history=history)
        found["gate"] = None if gate is None else gate_dict(gate, rate=rate)
        click.echo(json.dumps(found, indent=1))
    elif form == "csv":
        click.echo(kernel_csv(report, rate=rate, history=history), nl=False)
    else:
        title = source.title + ("" if source.learnable else "; they do not learn")
        markdown = form == "markdown"
        click.echo(
            kernel_text(report, title=title, rate=rate, history=history, as_markdown=markdown)
        )
        if gate is not None:
            click.echo(f"\n{gate_text(gate, rate=rate, as_markdown=markdown)}")
        for picture in filter(None, (given["plot"], given["plot_gate"])):
            click.echo(f"\npicture: {picture}")


def _source(run: str, skeleton: str | None, store: Store | None) -> KernelSource:
    from skelfuse.configs import find, names
    from skelfuse.errors import SkelfuseError
    from skelfuse.inspect.kernel_source import kernels_of_config, kernels_of_run
    from skelfuse.layouts import find_layout

    path = Path(run)
    if path.exists() and path.suffix not in (".yaml", ".yml"):
        if skeleton:
            raise SkelfuseError("a run has its own skeleton", remedy="leave out --skeleton")
        return kernels_of_run(path)
    if not path.exists() and path.stem.replace("-", "_") not in names():
        raise SkelfuseError(
            "no such run, checkpoint or configuration",
            file=run,
            expected=f"a run's folder, a checkpoint, a YAML file, or one of {', '.join(names())}",
        )
    if skeleton is None and store is not None:
        return kernels_of_config(find(run), store.skeleton)
    return kernels_of_config(find(run), find_layout(skeleton or DEFAULT_SKELETON))

"""`skelfuse inspect-kernels`: what the motion kernels have become."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from skelfuse.cli import options
from skelfuse.cli.checkpoints import checkpoint_of
from skelfuse.cli.command import Command
from skelfuse.cli.messages import output, wrote
from skelfuse.cli.paths import FILE
from skelfuse.cli.terminal import json_text

if TYPE_CHECKING:
    from skelfuse.inspect.frame_rate import FrameRate
    from skelfuse.inspect.gate_report import GateReport
    from skelfuse.inspect.kernel_report import KernelsReport
    from skelfuse.inspect.kernel_source import KernelSource
    from skelfuse.store import Store

DEFAULT_SKELETON = "kinect-v2"


@click.command(
    "inspect-kernels",
    cls=Command,
    examples=[
        "skelfuse inspect-kernels runs/first --data store.h5",
        "skelfuse inspect-kernels runs/first --all --history --plot kernels.png",
    ],
)
@click.argument("run")
@options.data()
@options.checkpoint()
@options.show_all
@click.option("--history", is_flag=True, help="Show how the kernels changed over the epochs.")
@options.output_format(["table", "json", "csv", "markdown"])
@options.plot
@click.option("--plot-gate", type=FILE, help="Draw the frequencies that the gate keeps.")
@options.fps
@options.skeleton
def inspect_kernels(run: str, form: str, **given: Any) -> None:
    """Show the motion kernels that a run has learned.

    RUN is a run's folder, a checkpoint, or a configuration (a YAML file, or a shipped one's name),
    whose initial kernels are shown for the skeleton of --data or --skeleton (default kinect-v2).
    --all adds which classical filters the kernels resemble, which frequencies they pass, and where
    they are derivatives; for a model with a gate, also the frequencies that it keeps for each
    joint. --data measures a dynamic gate, and the frame rate unless --fps gives it.
    """
    from skelfuse.errors import SkelfuseError
    from skelfuse.evaluation.matching import joint_order
    from skelfuse.inspect.frame_rate import frame_rate
    from skelfuse.inspect.gate_source import gate_of_run
    from skelfuse.inspect.gate_text import gate_dict, gate_text
    from skelfuse.inspect.kernel_data import kernel_csv, kernel_dict
    from skelfuse.inspect.kernel_report import report_kernels
    from skelfuse.inspect.kernel_text import kernel_text
    from skelfuse.inspect.overview_text import kernels_overview
    from skelfuse.store import Store

    run = str(checkpoint_of(Path(run), given["checkpoint"]))
    store = Store(given["data"]) if given["data"] else None
    source = _source(run, given["skeleton"], store)
    if source.run and store:
        joint_order(source.run, store)  # the frame rate of another skeleton's clips is of no use
    rate = frame_rate(
        source.config.sampling, given=given["fps"], store=store, trained=source.seen_rate
    )
    history = given["history"]
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
    gate = None if source.run is None else gate_of_run(source.run, store)
    if given["plot_gate"] and gate is None:
        raise SkelfuseError(
            "no gate to draw",
            file=run,
            remedy="name a run trained with model.frequencies.dct_window and .gate",
        )
    _draw(report, gate, source, rate, given)
    if form == "json":
        found = kernel_dict(report, title=source.title, rate=rate, history=history)
        found["gate"] = None if gate is None else gate_dict(gate, rate=rate)
        output(json_text(found, indent=1))
    elif form == "csv":
        output(kernel_csv(report, rate=rate, history=history), nl=False)
    else:
        title = source.title + ("" if source.learnable else "; they do not learn")
        markdown = form == "markdown"
        if given["everything"] or history or markdown:
            output(
                kernel_text(report, title=title, rate=rate, history=history, as_markdown=markdown)
            )
            if gate is not None:
                output(f"\n{gate_text(gate, rate=rate, as_markdown=markdown)}")
        else:
            output(kernels_overview(report, title=title, rate=rate, gate=gate))
    wrote(given["plot"], given["plot_gate"])


def _draw(
    report: KernelsReport,
    gate: GateReport | None,
    source: KernelSource,
    rate: FrameRate,
    given: dict[str, Any],
) -> None:
    if given["plot"]:
        from skelfuse.inspect.kernel_plot import plot_kernels

        plot_kernels(report, given["plot"], title=source.title, rate=rate)
    if given["plot_gate"] and gate is not None:
        from skelfuse.inspect.gate_plot import plot_gate

        plot_gate(gate, given["plot_gate"], title=source.title, rate=rate)


def _source(run: str, skeleton: Path | None, store: Store | None) -> KernelSource:
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
            remedy="correct the path or the name",
        )
    if skeleton is None and store is not None:
        return kernels_of_config(find(run), store.skeleton, store)
    return kernels_of_config(find(run), find_layout(str(skeleton or DEFAULT_SKELETON)), store)

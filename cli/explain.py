"""`skelfuse explain`: why a clip was decided as it was."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import click

from skelfuse.cli.numbers import FPS
from skelfuse.cli.paths import FILE, PATH


@click.command(short_help="Tell why a run decides as it does on a clip.")
@click.argument("file", type=PATH)
@click.option("--run", "path", required=True, type=PATH, help="A run's folder, or a checkpoint.")
@click.option(
    "--class", "class_name", metavar="CLASS", help="Explain this.  [default: the likeliest]"
)
@click.option("--against", metavar="CLASS", help="Why not this one?")
@click.option("--clip", "clip_name", metavar="NAME", help="Which clip, where FILE has several.")
@click.option("--json", "json_", type=FILE, help="Write every number there.")
@click.option("--plot", type=FILE, help="Draw a picture there.")
@click.option("--html", type=FILE, help="Write a page there that plays the clip, for any browser.")
@click.option("--top", type=click.IntRange(1), default=8, show_default=True, help="Lines a list.")
@click.option("--device", default="auto", show_default=True, help="auto, cpu, cuda or cuda:1.")
@click.option("--input-format", default="auto", show_default=True, help="The file's format.")
@click.option(
    "--skeleton", type=FILE, metavar="TEXT", help="The file's joint layout: a name, or YAML."
)
@click.option("--class-names", type=FILE, help='Lines "A001 drink water".')
@click.option("--fps", type=FPS, help="Frames per second.")
def explain(file: Path, path: Path, **given: Any) -> None:
    """Tell why the run decides as it does on the clip in FILE, joint by joint.

    The logit is taken apart exactly: what each joint's statistics of motion gave, what came past
    them, and the bias add up to it. For runs of the kinds skelfuse and pure. FILE may also be a
    store, with --clip.
    """
    from skelfuse.cli.explained_clip import find_clip
    from skelfuse.explain.evidence import check_explainable
    from skelfuse.explain.evidence_text import explanation_dict, explanation_text
    from skelfuse.explain.explanation import explain_clip
    from skelfuse.explain.page import write_page
    from skelfuse.predict import load

    recogniser = load(path, device=given["device"])
    check_explainable(recogniser.run.model, recogniser.run.path)  # told before a long file is read
    clip = find_clip(file, recogniser.run, given)
    found = explain_clip(recogniser, clip, class_name=given["class_name"], against=given["against"])
    click.echo(explanation_text(found, top=given["top"]))
    if given["json_"]:
        _written(given["json_"], json.dumps(explanation_dict(found), ensure_ascii=False))
    if given["plot"]:
        from skelfuse.explain.evidence_plot import plot_explanation

        plot_explanation(found, given["plot"])
    if given["html"]:
        write_page(found, given["html"])
    for place in filter(None, (given["json_"], given["plot"], given["html"])):
        click.echo(f"wrote {place}", err=True)


def _written(path: Path, text: str) -> None:
    from skelfuse.files import atomic_write, cannot_write

    try:
        with atomic_write(path) as new:
            new.write_text(text, encoding="utf-8")
    except OSError as error:
        raise cannot_write("the numbers", path, error) from None

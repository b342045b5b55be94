"""`skelfuse layouts`: which bodies are known, and the order of their joints."""

from __future__ import annotations

import click

from skelfuse.cli.command import Command
from skelfuse.cli.completion import layouts as layouts_known
from skelfuse.cli.messages import output


@click.command(cls=Command, examples=["skelfuse layouts", "skelfuse layouts coco-17 > mine.yaml"])
@click.argument("layout", required=False, shell_complete=layouts_known)
def layouts(layout: str | None) -> None:
    """Show the built-in skeletons and their joints.

    LAYOUT is a name from the list, or a YAML file. It is printed as YAML, with its joints in the
    order of arrays. Edit and save it to describe another body: skelfuse preprocess --skeleton
    mine.yaml
    """
    from skelfuse.layouts import find_layout
    from skelfuse.telling.layout_text import layout_text, layouts_text

    output(layouts_text() if layout is None else layout_text(find_layout(layout)))

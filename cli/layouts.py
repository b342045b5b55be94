"""`skelfuse layouts`: which bodies are known, and the order of their joints."""

from __future__ import annotations

import click


@click.command(short_help="Show the skeletons that are built in.")
@click.argument("layout", required=False)
def layouts(layout: str | None) -> None:
    """List the built-in skeletons, or show one: LAYOUT, a name of the list or a YAML file.

    What is shown of one is YAML, the joints in the order that arrays have them. Changed and saved,
    it describes another body: skelfuse preprocess --skeleton mine.yaml
    """
    from skelfuse.layouts import find_layout
    from skelfuse.telling.layout_text import layout_text, layouts_text

    click.echo(layouts_text() if layout is None else layout_text(find_layout(layout)))

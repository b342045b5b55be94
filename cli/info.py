"""`skelfuse info`: what is in a store."""

from __future__ import annotations

from pathlib import Path

import click

from skelfuse.cli import options
from skelfuse.cli.command import Command
from skelfuse.cli.messages import output
from skelfuse.cli.paths import FILE
from skelfuse.cli.terminal import json_text

NO_HASH = "; the metadata of the store has no hash: it was made by an earlier version"


@click.command(
    cls=Command,
    examples=["skelfuse info store.h5", "skelfuse info store.h5 --verify --json"],
)
@click.argument("store", type=FILE)
@options.output_format(["table", "json"])
@click.option("--verify", is_flag=True, help="Check everything in it against its hashes.")
def info(store: Path, form: str, verify: bool) -> None:
    """Show what is in a store, and verify it.

    Prints the classes, subjects, lengths and missing joints of STORE, and the protocols that fit
    it.
    """
    from skelfuse.cli.progress import bar
    from skelfuse.datasets.summary import summarise
    from skelfuse.errors import SkelfuseError
    from skelfuse.store import Store

    opened = Store(store)
    if verify:
        damaged = []
        with bar("clip", total=len(opened)) as show:
            for i, (name, is_damaged) in enumerate(opened.damaged(), start=1):
                damaged += [name] * is_damaged
                show(i)
        if damaged:
            raise SkelfuseError(
                f"{len(damaged)} of {len(opened)} clips are not what was written",
                file=store,
                found=", ".join(damaged[:5]),
                remedy="make the store anew with skelfuse preprocess",
            )
        hashed = opened.check_metadata()
    summary = summarise(opened)
    if form == options.JSON:
        output(json_text({**summary.as_dict(), "verified": verify}, indent=1))
        return
    output(str(summary))
    if verify:
        text = f"verified   all {len(opened)} clips are as they were written"
        output(text if hashed else text + NO_HASH)

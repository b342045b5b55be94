"""`skelfuse info`: what is in a store."""

from __future__ import annotations

import json
from pathlib import Path

import click

from skelfuse.cli.paths import FILE

NO_HASH = "; what it says of them as a whole has no hash, the store is of an earlier version"


@click.command(short_help="Show what is in a store, and verify it.")
@click.argument("store", type=FILE)
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.option("--verify", is_flag=True, help="Check everything in it against hashes.")
def info(store: Path, as_json: bool, verify: bool) -> None:
    """Show what is in a STORE: classes, subjects, lengths, missing joints, protocols."""
    from skelfuse.cli.progress import bar
    from skelfuse.datasets.summary import summarise
    from skelfuse.errors import SkelfuseError
    from skelfuse.store import Store

    opened = Store(store)
    if verify:
        damaged = []
        with bar(len(opened), "clip") as show:
            for i, (name, is_damaged) in enumerate(opened.damaged(), start=1):
                damaged += [name] * is_damaged
                show(i, "")
        if damaged:
            raise SkelfuseError(
                f"{len(damaged)} of {len(opened)} clips are not what was written",
                file=store,
                found=", ".join(damaged[:5]),
                remedy="make the store anew with skelfuse preprocess",
            )
        hashed = opened.check_metadata()
    summary = summarise(opened)
    if as_json:
        click.echo(json.dumps({**summary.as_dict(), "verified": verify}, indent=1))
        return
    click.echo(str(summary))
    if verify:
        told = f"verified   all {len(opened)} clips are as they were written"
        click.echo(told if hashed else told + NO_HASH)

"""Values that a shell completes: configurations, layouts, formats, sizes and protocols."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

import click
from click.shell_completion import CompletionItem


def configs(_: click.Context, __: click.Parameter, begun: str) -> list[CompletionItem]:
    """Complete the name of a shipped configuration, or a file."""
    from skelfuse.configs import names

    return [*_named(names(), begun), CompletionItem(begun, type="file")]


def layouts(_: click.Context, __: click.Parameter, begun: str) -> list[CompletionItem]:
    """Complete the name of a built-in layout, or a file."""
    from skelfuse.layouts import LAYOUTS

    return [*_named(LAYOUTS, begun), CompletionItem(begun, type="file")]


def formats(_: click.Context, __: click.Parameter, begun: str) -> list[CompletionItem]:
    """Complete the name of a file format."""
    from skelfuse.datasets.formats import AUTO, FORMATS

    return _named([AUTO, *FORMATS], begun)


def sizes(_: click.Context, __: click.Parameter, begun: str) -> list[CompletionItem]:
    """Complete the size of a model."""
    from skelfuse.models.sizes import SIZES

    return _named(SIZES, begun)


def protocols(ctx: click.Context, _: click.Parameter, begun: str) -> list[CompletionItem]:
    """Complete a protocol: one that fits the store at --data, or any if there is none."""
    from skelfuse.datasets.protocol_families import FAMILIES
    from skelfuse.datasets.protocol_rules import ALIASES, PROTOCOLS
    from skelfuse.datasets.protocols import available
    from skelfuse.datasets.summary import clip_table
    from skelfuse.errors import SkelfuseError
    from skelfuse.store import Store

    data: Path | None = ctx.params.get("data")
    if data is not None:
        with suppress(SkelfuseError):
            return _named(available(clip_table(Store(data))), begun)
    return _named([*PROTOCOLS, *ALIASES, *(f"{family}:" for family in FAMILIES)], begun)


def _named(names: Iterable[str], begun: str) -> list[CompletionItem]:
    return [CompletionItem(name) for name in names if name.startswith(begun)]

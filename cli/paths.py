"""Paths as commands take them."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import click


class _Named(click.Path):
    """A path that is not empty: an unset shell variable would otherwise mean the current folder."""

    def __init__(self, **kinds: bool) -> None:
        # Permission is checked on reading, so that one of many files does not stop the others.
        super().__init__(path_type=Path, readable=False, **kinds)

    def convert(
        self,
        value: str | os.PathLike[str],
        param: click.Parameter | None,
        ctx: click.Context | None,
    ) -> Any:
        if value == "":
            self.fail("it is empty; is a shell variable unset? '.' is the folder here", param, ctx)
        return super().convert(value, param, ctx)


PATH = _Named()
FILE = _Named(dir_okay=False)
FOLDER = _Named(file_okay=False)

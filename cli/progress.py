"""A progress bar with rate and time left; silent where nobody looks at it."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Protocol

from skelfuse.cli.messages import quiet

Frames = Callable[[int, int | None], None]


class Show(Protocol):
    """Move a bar: the number done, a remark, and optionally the total."""

    def __call__(self, done: int, remark: str = "", *, total: int | None = None) -> None:
        """Show it."""


@contextmanager
def bar(unit: str, *, total: int | None = None) -> Iterator[Show]:
    """Give a function that moves the bar."""
    from tqdm import tqdm

    hidden = quiet() or not sys.stderr.isatty()
    with tqdm(total=total, unit=unit, disable=hidden, dynamic_ncols=True, leave=False) as line:

        def show(done: int, remark: str = "", *, total: int | None = None) -> None:
            if total is not None:
                line.total = total
            line.update(done - line.n)
            if remark:
                line.set_postfix_str(remark, refresh=False)

        yield show


@contextmanager
def frames_bar(*, wanted: bool) -> Iterator[Frames]:
    """Give a function that shows how many frames of a video are done, if `wanted`."""
    from tqdm import tqdm

    hidden = not wanted or quiet() or not sys.stderr.isatty()
    with tqdm(unit="frame", disable=hidden, dynamic_ncols=True, leave=False) as line:

        def show(done: int, total: int | None) -> None:
            if not done:  # the next video
                line.reset(total=total)
            line.update(done - line.n)

        yield show

"""A progress bar with rate and time left; silent where nobody looks at it."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager


@contextmanager
def bar(total: int, unit: str) -> Iterator[Callable[[int, str], None]]:
    """Give a function that takes the number done so far and a remark."""
    from tqdm import tqdm

    with tqdm(
        total=total, unit=unit, disable=not sys.stderr.isatty(), dynamic_ncols=True, leave=False
    ) as line:

        def show(done: int, remark: str) -> None:
            line.update(done - line.n)
            if remark:
                line.set_postfix_str(remark, refresh=False)

        yield show

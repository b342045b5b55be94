"""Rows of text for a terminal or for Markdown, and numbers drawn as one line of blocks."""

from __future__ import annotations

from collections.abc import Collection, Sequence

BLOCKS = "▁▂▃▄▅▆▇█"

Rows = Sequence[Sequence[str]]


def aligned(header: Sequence[str], rows: Rows, *, words: Collection[int] = (0,)) -> str:
    """Return a table for a terminal; the columns `words` begin at the left, the others end right.

    >>> print(aligned(["kernel", "sum"], [["scale1", "0.01"], ["scale2", "-0.002"]]))
    kernel     sum
    scale1    0.01
    scale2  -0.002
    """
    widths = [max(map(len, column)) for column in zip(header, *rows, strict=True)]
    lines = (
        "  ".join(
            cell.ljust(width) if i in words else cell.rjust(width)
            for i, (cell, width) in enumerate(zip(row, widths, strict=True))
        ).rstrip()
        for row in (header, *rows)
    )
    return "\n".join(lines)


def markdown(header: Sequence[str], rows: Rows, *, words: Collection[int] = (0,)) -> str:
    """Return the same table as Markdown; bars within cells are escaped.

    >>> print(markdown(["kernel", "sum"], [["scale1", "0.01"]]))
    | kernel | sum |
    | --- | ---: |
    | scale1 | 0.01 |
    """
    rule = ["---" if i in words else "---:" for i in range(len(header))]
    escaped = [[cell.replace("|", "\\|") for cell in row] for row in (header, *rows)]
    return "\n".join(f"| {' | '.join(row)} |" for row in (escaped[0], rule, *escaped[1:]))


def signed_blocks(values: Sequence[float]) -> str:
    """Draw numbers around zero, which is a block of half height.

    >>> signed_blocks([-1, 1]), signed_blocks([-0.5, 0, 0.5]), signed_blocks([3, 3])
    ('▁▇', '▁▄▇', '▇▇')
    """
    most = max(map(abs, values), default=0.0) or 1.0
    # Of seven blocks one is the middle: what is nearly zero looks like zero, whatever its sign.
    return "".join(BLOCKS[round(3 * (value / most + 1))] for value in values)


def rising_blocks(values: Sequence[float], most: float) -> str:
    """Draw numbers from zero up to the highest block, which is `most` or hardly less.

    >>> rising_blocks([0, 1, 2, 4], most=4)
    '▁▃▅█'
    """
    last = len(BLOCKS) - 1
    return "".join(BLOCKS[min(last, int(value / (most or 1.0) * len(BLOCKS)))] for value in values)


def spread_over(count: int, wanted: int) -> list[int]:
    """Return at most `wanted` of the places 0..count-1: the first, the last, and even steps.

    >>> spread_over(21, 5), spread_over(3, 5)
    ([0, 5, 10, 15, 20], [0, 1, 2])
    """
    if count <= wanted:
        return list(range(count))
    return [round(i * (count - 1) / (wanted - 1)) for i in range(wanted)]


def fixed(value: float, digits: int = 3, *, sign: bool = False) -> str:
    """Write a number with so many digits after the point; what rounds to zero has no minus.

    >>> fixed(-0.00001), fixed(1.5, sign=True), fixed(0.0, sign=True)
    ('0.000', '+1.500', '0.000')
    """
    rounded = round(value, digits) + 0.0
    return f"{rounded:+.{digits}f}" if sign and rounded else f"{rounded:.{digits}f}"

"""Lines of a good NTU `.skeleton` file."""

from __future__ import annotations


def body(identity: int, seed: float, columns: int = 12) -> list[str]:
    """Return 27 lines: joint n is at (seed + n, -n / 4, 0.5), its tracking state n modulo 3."""
    head = f"{identity} 0 1 1 1 1 0 -0.1159187 0.1413209 2"
    rest = "276.0976 190.0662 1032.328 514.0889 -0.17 0.04 0.97"
    lines = [f"{seed + n} {-n / 4} 0.5 {rest} -0.15 {n % 3}" for n in range(25)]
    if columns == 11:
        lines = [line.rsplit(" ", 1)[0] for line in lines]
    return [head, "25", *lines]


def good() -> list[str]:
    """Return three frames: one body on lines 2 to 29, nobody on 30, two others on 31 to 85."""
    first, again, other = body(72057594037931648, 1.5), body(7, 2.5), body(2**64 - 1, -30.25)
    return ["3", "1", *first, "0", "2", *again, *other]


def text(lines: list[str], end: str = "\r\n") -> bytes:
    return "".join(line + end for line in lines).encode()

"""NTU `.skeleton` text: to arrays, exactly and fast.

A compiled scanner does the work where it was built. It accepts or refuses; a file that it refuses
goes through the plain parser once more, for the message.
"""

from __future__ import annotations

from os import PathLike
from pathlib import Path

import numpy as np

from skelfuse.datasets.ntu_text_plain import JOINTS, Recording, parse_plain
from skelfuse.errors import SkelfuseError
from skelfuse.files import check_readable

try:
    from skelfuse.datasets import _ntu_scan
except ImportError:  # no compiler where it was installed: the same, some twenty times slower
    COMPILED = False
else:
    COMPILED = True

__all__ = ["COMPILED", "Recording", "parse_ntu", "read_ntu_text"]

# An hour of one person at 30 frames per second has 280 MB; the whole file is held in memory.
LARGEST = 512 * 2**20


def parse_ntu(data: bytes, *, file: str | PathLike[str]) -> Recording:
    r"""Parse the text of a `.skeleton` file; `file` is for the messages.

    Coordinates equal `np.float32(float(text))` bit for bit.

    >>> body = "72057594037931648 0 0 0 0 0 0 0.1 -0.2 2\r\n25\r\n"
    >>> joint = "0.5 -0.25 3.75 276.1 190.0 1032.3 514.0 0 0 0 0 2\r\n"
    >>> text = "2\r\n0\r\n1\r\n" + body + 25 * joint  # nobody in the first frame
    >>> seen = parse_ntu(text.encode(), file="a.skeleton")
    >>> seen.frames, seen.frame, seen.joints.shape, seen.joints[0, 24]
    (2, array([1]), (1, 25, 3), array([ 0.5 , -0.25,  3.75], dtype=float32))
    >>> try:
    ...     parse_ntu(text[:200].encode(), file="a.skeleton")
    ... except SkelfuseError as error:
    ...     print(error.line, error.problem, error.expected, error.found, sep=" | ")
    8 | the file ends too early | 2 whole frames, as line 1 says | 1
    """
    if COMPILED:
        found = _ntu_scan.scan(data)
        if not isinstance(found, int):
            frames, frame, body, joints, tracking = found
            return Recording(
                frames=frames,
                frame=np.frombuffer(frame, np.int64),
                body=np.frombuffer(body, np.uint64),
                joints=np.frombuffer(joints, np.float32).reshape(-1, JOINTS, 3),
                tracking=np.frombuffer(tracking, np.uint8).reshape(-1, JOINTS),
            )
    return parse_plain(data, file=file)


def read_ntu_text(path: str | PathLike[str]) -> Recording:
    r"""Open and parse a `.skeleton` file.

    >>> from tempfile import TemporaryDirectory
    >>> with TemporaryDirectory() as folder:
    ...     path = Path(folder, "a.skeleton")
    ...     _ = path.write_text("2\n0\n0\n")
    ...     seen = read_ntu_text(path)
    >>> seen.frames, len(seen.body)
    (2, 0)
    """
    path = Path(path)
    check_readable(path)
    size = path.stat().st_size
    if size > LARGEST:
        raise SkelfuseError(
            "the file is too large for one recording",
            file=path,
            expected=f"at most {LARGEST // 2**20} MiB",
            found=f"{size / 2**20:.0f} MiB",
            remedy="cut it into several",
        )
    return parse_ntu(path.read_bytes(), file=path)

"""Whether HDF5 can read a file: tried in another process, which may crash in our place."""

from __future__ import annotations

import os
import subprocess
import sys
from functools import lru_cache
from pathlib import Path

MEMORY = 1 << 30  # bytes, in the other process
PATIENCE = 15  # times as long by the clock: other programs may keep the machine busy
# One thread, as each asks for much memory; and new memory is filled with a number, so that reading
# what was never written ends here and not later.
ENVIRONMENT = {"OPENBLAS_NUM_THREADS": "1", "MALLOC_PERTURB_": "165"}
TOO_MUCH = 77  # the exit code of a trial that is refused memory

# What a reader does, without what it checks: open, and read all that is small. One part that
# cannot be read keeps no other from being tried.
TRIAL = """
import os, sys
try:
    import resource
    for limit, most in ((resource.RLIMIT_CPU, {seconds}), (resource.RLIMIT_AS, {memory})):
        resource.setrlimit(limit, (most, most))
except (ImportError, ValueError, OSError):
    pass
import h5py

def tried(work):
    try:
        work()
    except Exception as error:
        if isinstance(error, MemoryError) or "memory allocation" in str(error):
            os._exit({too_much})

def attributes(part):
    for key in part.attrs:
        tried(lambda: part.attrs[key])

def numbers(part):
    if part.nbytes < 1 << 28:
        part[()] if part.size < 1 << 22 else part[:1]

def axes(part):
    for scales in part.attrs.get("DIMENSION_LIST", ()):
        [part.file[scale].name for scale in scales]

def look(name, part):
    tried(lambda: attributes(part))
    if isinstance(part, h5py.Dataset):
        tried(lambda: numbers(part))
        tried(lambda: axes(part))

def whole():
    with h5py.File(sys.argv[1], "r") as file:
        look("", file)
        file.visititems(look)

tried(whole)
"""


def hdf5_fails(path: Path, seconds: int = 20) -> str | None:
    """Return what the library does instead of reading a file; None where it reads or refuses it.

    `seconds` are of computing. A file is tried once, as long as it is not changed.

    >>> hdf5_fails(Path("no such file")) is None
    True
    """
    try:
        facts = path.stat()
    except OSError:
        return None
    return _tried(path.absolute(), facts.st_size, facts.st_mtime_ns, seconds)


@lru_cache(maxsize=4096)
def _tried(path: Path, size: int, changed: int, seconds: int) -> str | None:
    script = TRIAL.format(seconds=seconds, memory=MEMORY, too_much=TOO_MUCH)
    try:
        code = exit_code(script, path, PATIENCE * seconds)
    except subprocess.TimeoutExpired:
        return "it keeps the HDF5 library busy without end"
    except OSError:  # no other process is to be had here
        return None
    if code == TOO_MUCH:
        return f"the HDF5 library asks for more than {MEMORY >> 30} GB of memory"
    return f"the HDF5 library ends with signal {-code}" if code < 0 else None


def exit_code(script: str, path: Path, timeout: float) -> int:
    """Return how another Python ends that runs a script on a file; below zero is a signal."""
    # Isolated: what lies in the folder of the command is not imported.
    return subprocess.run(
        [sys.executable, "-I", "-c", script, os.fspath(path)],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        env={**os.environ, **ENVIRONMENT},
        timeout=timeout,
        check=False,
    ).returncode

"""Calls for which the permissions of files hold, even where the tests run as the superuser."""

from __future__ import annotations

import ctypes
import os
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

import pytest

Found = TypeVar("Found")


def as_anyone(function: Callable[..., Found], *arguments: object) -> Found:
    """Call a function without the superuser's powers.

    Linux lets a thread lay down the powers to write everywhere (CAP_DAC_OVERRIDE) and to read
    everywhere (CAP_DAC_READ_SEARCH). It must lay down even the right to take them up again, for
    access(2) goes by that; so it is a thread of its own.
    """
    if os.geteuid() != 0:
        return function(*arguments)
    if sys.platform != "linux":
        pytest.skip("the superuser may read and write everywhere")
    with ThreadPoolExecutor(1, initializer=_lay_down_powers) as thread:
        return thread.submit(function, *arguments).result()


def _lay_down_powers() -> None:
    system = ctypes.CDLL(None, use_errno=True)
    version3_of_this_thread = (ctypes.c_uint32 * 2)(0x20080522, 0)
    held = (ctypes.c_uint32 * 6)()  # effective, permitted, inheritable; then their upper halves
    assert system.capget(version3_of_this_thread, held) == 0
    fewer = (ctypes.c_uint32 * 6)(held[0] & ~0b110, held[1] & ~0b110, *held[2:])
    assert system.capset(version3_of_this_thread, fewer) == 0

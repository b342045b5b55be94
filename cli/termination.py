"""What ends a command from outside, and how it then goes without a trace."""

from __future__ import annotations

import _thread
import signal
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import NoReturn

AGAIN = 0.01  # seconds until an interrupt that could not be raised comes again
_came: list[int] = []  # the signals that asked this process to end


def asked_to_end() -> int | None:
    """Return the signal that has asked this process to end, or None."""
    return _came[-1] if _came else None


@contextmanager
def ended_cleanly() -> Iterator[None]:
    """Make the signal to terminate, as schedulers send it, end this process like an exit.

    Worker processes and their shared memory are then released.
    """
    if not _is_main():
        yield
        return
    before = signal.signal(signal.SIGTERM, _exit)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


@contextmanager
def last_of_process() -> Iterator[None]:
    """Make an interrupt end the process without a traceback.

    Where Python cannot raise it (in a destructor, in a callback of a C library) it only prints it
    and goes on; here it is raised again a moment later. Messages of threads and objects that end
    are not shown then. Afterwards an interrupt ends the process at once.
    """
    # Not in the background, nor inside a program.
    heard = _is_main() and signal.getsignal(signal.SIGINT) is signal.default_int_handler
    if heard:
        signal.signal(signal.SIGINT, _interrupt)
    sys.unraisablehook, threading.excepthook = _not_raised, _thread_failed
    try:
        yield
    finally:
        if heard:
            signal.signal(signal.SIGINT, signal.SIG_DFL)


def _is_main() -> bool:
    return threading.current_thread() is threading.main_thread()


def _interrupt(number: int, frame: FrameType | None) -> NoReturn:
    _came.append(number)
    raise KeyboardInterrupt


def _exit(number: int, frame: FrameType | None) -> NoReturn:
    _came.append(number)
    raise SystemExit(128 + number)


def _not_raised(event: sys.UnraisableHookArgs) -> None:
    if not _came:
        sys.__unraisablehook__(event)
    elif isinstance(event.exc_value, (KeyboardInterrupt, SystemExit)):
        # A threading.Thread could block on our locks.
        _thread.start_new_thread(_come_again, (_came[-1],))


def _come_again(number: int) -> None:
    time.sleep(AGAIN)
    if hasattr(signal, "pthread_kill"):  # it wakes the main thread from a wait
        signal.pthread_kill(threading.main_thread().ident or 0, number)
    else:
        signal.raise_signal(signal.Signals(number))


def _thread_failed(event: threading.ExceptHookArgs) -> None:
    if not _came:
        threading.__excepthook__(event)

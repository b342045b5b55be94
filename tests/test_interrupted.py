"""Whoever interrupts a command is told how it goes on, where it can."""

from __future__ import annotations

import signal
import subprocess
import sys
import threading
from typing import Any

import pytest

from helpers.commands import called, ran
from skelfuse.cli import main

COMMANDS = {
    "synth": ("raw",),
    "preprocess": ("raw", "--out", "s.h5"),
    "train": ("--config", "synth", "--data", "s.h5", "--out", "runs/x"),
    "predict": ("runs/x", "a.npz"),
    "export": ("runs/x", "--out", "m.pt2"),
}


@pytest.mark.parametrize("name", COMMANDS)
def test_resume_is_named_where_it_is_an_option(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(*_: Any, **__: Any) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(main.commands[name], "callback", interrupted)
    told = called(name, *COMMANDS[name])
    assert told.exit_code == 130
    assert "Interrupted. What was there before is unchanged" in told.stderr
    assert ("--resume" in told.stderr) == (name in ("preprocess", "train"))


# A moment that is hit exactly: `now` is called there, in the one thread that hears signals.
MOMENTS = {
    "an object is given back": """
        class Held:
            def __del__(self): now()
        Held()
        time.sleep(10)
    """,
    "a library makes another error of it": """
        try:
            now()
        except KeyboardInterrupt:
            raise ImportError("numpy.core.multiarray failed to import") from None
    """,
    "a thread fails when it is cut short": """
        started = threading.Thread(target=lambda: (time.sleep(0.2), 1 / 0))
        started.start()
        try:
            now()
        finally:
            started.join()
    """,
    "what was begun is put away": """
        try:
            now()
        finally:
            now()
    """,
    "C calls back": """
        array = (ctypes.c_int * 2)(2, 1)
        kind = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_void_p, ctypes.c_void_p)
        ctypes.CDLL(None).qsort(array, 2, 4, kind(lambda *_: now() or 0))
        time.sleep(10)
    """,
}
SCRIPT = """
import ctypes, os, signal, sys, textwrap, threading, time
signal.signal(signal.SIGINT, signal.default_int_handler)
from skelfuse.cli import main
def now():
    os.kill(os.getpid(), signal.SIGINT)
moment = textwrap.dedent(sys.argv[1])
main.commands["info"].callback = lambda **_: exec(moment, globals())
sys.argv[1:] = ["info", os.devnull]
main()
"""


def in_process(script: str, *arguments: str) -> tuple[int, list[str]]:
    """Run a script; return its exit code and the lines that it wrote."""
    command = [sys.executable, "-c", script, *arguments]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=25)
    return done.returncode, (done.stdout + done.stderr).split("\n")


@pytest.mark.process
@pytest.mark.parametrize("moment", MOMENTS)
def test_an_interrupt_at_any_moment_of_a_command_is_told_in_one_line(moment: str) -> None:
    told = ["", "Interrupted. What was there before is unchanged.", ""]
    assert in_process(SCRIPT, MOMENTS[moment]) == (130, told)


@pytest.mark.process
@pytest.mark.parametrize("where", ["atexit", "thread"])
def test_an_interrupt_when_all_is_done_has_nothing_to_say(where: str) -> None:
    late = {
        "atexit": "import atexit; atexit.register(now)",
        "thread": "threading.Thread(target=lambda: (time.sleep(0.5), now())).start()",
    }
    assert in_process(SCRIPT, late[where]) == (-signal.SIGINT, [""])


@pytest.mark.process
@pytest.mark.parametrize("module", ["signal", "typing", "click", "skelfuse.cli.train"])
def test_an_interrupt_while_the_command_is_imported_has_nothing_to_say(module: str) -> None:
    script = (
        "import _signal, os, sys\n"
        "for name in ('signal', 'typing'): sys.modules.pop(name, None)\n"
        "class Interrupting:\n"
        "    def find_spec(self, name, path=None, target=None):\n"
        f"        if name == {module!r}: os.kill(os.getpid(), _signal.SIGINT)\n"
        "_signal.signal(_signal.SIGINT, _signal.default_int_handler)\n"
        "sys.meta_path.insert(0, Interrupting())\n"
        "from skelfuse.cli import main\n"
    )
    assert in_process(script) == (-signal.SIGINT, [""])


@pytest.mark.process
def test_what_was_heard_before_the_import_is_heard_after_it() -> None:
    heard = "import signal as s; s.signal(2, s.default_int_handler); import skelfuse.cli;"
    told = in_process(f"{heard} print(s.getsignal(2).__name__)")
    assert told == (0, ["default_int_handler", ""])


@pytest.mark.process
def test_without_an_interrupt_what_fails_is_shown() -> None:
    code, lines = in_process(SCRIPT, "1 / 0")
    assert code == 1
    assert lines[-2] == "ZeroDivisionError: division by zero"
    code, lines = in_process(SCRIPT, "threading.Thread(target=lambda: 1 / 0).start()")
    assert code == 0
    assert lines[-2] == "ZeroDivisionError: division by zero"


def test_a_program_that_calls_commands_keeps_its_handlers() -> None:
    before = signal.getsignal(signal.SIGINT), sys.unraisablehook, threading.excepthook
    ran("layouts")
    assert (signal.getsignal(signal.SIGINT), sys.unraisablehook, threading.excepthook) == before

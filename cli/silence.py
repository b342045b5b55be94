"""An interrupt while Python imports the command ends the process at once, without a message.

There is nothing to clean up yet. This file imports only `_signal`, which is built into Python:
importing `signal` takes time, and an interrupt during it would print a traceback.
"""

import _signal  # type: ignore[import-not-found]


class InterruptsSilent:
    """Interrupts end the process at once, where they are Python's to handle."""

    def __enter__(self) -> None:
        self.heard = _signal.getsignal(_signal.SIGINT) is _signal.default_int_handler
        try:
            if self.heard:
                _signal.signal(_signal.SIGINT, _signal.SIG_DFL)
        except ValueError:  # only the main thread may
            self.heard = False

    def __exit__(self, *error: object) -> None:
        if self.heard:
            _signal.signal(_signal.SIGINT, _signal.default_int_handler)

"""Let SIGINT, SIGTERM and SIGHUP interrupt a command, so that it ends cleanly."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import contextmanager


class Terminated(BaseException):
    """SIGTERM or SIGHUP has arrived. Like ``KeyboardInterrupt``, it is not an error."""


#: For each interrupt, the word for it and the exit status, 128 plus the number of the signal.
INTERRUPTS: dict[type[BaseException], tuple[str, int]] = {
    KeyboardInterrupt: ("Interrupted", 130),
    Terminated: ("Terminated", 143),
}

# The handlers at the start of a Python program.
_DEFAULTS = {
    signal.SIGINT: signal.default_int_handler,
    signal.SIGTERM: signal.SIG_DFL,
    # Sent when a terminal is closed. Windows does not have it.
    **({signal.SIGHUP: signal.SIG_DFL} if hasattr(signal, "SIGHUP") else {}),
}


@contextmanager
def raising_on_signals() -> Iterator[None]:
    """Let the first signal raise one of :data:`INTERRUPTS`, and ignore the others.

    So the command can clean up, even if Ctrl-C is pressed twice. A signal that the caller ignores
    or handles stays so.
    """
    handled = {
        each: default for each, default in _DEFAULTS.items() if signal.getsignal(each) is default
    }
    is_interrupted = False

    def interrupt(number: int, _: object) -> None:
        nonlocal is_interrupted
        if not is_interrupted:
            is_interrupted = True
            raise KeyboardInterrupt if number == signal.SIGINT else Terminated

    try:
        for each in handled:
            signal.signal(each, interrupt)
    except ValueError:
        yield  # Python sets handlers only in the main thread
        return
    try:
        yield
    finally:
        # The work is done: a signal must not stop these lines half-way.
        is_interrupted = True
        for each, default in handled.items():
            signal.signal(each, default)

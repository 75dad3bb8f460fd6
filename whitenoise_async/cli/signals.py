"""A command that is told to end while it works, by SIGINT, SIGTERM or SIGHUP."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import contextmanager


class Terminated(BaseException):
    """SIGTERM has come, or SIGHUP. Like a ``KeyboardInterrupt`` it is no error."""


#: What a command is ended by, the word for it, and the exit status that a shell makes of it.
INTERRUPTS: dict[type[BaseException], tuple[str, int]] = {
    KeyboardInterrupt: ("Interrupted", 130),
    Terminated: ("Terminated", 143),
}

# What Python does at each, if nobody has asked for something else.
_DEFAULTS = {
    signal.SIGINT: signal.default_int_handler,
    signal.SIGTERM: signal.SIG_DFL,
    # Of a terminal that was closed; not on Windows.
    **({signal.SIGHUP: signal.SIG_DFL} if hasattr(signal, "SIGHUP") else {}),
}


@contextmanager
def raising_on_signals() -> Iterator[None]:
    """Let the first of the signals raise one of :data:`INTERRUPTS`, and pass over the others.

    What is begun is then left in order, and a second one, from a hand that will not wait, does not
    disturb that. A signal that is ignored, or handled by whoever calls, stays so.
    """
    handled = {
        each: default for each, default in _DEFAULTS.items() if signal.getsignal(each) is default
    }

    came: list[int] = []

    def interrupt(number: int, _: object) -> None:
        came.append(number)
        if len(came) == 1:
            raise KeyboardInterrupt if number == signal.SIGINT else Terminated

    try:
        for each in handled:
            signal.signal(each, interrupt)
    except ValueError:
        yield  # Python sets handlers in the main thread alone
        return
    try:
        yield
    finally:
        for each, default in handled.items():
            signal.signal(each, default)

"""A command that is told to end while it works, by SIGINT or SIGTERM."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import contextmanager


class Terminated(BaseException):
    """SIGTERM has come. Like a ``KeyboardInterrupt`` it is no error."""


#: What a command is ended by, the word for it, and the exit status that a shell makes of it.
INTERRUPTS: dict[type[BaseException], tuple[str, int]] = {
    KeyboardInterrupt: ("Interrupted", 130),
    Terminated: ("Terminated", 143),
}


@contextmanager
def raising_on_sigterm() -> Iterator[None]:
    """Let SIGTERM raise :class:`Terminated`, where it would end the process on the spot."""

    def terminate(*_: object) -> None:
        raise Terminated

    if signal.getsignal(signal.SIGTERM) is not signal.SIG_DFL:
        yield  # ignored, or handled by whoever calls
        return
    try:
        signal.signal(signal.SIGTERM, terminate)
    except ValueError:
        yield  # Python sets handlers in the main thread alone
        return
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, signal.SIG_DFL)

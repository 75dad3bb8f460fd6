"""The package's logger: one line for one fault, however many requests meet it."""

from __future__ import annotations

import logging
from functools import lru_cache
from math import inf
from time import monotonic

logger = logging.getLogger("whitenoise_async")


def printable(text: str) -> str:
    """``text`` on one line, as it can be shown to a person.

    File names may hold anything. Three kinds of characters are escaped, as in a Python string:
    those that break the line (C0 and C1 controls, U+2028), those that hide or reorder others
    (bidirectional controls), and lone surrogates. Letters of any script stay as they are.
    """
    if text.isprintable():
        return text
    return "".join(each if each.isprintable() else repr(each)[1:-1] for each in text)


class OneLineError(Exception):
    """An exception whose message may hold file names: it reaches logs of servers and programs."""

    def __str__(self) -> str:
        return printable(super().__str__())


def _put_on_one_line(record: logging.LogRecord) -> bool:
    record.msg, record.args = printable(record.getMessage()), ()
    return True


# Here and not where messages are made, so that no message can be forgotten.
logger.addFilter(_put_on_one_line)

# Messages that are remembered: a bound, since there may be as many as there are files.
_REMEMBERED = 1024

# Seconds after which an error is worth a line again.
_AGAIN = 60.0


@lru_cache(maxsize=_REMEMBERED)
def warn_once(message: str) -> None:
    """Log ``message`` as a warning, unless it is among the last that were logged.

    For what stays so until somebody mends it: a file that is requested a thousand times a second
    has its fault named once.
    """
    logger.warning(message)


def error_rate_limited(message: str) -> None:
    """Log ``message`` as an error, unless it was in the last minute.

    For what comes and goes: a full table of descriptors has every request fail.
    """
    last, now = _last_said(message), monotonic()
    if now - last[0] >= _AGAIN:
        last[0] = now
        logger.error(message)


@lru_cache(maxsize=_REMEMBERED)
def _last_said(message: str) -> list[float]:
    """When ``message`` was logged, by ``time.monotonic()``: one number, to be replaced."""
    return [-inf]

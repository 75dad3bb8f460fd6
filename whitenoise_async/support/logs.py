"""The package's logger. A fault is logged once, even if it affects every request."""

from __future__ import annotations

import sys
from functools import lru_cache
from math import inf
from time import monotonic
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import logging


def printable(text: str) -> str:
    """Return ``text`` on one line, with unprintable characters escaped as in a Python string.

    File names may contain any characters. Escaped are characters that break a line (C0 and C1
    controls, U+2028), that hide or reorder others (bidirectional controls), and lone surrogates.
    Letters of all scripts are kept.
    """
    if text.isprintable():
        return text
    return "".join(each if each.isprintable() else repr(each)[1:-1] for each in text)


class OneLineError(Exception):
    """An exception whose message may contain file names, and may reach a server's log."""

    def __str__(self) -> str:
        return printable(super().__str__())


def _put_on_one_line(record: logging.LogRecord) -> bool:
    record.msg, record.args = printable(record.getMessage()), ()
    return True


@lru_cache(maxsize=1)
def package_logger() -> logging.Logger:
    """The package's logger."""
    import logging  # takes 5 ms, and some applications never log

    logger = logging.getLogger("whitenoise_async")
    # A filter covers every message of this logger, also those of future code.
    logger.addFilter(_put_on_one_line)
    return logger


def log_info(message: str, *arguments: object) -> None:
    """Log ``message``. If nothing has imported logging, nothing would show it."""
    if "logging" in sys.modules:
        package_logger().info(message, *arguments)


# How many messages are remembered. There may be one for each file, so their number is bounded.
_MAX_MESSAGES = 1024

# Seconds until the same error is logged again.
_ERROR_INTERVAL = 60.0


@lru_cache(maxsize=_MAX_MESSAGES)
def warn_once(message: str) -> None:
    """Log ``message`` as a warning, unless it is among the last 1024 that were logged.

    For faults that remain until they are fixed. An unreadable file may be requested a thousand
    times per second, but is reported once.
    """
    package_logger().warning(message)


def error_rate_limited(message: str) -> None:
    """Log ``message`` as an error, unless the same was logged within the last 60 seconds.

    For faults that come and go. When the process runs out of file descriptors, for example, every
    request fails.
    """
    last, now = _last_logged(message), monotonic()
    if now - last[0] >= _ERROR_INTERVAL:
        last[0] = now
        package_logger().error(message)


@lru_cache(maxsize=_MAX_MESSAGES)
def _last_logged(message: str) -> list[float]:
    """When ``message`` was logged last, by ``time.monotonic()``: a list of one item to replace."""
    return [-inf]


def forget_messages() -> None:
    """Log every message again, even if it was logged before."""
    warn_once.cache_clear()
    _last_logged.cache_clear()

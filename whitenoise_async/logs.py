"""The package's logger: one line for one fault, however many requests meet it."""

from __future__ import annotations

import logging
from functools import lru_cache
from math import inf
from time import monotonic

logger = logging.getLogger("whitenoise_async")

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


def error_now_and_then(message: str) -> None:
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

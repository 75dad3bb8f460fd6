"""Keeps work that takes long out of the threads in which requests for small files wait."""

from __future__ import annotations

from collections.abc import Callable
from contextvars import ContextVar
from typing import TypeVar

T = TypeVar("T")

#: Bytes. Reading them and computing their digest takes about a millisecond.
SHORT_DIGEST = 1024 * 1024

#: Bytes. Compressing them in all codings takes two to three milliseconds.
SHORT_COMPRESSION = 16 * 1024


class LongWorkError(Exception):
    """More must be read or compressed than :func:`without_long_work` permits."""


_forbids_long: ContextVar[bool] = ContextVar("whitenoise_async_forbids_long", default=False)


def without_long_work(function: Callable[[], T]) -> T:
    """Call a function that may compute digests of small files and compress short content only.

    :raises LongWorkError: if more is needed.
    """
    token = _forbids_long.set(True)
    try:
        return function()
    finally:
        _forbids_long.reset(token)


def require_allowed(size: int, short: int) -> None:
    """Check that ``size`` bytes may be processed here.

    :param short: the number of bytes that may be processed everywhere.
    :raises LongWorkError: as :func:`without_long_work` says.
    """
    if size > short and _forbids_long.get():
        raise LongWorkError

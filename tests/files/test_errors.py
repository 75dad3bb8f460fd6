"""Which error a failed system call leads to, and its message."""

from __future__ import annotations

import errno
import os

import pytest

from whitenoise_async.files import BrokenBodyError
from whitenoise_async.files.errors import (
    FileSystemError,
    UnavailableError,
    classify_error,
    reason_of,
)


@pytest.mark.parametrize("code", [errno.ENOENT, errno.ENOTDIR])
def test_a_removed_file_is_gone(code: int) -> None:
    error = classify_error("/a", OSError(code, os.strerror(code)))
    assert isinstance(error, UnavailableError)
    assert (str(error), error.gone) == ("/a is not served: it was removed", True)


@pytest.mark.parametrize(
    "code",
    [
        *(errno.EACCES, errno.EPERM, errno.ELOOP, errno.ENAMETOOLONG),
        *(errno.EISDIR, errno.ENXIO, errno.ENODEV),
    ],
)
def test_a_file_that_cannot_be_opened_is_unavailable(code: int) -> None:
    error = classify_error("/a", OSError(code, os.strerror(code)))
    assert isinstance(error, UnavailableError)
    assert (error.reason, error.gone) == (os.strerror(code), False)
    assert str(error) == f"/a is not served: {os.strerror(code)}"


def test_an_error_without_a_text_is_described() -> None:
    error = OSError()
    error.errno = errno.EACCES
    assert str(classify_error("/a", error)) == "/a is not served: it cannot be opened"


@pytest.mark.parametrize(
    "code", [errno.EIO, errno.ESTALE, errno.EMFILE, errno.ENFILE, errno.ENOMEM, errno.EAGAIN]
)
def test_every_other_error_is_a_failure_of_the_system(code: int) -> None:
    error = classify_error("/a", OSError(code, os.strerror(code)))
    assert isinstance(error, FileSystemError)
    assert error.reason == os.strerror(code)
    assert str(error) == f"/a cannot be read now: {os.strerror(code)}"


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (OSError(5, "Input/output error"), "Input/output error"),
        (MemoryError(), os.strerror(errno.ENOMEM)),
        (RuntimeError("can't start new thread"), "can't start new thread"),
    ],
)
def test_a_reason_is_in_the_words_of_the_system(error: Exception, reason: str) -> None:
    assert reason_of(error) == reason
    assert FileSystemError("/a", error).reason == reason


def test_messages_stay_on_one_line() -> None:
    """A file name may contain line breaks."""
    assert str(UnavailableError("/a\nb", "reason")) == r"/a\nb is not served: reason"
    assert (
        str(BrokenBodyError("/a\nb", "the file was truncated"))
        == r"/a\nb was sent in part: the file was truncated"
    )


def test_making_an_error_logs_nothing(caplog: pytest.LogCaptureFixture) -> None:
    """An error may be handled, so only the code that sends a body logs it."""
    UnavailableError("/a", "reason")
    FileSystemError("/a", OSError(5, "Input/output error"))
    BrokenBodyError("/a", "reason")
    assert not caplog.records

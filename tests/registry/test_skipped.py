"""The warnings that name entries which are not served."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.helpers.registries import add
from whitenoise_async.files.errors import FileSystemError
from whitenoise_async.registry.entries import Fallback, NotFoundPage
from whitenoise_async.registry.interface import RegistryOptions
from whitenoise_async.registry.skipped import (
    SkippedEntries,
    warn_of_missing,
    warn_of_sensitive,
    warn_or_raise,
)
from whitenoise_async.registry.walked import WalkedRegistry


def test_a_warning_names_the_first_entries_and_counts_the_rest(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    for number in range(30):
        (tmp_path / f"{number}").symlink_to("nowhere")
    add(WalkedRegistry(RegistryOptions()), tmp_path)
    (record,) = caplog.records
    assert record.getMessage().count("dangling link") == 20
    assert record.getMessage().endswith("; 10 more")


@pytest.mark.parametrize(("number", "end"), [(20, "/19: odd"), (21, "/19: odd; 1 more")])
def test_one_warning_names_twenty_entries(
    caplog: pytest.LogCaptureFixture, number: int, end: str
) -> None:
    skipped = SkippedEntries()
    skipped.warn("/root")
    assert not caplog.messages
    for each in range(number):
        skipped.add(f"/root/{each}", "odd" if each else PermissionError(13, "Permission denied"))
    skipped.warn("/root")
    (message,) = caplog.messages
    start = f"Below /root, {number} not served: /root/0: Permission denied; /root/1: odd; "
    assert message.startswith(start)
    assert message.endswith(end)


def test_one_warning_names_the_sensitive_files_and_the_option_that_excludes_them(
    caplog: pytest.LogCaptureFixture,
) -> None:
    warn_of_sensitive({}, "/root")
    assert not caplog.messages
    warn_of_sensitive({"b/.env": ".env*", "a.key": "*.key", ".envrc": ".env*"}, "/root")
    assert caplog.messages == [
        "Files below /root are served, perhaps by mistake: .envrc; a.key; b/.env."
        " To leave them out, add to exclude (--exclude for a command): '*.key', '.env*'"
    ]


def test_an_entry_that_a_request_skips_is_named_once(caplog: pytest.LogCaptureFixture) -> None:
    for _ in range(2):
        warn_or_raise("/root/a", "odd")
    assert caplog.messages == ["/root/a is not served: odd"]


def test_a_missing_substitute_is_named_once(caplog: pytest.LogCaptureFixture) -> None:
    for kind, name in (
        *((NotFoundPage, "404.html"), (NotFoundPage, "404.html")),
        (Fallback, "app/index.html"),
    ):
        warn_of_missing(kind, name)
    advice = (
        "so missing pages get an ordinary 404. Create the file and restart the application, or"
        " correct the option"
    )
    assert caplog.messages == [
        f"No root contains 404.html, the value of not_found, {advice}",
        f"No root contains app/index.html, the value of fallback, {advice}",
    ]


def test_an_error_without_a_text_is_described(caplog: pytest.LogCaptureFixture) -> None:
    error = PermissionError()
    error.errno = 13
    warn_or_raise("/root/sub", error)
    assert caplog.messages == ["/root/sub is not served: it cannot be listed"]


def test_a_removed_entry_needs_no_warning_and_a_failed_disk_is_an_error(
    caplog: pytest.LogCaptureFixture,
) -> None:
    warn_or_raise("/root/sub", FileNotFoundError(2, "No such file or directory"))
    with pytest.raises(FileSystemError, match="/root/sub cannot be read now: Input/output error"):
        warn_or_raise("/root/sub", OSError(5, "Input/output error"))
    assert not caplog.records

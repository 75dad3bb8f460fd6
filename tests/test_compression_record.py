"""The record of what was made: it comes back as it was, and nothing in it is believed blindly."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest
from conftest import MTIME

from whitenoise_async.compression.record import JOURNAL, NAME, Entry, Made, Original, Record

ORIGINAL = Original(1000, MTIME * 10**9 + 123, "0" * 32)
MADE = Made(ORIGINAL.digest, "zlib 1, level 9", 500, "1" * 32)
NOT_WORTH = Made(ORIGINAL.digest, "brotli 1, level 11", 999, None)
SECOND = 10**9


def saved(root: Path, *names: str, since: int | None = None) -> Record:
    record = Record(str(root))
    record.begin()
    for name in names:
        record.add(name, ORIGINAL, "gzip", MADE)
        record.add(name, ORIGINAL, "br", NOT_WORTH)
    record.save(time.time_ns() if since is None else since)
    return Record(str(root))


def working_files(root: Path) -> list[str]:
    return sorted(name for name in os.listdir(root) if name.startswith(".whitenoise_async-"))


NAMES = [
    *("a.txt", "deep/down/a.txt", "é ✓.txt", "a b", "-rf", '"', "\\", "...", "..a/a..", ".a/b."),
    *("\n", "a\n", ".\n", "..\n", "a/.\n", "a/..\n", "\r\n", "\t", "\udcff\udc80.txt", "\x7f"),
]


@pytest.mark.parametrize("name", NAMES)
def test_whatever_a_file_is_called_is_read_as_it_was_written(tmp_path: Path, name: str) -> None:
    expected = {name: Entry(ORIGINAL, {"gzip": MADE, "br": NOT_WORTH})}
    assert saved(tmp_path, name).entries == expected
    assert working_files(tmp_path) == [NAME]


@pytest.mark.parametrize("name", NAMES)
def test_a_journal_is_read_as_it_was_written(tmp_path: Path, name: str) -> None:
    """The run was killed."""
    record = Record(str(tmp_path))
    record.begin()
    record.add(name, ORIGINAL, "gzip", MADE)
    assert Record(str(tmp_path)).entries == {name: Entry(ORIGINAL, {"gzip": MADE})}
    record.close()
    assert working_files(tmp_path) == [JOURNAL]


def test_a_journal_that_was_cut_off_is_read_and_written_on(tmp_path: Path) -> None:
    """By a run that is killed as well."""
    journal = tmp_path / JOURNAL
    for number, name in enumerate(("a", "b", "c")):
        record = Record(str(tmp_path))
        assert list(record.entries) == ["a", "b", "c"][:number]
        record.begin()
        record.add(name, ORIGINAL, "gzip", MADE)
        record.add("lost", ORIGINAL, "gzip", MADE)
        record.close()
        os.truncate(journal, journal.stat().st_size - 5)
    record = Record(str(tmp_path))
    assert list(record.entries) == ["a", "b", "c"]
    record.save(time.time_ns())
    assert working_files(tmp_path) == [NAME]

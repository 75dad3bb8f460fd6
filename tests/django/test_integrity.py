"""The integrity of collected files: computed once per hashed name, by threads and forks too."""

from __future__ import annotations

import base64
import gc
import hashlib
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.core.files.base import ContentFile
from django.core.files.storage import FileSystemStorage, InMemoryStorage

from tests.helpers.waiting import until
from whitenoise_async.django.integrity import FileIntegrity
from whitenoise_async.support.after_fork import reset_registered

NAME = "a.0123456789ab.js"
CONTENT = b"export default 1\n"


def expected(content: bytes) -> str:
    return "sha384-" + base64.b64encode(hashlib.sha384(content).digest()).decode()


class Counting(InMemoryStorage):  # type: ignore[misc]
    """Counts how often a file is opened, and may wait before that."""

    def __init__(self, before_open: Callable[[], object] = bool) -> None:
        super().__init__()
        self.opened: list[str] = []
        self.before_open = before_open

    def open(self, name: str, mode: str = "rb") -> Any:
        self.opened.append(name)
        self.before_open()
        return super().open(name, mode)


def test_the_value_is_that_of_the_bytes_in_the_storage() -> None:
    storage = Counting()
    large = b"0123456789" * 100_000  # several chunks
    storage.save(NAME, ContentFile(CONTENT))
    storage.save("large.js", ContentFile(large))
    integrity = FileIntegrity()
    for _ in range(2):
        assert integrity.value(storage, NAME) == expected(CONTENT)
        assert integrity.value(storage, "large.js") == expected(large)
    assert storage.opened == [NAME, "large.js"]


def test_storages_do_not_share_values() -> None:
    integrity = FileIntegrity()
    for content in (b"1", b"2"):
        storage = InMemoryStorage()
        storage.save(NAME, ContentFile(content))
        assert integrity.value(storage, NAME) == expected(content)


def test_values_of_a_storage_that_is_gone_are_forgotten() -> None:
    integrity = FileIntegrity()
    storage = InMemoryStorage()
    storage.save(NAME, ContentFile(CONTENT))
    integrity.value(storage, NAME)
    assert len(integrity) == 1
    del storage
    gc.collect()
    assert len(integrity) == 0


def test_threads_read_a_file_once() -> None:
    go_on = threading.Event()
    storage = Counting(go_on.wait)
    storage.save(NAME, ContentFile(CONTENT))
    integrity = FileIntegrity()
    values: list[str | None] = []
    threads = [
        threading.Thread(target=lambda: values.append(integrity.value(storage, NAME)))
        for _ in range(8)
    ]
    for thread in threads:
        thread.start()
    until(lambda: bool(storage.opened))
    go_on.set()
    for thread in threads:
        thread.join()
    assert values == [expected(CONTENT)] * 8
    assert storage.opened == [NAME]


def test_a_forked_process_does_not_wait_for_a_thread_of_its_parent() -> None:
    go_on = threading.Event()
    storage = Counting(go_on.wait)
    for name in (NAME, "b.js"):
        storage.save(name, ContentFile(CONTENT))
    integrity = FileIntegrity()
    thread = threading.Thread(target=lambda: integrity.value(storage, NAME))
    thread.start()
    until(lambda: bool(storage.opened))
    reset_registered()  # as in the child, where the thread does not run
    storage.before_open = bool
    assert integrity.value(storage, "b.js") == expected(CONTENT)
    go_on.set()
    thread.join()


def test_a_file_that_cannot_be_read_has_no_integrity_until_it_can(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    storage = FileSystemStorage(tmp_path)
    integrity = FileIntegrity()
    for _ in range(2):
        assert integrity.value(storage, NAME) is None
    (message,) = caplog.messages
    assert message.startswith(f"{NAME} has no integrity, because it cannot be read: ")
    assert "No such file" in message
    (tmp_path / NAME).write_bytes(CONTENT)
    assert integrity.value(storage, NAME) == expected(CONTENT)

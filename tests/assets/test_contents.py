"""The contents of files: digests and references, until the files change."""

from __future__ import annotations

import hashlib
import os
import threading
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, suppress
from pathlib import Path
from typing import Any

import pytest

from tests.helpers.assets import Fork, replace
from tests.helpers.files import write
from whitenoise_async.assets import contents as module
from whitenoise_async.assets import stylesheets
from whitenoise_async.assets.contents import ChangingError, Contents
from whitenoise_async.files.errors import UnavailableError
from whitenoise_async.files.open_file import OpenFile, open_file, open_in
from whitenoise_async.files.state import FileState, read_state
from whitenoise_async.registry.entries import StaticFile
from whitenoise_async.serving.long_work import LongWorkError, without_long_work

SHEET = b'@import "b.css";\n' * 3


@pytest.fixture
def reads(monkeypatch: pytest.MonkeyPatch) -> Counter[str]:
    """How often each file was opened, by its name."""
    count: Counter[str] = Counter()
    real = open_in

    def counted(root: str | None, path: str) -> OpenFile:
        count[os.path.basename(path)] += 1
        return real(root, path)

    monkeypatch.setattr(module, "open_in", counted)
    return count


def make(
    check_interval: float | None = 0, largest: int = 1000, charset: str | None = None
) -> Contents:
    return Contents(
        lambda path: "text/css" if path.endswith(".css") else "text/javascript",
        charset,
        check_interval,
        largest,
    )


def file_at(path: Path, **kwargs: Any) -> StaticFile:
    return StaticFile(str(path), f"/{path.name}", **kwargs)


def test_the_content_is_read_once_for_each_state(tmp_path: Path, reads: Counter[str]) -> None:
    path = write(tmp_path / "a.js", b"one")
    contents = make()
    for _ in range(3):
        assert contents.current(file_at(path)).digest == hashlib.sha256(b"one").digest()
    assert reads == {"a.js": 1}
    replace(path, b"two")
    for _ in range(3):
        assert contents.current(file_at(path)).digest == hashlib.sha256(b"two").digest()
    assert reads == {"a.js": 2}


@pytest.mark.parametrize(("interval", "stats"), [(0, 4), (1, 2), (None, 0)])
def test_a_file_is_checked_once_per_interval(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, interval: float | None, stats: int
) -> None:
    path = write(tmp_path / "a.js", b"one")
    now = 1000.0
    monkeypatch.setattr(module, "monotonic", lambda: now)
    checked = []

    def read(path: str) -> FileState:
        checked.append(path)
        return read_state(path)

    monkeypatch.setattr(module, "read_state", read)
    contents = make(interval)
    contents.current(file_at(path))
    for later in (0.5, 0.6, 0.6, 0.7):
        now += later
        contents.current(file_at(path))
    assert len(checked) == stats


def test_a_missing_file_is_unavailable_and_forgotten(tmp_path: Path) -> None:
    path = write(tmp_path / "a.js", b"one")
    contents = make()
    contents.current(file_at(path))
    path.unlink()
    for _ in range(2):
        with pytest.raises(UnavailableError) as caught:
            contents.current(file_at(path))
        assert caught.value.gone
    write(path, b"two")
    assert contents.current(file_at(path)).digest == hashlib.sha256(b"two").digest()


def test_a_folder_that_became_a_link_is_not_followed(tmp_path: Path) -> None:
    secret = write(tmp_path / "elsewhere" / "a.js", b"secret")
    root = tmp_path / "root"
    path = write(root / "sub" / "a.js", b"public")
    file = file_at(path, root=str(root))
    assert make().current(file).digest == hashlib.sha256(b"public").digest()
    path.unlink()
    path.parent.rmdir()
    path.parent.symlink_to(secret.parent)
    with pytest.raises(UnavailableError):
        make().current(file)


def test_the_references_of_a_style_sheet_are_found(tmp_path: Path) -> None:
    path = write(tmp_path / "a.css", SHEET)
    content = make().current(file_at(path))
    assert content.references is not None
    assert [each.url for each in content.references] == ["b.css"] * 3
    assert content.digest == hashlib.sha256(SHEET).digest()
    script = make().current(file_at(write(tmp_path / "a.js", SHEET)))
    assert (content.is_style_sheet, script.is_style_sheet) == (True, False)
    assert script.references is None


def test_a_large_style_sheet_is_not_rewritten_and_the_log_says_why(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    path = write(tmp_path / "a.css", SHEET)
    assert make(largest=len(SHEET)).current(file_at(path)).references
    assert make(largest=len(SHEET) - 1).current(file_at(path)).references is None
    assert caplog.messages == [
        f"URLs in {path} get no hashes: it has 51 bytes, more than max_cached_file_size, 50"
    ]


def test_a_style_sheet_that_cannot_be_tokenized_is_not_rewritten_and_the_log_says_why(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = write(tmp_path / "a.css", SHEET)

    def fail(text: str) -> Any:
        raise stylesheets.StyleSheetError("it is no style sheet")

    monkeypatch.setattr(stylesheets, "find_references", fail)
    assert make().current(file_at(path)).references is None
    assert caplog.messages == [f"URLs in {path} get no hashes: it is no style sheet"]


def test_the_declared_charset_counts(tmp_path: Path) -> None:
    contents = make(charset="latin1")
    assert contents.decode(b"\xe9") == ("é", "cp1252")
    assert make().decode("é".encode()) == ("é", "utf-8")


def test_a_file_that_is_written_while_it_is_read_is_read_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = write(tmp_path / "a.css", SHEET)
    changes = [SHEET + b"/* more */", b"/* less */", SHEET]
    on_read(monkeypatch, lambda: changes and path.write_bytes(changes.pop(0)))
    contents = make(None)
    for _ in range(2):
        assert contents.current(file_at(path)).digest == hashlib.sha256(SHEET).digest()
    assert not changes


def test_a_file_that_is_written_all_the_time_has_no_hash(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = write(tmp_path / "a.css", b"")
    on_read(monkeypatch, lambda: append(path))
    contents = make(None)
    append(path)
    with pytest.raises(ChangingError, match=r"a\.css is not served: it changes while it is read"):
        contents.current(file_at(path))
    monkeypatch.undo()
    assert contents.current(file_at(path)).digest == hashlib.sha256(path.read_bytes()).digest()


def append(path: Path) -> None:
    with path.open("ab") as file:
        file.write(b"more\n")


def on_read(monkeypatch: pytest.MonkeyPatch, act: Callable[[], object]) -> None:
    """Call ``act`` before each read of an open file."""
    read = OpenFile.read

    def acting(file: OpenFile, offset: int, size: int) -> bytes:
        act()
        return read(file, offset, size)

    monkeypatch.setattr(OpenFile, "read", acting)


def test_the_content_of_an_open_file_is_that_file_s(tmp_path: Path) -> None:
    path = write(tmp_path / "a.js", b"one")
    contents = make(None)
    with closing(open_file(str(path))) as opened:
        replace(path, b"two")
        assert contents.current(file_at(path)).digest == hashlib.sha256(b"two").digest()
        assert contents.of(file_at(path), opened).digest == hashlib.sha256(b"one").digest()


def test_a_long_digest_may_be_forbidden(tmp_path: Path) -> None:
    path = write(tmp_path / "a.js", bytes(1024 * 1024 + 1))
    contents = make()
    with pytest.raises(LongWorkError):
        without_long_work(lambda: contents.current(file_at(path)))
    digest = contents.current(file_at(path)).digest
    assert without_long_work(lambda: contents.current(file_at(path))).digest == digest


def test_threads_that_come_together_read_a_file_once(tmp_path: Path, reads: Counter[str]) -> None:
    paths = [write(tmp_path / f"{number}.css", SHEET) for number in range(5)]
    contents = make(None)
    together = threading.Barrier(8)

    def read(number: int) -> set[bytes]:
        together.wait()
        order = paths if number % 2 else paths[::-1]
        return {contents.current(file_at(path)).digest for path in order}

    with ThreadPoolExecutor(8) as pool:
        assert set.union(*pool.map(read, range(8))) == {hashlib.sha256(SHEET).digest()}
    assert reads == {path.name: 1 for path in paths}


def test_a_lock_that_a_thread_held_does_not_stop_a_forked_child(tmp_path: Path, fork: Fork) -> None:
    path = write(tmp_path / "a.js", b"one")
    contents = make()
    contents.current(file_at(path))
    taken, done = threading.Event(), threading.Event()

    def read(file: StaticFile, opened: OpenFile) -> Any:
        taken.set()
        done.wait()
        raise UnavailableError(file.path, "test")

    def hold() -> None:
        with suppress(UnavailableError):
            contents.current(file_at(path))

    replace(path, b"two")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(contents, "_read", read)
        thread = threading.Thread(target=hold)
        thread.start()
        taken.wait()
    try:
        assert fork(lambda: contents.current(file_at(path))) == 0
        contents.reset_after_fork()
        assert contents.current(file_at(path)).digest == hashlib.sha256(b"two").digest()
    finally:
        done.set()
        thread.join()

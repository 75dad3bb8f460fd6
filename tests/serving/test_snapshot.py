"""The snapshot of a file: its representations, and whether they are still current."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from tests.helpers.clients import Serve
from tests.helpers.files import write
from whitenoise_async.files.memory_file import MemoryFile
from whitenoise_async.files.state import FileState, read_state
from whitenoise_async.http.media_types import MediaTypes
from whitenoise_async.registry.entries import Fallback, NotFoundPage, StaticFile
from whitenoise_async.serving.etags import make_tag_source
from whitenoise_async.serving.file_headers import FileHeaders, Hook
from whitenoise_async.serving.open_variants import OpenVariants
from whitenoise_async.serving.snapshot import ServedFile, Snapshot

TEXT = b"some text, some text, some text, some text\n" * 20


@pytest.mark.parametrize("mtime", [4_000_000_000, -100])
def test_a_date_that_must_not_be_sent_is_not_sent(
    serve_checked: Serve, tmp_path: Path, mtime: int
) -> None:
    write(tmp_path / "a.txt", TEXT, mtime=mtime)
    get = serve_checked(tmp_path)
    reply = get("/a.txt")
    assert "last-modified" not in reply
    assert get("/a.txt", {"If-None-Match": reply["etag"]}).status == 304
    for field in ("If-Modified-Since", "If-Unmodified-Since"):
        assert get("/a.txt", {field: "Sun, 13 Sep 2020 12:26:40 GMT"}).status == 200


@pytest.fixture
def calls() -> list[str]:
    """The URLs for which hooks ran."""
    return []


@pytest.fixture
def headers(calls: list[str]) -> FileHeaders:
    hook = Hook("is_immutable_file", lambda file, url: calls.append(url))
    return FileHeaders(MediaTypes({}), "utf-8", [("X-A", "b")], hook, None)


def snapshot_of(served: ServedFile, headers: FileHeaders) -> Snapshot:
    with closing(OpenVariants(served.entry)) as variants:
        return served.take_snapshot(variants, headers, make_tag_source("mtime"))


def test_a_snapshot_describes_the_file_and_its_variants(
    tmp_path: Path, headers: FileHeaders
) -> None:
    path = write(tmp_path / "a.txt", TEXT, compressed=True)
    served = ServedFile(StaticFile(str(path), "/a.txt", (".gz",)))
    assert served.snapshot is None
    snapshot = snapshot_of(served, headers)
    assert served.snapshot is snapshot
    assert [each.coding for each in snapshot.representations] == ["identity", "gzip"]
    assert list(snapshot.contents) == ["identity", "gzip"]
    assert all(each.data is None for each in snapshot.contents.values())
    assert snapshot.check_after <= 0  # at once, unless the responder says otherwise
    assert snapshot.is_current()


@pytest.mark.parametrize(
    ("kind", "expected"), [(StaticFile, False), (Fallback, False), (NotFoundPage, True)]
)
def test_a_snapshot_knows_whether_it_is_the_page_for_missing_urls(
    tmp_path: Path, headers: FileHeaders, kind: type[StaticFile], expected: bool
) -> None:
    path = write(tmp_path / "a.html", TEXT)
    snapshot = snapshot_of(ServedFile(kind(str(path), "/a.html")), headers)
    assert snapshot.is_not_found_page is expected
    assert Snapshot(snapshot.representations).is_not_found_page is False


def test_a_forked_process_has_a_lock_of_its_own() -> None:
    served = ServedFile(StaticFile("/a.txt", "/a.txt"))
    before = served.lock
    served.reset_after_fork()
    assert served.lock is not before
    with served.lock, served.lock:  # the thread that holds it may take it again
        pass


def test_the_tags_come_from_the_source(tmp_path: Path, headers: FileHeaders) -> None:
    path = write(tmp_path / "a.txt", TEXT)
    asked = []

    def make_tag(path: str, url: str) -> str:
        asked.append((path, url))
        return "tag"

    served = ServedFile(StaticFile(str(path), "/a.txt"))
    sources: list[tuple[str | Callable[[str, str], object], bool]]
    sources = [(make_tag, True), ("content", False)]
    for etag, has_date in sources:
        with closing(OpenVariants(served.entry)) as variants:
            snapshot = served.take_snapshot(variants, headers, make_tag_source(etag))
        (only,) = snapshot.representations
        assert (only.last_modified is not None) is has_date
        expected = "tag" if has_date else hashlib.blake2b(TEXT, digest_size=16).hexdigest()
        assert only.etag == f'"{expected}"'
    assert asked == [(str(path), "/a.txt")]


def test_the_headers_are_made_once(tmp_path: Path, headers: FileHeaders, calls: list[str]) -> None:
    path = write(tmp_path / "a.txt", TEXT)
    served = ServedFile(StaticFile(str(path), "/a.txt"))
    assert served.known_headers is None
    for _ in range(2):
        snapshot_of(served, headers)
        assert ("X-A", "b") in served.headers(headers)
        assert served.headers(headers) is served.known_headers
    assert calls == ["/a.txt"]


@pytest.mark.parametrize("name", ["a.txt", "a.txt.gz", "a.txt.br"])
@pytest.mark.parametrize("is_removed", [False, True])
def test_a_snapshot_is_outdated_when_a_file_that_affects_the_response_changed(
    tmp_path: Path, headers: FileHeaders, name: str, is_removed: bool
) -> None:
    """A rejected variant may match later."""
    path = write(tmp_path / "a.txt", TEXT, compressed=True)
    write(tmp_path / "a.txt.br", b"")
    snapshot = snapshot_of(ServedFile(StaticFile(str(path), "/a.txt", (".gz", ".br"))), headers)
    assert snapshot.is_current()
    (tmp_path / name).unlink()
    if not is_removed:
        write(tmp_path / name, b"other")
    assert not snapshot.is_current()


def test_a_snapshot_is_outdated_when_its_future_date_has_come(
    tmp_path: Path, headers: FileHeaders, monkeypatch: pytest.MonkeyPatch
) -> None:
    """RFC 9110 §8.8.2.1: a date in the future is not sent."""
    path = write(tmp_path / "a.txt", TEXT, mtime=4_000_000_000)
    snapshot = snapshot_of(ServedFile(StaticFile(str(path), "/a.txt")), headers)
    assert snapshot.representations[0].last_modified is None
    assert snapshot.is_current()
    monkeypatch.setattr(FileState, "last_modified", lambda state: 4_000_000_000)
    assert snapshot.is_current() is False


def test_a_snapshot_of_a_file_with_a_constant_date_stays_current(
    tmp_path: Path, headers: FileHeaders
) -> None:
    """Such a date is never sent."""
    path = write(tmp_path / "a.txt", TEXT, mtime=1)
    snapshot = snapshot_of(ServedFile(StaticFile(str(path), "/a.txt")), headers)
    assert snapshot.representations[0].last_modified is None
    assert snapshot.is_current()


@pytest.mark.parametrize("changed", ["a.css", "a.css.gz", "x.png"])
def test_a_snapshot_of_content_in_memory_depends_on_the_files_on_the_disk(
    tmp_path: Path, headers: FileHeaders, changed: str
) -> None:
    path = write(tmp_path / "a.css", TEXT, compressed=True)
    image = write(tmp_path / "x.png", b"x")
    served = ServedFile(StaticFile(str(path), "/a.css", (".gz",)))
    with closing(OpenVariants(served.entry)) as variants:
        state = variants.files["identity"].state
        variants.others.append((str(image), read_state(str(image))))
        made = {"identity": b"rewritten", "br": b"coded"}
        variants.replace({name: MemoryFile(each, str(path), state) for name, each in made.items()})
        snapshot = served.take_snapshot(variants, headers, make_tag_source("mtime"))
    assert list(snapshot.contents) == list(made)
    for each in snapshot.representations:
        assert (each.size, each.last_modified) == (len(made[each.coding]), state.last_modified())
        assert ("Vary", "Accept-Encoding") in each.headers
    assert snapshot.is_current()
    (tmp_path / changed).write_bytes(b"changed")
    assert not snapshot.is_current()

"""Which files a store supplies, and when its list of releases is read."""

from __future__ import annotations

import json
import re
import threading
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from tests.helpers.waiting import until
from whitenoise_async.files.errors import FileSystemError, UnavailableError
from whitenoise_async.registry.entries import Absent, StoredContent, StoredFile, Unresolved
from whitenoise_async.releases import kept_files as module
from whitenoise_async.releases.kept_files import KeptFiles, KeptNames
from whitenoise_async.releases.reader import ManifestRead
from whitenoise_async.support.globs import Globs, compile_globs
from whitenoise_async.support.url_tests import UrlTest, searching

APP, OTHER = "/s/app.0123456789ab.js", "/s/other.0123456789ab.js"


class Reader:
    """A store whose list of releases is in memory."""

    name, root = "/store", "/store"

    def __init__(self) -> None:
        self.content: bytes | None = None
        self.reads = 0
        self.go_on = threading.Event()
        self.go_on.set()
        self.error: Exception | None = None

    def publish(self, **digests: str) -> None:
        files = {
            f"{name}.0123456789ab.js{suffix}": {"digest": digest, "size": 3, "releases": [1]}
            | {"hashed": True}
            for name, digest in digests.items()
            for suffix in ("", ".gz")
        }
        files["index.html"] = {"digest": "0", "size": 1, "releases": [1]}
        releases = [{"number": 1, "published": 1}]
        content = {"tool": "whitenoise_async", "format": 1, "releases": releases}
        self.content = json.dumps({**content, "pending": [], "files": files}).encode()

    def read_manifest(self, revision: object) -> ManifestRead | None:
        self.reads += 1
        assert self.go_on.wait(60)
        if self.error is not None:
            raise self.error
        return None if revision == self.content else ManifestRead(self.content, self.content)

    def path_of(self, below: str) -> str:
        return f"{self.name}/{below}"

    def open(self, path: str, content: StoredContent) -> Any:
        raise NotImplementedError

    reopen = open


class Clock:
    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    found = Clock()
    monkeypatch.setattr(module, "monotonic", found)
    return found


@pytest.fixture
def reader() -> Reader:
    return Reader()


def kept_by(
    reader: Reader, interval: float | None = 10, exclude: Globs | None = None, test: Any = None
) -> KeptFiles:
    names = KeptNames("/s/", exclude, test or searching(re.compile(r"\.[0-9a-f]{12}\.\w+$")))
    return KeptFiles(reader, names, interval)


def test_the_list_is_read_at_the_first_request_that_needs_it(reader: Reader, clock: Clock) -> None:
    reader.publish(app="a1")
    kept = kept_by(reader)
    assert kept.find_nowait("/other/app.0123456789ab.js") is None
    assert kept.find_nowait("/s/app.js") is None
    assert kept.find("/s/index.html") is None
    assert reader.reads == 0
    assert kept.find_nowait(APP) == Unresolved(APP)
    found = kept.find(APP)
    assert isinstance(found, StoredFile)
    assert found is kept.find_nowait(APP) is kept.find(APP) is kept.known(APP)
    assert (found.path, found.url, found.suffixes) == ("/store/app.0123456789ab.js", APP, (".gz",))
    assert (found.root, found.below) == ("/store", "")
    assert found.content_at(f"{found.path}.gz") == StoredContent("a1", 3)
    assert kept.known(OTHER) is None
    assert reader.reads == 1


@pytest.mark.parametrize(
    ("interval", "reads"), [(10, [1, 1, 2]), (0, [1, 2, 3]), (None, [1, 1, 1])]
)
def test_the_list_is_read_again_after_the_interval_if_a_name_is_not_in_it(
    reader: Reader, clock: Clock, interval: float | None, reads: list[int]
) -> None:
    reader.publish(app="a1")
    kept = kept_by(reader, interval)
    seen = []
    for now in (1000, 1009.9, 1010.1):
        clock.now = now
        assert kept.find(OTHER) == Absent(OTHER)
        seen.append(reader.reads)
        assert isinstance(kept.find(APP), StoredFile)
    assert seen == reads


def test_a_file_that_stays_keeps_its_entry(reader: Reader, clock: Clock) -> None:
    reader.publish(app="a1", old="o1")
    kept = kept_by(reader, 0)
    app, old = kept.find(APP), kept.find("/s/old.0123456789ab.js")
    assert isinstance(old, StoredFile)
    reader.publish(app="a1", old="o2", other="b")
    other = kept.find(OTHER)
    assert isinstance(other, StoredFile)
    assert kept.find(APP) is app
    new = kept.find(old.url)
    assert isinstance(new, StoredFile)
    assert new is not old
    reader.publish(app="a1")
    assert isinstance(kept.find("/s/x.0123456789ab.js"), Absent)
    assert isinstance(kept.find(OTHER), Absent)


def test_a_digest_that_could_not_be_an_etag_is_left_out(reader: Reader, clock: Clock) -> None:
    reader.publish(app='"\r\nX: 1')
    assert kept_by(reader).find(APP) == Absent(APP)


def test_excluded_names_are_left_out(reader: Reader, clock: Clock) -> None:
    reader.publish(app="a1", other="b")
    kept = kept_by(reader, exclude=compile_globs("exclude", ["/app.*"]))
    assert kept.find(APP) == Absent(APP)
    assert isinstance(kept.find(OTHER), StoredFile)


@pytest.mark.parametrize(("interval", "pause"), [(10, 10), (0, 0), (None, 1)])
def test_after_a_failure_the_list_is_read_again_later(
    reader: Reader, clock: Clock, interval: float | None, pause: float
) -> None:
    reader.publish(app="a1")
    kept = kept_by(reader, interval)
    reader.error = FileSystemError("/store", OSError("it fails"))
    for _ in range(3):
        with pytest.raises(FileSystemError, match="it fails"):
            kept.find(APP)
        assert kept.find_nowait(APP) == Unresolved(APP)
    assert reader.reads == (1 if pause else 3)
    clock.now += pause
    reader.error = None
    assert isinstance(kept.find(APP), StoredFile)


@pytest.mark.parametrize(
    "error", [UnavailableError("/store/releases.json", "Permission denied"), None]
)
def test_every_failure_is_one_of_the_system(
    reader: Reader, clock: Clock, error: Exception | None
) -> None:
    reader.error, reader.content = error, b"["
    with pytest.raises(FileSystemError, match=r"^/store/releases\.json is not "):
        kept_by(reader).find(APP)


def test_known_files_are_found_although_the_list_cannot_be_read(
    reader: Reader, clock: Clock
) -> None:
    reader.publish(app="a1")
    kept = kept_by(reader, 0)
    app = kept.find(APP)
    reader.error = FileSystemError("/store", OSError("it fails"))
    with pytest.raises(FileSystemError):
        kept.find(OTHER)
    assert kept.find(APP) is app
    reader.error = None
    reader.content = None  # the folder is not there for a moment
    assert kept.find(OTHER) == Absent(OTHER)
    assert kept.find(APP) is app


def test_a_name_that_is_not_certainly_hashed_is_left_to_the_application(
    reader: Reader, clock: Clock
) -> None:
    reader.publish(app="a1")
    test = UrlTest(is_hashed=lambda url: False, may_be_hashed=lambda url: url.endswith(".js"))
    kept = kept_by(reader, test=test)
    assert kept.find(OTHER) is None
    assert kept.find_nowait(OTHER) is None
    assert isinstance(kept.find(APP), StoredFile)
    reader.error = FileSystemError("/store", OSError("it fails"))
    assert kept_by(reader, test=test).find(OTHER) is None


def test_one_request_reads_and_others_wait(reader: Reader) -> None:
    reader.publish(app="a1")
    kept = kept_by(reader)
    reader.go_on.clear()
    with ThreadPoolExecutor(4) as threads:
        found = [threads.submit(kept.find, APP) for _ in range(4)]
        until(lambda: reader.reads == 1)
        reader.go_on.set()
        assert len({each.result() for each in found}) == 1
    assert reader.reads == 1


def test_a_request_does_not_wait_long_for_a_store_that_hangs(
    reader: Reader, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert module._PATIENCE == 0.5
    monkeypatch.setattr(module, "_PATIENCE", 0.01)
    reader.publish(app="a1")
    kept = kept_by(reader)
    reader.go_on.clear()
    with ThreadPoolExecutor(1) as threads:
        first = threads.submit(kept.find, APP)
        until(lambda: reader.reads == 1)
        with pytest.raises(FileSystemError, match="it takes too long to answer"):
            kept.find(OTHER)
        reader.go_on.set()
        assert isinstance(first.result(), StoredFile)


def test_a_forked_process_has_a_lock_of_its_own(reader: Reader, clock: Clock) -> None:
    reader.publish(app="a1")
    kept = kept_by(reader)
    kept._reading.acquire()
    kept.reset_after_fork()
    assert isinstance(kept.find(APP), StoredFile)

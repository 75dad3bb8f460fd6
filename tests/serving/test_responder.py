"""The responder: from an entry and a request to a reply, from caches or from the disk."""

from __future__ import annotations

import gzip
import os
import resource
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, suppress
from pathlib import Path
from typing import Any

import pytest

from tests.helpers.clients import ADAPTERS, Fields, Serve, client_of, environ_of, make_call
from tests.helpers.descriptors import descriptors_of
from tests.helpers.files import MTIME, write
from tests.helpers.registries import add
from tests.helpers.unprivileged_scripts import run_as_nobody
from whitenoise_async.files.errors import FileSystemError
from whitenoise_async.files.memory_file import MemoryFile
from whitenoise_async.files.open_file import OpenFile, open_file
from whitenoise_async.http.media_types import MediaTypes
from whitenoise_async.registry.entries import (
    Entry,
    HashedFile,
    NotFoundPage,
    StaticFile,
    Unresolved,
)
from whitenoise_async.registry.interface import RegistryOptions
from whitenoise_async.registry.walked import WalkedRegistry
from whitenoise_async.serving import content_cache, descriptor_cache, response_cache
from whitenoise_async.serving import responder as responder_module
from whitenoise_async.serving.body_plan import BodyPlan
from whitenoise_async.serving.etags import make_tag_source
from whitenoise_async.serving.file_headers import FileHeaders, Hook
from whitenoise_async.serving.open_variants import OpenVariants
from whitenoise_async.serving.responder import FileRequest, Limits, Reply, Responder
from whitenoise_async.serving.snapshot import Snapshot
from whitenoise_async.serving.source import WrongHashError
from whitenoise_async.support.globs import FirstMatch
from whitenoise_async.wsgi.environ import WSGIFormat, relevant_headers

pytestmark = pytest.mark.usefixtures("max_open", "no_descriptor_left")

GZIP = {"Accept-Encoding": "gzip"}
TEXT = b"some text, some text, some text, some text\n" * 20


def replace(path: Path, content: bytes, **kwargs: Any) -> None:
    """Replace a file atomically, as careful deployments do."""
    write(path.with_name("new"), content, **kwargs).replace(path)


@pytest.mark.parametrize("content", [TEXT, bytes(300_000)], ids=["small", "streamed"])
@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_the_response_for_a_replaced_file_describes_the_new_one(
    serve_checked: Serve, tmp_path: Path, content: bytes, method: str
) -> None:
    path = write(tmp_path / "a.txt", content)
    get = serve_checked(tmp_path)
    old = get("/a.txt", method=method)
    for new in (content + b"longer", content[:-9], content[::-1]):
        replace(path, new, mtime=1_500_000_000 + len(new))
        reply = get("/a.txt", method=method)
        assert reply["content-length"] == str(len(new))
        assert reply["etag"] != old["etag"]
        assert reply.body == (new if method == "GET" else b"")
        assert get("/a.txt", {"If-None-Match": old["etag"]}).status == 200
        assert get("/a.txt", {"If-None-Match": reply["etag"]}).status == 304
        assert get("/a.txt", {"Range": "bytes=0-0"})["content-range"] == f"bytes 0-0/{len(new)}"
        ranged = get("/a.txt", {"Range": "bytes=0-0", "If-Range": old["etag"]})
        assert (ranged.status, ranged.body) == (200, new)
        old = reply


@pytest.mark.parametrize("with_variant", [False, True])
@pytest.mark.parametrize("fields", [{}, GZIP, {"If-None-Match": "*"}], ids=["plain", "gzip", "304"])
def test_the_application_responds_for_a_removed_file(
    serve_checked: Serve, tmp_path: Path, with_variant: bool, fields: dict[str, str]
) -> None:
    path = write(tmp_path / "docs" / "index.html", TEXT, compressed=with_variant)
    get = serve_checked(tmp_path, index_file=True)
    for was_requested in (False, True):
        if was_requested:
            assert get("/docs/", fields).status in (200, 304)
        path.unlink()
        for url in ("/docs", "/docs/", "/docs/index.html"):
            assert get(url, fields).status == 404
        write(path, TEXT)


def test_a_file_is_removed_if_its_directory_became_a_file(
    serve_checked: Serve, tmp_path: Path
) -> None:
    write(tmp_path / "d" / "a.txt", TEXT)
    get = serve_checked(tmp_path)
    (tmp_path / "d").rename(tmp_path / "e")
    write(tmp_path / "d", b"")
    assert get("/d/a.txt").status == 404


@pytest.mark.parametrize(
    "make",
    [
        os.mkfifo,
        lambda path: path.mkdir(),
        lambda path: path.symlink_to(path),
        lambda path: path.symlink_to("/dev/zero"),
    ],
    ids=["FIFO", "directory", "loop", "device"],
)
def test_the_application_responds_for_a_file_that_is_no_longer_regular_and_the_log_names_it_once(
    serve_checked: Serve, tmp_path: Path, caplog: pytest.LogCaptureFixture, make: Any
) -> None:
    path = write(tmp_path / "a.txt", TEXT)
    get = serve_checked(tmp_path)
    assert get("/a.txt").status == 200
    path.unlink()
    make(path)
    assert [get("/a.txt").status, get("/a.txt").status] == [404, 404]
    (record,) = caplog.records
    assert record.getMessage().startswith(f"{path} is not served: ")


def test_the_application_responds_for_a_path_that_is_too_long_and_the_log_names_it_once(
    serve_checked: Serve, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """The files of a folder that can be listed may have paths that are too long."""
    folder, part, name = tmp_path, "d" * 200, "f" * 255
    longest = os.pathconf(tmp_path, "PC_PATH_MAX") - 1
    while len(str(folder / part)) <= longest:
        folder /= part
        folder.mkdir()
    descriptor = os.open(folder, os.O_RDONLY)
    os.close(os.open(name, os.O_CREAT | os.O_WRONLY, dir_fd=descriptor))
    os.close(descriptor)
    url = f"/{(folder / name).relative_to(tmp_path)}"
    get = serve_checked(tmp_path)
    assert [get(url).status, get(url).status] == [404, 404]
    assert caplog.messages == [f"{folder / name} is not served: File name too long"]


def test_the_application_responds_for_an_unreadable_file_and_the_log_names_it_once(
    public_path: Path,
) -> None:
    unreadable = write(public_path / "a.txt", TEXT)
    unreadable.chmod(0)
    write(public_path / "b.txt", TEXT)
    write(public_path / "b.txt.gz", gzip.compress(TEXT)).chmod(0)
    output = run_as_nobody(f"""
        logging.basicConfig(format="%(message)s", stream=sys.stdout)
        get = client_of("wsgi")(whitenoise_async.WhiteNoise(None, {str(public_path)!r}))
        for _ in range(2):
            print(get("/a.txt").status)
            print("vary" in get("/b.txt", {GZIP!r}))
    """)
    assert output.splitlines() == [
        f"{unreadable} is not served: Permission denied",
        "404",
        f"{public_path}/b.txt.gz is not served: Permission denied",
        "False",
        "404",
        "False",
    ]


def test_every_method_notices_that_a_file_became_unreadable(
    public_path: Path,
) -> None:
    path = write(public_path / "a.txt", TEXT)
    path.chmod(0o666)
    public_path.chmod(0o777)
    output = run_as_nobody(f"""
        logging.disable()
        app = whitenoise_async.WhiteNoise(None, {str(public_path)!r}, check_interval=0)
        get = client_of("wsgi")(app)
        print(get("/a.txt").status)
        # Only the owner may change the mode, so replace the file by a copy with its date.
        os.rename({str(path)!r}, {str(path)!r} + ".old")
        import shutil
        shutil.copy2({str(path)!r} + ".old", {str(path)!r})
        os.chmod({str(path)!r}, 0)
        for method in ("GET", "HEAD", "OPTIONS"):
            print(get("/a.txt", method=method).status)
        print(get("/a.txt", {{"If-None-Match": "*"}}).status)
    """)
    assert output.split() == ["200", "404", "404", "404", "404"]


@pytest.fixture
def no_descriptors() -> Iterator[Any]:
    """Two functions: open all descriptors that the process may have, and close them."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    held: list[int] = []

    def use_up() -> None:
        resource.setrlimit(resource.RLIMIT_NOFILE, (128, hard))
        with suppress(OSError):
            while len(held) < 1000:
                held.append(os.dup(0))
        assert len(held) < 128

    def close_all() -> None:
        while held:
            os.close(held.pop())
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))

    yield use_up, close_all
    close_all()


def test_without_descriptors_a_file_that_must_be_checked_is_a_503(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, no_descriptors: Any
) -> None:
    """Only WSGI: an event loop could not start."""
    use_up, close_all = no_descriptors
    path = write(tmp_path / "a.txt", TEXT, compressed=True)
    get = client_of("wsgi")(ADAPTERS["wsgi"](None, tmp_path, check_interval=0))
    use_up()
    reply = get("/a.txt", GZIP)
    close_all()
    assert reply.status == 503
    assert (reply["retry-after"], reply["cache-control"]) == ("1", "no-store")
    assert f"{path} cannot be read now: Too many open files" in caplog.text
    assert get("/a.txt", GZIP).status == 200
    use_up()
    from_memory = get("/a.txt", GZIP)
    close_all()
    assert from_memory.status == 200


def test_without_descriptors_a_file_that_is_not_in_memory_is_a_503(
    tmp_path: Path, no_descriptors: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    use_up, close_all = no_descriptors
    monkeypatch.setattr(descriptor_cache, "MAX_OPEN", 0)
    write(tmp_path / "a.txt", TEXT, compressed=True)
    get = client_of("wsgi")(ADAPTERS["wsgi"](None, tmp_path, max_cache_size=0))
    assert get("/a.txt", GZIP).status == 200
    use_up()
    assert get("/a.txt", GZIP).status == 503
    close_all()


URL = "/a.txt"
LARGE = bytes(range(256)) * 1000
RANGES = {"Range": "bytes=0-3,8-9"}


class Disk:
    """A source of files that are sent as they are on the disk."""

    def open(self, entry: StaticFile) -> OpenVariants:
        return OpenVariants(entry)

    def reopen(self, entry: StaticFile, path: str) -> OpenFile:
        return open_file(path)

    def verified(self, file: HashedFile) -> HashedFile:
        raise WrongHashError(file)


class Site:
    """A responder for the files below a root."""

    def __init__(
        self,
        root: Path,
        check_interval: float | None = None,
        source: Disk | None = None,
        **limits: Any,
    ) -> None:
        self.hooks: list[str] = []
        options = RegistryOptions("index.html", substitutes={NotFoundPage: "404.html"})
        self._registry = WalkedRegistry(options)
        add(self._registry, root)
        sizes = {"max_cached_file_size": 1000, "max_cache_size": 10_000, **limits}
        self.responder = Responder(
            self._registry,
            source or Disk(),
            FileHeaders(
                MediaTypes({}),
                None,
                [("Access-Control-Allow-Origin", "*")],
                Hook("is_immutable_file", lambda file, url: self.hooks.append(url)),
                lambda headers, path, url: headers.add_header("Timing-Allow-Origin", "*"),
                FirstMatch[int | None](None, {"/docs/*.html": 5}),
            ),
            make_tag_source("mtime"),
            WSGIFormat(),
            Limits(check_interval, keep_descriptors=sizes.pop("keep_descriptors", True), **sizes),
        )

    def add(self, root: Path) -> None:
        """Add a root, as ``add_files`` does."""
        add(self._registry, root)
        self.responder.forget_replaced()

    def entry(self, url: str = URL) -> Entry:
        entry = self._registry.look_up(url)
        assert entry is not None
        return entry

    def request(self, fields: Fields = (), method: str = "GET", url: str = URL) -> FileRequest:
        raw = relevant_headers(environ_of(make_call(url, fields, method)))
        return FileRequest(self.entry(url), method, raw, url, "")

    def reply(self, *args: Any, **kwargs: Any) -> bytes | None:
        """The body, read from the disk; ``None`` if there is no file."""
        return body_of(self.responder.reply(self.request(*args, **kwargs)))

    def reply_nowait(self, *args: Any, **kwargs: Any) -> bytes | None:
        """The body from the caches; ``None`` if they do not have it."""
        request = self.request(*args, **kwargs)
        assert not isinstance(request.entry, Unresolved)
        return body_of(self.responder.reply_nowait(request.entry, request.method, request.raw))

    def reply_from_memory(self, *args: Any, **kwargs: Any) -> bytes | None:
        """The body from memory; ``None`` if it is not there."""
        return body_of(self.responder.reply_from_memory(self.request(*args, **kwargs)))


def body_of(reply: Reply[Any] | None) -> bytes | None:
    if reply is None:
        return None
    response, body, file = reply
    if file is None:
        assert body is not None
        return body
    with closing(file):
        return response.plan.read(file)


def fail_to_join(plan: BodyPlan, data: bytes) -> bytes:
    raise MemoryError


def fail_to_read(*read: int) -> bytes:
    raise OSError(5, "Input/output error")


def test_a_reply_without_waiting_needs_a_file_that_was_checked(tmp_path: Path) -> None:
    write(tmp_path / "a.txt", TEXT)
    site = Site(tmp_path)
    assert site.reply_nowait() is None
    assert site.reply() == TEXT
    assert site.reply_nowait() == TEXT
    assert site.reply_nowait(method="HEAD") == b""
    assert site.reply_nowait({"Range": "bytes=5-9"}) == TEXT[5:10]
    assert len(site.responder.response_cache) == 3
    assert (len(site.responder.content_cache), site.responder.content_cache.size) == (1, len(TEXT))


def test_a_reply_without_waiting_needs_a_check_within_the_interval(tmp_path: Path) -> None:
    write(tmp_path / "a.txt", TEXT)
    site = Site(tmp_path, check_interval=0)
    assert site.reply() == site.reply() == TEXT
    assert site.reply_nowait() is None
    assert site.reply_from_memory() == TEXT


def test_a_file_is_checked_again_when_the_interval_is_over(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = 1000.0
    monkeypatch.setattr(responder_module, "monotonic", lambda: now)
    path = write(tmp_path / "a.txt", TEXT)
    site = Site(tmp_path, check_interval=10)
    assert site.reply() == TEXT
    replace(path, TEXT[::-1])
    now = 1009.9
    assert site.reply_nowait() == site.reply() == TEXT
    now = 1010
    for later in (1019.9, 1029.9):
        assert site.reply_nowait() is None
        assert site.reply() == TEXT[::-1]
        now = later
        assert site.reply_nowait() == TEXT[::-1]
        now = later + 0.1
    assert site.reply_nowait() is None


@pytest.mark.parametrize("content", [TEXT, LARGE], ids=["small", "large"])
def test_an_unchanged_file_keeps_its_response_after_a_check(tmp_path: Path, content: bytes) -> None:
    write(tmp_path / "a.txt", content)
    site = Site(tmp_path, check_interval=0)
    replies = [site.responder.reply(site.request()) for _ in range(2)]
    assert [body_of(reply) for reply in replies] == [content] * 2
    first, second = [reply[0] for reply in replies if reply is not None]
    assert first is second


def test_a_small_file_is_not_read_again_after_a_check(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(tmp_path / "a.txt", TEXT)
    site = Site(tmp_path, check_interval=0)
    assert site.reply() == TEXT
    monkeypatch.setattr("whitenoise_async.files.open_file.read_at", fail_to_read)
    assert site.reply() == TEXT


@pytest.mark.parametrize("fields", [{}, {"Range": "bytes=5-9"}], ids=["whole", "range"])
def test_a_large_file_that_is_kept_open_is_served_without_waiting(
    tmp_path: Path, fields: Any
) -> None:
    path = write(tmp_path / "a.txt", LARGE)
    with closing(open_file(str(path))) as file:
        can_be_kept = file.supports_nowait and descriptor_cache.MAX_OPEN > 0
    site = Site(tmp_path)
    body = LARGE[5:10] if fields else LARGE
    assert site.reply(fields) == body
    assert site.reply_nowait(fields) == (body if can_be_kept else None)


@pytest.mark.parametrize("fields", [{}, {"Range": "bytes=5-9"}], ids=["whole", "range"])
@pytest.mark.parametrize("reply", [Site.reply, Site.reply_nowait])
def test_the_least_recently_used_content_is_dropped(
    tmp_path: Path, fields: Any, reply: Callable[..., bytes | None]
) -> None:
    for name in "abc":
        write(tmp_path / f"{name}.txt", TEXT)
    site = Site(tmp_path, max_cache_size=2 * len(TEXT))
    site.reply(url="/a.txt")
    site.reply(url="/b.txt")
    assert reply(site, fields, url="/a.txt")
    site.reply(url="/c.txt")
    assert site.reply_from_memory(url="/a.txt") == TEXT
    assert site.reply_from_memory(url="/b.txt") is None


@pytest.mark.parametrize("content", [TEXT, LARGE], ids=["small", "large"])
def test_a_request_without_a_body_reads_and_keeps_no_content(
    tmp_path: Path, content: bytes
) -> None:
    write(tmp_path / "a.txt", content)
    site = Site(tmp_path, check_interval=0)
    for _ in range(2):
        reply = site.responder.reply(site.request(method="HEAD"))
        assert reply is not None
        assert reply[1:] == (b"", None)
    assert len(site.responder.content_cache) == len(site.responder.descriptor_cache) == 0


def test_an_empty_file_is_kept_in_memory(tmp_path: Path) -> None:
    write(tmp_path / "a.txt", b"")
    site = Site(tmp_path)
    assert site.reply() == site.reply_from_memory() == b""
    assert len(site.responder.content_cache) == 1


@pytest.mark.parametrize("content", [b"", b"x"])
@pytest.mark.parametrize(
    "limits", [{"max_cache_size": 0}, {"max_cached_file_size": 0}, {"keep_anything": False}]
)
def test_without_a_cache_not_even_the_content_of_an_empty_file_is_kept(
    tmp_path: Path, content: bytes, limits: Any
) -> None:
    write(tmp_path / "a.txt", content)
    site = Site(tmp_path, **limits)
    reply = site.responder.reply(site.request())
    assert reply is not None
    assert content or reply[1:] == (b"", None)
    assert body_of(reply) == content
    assert len(site.responder.content_cache) == 0


@pytest.mark.parametrize("content", [TEXT, LARGE], ids=["small", "large"])
def test_nothing_is_kept_or_logged_of_a_file_that_was_removed(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, content: bytes
) -> None:
    path = write(tmp_path / "a.txt", content)
    site = Site(tmp_path, check_interval=0)
    assert site.reply() == content
    path.unlink()
    assert site.reply() is None
    assert len(site.responder.content_cache) == 0
    assert descriptors_of(path) == []
    assert caplog.messages == []


def test_a_redirect_needs_the_disk(tmp_path: Path) -> None:
    path = write(tmp_path / "index.html", TEXT)
    site = Site(tmp_path)
    for _ in range(2):
        assert site.reply_nowait(url="/index.html") is None
        reply = site.responder.reply(site.request(url="/index.html"))
        assert reply is not None
        assert ("Location", "./") in reply[0].headers
        assert ("Timing-Allow-Origin", "*") in reply[0].headers
        assert site.reply_nowait(url="/") is site.reply_from_memory(url="/") is None
    path.unlink()
    assert site.reply(url="/index.html") is None


def test_a_redirect_that_adds_a_slash_keeps_the_query(tmp_path: Path) -> None:
    write(tmp_path / "docs" / "index.html", TEXT)
    site = Site(tmp_path)
    request = site.request(url="/docs")._replace(query="a=1")
    reply = site.responder.reply(request)
    assert reply is not None
    assert ("Location", "docs/?a=1") in reply[0].headers
    other = site.responder.reply(request._replace(method="POST"))
    assert other is not None
    assert other[0].status == 405


def test_a_multipart_body_for_which_memory_is_lacking_is_not_replied_from_memory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    path = write(tmp_path / "a.txt", TEXT)
    site = Site(tmp_path)
    assert site.reply() == TEXT
    assert site.reply_from_memory(RANGES) == site.reply_nowait(RANGES) == site.reply(RANGES)
    with monkeypatch.context() as patch:
        patch.setattr(BodyPlan, "slice", fail_to_join)
        assert site.reply_nowait(RANGES) is None
        assert site.reply_from_memory(RANGES) is None
        reply = site.responder.reply(site.request(RANGES))
    assert reply is not None
    assert reply[0].status == 503
    assert caplog.messages == [f"{path} cannot be read now: Cannot allocate memory"]


def test_an_unresolved_url_leads_to_the_response_of_its_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    path = write(tmp_path / "a.txt", TEXT)
    site = Site(tmp_path)
    request = site.request(RANGES)._replace(entry=Unresolved(URL))
    assert body_of(site.responder.reply(request)) == site.reply(RANGES)
    assert site.responder.reply(request._replace(entry=Unresolved("/none"))) is None
    monkeypatch.setattr(BodyPlan, "slice", fail_to_join)
    reply = site.responder.reply(request)
    assert reply is not None
    assert reply[0].status == 503
    assert ("Timing-Allow-Origin", "*") in reply[0].headers
    assert caplog.messages == [f"{path} cannot be read now: Cannot allocate memory"]


def test_an_unresolved_substitute_is_sent_for_a_missing_url(tmp_path: Path) -> None:
    write(tmp_path / "a.txt", TEXT)
    site = Site(tmp_path)
    request = FileRequest(Unresolved(URL, NotFoundPage), "GET", (None,) * 7, URL, "")
    assert site.responder.reply(request) is None
    write(tmp_path / "404.html", TEXT[::-1])
    site = Site(tmp_path)
    reply = site.responder.reply(request)
    assert reply is not None
    assert reply[0].status == 404
    assert body_of(reply) == TEXT[::-1]


def test_a_reply_comes_from_the_disk_if_the_caches_have_none(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(tmp_path / "a.txt", TEXT)
    site = Site(tmp_path)
    request = site.request()
    assert body_of(site.responder.reply_from_caches_or_disk(request)) == TEXT
    monkeypatch.setattr(Responder, "reply", None)
    assert body_of(site.responder.reply_from_caches_or_disk(request)) == TEXT


def test_a_redirect_may_be_cached_as_long_as_its_file(tmp_path: Path) -> None:
    for folder in ("docs", "other"):
        write(tmp_path / folder / "index.html", TEXT)
    site = Site(tmp_path)
    for url, expected in [("/docs", ["max-age=5, public"]), ("/other", [])]:
        reply = site.responder.reply(site.request(url=url))
        assert reply is not None
        assert reply[0].status == 302
        assert [value for name, value in reply[0].headers if name == "Cache-Control"] == expected


def test_a_reply_from_memory_needs_the_content(tmp_path: Path) -> None:
    write(tmp_path / "a.txt", LARGE)
    site = Site(tmp_path)
    assert site.reply_from_memory() is None
    assert site.reply() == LARGE
    assert site.reply_from_memory() is None
    assert site.reply_from_memory(method="HEAD") == b""


def test_a_503_has_the_access_headers_and_runs_no_hook(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    write(tmp_path / "a.txt", TEXT)
    site = Site(tmp_path)
    request, error = site.request(), FileSystemError("/a", OSError(5, "Input/output error"))
    shared = ("Access-Control-Allow-Origin", "*")
    for was_requested in (False, True):
        response, body, file = site.responder.reply_unavailable(request, error)
        assert (response.status, body, file) == (503, b"", None)
        assert shared in response.headers
        assert (("Timing-Allow-Origin", "*") in response.headers) is was_requested
        assert site.hooks == [URL] * was_requested
        site.reply()
    assert caplog.messages == ["/a cannot be read now: Input/output error"]


def test_a_503_for_an_unresolved_url_has_the_shared_headers(tmp_path: Path) -> None:
    site = Site(tmp_path)
    request = FileRequest(Unresolved(URL), "GET", (), URL, "")
    error = FileSystemError(request.label, MemoryError())
    response, _, _ = site.responder.reply_unavailable(request, error)
    assert ("Access-Control-Allow-Origin", "*") in response.headers


@pytest.mark.parametrize("url", ["/docs", "/docs/", "/docs/index.html"])
def test_a_503_for_an_index_file_has_its_access_headers_and_its_path(
    tmp_path: Path, url: str
) -> None:
    path = write(tmp_path / "docs" / "index.html", TEXT)
    site = Site(tmp_path)
    site.reply(url="/docs/")
    request = site.request(url=url)
    assert request.label == str(path)
    error = FileSystemError(request.label, MemoryError())
    response, _, _ = site.responder.reply_unavailable(request, error)
    assert ("Timing-Allow-Origin", "*") in response.headers


def test_a_request_for_an_unresolved_url_has_no_file_and_the_log_does_not_name_its_url() -> None:
    request = FileRequest(Unresolved(URL), "GET", (), URL, "")
    assert (request.file, request.label) == (None, "A folder")


def test_a_file_of_a_later_root_replaces_one_that_was_requested(tmp_path: Path) -> None:
    for name in ("a.txt", "b.txt"):
        write(tmp_path / "first" / name, TEXT)
    write(tmp_path / "second" / "a.txt", TEXT[::-1])
    site = Site(tmp_path / "first")
    site.reply()
    site.reply(url="/b.txt")
    old = site.request()
    site.add(tmp_path / "second")
    assert site.responder.reply_from_memory(old) is None
    assert site.reply_nowait(url="/b.txt") == TEXT
    assert len(site.responder.content_cache) == 1
    assert site.reply() == TEXT[::-1]


def test_a_file_to_which_a_request_was_only_redirected_can_be_replaced(tmp_path: Path) -> None:
    for root in ("first", "second"):
        write(tmp_path / root / "docs" / "index.html", root.encode())
    site = Site(tmp_path / "first")
    assert site.reply(url="/docs") == b""
    site.add(tmp_path / "second")
    assert site.reply(url="/docs/") == b"second"


def test_a_forgotten_file_is_as_if_it_was_never_requested(tmp_path: Path) -> None:
    write(tmp_path / "a.txt", TEXT)
    site = Site(tmp_path)
    entry = site.entry()
    assert isinstance(entry, StaticFile)
    site.responder.forget(entry)
    site.reply()
    assert site.reply_nowait() == TEXT
    site.responder.forget(entry)
    assert len(site.responder.content_cache) == 0
    assert site.reply_nowait() is None
    assert site.reply_from_memory() is None
    assert site.reply() == TEXT


@pytest.fixture
def hang(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """A function that lets a request of a site hang while it checks a file."""
    monkeypatch.setattr(responder_module, "PATIENCE", 0.01)
    is_hanging, is_over = threading.Event(), threading.Event()
    is_current = Snapshot.is_current
    threads: list[threading.Thread] = []

    def check(snapshot: Snapshot) -> bool:
        if threading.current_thread() in threads:
            is_hanging.set()
            is_over.wait(60)
        return is_current(snapshot)

    monkeypatch.setattr(Snapshot, "is_current", check)

    def start(site: Site) -> threading.Event:
        threads.append(threading.Thread(target=site.reply))
        threads[0].start()
        assert is_hanging.wait(60)
        return is_over

    yield start
    is_over.set()
    for thread in threads:
        thread.join()


def test_a_request_waits_half_a_second_for_the_disk() -> None:
    """As docs/deployment.md says."""
    assert responder_module.PATIENCE == 0.5


def test_while_the_disk_hangs_a_file_in_memory_is_served(tmp_path: Path, hang: Any) -> None:
    write(tmp_path / "a.txt", TEXT)
    site = Site(tmp_path, check_interval=0)
    assert site.reply() == TEXT
    hang(site)
    assert site.reply() == TEXT


def test_while_the_disk_hangs_a_file_that_is_not_in_memory_is_waited_for(
    tmp_path: Path, hang: Any
) -> None:
    write(tmp_path / "a.txt", LARGE)
    site = Site(tmp_path, check_interval=0)
    assert site.reply() == LARGE
    is_over = hang(site)
    timer = threading.Timer(0.1, is_over.set)
    timer.start()
    assert site.reply() == LARGE
    assert is_over.is_set()
    timer.join()


def test_a_forked_process_does_not_wait_for_threads_of_the_parent(
    tmp_path: Path, hang: Any, fork: Any
) -> None:
    write(tmp_path / "a.txt", LARGE)
    site = Site(tmp_path, check_interval=0)
    assert site.reply() == LARGE
    is_over = hang(site)

    def child() -> None:
        assert site.reply() == LARGE
        assert not is_over.is_set()

    assert fork(child) == 0


@pytest.mark.parametrize("cache", [content_cache, response_cache])
def test_a_forked_process_does_not_wait_for_a_cache_that_the_parent_was_changing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, fork: Any, cache: Any
) -> None:
    for name in ("a.txt", "b.txt"):
        write(tmp_path / name, TEXT)
    site = Site(tmp_path)
    thread = threading.Thread(target=site.reply)
    is_changing, is_over = threading.Event(), threading.Event()

    def hang_in_thread() -> float:
        if threading.current_thread() is thread:
            is_changing.set()
            is_over.wait(60)
        return time.monotonic()

    class Limit(int):
        def __le__(self, number: int) -> bool:
            return hang_in_thread() < 0

    # Both are read while the lock of the cache is held.
    if cache is content_cache:
        monkeypatch.setattr(cache, "monotonic", hang_in_thread)
    else:
        monkeypatch.setattr(cache, "MAX_RESPONSES", Limit())
    thread.start()
    assert is_changing.wait(60)

    def child() -> None:
        assert site.reply(url="/b.txt") == TEXT

    status = fork(child)
    is_over.set()
    thread.join()
    assert status == 0


def test_a_forked_process_keeps_what_is_known(tmp_path: Path) -> None:
    write(tmp_path / "a.txt", TEXT)
    site = Site(tmp_path)
    assert site.reply() == TEXT
    site.responder.reset_after_fork()
    assert site.reply_nowait() == site.reply() == TEXT
    assert site.hooks == [URL]


@pytest.mark.parametrize("content", [TEXT, LARGE], ids=["small", "streamed"])
@pytest.mark.parametrize("is_removed", [False, True])
def test_a_file_that_is_not_checked_is_compared_when_it_is_opened(
    tmp_path: Path, opened: list[OpenFile], content: bytes, is_removed: bool
) -> None:
    path = write(tmp_path / "a.txt", content)
    write(tmp_path / "b.txt", TEXT)
    site = Site(tmp_path, None, keep_descriptors=False, max_cache_size=len(TEXT))
    assert site.reply() == site.reply() == content
    site.reply(url="/b.txt")  # drops the content of the other file
    new = content[1:]
    if is_removed:
        path.unlink()
    else:
        replace(path, new)
    reply = site.responder.reply(site.request())
    assert body_of(reply) == (None if is_removed else new)
    assert reply is None or ("Content-Length", str(len(new))) in reply[0].headers
    assert not any(file.is_open for file in opened)


def test_concurrent_requests_read_a_small_file_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    content = bytes(1000)  # as large as a cached file may be
    for name in ("a.txt", "b.txt"):
        write(tmp_path / name, content)
    site = Site(tmp_path, max_cache_size=1000)
    site.reply()
    site.reply(url="/b.txt")  # drops the content of the other file
    is_reading, go_on = threading.Event(), threading.Event()
    reads = []

    def read_slowly(descriptor: int, size: int, offset: int) -> bytes:
        reads.append(size)
        is_reading.set()
        go_on.wait(60)
        return os.pread(descriptor, size, offset)

    monkeypatch.setattr("whitenoise_async.files.open_file.read_at", read_slowly)
    with ThreadPoolExecutor() as threads:
        replies = [threads.submit(site.reply)]
        assert is_reading.wait(60)
        replies.append(threads.submit(site.reply))
        time.sleep(0.1)  # the second request now waits
        go_on.set()
    assert [reply.result() for reply in replies] == [content] * 2
    assert reads == [1000]


def test_a_large_file_that_is_opened_slowly_does_not_delay_other_requests(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(tmp_path / "a.txt", LARGE)
    site = Site(tmp_path, keep_descriptors=False)
    assert site.reply() == LARGE
    is_opening, go_on = threading.Event(), threading.Event()
    waited = []

    def open_slowly(disk: Disk, entry: StaticFile, path: str) -> OpenFile:
        if not is_opening.is_set():
            is_opening.set()
            waited.append(go_on.wait(5))
        return open_file(path)

    monkeypatch.setattr(Disk, "reopen", open_slowly)
    with ThreadPoolExecutor() as threads:
        slow = threads.submit(site.reply)
        assert is_opening.wait(60)
        assert site.reply() == LARGE
        go_on.set()
    assert slow.result() == LARGE
    assert waited == [True]


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        (lambda path: os.truncate(path, 10), "the file was truncated"),
        (lambda path: write(path, TEXT[::-1], mtime=MTIME + 1), "the file was overwritten"),
    ],
    ids=["truncated", "overwritten"],
)
def test_a_small_file_that_changes_while_it_is_read_is_handed_over_open(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, change: Any, expected: str
) -> None:
    """Its sender notices, and cuts the connection."""
    path = write(tmp_path / "a.txt", TEXT)
    site = Site(tmp_path)

    def change_and_read(descriptor: int, size: int, offset: int) -> bytes:
        change(path)
        return os.pread(descriptor, size, offset)

    with monkeypatch.context() as patch:
        patch.setattr("whitenoise_async.files.open_file.read_at", change_and_read)
        reply = site.responder.reply(site.request())
    assert reply is not None
    response, body, file = reply
    assert (response.plan.length, body) == (len(TEXT), None)
    assert file is not None
    assert file.change_since_open() == expected
    file.close()
    assert len(site.responder.content_cache) == 0


def test_a_small_file_of_which_bytes_are_missing_is_handed_over_open(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A file system may report a wrong size. A shorter body would contradict Content-Length."""
    write(tmp_path / "a.txt", TEXT)
    site = Site(tmp_path)

    def read_first_bytes(descriptor: int, size: int, offset: int) -> bytes:
        return os.pread(descriptor, max(0, 10 - offset), offset)

    monkeypatch.setattr("whitenoise_async.files.open_file.read_at", read_first_bytes)
    reply = site.responder.reply(site.request())
    assert reply is not None
    _, body, file = reply
    assert body is None
    assert file is not None
    file.close()
    assert len(site.responder.content_cache) == 0


def test_a_small_file_that_grows_while_it_is_read_is_sent_but_not_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It may have been overwritten by a longer file."""
    path = write(tmp_path / "a.txt", TEXT)
    site = Site(tmp_path)

    def read_and_append(descriptor: int, size: int, offset: int) -> bytes:
        data = os.pread(descriptor, size, offset)
        with path.open("ab") as file:
            file.write(b"more")
        os.utime(path, (4_000_000_000,) * 2)
        return data

    with monkeypatch.context() as patch:
        patch.setattr("whitenoise_async.files.open_file.read_at", read_and_append)
        reply = site.responder.reply(site.request())
    assert reply is not None
    assert reply[1:] == (TEXT, None)
    assert len(site.responder.content_cache) == 0


@pytest.mark.parametrize("fields", [{}, {"Range": "bytes=5-9"}])
def test_a_small_body_is_read_with_the_file_on_a_file_system_that_may_wait(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, fields: Any
) -> None:
    """Another thread would cost more than the read."""
    monkeypatch.setattr(
        "whitenoise_async.files.open_file.supports_page_cache_reads", lambda descriptor: False
    )
    write(tmp_path / "a.txt", TEXT)
    site = Site(tmp_path, max_cached_file_size=0)
    reply = site.responder.reply(site.request(fields))
    assert reply is not None
    assert reply[1] == (TEXT[5:10] if fields else TEXT)
    assert reply[2] is None
    assert len(site.responder.descriptor_cache) == len(site.responder.content_cache) == 0


@pytest.mark.parametrize(("size", "is_read"), [(64 * 1024, True), (64 * 1024 + 1, False)])
def test_a_body_of_more_than_64_kib_is_read_while_it_is_sent(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, size: int, is_read: bool
) -> None:
    monkeypatch.setattr(
        "whitenoise_async.files.open_file.supports_page_cache_reads", lambda descriptor: False
    )
    content = os.urandom(size)
    write(tmp_path / "a.txt", content)
    site = Site(tmp_path)
    reply = site.responder.reply(site.request())
    assert reply is not None
    assert (reply[1] is not None) is is_read
    assert body_of(reply) == content


@pytest.mark.parametrize("content", [TEXT, LARGE], ids=["small", "large"])
def test_nothing_is_kept_for_entries_that_are_not_found_again(
    tmp_path: Path, content: bytes
) -> None:
    write(tmp_path / "a.txt", content)
    site = Site(tmp_path, keep_anything=False)
    assert site.reply() == site.reply() == content
    assert site.reply_nowait() is None
    assert site.hooks == [URL] * 2
    responder = site.responder
    for cache in (responder.content_cache, responder.descriptor_cache, responder.response_cache):
        assert len(cache) == 0


def test_a_disk_error_while_a_body_is_read_is_a_503_and_closes_the_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, opened: list[OpenFile]
) -> None:
    path = write(tmp_path / "a.txt", TEXT)
    site = Site(tmp_path)
    with monkeypatch.context() as patch:
        patch.setattr("whitenoise_async.files.open_file.read_at", fail_to_read)
        reply = site.responder.reply(site.request())
    assert reply is not None
    assert reply[0].status == 503
    assert descriptors_of(path) == []
    assert site.reply() == TEXT
    assert [file.is_open for file in opened] == [False] * 2


class MemoryDisk(Disk):
    """A source that makes the content of files, and a variant, in memory."""

    def __init__(self, made: dict[str, bytes]) -> None:
        self.made = made

    def open(self, entry: StaticFile) -> OpenVariants:
        variants = super().open(entry)
        origin = variants.identity.state
        variants.replace(
            {coding: MemoryFile(made, entry.path, origin) for coding, made in self.made.items()}
        )
        return variants


@pytest.mark.parametrize("is_kept", [True, False])
@pytest.mark.parametrize("content", [TEXT[::-1], b""], ids=["text", "empty"])
def test_content_that_was_made_in_memory_is_sent_and_kept(
    tmp_path: Path, content: bytes, is_kept: bool
) -> None:
    write(tmp_path / "a.txt", TEXT)
    made = {"identity": content, "gzip": content[:9]}
    for fields, body in ({}, content), (GZIP, content[:9]), ({"Range": "bytes=5-9"}, content[5:10]):
        site = Site(tmp_path, source=MemoryDisk(made), keep_anything=is_kept)
        reply = site.responder.reply(site.request(fields))
        assert reply is not None
        assert reply[1:] == (body, None)
        assert site.reply_nowait(fields) == (body if is_kept else None)
        assert len(site.responder.content_cache) == 2 * is_kept


class HashedDisk(Disk):
    """A source that takes the content of a file for its hash."""

    def __init__(self) -> None:
        self.kept: dict[str, HashedFile] = {}

    def open(self, entry: StaticFile) -> OpenVariants:
        if isinstance(entry, HashedFile):
            self.verified(entry)
        return super().open(entry)

    def verified(self, file: HashedFile) -> HashedFile:
        if Path(file.path).read_text() != file.hash:
            raise WrongHashError(file)
        return self.kept.setdefault(file.url, file)


class HashedSite(Site):
    """Requests hashed URLs, each time with an entry of its own if none was kept."""

    def __init__(self, root: Path, **limits: Any) -> None:
        self.disk = HashedDisk()
        super().__init__(root, check_interval=0, source=self.disk, **limits)
        plain = self.entry()
        assert isinstance(plain, StaticFile)
        self.plain = plain

    def ask(self, hash_: str, method: str = "GET") -> Reply[Any] | None:
        entry = self.disk.kept.get(f"/{hash_}") or HashedFile(self.plain, f"/{hash_}", hash_)
        raw = relevant_headers(environ_of(make_call(entry.url, (), method)))
        return self.responder.reply(FileRequest(entry, method, raw, entry.url, ""))


def test_the_error_of_a_wrong_hash_names_the_file_and_the_hash() -> None:
    file = HashedFile(StaticFile("/srv/a.css", "/a.css"), "/a.0123456789ab.css", "0123456789ab")
    error = WrongHashError(file)
    assert str(error) == "/srv/a.css is not served: its hash is not 0123456789ab"
    assert error.file is file


def test_a_wrong_hash_is_not_found_and_leaves_nothing(tmp_path: Path) -> None:
    write(tmp_path / "a.txt", b"0" * 12)
    site = HashedSite(tmp_path)
    for number in range(1, 1000):
        reply = site.ask(f"{number:012x}")
        assert reply is not None
        assert (reply[0].status, reply[1]) == (404, b"Not Found\n")
    reply = site.ask("f" * 12)
    assert reply is not None
    headers = dict(reply[0].headers)
    assert headers["Cache-Control"] == "no-store"
    assert headers["Access-Control-Allow-Origin"] == "*"
    head = site.ask("f" * 12, "HEAD")
    assert head is not None
    assert (head[0].status, head[1]) == (404, b"")
    assert dict(head[0].headers)["Content-Length"] == "10"
    assert not site.responder._served
    assert not site.responder.response_cache
    assert body_of(site.ask("0" * 12)) == b"0" * 12


def test_what_is_stored_for_an_older_hash_is_dropped(tmp_path: Path) -> None:
    site = HashedSite(write(tmp_path / "a.txt", b"").parent)
    for number in range(5):
        hash_ = f"{number:012x}"
        replace(tmp_path / "a.txt", hash_.encode())
        for _ in range(2):
            assert body_of(site.ask(hash_)) == hash_.encode()
            wrong = site.ask("f" * 12)
            assert wrong is not None
            assert wrong[0].status == 404
        assert len(site.responder._served) == len(site.responder.content_cache) == 1


def test_the_hash_of_an_unchanged_file_is_checked_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(tmp_path / "a.txt", b"0" * 12)
    site = HashedSite(tmp_path)
    assert body_of(site.ask("0" * 12)) == b"0" * 12
    monkeypatch.setattr(site.disk, "verified", None)
    assert body_of(site.ask("0" * 12)) == b"0" * 12


def test_nothing_is_kept_for_a_hash_that_is_no_longer_right(tmp_path: Path) -> None:
    path = write(tmp_path / "a.txt", b"0" * 12)
    site = HashedSite(tmp_path)
    assert body_of(site.ask("0" * 12)) == b"0" * 12
    replace(path, b"1" * 12)
    reply = site.ask("0" * 12)
    assert reply is not None
    assert reply[0].status == 404
    assert not site.responder._served
    assert not site.responder._hashed
    assert len(site.responder.content_cache) == 0


def test_a_hash_that_is_right_again_is_served_again(tmp_path: Path) -> None:
    """A deployment was rolled back."""
    site = HashedSite(write(tmp_path / "a.txt", b"").parent)
    for hash_ in ("0" * 12, "1" * 12, "0" * 12):
        replace(tmp_path / "a.txt", hash_.encode())
        assert body_of(site.ask(hash_)) == hash_.encode()
    site.responder.forget(site.disk.kept["/" + "0" * 12])
    assert not site.responder._served
    assert not site.responder._hashed


def test_requests_that_check_a_hash_at_the_same_time_share_what_is_stored(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(tmp_path / "a.txt", b"0" * 12)
    site = HashedSite(tmp_path)
    verified, replies = site.disk.verified, []

    def verify_after_another_request(file: HashedFile) -> HashedFile:
        monkeypatch.setattr(site.disk, "verified", verified)
        replies.append(site.ask(file.hash))
        return verified(file)

    monkeypatch.setattr(site.disk, "verified", verify_after_another_request)
    replies.append(site.ask("0" * 12))
    first, second = [reply[0] for reply in replies if reply is not None]
    assert first is second


def test_a_method_that_is_not_allowed_needs_a_right_hash_too(tmp_path: Path) -> None:
    site = HashedSite(write(tmp_path / "a.txt", b"0" * 12).parent)
    for method, status in (("OPTIONS", 204), ("POST", 405)):
        right, wrong = site.ask("0" * 12, method), site.ask("1" * 12, method)
        assert right is not None
        assert wrong is not None
        assert (right[0].status, wrong[0].status) == (status, 404)


def append(path: Path) -> None:
    with path.open("ab") as file:
        file.write(b"more")
    os.utime(path, (4_000_000_000,) * 2)


def test_a_small_file_at_a_hashed_url_that_grows_while_it_is_read_is_not_sent_whole(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It may have been overwritten by a longer file, which caches would keep permanently."""
    path = write(tmp_path / "a.txt", b"0" * 12)
    site = HashedSite(tmp_path)

    def append_and_read(descriptor: int, size: int, offset: int) -> bytes:
        append(path)
        return os.pread(descriptor, size, offset)

    with monkeypatch.context() as patch:
        patch.setattr("whitenoise_async.files.open_file.read_at", append_and_read)
        reply = site.ask("0" * 12)
    assert reply is not None
    _, body, file = reply
    assert body is None
    assert file is not None
    assert file.change_since_open() == "the file was overwritten"
    file.close()


def test_a_large_file_at_a_hashed_url_may_not_grow_even_if_it_was_opened_for_the_plain_url(
    tmp_path: Path,
) -> None:
    write(tmp_path / "a.txt", b"0" * 12)
    site = HashedSite(tmp_path, max_cached_file_size=0)
    for request, may_grow in (
        (lambda: site.ask("0" * 12), False),
        (lambda: site.responder.reply(site.request()), True),
        (lambda: site.responder.reply(site.request()), True),  # from the cache
        (lambda: site.ask("0" * 12), False),  # from the cache
    ):
        reply = request()
        assert reply is not None
        file = reply[2]
        assert file is not None
        assert file.may_grow == may_grow
        file.close()

"""The costs of a response: system calls, threads and responses made, counted and not timed."""

from __future__ import annotations

import errno
import gc
import os
import threading
import tracemalloc
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any
from wsgiref.headers import Headers

import anyio
import pytest

from tests.helpers.clients import (
    ADAPTERS,
    ask_asgi,
    client_of,
    environ_of,
    make_call,
    scope_of,
)
from tests.helpers.deltas import fields_of, write_delta
from tests.helpers.files import write
from tests.helpers.threads import wait_for_threads
from whitenoise_async import ASGIWhiteNoise, Assets, WhiteNoise
from whitenoise_async.asgi.worker_threads import Call as ThreadCall
from whitenoise_async.assets import assets as assets_module
from whitenoise_async.assets import contents, lookup
from whitenoise_async.assets.compressor import MemoryCompressor
from whitenoise_async.files import open_file as files
from whitenoise_async.files.errors import BrokenBodyError
from whitenoise_async.http import negotiation
from whitenoise_async.registry import created_later
from whitenoise_async.registry.created_later import THREAD_NAME
from whitenoise_async.registry.entries import StaticFile
from whitenoise_async.serving import responder, response_cache

SMALL = b"small text\n" * 100
OLD = os.urandom(2000).hex().encode()
NEW = OLD + b"new"
LARGE = os.urandom(3_000_000)
BROWSER = {
    "Host": "example",
    "User-Agent": "Mozilla/5.0",
    "Accept": "text/css,*/*;q=0.1",
    "Accept-Language": "en",
    "Accept-Encoding": "gzip, deflate, br, zstd",
    "Sec-Fetch-Mode": "no-cors",
    "Referer": "http://example/",
}


@pytest.fixture
def root(tmp_path: Path) -> Path:
    write(tmp_path / "small.txt", SMALL, compressed=True)
    write(tmp_path / "large.bin", LARGE)
    return tmp_path


@pytest.fixture
def count(monkeypatch: pytest.MonkeyPatch) -> Counter[str]:
    """Counts the calls that may wait for a disk, and those made in a thread."""
    calls: Counter[str] = Counter()

    def counted(name: str, real: Callable[..., Any]) -> Callable[..., Any]:
        def call(*args: Any, **kwargs: Any) -> Any:
            calls[name] += 1
            return real(*args, **kwargs)

        return call

    for name in ("open", "stat", "lstat", "fstat", "scandir", "listdir", "pread", "preadv", "dup"):
        monkeypatch.setattr(os, name, counted(name, getattr(os, name)))
    monkeypatch.setattr(files, "read_at", counted("read_at", files.read_at))  # type: ignore[attr-defined]
    monkeypatch.setattr(ThreadCall, "run", counted("thread", ThreadCall.run))
    return calls


@contextmanager
def asking(adapter: str, root: Path, **options: Any) -> Iterator[Callable[..., Any]]:
    get = client_of(adapter)(ADAPTERS[adapter](None, root, **options))
    yield get


@pytest.mark.parametrize(
    "fields",
    [{}, {"Accept-Encoding": "gzip"}, {"If-None-Match": "*"}, {"Range": "bytes=1-5"}],
    ids=["identity", "gzip", "304", "range"],
)
@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_a_small_file_costs_neither_a_system_call_nor_a_thread_once_it_is_loaded(
    adapter: str, root: Path, count: Counter[str], method: str, fields: dict[str, str]
) -> None:
    with asking(adapter, root) as get:
        request = partial(get, "/small.txt", {**BROWSER, **fields}, method)
        assert request().status in (200, 206, 304)
        count.clear()
        for _ in range(3):
            request()
        assert not +count


@pytest.mark.parametrize("dictionary", [OLD, b"another one"])
def test_a_request_with_a_dictionary_costs_the_same(
    adapter: str, root: Path, count: Counter[str], dictionary: bytes
) -> None:
    write_delta(write(root / "new.txt", NEW, compressed=True), OLD)
    with asking(adapter, root, check_interval=None) as get:
        request = partial(get, "/new.txt", {**BROWSER, **fields_of(dictionary)})
        assert request()["content-encoding"] == ("dcz" if dictionary == OLD else "gzip")
        count.clear()
        for _ in range(3):
            request()
        assert not +count


@pytest.mark.parametrize(
    "fields",
    [{}, {"Accept-Encoding": "gzip"}, {"If-None-Match": "*"}, {"Range": "bytes=1-5"}],
    ids=["br", "gzip", "304", "range"],
)
def test_a_file_that_was_compressed_in_memory_costs_what_one_with_variants_costs(
    adapter: str,
    tmp_path: Path,
    count: Counter[str],
    monkeypatch: pytest.MonkeyPatch,
    fields: dict[str, str],
) -> None:
    write(tmp_path / "small.txt", SMALL)
    app = ADAPTERS[adapter](None, tmp_path)
    app.site.compress_small_files()
    get = client_of(adapter)(app)
    assert "content-encoding" in get("/small.txt", {**BROWSER, **fields, "If-None-Match": ""})

    def fail(*_: object) -> dict[str, bytes]:
        raise AssertionError("it was compressed again")

    monkeypatch.setattr(MemoryCompressor, "compress", fail)
    request = partial(get, "/small.txt", {**BROWSER, **fields})
    request()
    count.clear()
    for _ in range(3):
        assert request().status in (200, 206, 304)
    assert not +count


@pytest.mark.parametrize("adapter", ["asyncio", "trio"])
def test_a_large_file_that_is_kept_open_costs_neither_a_path_nor_a_thread(
    adapter: str, root: Path, count: Counter[str]
) -> None:
    # Without checks, since a second may pass between two requests on a busy machine.
    with asking(adapter, root, check_interval=None) as get:
        get("/large.bin")
        if not files.open_file(str(root / "large.bin")).supports_nowait:
            pytest.skip("the temporary folder's file system has no page-cache reads")
        count.clear()
        assert get("/large.bin").body == LARGE
        assert not count.keys() & {"open", "stat", "thread", "dup"}
        assert count["fstat"] == 3  # is it unchanged now and at the end, and is it still there
        assert count["pread"] == -(-len(LARGE) // (512 * 1024))  # once for each piece
        # A page in every 128 KiB is tested before, and the last one of each piece.
        assert count["preadv"] == -(-len(LARGE) // (128 * 1024)) + count["pread"]


def test_a_request_without_a_file_costs_one_look_up(
    adapter: str, root: Path, count: Counter[str]
) -> None:
    with asking(adapter, root) as get:
        count.clear()
        for path in ("/", "/missing", "/missing/", "/missing.gz", "/large.bin.gz"):
            assert get(path).status == 404
        assert not +count


@pytest.mark.parametrize(
    "fields",
    [{}, {"Accept-Encoding": "gzip"}, {"If-None-Match": "*"}, {"Range": "bytes=1-5"}],
    ids=["identity", "gzip", "304", "range"],
)
@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_a_hashed_url_costs_neither_a_system_call_nor_a_thread_once_the_file_is_loaded(
    adapter: str, root: Path, count: Counter[str], method: str, fields: dict[str, str]
) -> None:
    write(root / "sheet.css", b"a { b: url(small.txt) }\n" * 20)
    # Without checks, since a second may pass between two requests on a busy machine.
    app = ADAPTERS[adapter](None, root, check_interval=None)
    get = client_of(adapter)(app)
    for name in ("small.txt", "sheet.css"):
        request = partial(get, app.assets.url(name), {**BROWSER, **fields}, method)
        assert request().status in (200, 206, 304)
        count.clear()
        for _ in range(3):
            request()
        assert not +count


def test_a_repeated_url_costs_no_system_call(root: Path, count: Counter[str]) -> None:
    write(root / "sheet.css", b"a { b: url(small.txt) }\n")
    assets = Assets(root, check_interval=None, immutable_file_test=r"/large\.")
    names = ("small.txt", "sheet.css", "large.bin")
    asked = [(assets.url(name), assets.integrity(name)) for name in names]
    count.clear()
    for _ in range(3):
        assert [(assets.url(name), assets.integrity(name)) for name in names] == asked
    assert not +count


def test_a_page_checks_each_of_its_files_once_per_interval(
    root: Path, count: Counter[str], clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    for module in (assets_module, contents, lookup):
        monkeypatch.setattr(module, "monotonic", clock)
    write(root / "sheet.css", b"a { b: url(small.txt) url(large.bin) }\n")
    assets = Assets(root)
    for later, expected in ((0.0, 3), (0.9, 0), (0.2, 3), (0.9, 0)):
        clock.now += later
        count.clear()
        for _ in range(3):
            assets.url("sheet.css")
            assets.url("small.txt")
        assert count["stat"] == (expected if later else 0)
        assert count["open"] == (0 if later else 3)


def statuses_of(adapter: str, app: Any, paths: list[str]) -> set[int]:
    """The statuses of requests, under ASGI all in one event loop."""
    if adapter == "wsgi":
        return {client_of(adapter)(app)(path).status for path in paths}

    async def main() -> set[int]:
        return {(await ask_asgi(app, scope_of(make_call(path)))).status for path in paths}

    return anyio.run(main, backend=adapter)


def test_wrong_hashes_cost_neither_a_system_call_nor_memory(
    adapter: str, root: Path, count: Counter[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Clients choose the hashes. Only the file itself is read, once."""
    monkeypatch.setattr(created_later, "_INTERVAL", 3600.0)
    write(root / "sheet.css", b"a { b: url(small.txt) }\n")
    app = ADAPTERS[adapter](None, root, check_interval=None)
    names = ("small.{}.txt", "sheet.{}.css", "missing.{}.css", "sheet.{}.gone")
    urls = [f"/{name}".format(f"{number:012x}") for number in range(500) for name in names]
    assert statuses_of(adapter, app, urls[:100]) == {404}
    wait_for_threads(THREAD_NAME)
    count.clear()
    gc.collect()
    tracemalloc.start()
    try:
        assert statuses_of(adapter, app, urls) == {404}
        gc.collect()
        grown = tracemalloc.get_traced_memory()[0]
    finally:
        tracemalloc.stop()
    assert not count.keys() - {"thread"}
    assert grown < 50 * len(urls)  # far less than an entry for each of them
    assert not app.responder._served
    assert not app.responder.response_cache


def test_requests_for_missing_files_cost_one_look_at_the_disk_in_an_interval(
    adapter: str, root: Path, count: Counter[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(created_later, "_INTERVAL", 3600.0)
    with asking(adapter, root) as get:
        count.clear()
        for _ in range(100):
            assert get("/missing.txt").status == 404
        wait_for_threads(THREAD_NAME)
        assert +count == Counter(scandir=1)


def test_a_request_for_a_variant_by_its_own_name_costs_its_check(
    adapter: str, root: Path, count: Counter[str]
) -> None:
    with asking(adapter, root) as get:
        count.clear()
        assert get("/small.txt.gz").status == 404
        assert (count["open"], count["read_at"]) == (2, 2)


def test_a_value_of_accept_encoding_is_read_once(
    adapter: str, root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    read: Counter[str] = Counter()
    parse = negotiation.parse_accept_encoding

    def counted(value: str) -> dict[str, float]:
        read[value] += 1
        return parse(value)

    monkeypatch.setattr(negotiation, "parse_accept_encoding", counted)
    with asking(adapter, root) as get:
        for _ in range(5):
            for value in ("gzip", "br, gzip;q=0.5", "identity"):
                get("/small.txt", {"Accept-Encoding": value})
    assert set(read.values()) == {1}
    assert len(read) == 3


@pytest.mark.parametrize("adapter", ["wsgi", "asyncio"])
def test_hooks_run_once_even_if_they_remove_every_header(adapter: str, tmp_path: Path) -> None:
    write(tmp_path / "docs" / "index.html", SMALL)
    seen: list[str] = []

    def remove_all(headers: Headers, path: str, url: str) -> None:
        seen.append(url)
        for name, _ in headers.items():
            del headers[name]

    with asking(adapter, tmp_path, index_file=True, add_headers_function=remove_all) as get:
        for path in ("/docs", "/docs", "/docs/", "/docs"):
            assert "content-type" not in get(path)
    assert seen == ["/docs/"]


def test_nothing_is_kept_of_a_file_whose_root_was_added_again(adapter: str, root: Path) -> None:
    app = ADAPTERS[adapter](None, root)
    get = client_of(adapter)(app)
    (root / "notes").write_bytes(SMALL)
    (root / "notes.gz").write_bytes(b"not the compression of notes")
    for _ in range(5):
        app.add_files(root)
        assert get("/small.txt").body == SMALL
        assert get("/notes.gz").status == 200
    gc.collect()
    in_memory = [each for each in gc.get_objects() if isinstance(each, StaticFile)]
    urls = [each.url for each in in_memory if each.path.startswith(str(root))]
    assert sorted(urls) == ["/notes.gz", "/small.txt"]
    assert len(app.responder.content_cache) == 2


@pytest.mark.parametrize("adapter", ["wsgi", "asyncio"])
def test_an_empty_file_is_opened_for_each_request_if_nothing_is_kept_in_memory(
    adapter: str, root: Path
) -> None:
    empty = root / "empty.txt"
    empty.touch()
    with asking(adapter, root, max_cached_file_size=0) as get:
        assert (get("/empty.txt").status, get("/empty.txt").body) == (200, b"")
        empty.write_bytes(SMALL)
        assert get("/empty.txt").body == SMALL
        empty.unlink()
        assert get("/empty.txt").status == 404


@pytest.mark.parametrize("adapter", ["wsgi", "asyncio"])
def test_headers_are_encoded_once(
    adapter: str, root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    wire_format: Any = type(ADAPTERS[adapter]._wire_format)
    encode = wire_format.encode
    encoded: Counter[str] = Counter()

    def counted(self: Any, headers: Any) -> Any:
        encoded[dict(headers)["ETag"]] += 1
        return encode(self, headers)

    monkeypatch.setattr(wire_format, "encode", counted)
    with asking(adapter, root) as get:
        for _ in range(5):
            get("/small.txt", {"Accept-Encoding": "gzip"})
            get("/small.txt")
    assert list(encoded.values()) == [1, 1]


def test_requests_fill_a_bounded_cache(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(response_cache, "MAX_RESPONSES", 10)
    app = WhiteNoise(None, root)
    get = client_of("wsgi")(app)
    for number in range(50):
        assert get("/small.txt", {"If-None-Match": f'"{number}"'}).status == 200
        assert get("/small.txt", {"Accept-Encoding": f"gzip, x{number}"})["vary"]
    made = app.responder.response_cache
    assert len(made) == 10
    for size in (600, 60_000):
        assert get("/small.txt", {"Range": "x" * size}).status == 200
        assert get("/small.txt", method="X" * size).status == 405
        assert get("/small.txt", {"Accept-Encoding": "gzip" + " " * size}).status == 200
    for first in range(20):
        assert get("/small.txt", {"Range": f"bytes={first}-30,40-40"}).status == 206
    assert len(made) == 10
    assert not any("40-40" in str(key) for key in made)
    assert all(len(str(key[1:])) < 700 for key in made)


@pytest.fixture(scope="module")
def many_files(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A root with 4,000 empty files in 20 folders."""
    root = tmp_path_factory.mktemp("many")
    for folder in [root / f"folder{number}" for number in range(20)]:
        folder.mkdir()
        for number in range(200):
            (folder / f"{number}.js").touch()
    return root


def test_the_start_lists_names_and_makes_no_call_for_a_single_file(
    adapter: str, many_files: Path, count: Counter[str]
) -> None:
    """On a network file system, a call for each file is a round trip: 4,000 of 10 ms take 40 s."""

    def fail(*_: object) -> bool:
        raise AssertionError("a hook ran at the start")

    count.clear()
    kind = type("Mine", (ADAPTERS[adapter],), {"is_immutable_file": fail})
    app = kind(None, many_files, immutable_file_test=fail, add_headers_function=fail)
    assert count["scandir"] == 20 + 1
    assert count["open"] == count["lstat"] == count["fstat"] == count["listdir"] == 0
    assert count["stat"] <= 2  # the root's own
    assert len(app.registry._entries) == 4000
    assert not any(isinstance(each, StaticFile) for each in app.registry._entries.values())


def test_requests_that_come_together_load_a_file_once_asgi(
    root: Path, count: Counter[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    for backend in ("asyncio", "trio"):
        app = ASGIWhiteNoise(None, root)
        bodies: list[bytes] = []

        async def ask(app: ASGIWhiteNoise = app, bodies: list[bytes] = bodies) -> None:
            async def receive() -> Any:
                await anyio.sleep_forever()

            async def send(message: Any) -> None:
                bodies.append(message.get("body"))

            await app(scope_of(make_call("/small.txt")), receive, send)

        async def main(ask: Callable[[], Any] = ask) -> None:
            async with anyio.create_task_group() as group:
                for _ in range(40):
                    group.start_soon(ask)

        count.clear()
        anyio.run(main, backend=backend)
        assert [body for body in bodies if body is not None] == [SMALL] * 40
        assert count["open"] == 2  # the file and its variant
        assert count["read_at"] == 3  # the check of the variant, and the content


def test_requests_that_come_together_load_a_file_once_wsgi(root: Path, count: Counter[str]) -> None:
    app = WhiteNoise(None, root)
    bodies: list[Any] = []
    together = threading.Barrier(20)

    def ask() -> None:
        together.wait()
        bodies.append(
            app(
                environ_of(make_call("/small.txt")),
                lambda status, headers, exc_info=None: bodies.append,
            )
        )

    threads = [threading.Thread(target=ask) for _ in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert bodies == [[SMALL]] * 20
    assert count["open"] == 2
    assert count["read_at"] == 3


class Clock:
    now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr(responder, "monotonic", clock)
    return clock


@pytest.mark.parametrize("fields", [{}, {"Accept-Encoding": "gzip"}], ids=["identity", "gzip"])
def test_a_loaded_file_is_served_unchanged_until_the_next_check(
    adapter: str, root: Path, clock: Clock, fields: dict[str, str]
) -> None:
    new = SMALL[::-1] + b"longer"
    with asking(adapter, root, check_interval=5) as get:
        old = get("/small.txt", fields)
        write(root / "new", new, compressed=True)
        (root / "new.gz").replace(root / "small.txt.gz")
        (root / "new").replace(root / "small.txt")
        clock.now += 4.9
        assert get("/small.txt", fields) == old
        assert get("/small.txt", {**fields, "If-None-Match": old["etag"]}).status == 304
        clock.now += 0.2
        reply = get("/small.txt", fields)
        assert reply["etag"] != old["etag"]
        assert reply["content-length"] == str(len(reply.body))
        if not fields:
            assert reply.body == new
        assert get("/small.txt", {**fields, "If-None-Match": old["etag"]}).status == 200


@pytest.mark.parametrize("interval", [None, 10**6])
def test_without_a_check_interval_a_file_is_never_checked_again(
    adapter: str, root: Path, clock: Clock, interval: float | None
) -> None:
    with asking(adapter, root, check_interval=interval) as get:
        old = get("/small.txt")
        (root / "small.txt").unlink()
        clock.now += 100_000
        assert get("/small.txt") == old


def test_a_removed_file_is_left_to_the_application_after_the_next_check(
    adapter: str, root: Path, clock: Clock
) -> None:
    with asking(adapter, root) as get:
        assert get("/small.txt").status == 200
        (root / "small.txt").unlink()
        assert get("/small.txt").status == 200
        clock.now += 1
        assert get("/small.txt").status == 404
        write(root / "small.txt", SMALL)
        assert get("/small.txt").body == SMALL


def test_one_request_checks_a_file_and_the_others_go_on(
    root: Path, clock: Clock, count: Counter[str]
) -> None:
    app = WhiteNoise(None, root)
    get = client_of("wsgi")(app)
    get("/small.txt")
    clock.now += 2
    count.clear()
    for _ in range(5):
        get("/small.txt")
    assert count["stat"] == 2  # the file and its variant, once


def test_a_date_in_the_future_is_sent_once_it_has_passed(
    adapter: str, root: Path, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = write(root / "early.txt", b"early", mtime=4_000_000_000)
    with asking(adapter, root) as get:
        assert "last-modified" not in get("/early.txt")
        clock.now += 2
        assert "last-modified" not in get("/early.txt")
        monkeypatch.setattr("time.time", lambda: 4_000_000_001)
        clock.now += 2
        assert get("/early.txt")["last-modified"] == "Tue, 02 Oct 2096 07:06:40 GMT"
    assert path.stat().st_mtime == 4_000_000_000


@pytest.mark.parametrize(
    ("options", "kept"),
    [
        ({}, True),
        ({"max_cached_file_size": len(SMALL)}, True),
        ({"max_cached_file_size": len(SMALL) - 1}, False),
        ({"max_cached_file_size": 0}, False),
        ({"max_cache_size": 0}, False),
        ({"max_cache_size": len(SMALL) - 1}, False),
        ({"max_cache_size": len(SMALL)}, True),
        ({"autorefresh": True}, False),
    ],
    ids=str,
)
def test_the_content_cache_is_bounded(
    adapter: str, root: Path, options: dict[str, Any], kept: bool
) -> None:
    app = ADAPTERS[adapter](None, root, **options)
    assert client_of(adapter)(app)("/small.txt").body == SMALL
    assert app.responder.content_cache.size == (len(SMALL) if kept else 0)


def test_a_file_that_grew_while_it_was_read_is_sent_once_and_not_kept(
    adapter: str, root: Path
) -> None:
    """Longer content may have replaced it, which must not be repeated under the same ETag."""

    def grow(headers: Any, path: str, url: str) -> None:  # runs between opening and reading
        with open(path, "ab") as file:
            file.write(b"more")

    app = ADAPTERS[adapter](None, root, add_headers_function=grow, check_interval=None)
    get = client_of(adapter)(app)
    assert get("/small.txt").body == SMALL
    assert get("/small.txt").body == SMALL + b"more"
    assert app.responder.content_cache.size == len(SMALL) + 4


def test_autorefresh_caches_no_response(adapter: str, root: Path) -> None:
    app = ADAPTERS[adapter](None, root, autorefresh=True)
    assert client_of(adapter)(app)("/small.txt").status == 200
    assert not app.responder.response_cache


def test_a_file_that_has_changed_leaves_nothing_of_itself_in_memory(
    adapter: str, root: Path, clock: Clock
) -> None:
    app = ADAPTERS[adapter](None, root)
    get = client_of(adapter)(app)
    for number in range(5):
        clock.now += 2
        write(root / "small.txt", SMALL + bytes(number), mtime=1_000 + number)
        assert len(get("/small.txt").body) == len(SMALL) + number
    assert app.responder.content_cache.size == len(SMALL) + 4


PATH_SEND, ZERO_COPY_SEND = "http.response.pathsend", "http.response.zerocopysend"


def sent(app: ASGIWhiteNoise, url: str, extensions: Any, **fields: str) -> list[Any]:
    """The messages after the first."""
    messages: list[Any] = []

    async def receive() -> Any:
        await anyio.sleep_forever()

    async def send(message: Any) -> None:
        messages.append(message)

    call = make_call(url, {name.replace("_", "-"): value for name, value in fields.items()})
    anyio.run(partial(app, scope_of(call) | {"extensions": extensions}, receive, send))
    return messages[1:]


@pytest.mark.parametrize("cached", [0, 1024 * 1024])
def test_a_server_that_takes_a_path_gets_it_for_a_whole_large_file(root: Path, cached: int) -> None:
    app = ASGIWhiteNoise(None, root, max_cached_file_size=cached)
    extensions: Any = {PATH_SEND: {}}
    path = str(root / "large.bin")
    assert sent(app, "/large.bin", extensions) == [{"type": PATH_SEND, "path": path}]
    assert sent(app, "/large.bin", extensions, Range="bytes=0-") == [
        {"type": PATH_SEND, "path": path}
    ]
    for ranges, body in (("bytes=1-", LARGE[1:]), ("bytes=5-9", LARGE[5:10])):
        messages = sent(app, "/large.bin", extensions, Range=ranges)
        assert {message["type"] for message in messages} == {"http.response.body"}
        assert b"".join(message["body"] for message in messages) == body
    (small,) = sent(app, "/small.txt", extensions)
    assert small["type"] == ("http.response.body" if cached else PATH_SEND)
    (variant,) = sent(app, "/small.txt", extensions, Accept_Encoding="gzip")
    assert variant.get("path", f"{root}/small.txt.gz") == f"{root}/small.txt.gz"


def test_a_server_that_offers_zero_copy_gets_the_file_in_pieces(root: Path) -> None:
    """Middlewares do not know that message, so the client would get a 200 without a body."""
    app = ASGIWhiteNoise(None, root)
    messages = sent(app, "/large.bin", {ZERO_COPY_SEND: {}, PATH_SEND: {}})
    assert {message["type"] for message in messages} == {"http.response.body"}
    assert b"".join(message["body"] for message in messages) == LARGE


def test_a_path_that_leads_to_another_file_is_not_passed_to_the_server(tmp_path: Path) -> None:
    """A file in the descriptor cache is sent to its end, so that head and body match."""
    for release, size in (("1", 3_000_000), ("2", 2_000_000)):
        write(tmp_path / release / "large.bin", os.urandom(size))
    current = tmp_path / "current"
    current.symlink_to("1")
    app = ASGIWhiteNoise(None, current, check_interval=None)
    extensions: Any = {PATH_SEND: {}}
    path = str(current / "large.bin")
    assert sent(app, "/large.bin", extensions) == [{"type": PATH_SEND, "path": path}]
    current.unlink()
    for target in ("2", "nowhere", "current"):
        current.symlink_to(target)
        messages = sent(app, "/large.bin", extensions)
        assert (
            b"".join(each["body"] for each in messages) == (tmp_path / "1/large.bin").read_bytes()
        )
        current.unlink()


def test_a_file_that_autorefresh_has_opened_below_its_root_is_sent_from_there(root: Path) -> None:
    """Given the path, the server could follow a link that was created after the check."""
    extensions: Any = {PATH_SEND: {}}
    app = ASGIWhiteNoise(None, root, autorefresh=True)
    messages = sent(app, "/large.bin", extensions)
    assert b"".join(message["body"] for message in messages) == LARGE
    linking = ASGIWhiteNoise(None, autorefresh=True)
    linking.add_files(root, followlinks=True)
    path = str(root / "large.bin")
    assert sent(linking, "/large.bin", extensions) == [{"type": PATH_SEND, "path": path}]


@pytest.mark.parametrize("failure", [errno.EIO, errno.EMFILE])
def test_a_path_that_cannot_be_checked_is_not_passed_to_the_server(
    root: Path, failure: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    app = ASGIWhiteNoise(None, root, check_interval=None)
    extensions: Any = {PATH_SEND: {}}
    sent(app, "/large.bin", extensions)

    def fail(path: str) -> os.stat_result:
        raise OSError(failure, os.strerror(failure))

    with monkeypatch.context() as patch:
        patch.setattr("whitenoise_async.files.open_file.os.stat", fail)
        messages = sent(app, "/large.bin", extensions)
    assert b"".join(message["body"] for message in messages) == LARGE


@pytest.mark.parametrize("extensions", [None, {}, {"http.response.trailers": {}}])
def test_a_server_without_extensions_gets_pieces(root: Path, extensions: Any) -> None:
    messages = sent(ASGIWhiteNoise(None, root), "/large.bin", extensions)
    assert b"".join(message["body"] for message in messages) == LARGE


@pytest.mark.parametrize("failure", [errno.EIO, errno.ESTALE, errno.EMFILE])
def test_an_error_of_a_server_that_cannot_read_the_file_is_not_ignored(
    root: Path, failure: int, caplog: pytest.LogCaptureFixture
) -> None:
    """Both raise OSError. Only the first must be logged."""
    app = ASGIWhiteNoise(None, root)

    async def send(message: Any) -> None:
        if message["type"] == PATH_SEND:
            raise OSError(failure, os.strerror(failure))

    async def receive() -> Any:
        await anyio.sleep_forever()

    scope = scope_of(make_call("/large.bin")) | {"extensions": {PATH_SEND: {}}}
    with pytest.raises(BrokenBodyError):
        anyio.run(partial(app, scope, receive, send))
    said = f"was sent in part: {os.strerror(failure)}; the connection is cut"
    assert caplog.messages == [f"{root / 'large.bin'} {said}"]


@pytest.mark.parametrize("error", [BrokenPipeError(errno.EPIPE, "Broken pipe"), OSError()])
def test_a_client_that_hangs_up_on_a_server_that_sends_the_file_is_no_error(
    root: Path, error: OSError, caplog: pytest.LogCaptureFixture
) -> None:
    async def send(message: Any) -> None:
        if message["type"] == PATH_SEND:
            raise error

    async def receive() -> Any:
        await anyio.sleep_forever()

    scope = scope_of(make_call("/large.bin")) | {"extensions": {PATH_SEND: {}}}
    anyio.run(partial(ASGIWhiteNoise(None, root), scope, receive, send))
    assert caplog.messages == []

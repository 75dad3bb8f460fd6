"""Small files without variants, compressed in memory."""

from __future__ import annotations

import gzip
import os
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import anyio
import pytest

from tests.helpers.clients import ADAPTERS, Get, ask_asgi, client_of, make_call, receiving, scope_of
from tests.helpers.files import MTIME, write
from tests.helpers.waiting import until_async
from whitenoise_async import ASGIWhiteNoise, Assets
from whitenoise_async.asgi.worker_threads import MAX_LONG, statistics
from whitenoise_async.assets.compressor import MemoryCompressor
from whitenoise_async.assets.small_files import Saving, SmallFiles
from whitenoise_async.files.open_file import OpenFile

TEXT = b"body { color: black }\n" * 100
OTHER = b"body { color: white }\n" * 100
LONG = b"body { color: black }\n" * 5000
GZIP = {"Accept-Encoding": "gzip"}


@pytest.fixture
def compressed(monkeypatch: pytest.MonkeyPatch) -> list[bytes]:
    """The contents that are compressed."""
    contents: list[bytes] = []
    real = MemoryCompressor.compress

    def counted(self: MemoryCompressor, content: bytes) -> dict[str, bytes]:
        made = real(self, content)
        contents.append(content)
        return made

    monkeypatch.setattr(MemoryCompressor, "compress", counted)
    return contents


@pytest.fixture
def small_files() -> list[SmallFiles]:
    """The objects that :func:`serve_compressed` has made, the latest last."""
    return []


@pytest.fixture
def serve_compressed(adapter: str, small_files: list[SmallFiles]) -> Callable[..., Get]:
    def serve(root: Path, **options: Any) -> Get:
        app = ADAPTERS[adapter](None, root, **options)
        small_files.append(app.site.compress_small_files())
        return client_of(adapter)(app)

    return serve


def test_a_small_file_is_sent_in_the_coding_that_the_client_accepts(
    serve_compressed: Callable[..., Get], tmp_path: Path, autorefresh: bool
) -> None:
    write(tmp_path / "app.css", TEXT)
    get = serve_compressed(tmp_path, autorefresh=autorefresh)
    replies = {each: get("/app.css", {"Accept-Encoding": each}) for each in ("gzip", "br", "zstd")}
    plain = get("/app.css")
    assert plain.body == TEXT
    assert "content-encoding" not in plain
    for coding, reply in replies.items():
        assert reply["content-encoding"] == coding
        assert int(reply["content-length"]) == len(reply.body) < len(TEXT) / 10
    assert gzip.decompress(replies["gzip"].body) == TEXT
    everything = [plain, *replies.values()]
    assert {each["vary"] for each in everything} == {"Accept-Encoding"}
    assert len({each["etag"] for each in everything}) == 4
    assert len({each["last-modified"] for each in everything}) == 1


def test_conditions_ranges_and_head_concern_the_variant(
    serve_compressed: Callable[..., Get], tmp_path: Path, autorefresh: bool
) -> None:
    write(tmp_path / "app.css", TEXT)
    get = serve_compressed(tmp_path, autorefresh=autorefresh)
    whole = get("/app.css", GZIP)
    head = get("/app.css", GZIP, "HEAD")
    assert (head.headers, head.body) == (whole.headers, b"")
    not_modified = get("/app.css", {**GZIP, "If-None-Match": whole["etag"]})
    assert (not_modified.status, not_modified["etag"]) == (304, whole["etag"])
    assert not_modified["vary"] == "Accept-Encoding"
    part = get("/app.css", {**GZIP, "Range": "bytes=3-9", "If-Range": whole["etag"]})
    assert (part.status, part.body) == (206, whole.body[3:10])
    assert part["content-range"] == f"bytes 3-9/{len(whole.body)}"
    named = get("/app.css", {"Accept-Encoding": "gzip, identity", "Range": "bytes=3-9"})
    assert (named.body, "content-encoding" in named) == (TEXT[3:10], False)


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("photo.png", TEXT),
        ("noise.bin", os.urandom(1000)),
        ("tiny.css", TEXT[:99]),
        ("empty.css", b""),
        ("large.css", TEXT * 10),
    ],
)
def test_other_files_stay_as_they_are(
    serve_compressed: Callable[..., Get],
    small_files: list[SmallFiles],
    tmp_path: Path,
    autorefresh: bool,
    name: str,
    content: bytes,
) -> None:
    write(tmp_path / name, content)
    get = serve_compressed(tmp_path, autorefresh=autorefresh, max_cached_file_size=10_000)
    reply = get(f"/{name}", GZIP)
    assert reply.body == content
    assert "content-encoding" not in reply
    assert "vary" not in reply
    assert small_files[-1].saving() == Saving(0, 0, 0)


def test_variants_on_the_disk_are_preferred(
    serve_compressed: Callable[..., Get], tmp_path: Path, compressed: list[bytes]
) -> None:
    write(tmp_path / "app.css", TEXT, compressed=True)
    write(tmp_path / "old.css", OTHER)
    write(tmp_path / "old.css.gz", gzip.compress(TEXT[22:]), mtime=MTIME)
    get = serve_compressed(tmp_path)
    on_disk = (tmp_path / "app.css.gz").read_bytes()
    assert get("/app.css", {"Accept-Encoding": "gzip, br"}).body == on_disk
    assert compressed == []
    # A variant of another content is none.
    assert gzip.decompress(get("/old.css", GZIP).body) == OTHER
    assert compressed == [OTHER]


def test_pages_for_missing_files_are_compressed(
    serve_compressed: Callable[..., Get], tmp_path: Path
) -> None:
    page = b"<!doctype html><title>page</title>" * 10
    write(tmp_path / "page.html", page)
    navigation = {**GZIP, "Sec-Fetch-Mode": "navigate"}
    fallback = serve_compressed(tmp_path, fallback="page.html")("/users/7", navigation)
    assert (fallback.status, gzip.decompress(fallback.body)) == (200, page)
    missing = client_of("asyncio")
    app = ASGIWhiteNoise(None, tmp_path, not_found="page.html")
    app.site.compress_small_files()
    reply = missing(app)("/users/7", GZIP)
    assert (reply.status, gzip.decompress(reply.body)) == (404, page)


def test_hashed_urls_of_all_kinds_are_compressed(tmp_path: Path) -> None:
    write(tmp_path / "image.svg", TEXT)
    write(tmp_path / "plain.css", TEXT)
    write(tmp_path / "site.css", TEXT + b"a { background: url(image.svg) }")
    assets = Assets(tmp_path)
    app = ASGIWhiteNoise(None, assets=assets)
    app.site.compress_small_files()
    get = client_of("asyncio")(app)
    for name in ("image.svg", "plain.css", "site.css"):
        reply = get(assets.url(name), GZIP)
        assert reply["cache-control"].endswith("immutable")
        assert gzip.decompress(reply.body).startswith(TEXT)


def test_a_changed_file_is_compressed_again(
    serve_compressed: Callable[..., Get],
    small_files: list[SmallFiles],
    tmp_path: Path,
    autorefresh: bool,
    compressed: list[bytes],
) -> None:
    write(tmp_path / "app.css", TEXT)
    get = serve_compressed(tmp_path, autorefresh=autorefresh, check_interval=0)
    for _ in range(3):
        assert gzip.decompress(get("/app.css", GZIP).body) == TEXT
    saving = small_files[-1].saving()
    assert saving[:2] == (1, len(TEXT))
    write(tmp_path / "app.css", OTHER + TEXT, mtime=MTIME + 5)
    for _ in range(3):
        assert gzip.decompress(get("/app.css", GZIP).body) == OTHER + TEXT
    assert compressed == [TEXT, OTHER + TEXT]
    assert small_files[-1].saving()[:2] == (1, len(OTHER + TEXT))
    assert small_files[-1].saving().compressed < len(TEXT) / 10


def test_no_file_is_compressed_while_it_is_written(
    serve_compressed: Callable[..., Get], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = write(tmp_path / "app.css", TEXT)
    get = serve_compressed(tmp_path, check_interval=0)
    real = OpenFile.read_fully

    def read_while_it_is_written(file: OpenFile, offset: int, size: int) -> bytes:
        with monkeypatch.context() as patch:
            patch.setattr(OpenFile, "read_fully", real)
            data = real(file, offset, size)
            with path.open("ab") as more:
                more.write(b"/* more */")
        return data

    with monkeypatch.context() as patch:
        patch.setattr(OpenFile, "read_fully", read_while_it_is_written)
        reply = get("/app.css", GZIP)
    assert "content-encoding" not in reply
    assert reply.body == TEXT
    assert gzip.decompress(get("/app.css", GZIP).body) == path.read_bytes()


@pytest.mark.parametrize("autorefresh", [True, False])
def test_variants_that_the_cache_has_dropped_are_made_again(
    tmp_path: Path, compressed: list[bytes], autorefresh: bool
) -> None:
    for name in ("a.css", "b.css"):
        write(tmp_path / name, LONG)
    made = sum(map(len, MemoryCompressor(is_enabled=True).compress(LONG).values()))
    compressed.clear()
    app = ASGIWhiteNoise(None, tmp_path, autorefresh=autorefresh, max_cache_size=made + 10)
    app.site.compress_small_files()
    get = client_of("asyncio")(app)
    bodies = [get(path, GZIP).body for path in ("/a.css", "/b.css", "/a.css", "/a.css")]
    assert set(map(gzip.decompress, bodies)) == {LONG}
    assert len(compressed) == 3


def hold_back(monkeypatch: pytest.MonkeyPatch, content: bytes) -> threading.Event:
    """Make the compression of ``content`` wait until the event is set."""
    go_on = threading.Event()
    real = MemoryCompressor.compress

    def slow(self: MemoryCompressor, given: bytes) -> dict[str, bytes]:
        made = real(self, given)
        if given == content:
            go_on.wait(60)
        return made

    monkeypatch.setattr(MemoryCompressor, "compress", slow)
    return go_on


@pytest.mark.parametrize("backend", ["asyncio", "trio"])
@pytest.mark.parametrize("content", [TEXT, LONG], ids=["short", "long"])
def test_requests_that_come_together_compress_a_file_once(
    tmp_path: Path, compressed: list[bytes], autorefresh: bool, backend: str, content: bytes
) -> None:
    write(tmp_path / "app.css", content)
    app = ASGIWhiteNoise(None, tmp_path, autorefresh=autorefresh)
    app.site.compress_small_files()
    bodies: list[bytes] = []

    async def ask() -> None:
        reply = await ask_asgi(app, scope_of(make_call("/app.css", GZIP)))
        bodies.append(gzip.decompress(reply.body))

    async def main() -> None:
        async with anyio.create_task_group() as group:
            for _ in range(20):
                group.start_soon(ask)

    anyio.run(main, backend=backend)
    assert bodies == [content] * 20
    assert compressed == [content]


@pytest.mark.parametrize("backend", ["asyncio", "trio"])
def test_other_files_never_wait_while_many_are_compressed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, backend: str
) -> None:
    """A page may load fifty scripts at once."""
    scripts = [f"{number}.js" for number in range(50)]
    others = ["small.css", "photo.png"]
    for name in [*scripts, *others]:
        write(tmp_path / name, TEXT if name == "small.css" else LONG)
    app = ASGIWhiteNoise(None, tmp_path, check_interval=0)
    app.site.compress_small_files()
    go_on = hold_back(monkeypatch, LONG)
    sent: list[str] = []

    async def ask(name: str) -> None:
        async def send(message: Any) -> None:
            sent.extend([name] if message.get("status") == 200 else [])

        await app(scope_of(make_call(f"/{name}", GZIP)), receiving(anyio.sleep_forever), send)

    async def main() -> None:
        async with anyio.create_task_group() as group:
            for name in scripts:
                group.start_soon(ask, name)
            await until_async(lambda: statistics() == (MAX_LONG, len(scripts) - MAX_LONG))
            for name in others * 2:
                await ask(name)
            assert sent == others * 2
            go_on.set()
        assert len(sent) == len(scripts) + 2 * len(others)

    anyio.run(main, backend=backend)

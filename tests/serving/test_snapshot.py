"""A file's representations: built on first use, checked, built again when the file has changed."""

from __future__ import annotations

import errno
import gzip
import logging
import os
import resource
import threading
from collections.abc import Iterator
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from tests.helpers.clients import ADAPTERS, Serve, client_of
from tests.helpers.descriptors import close_kept
from tests.helpers.files import MTIME, write
from tests.helpers.unprivileged_scripts import run_as_nobody
from whitenoise_async.files.open_file import open_file
from whitenoise_async.serving import descriptor_cache as open_files

GZIP = {"Accept-Encoding": "gzip"}
TEXT = b"some text, some text, some text, some text\n" * 20


@pytest.fixture
def serve(serve: Serve) -> Serve:
    """Looks at the disk at each request, and takes 100,000 bytes for a large file."""
    return partial(serve, check_interval=0, max_cached_file_size=100_000)


@pytest.fixture(params=[0, 64], ids=["opened", "kept"], autouse=True)
def _kept(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(open_files, "MAX_KEPT", request.param)


@pytest.fixture(autouse=True)
def _no_descriptor_is_left() -> Iterator[None]:
    before = set(os.listdir("/proc/self/fd"))
    yield
    close_kept()
    assert set(os.listdir("/proc/self/fd")) <= before


@pytest.mark.parametrize(
    "sibling",
    [
        b"", b"not gzip, and longer than eighteen bytes", TEXT[:1000],
        gzip.compress(TEXT + b"!"), gzip.compress(TEXT)[:-1], b"\x1f\x8b\x08",
        b"\0" * 20 + len(TEXT).to_bytes(4, "little"),
    ],
    ids=["empty", "other", "text", "of another", "cut", "head alone", "trailer alone"],
)  # fmt: skip
def test_a_sibling_that_is_not_the_compression_is_not_served_and_named_once(
    serve: Serve, tmp_path: Path, caplog: pytest.LogCaptureFixture, sibling: bytes
) -> None:
    path = write(tmp_path / "a.txt", TEXT)
    write(tmp_path / "a.txt.gz", sibling)
    get = serve(tmp_path)
    for _ in range(3):
        reply = get("/a.txt", GZIP)
        assert reply.body == TEXT
        assert "vary" not in reply
        assert "content-encoding" not in reply
    (record,) = caplog.records
    assert (record.name, record.levelno) == ("whitenoise_async", logging.WARNING)
    assert record.getMessage() == f"{path}.gz is not served: it is not {path}, compressed"
    assert get("/a.txt.gz").body == sibling


@pytest.mark.parametrize(
    "make",
    [
        lambda path: path.mkdir(),
        lambda path: path.symlink_to("nowhere"),
        lambda path: path.symlink_to("/dev/null"),
        os.mkfifo,
    ],
    ids=["directory", "dangling", "device", "FIFO"],
)
def test_a_sibling_that_is_no_file_is_none(serve: Serve, tmp_path: Path, make: Any) -> None:
    write(tmp_path / "a.txt", TEXT)
    make(tmp_path / "a.txt.gz")
    assert "vary" not in serve(tmp_path)("/a.txt", GZIP)


def replace(path: Path, content: bytes, **kwargs: Any) -> None:
    """As a careful deploy does: a new file takes the name."""
    write(path.with_name("new"), content, **kwargs).replace(path)


@pytest.mark.parametrize("content", [TEXT, bytes(300_000)], ids=["small", "streamed"])
@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_a_file_replaced_answers_as_the_new_one(
    serve: Serve, tmp_path: Path, content: bytes, method: str
) -> None:
    path = write(tmp_path / "a.txt", content)
    get = serve(tmp_path)
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


def test_a_sibling_is_served_no_more_once_its_original_has_another_length(
    serve: Serve, tmp_path: Path
) -> None:
    path = write(tmp_path / "a.txt", TEXT, compressed=True)
    get = serve(tmp_path)
    assert get("/a.txt", GZIP)["content-encoding"] == "gzip"
    replace(path, TEXT + b"more")
    reply = get("/a.txt", GZIP)
    assert reply.body == TEXT + b"more"
    assert "content-encoding" not in reply
    assert "vary" not in reply
    write(tmp_path / "a.txt.gz", gzip.compress(TEXT + b"more"))
    os.utime(path, (1, 1))
    assert get("/a.txt", GZIP)["content-encoding"] == "gzip"


@pytest.mark.parametrize("before", ["of another", "missing", "FIFO"])
def test_a_sibling_that_is_mended_is_served(serve: Serve, tmp_path: Path, before: str) -> None:
    """A deploy replaces the file first, and then the sibling."""
    path = write(tmp_path / "a.txt", TEXT, compressed=True)
    sibling = tmp_path / "a.txt.gz"
    get = serve(tmp_path)
    assert get("/a.txt", GZIP)["content-encoding"] == "gzip"
    replace(path, TEXT + b"more")
    if before != "of another":
        sibling.unlink()
    if before == "FIFO":
        os.mkfifo(sibling)
    for _ in range(2):
        assert get("/a.txt", GZIP).body == TEXT + b"more"
    replace(sibling, gzip.compress(TEXT + b"more"))
    reply = get("/a.txt", GZIP)
    assert gzip.decompress(reply.body) == TEXT + b"more"
    assert reply["vary"] == get("/a.txt")["vary"] == "Accept-Encoding"


def test_a_sibling_replaced_alone_is_checked_again(serve: Serve, tmp_path: Path) -> None:
    write(tmp_path / "a.txt", TEXT, compressed=True)
    get = serve(tmp_path)
    first = get("/a.txt", GZIP)
    replace(tmp_path / "a.txt.gz", gzip.compress(TEXT, 1), mtime=MTIME + 1)
    second = get("/a.txt", GZIP)
    assert gzip.decompress(second.body) == TEXT
    assert second["etag"] != first["etag"]
    replace(tmp_path / "a.txt.gz", gzip.compress(b"other"), mtime=2)
    assert get("/a.txt", GZIP).body == TEXT
    (tmp_path / "a.txt.gz").unlink()
    assert get("/a.txt", GZIP).body == TEXT


@pytest.mark.parametrize("with_sibling", [False, True])
@pytest.mark.parametrize("fields", [{}, GZIP, {"If-None-Match": "*"}], ids=["plain", "gzip", "304"])
def test_a_file_removed_is_as_if_never_listed(
    serve: Serve, tmp_path: Path, with_sibling: bool, fields: dict[str, str]
) -> None:
    path = write(tmp_path / "docs" / "index.html", TEXT, compressed=with_sibling)
    get = serve(tmp_path, index_file=True)
    for known in (False, True):
        if known:
            assert get("/docs/", fields).status in (200, 304)
        path.unlink()
        for url in ("/docs", "/docs/", "/docs/index.html"):
            assert get(url, fields).status == 404
        write(path, TEXT)


def test_a_file_whose_directory_became_a_file_is_removed(serve: Serve, tmp_path: Path) -> None:
    write(tmp_path / "d" / "a.txt", TEXT)
    get = serve(tmp_path)
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
def test_a_file_that_became_something_else_is_left_to_the_application_and_named_once(
    serve: Serve, tmp_path: Path, caplog: pytest.LogCaptureFixture, make: Any
) -> None:
    path = write(tmp_path / "a.txt", TEXT)
    get = serve(tmp_path)
    assert get("/a.txt").status == 200
    path.unlink()
    make(path)
    assert [get("/a.txt").status, get("/a.txt").status] == [404, 404]
    (record,) = caplog.records
    assert record.getMessage().startswith(f"{path} is not served: ")


def test_a_file_whose_path_is_too_long_is_left_to_the_application_and_named_once(
    serve: Serve, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """A folder may still be listed whose files no path leads to."""
    folder, part, name = tmp_path, "d" * 200, "f" * 255
    longest = os.pathconf(tmp_path, "PC_PATH_MAX") - 1
    while len(str(folder / part)) <= longest:
        folder /= part
        folder.mkdir()
    descriptor = os.open(folder, os.O_RDONLY)
    os.close(os.open(name, os.O_CREAT | os.O_WRONLY, dir_fd=descriptor))
    os.close(descriptor)
    url = f"/{(folder / name).relative_to(tmp_path)}"
    get = serve(tmp_path)
    assert [get(url).status, get(url).status] == [404, 404]
    assert caplog.messages == [f"{folder / name} is not served: File name too long"]


def test_a_file_that_may_not_be_read_is_left_to_the_application_and_named_once(
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


def test_every_method_finds_out_alike_that_a_file_may_not_be_read_any_more(
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
        # The owner alone may change the mode: a copy takes the file's place, date and all.
        os.rename({str(path)!r}, {str(path)!r} + ".old")
        import shutil
        shutil.copy2({str(path)!r} + ".old", {str(path)!r})
        os.chmod({str(path)!r}, 0)
        for method in ("GET", "HEAD", "OPTIONS"):
            print(get("/a.txt", method=method).status)
        print(get("/a.txt", {{"If-None-Match": "*"}}).status)
    """)
    assert output.split() == ["200", "404", "404", "404", "404"]


def test_a_sibling_that_came_while_the_forms_were_opened_is_checked_by_the_next_request(
    serve: Serve, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = write(tmp_path / "a.txt", TEXT, compressed=True)
    sibling = tmp_path / "a.txt.gz"
    get = serve(tmp_path)
    content = sibling.read_bytes()
    sibling.unlink()

    def open_and_deploy(name: str) -> Any:
        try:
            return open_file(name)
        finally:
            if name == str(sibling):
                replace(sibling, content)

    with monkeypatch.context() as patch:
        patch.setattr("whitenoise_async.serving.snapshot.open_file", open_and_deploy)
        assert get("/a.txt", GZIP).body == path.read_bytes()
    assert get("/a.txt", GZIP)["content-encoding"] == "gzip"


@pytest.fixture
def no_descriptors() -> Iterator[Any]:
    """Uses up every descriptor that the process may have."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    held: list[int] = []

    def use_up() -> None:
        resource.setrlimit(resource.RLIMIT_NOFILE, (128, hard))
        with suppress(OSError):
            while len(held) < 1000:
                held.append(os.dup(0))
        assert len(held) < 128

    def give_back() -> None:
        while held:
            os.close(held.pop())
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))

    yield use_up, give_back
    give_back()


def test_without_descriptors_the_client_is_told_to_come_again(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, no_descriptors: Any
) -> None:
    """WSGI alone: an event loop could not even start."""
    use_up, give_back = no_descriptors
    path = write(tmp_path / "a.txt", TEXT, compressed=True)
    get = client_of("wsgi")(ADAPTERS["wsgi"](None, tmp_path, check_interval=0))
    use_up()
    reply = get("/a.txt", GZIP)
    give_back()
    assert reply.status == 503
    assert (reply["retry-after"], reply["cache-control"]) == ("1", "no-store")
    assert f"{path} cannot be read now: Too many open files" in caplog.text
    assert get("/a.txt", GZIP).status == 200
    use_up()
    from_memory = get("/a.txt", GZIP)
    give_back()
    assert from_memory.status == 200


def test_without_descriptors_a_file_that_is_not_in_memory_is_a_503_too(
    tmp_path: Path, no_descriptors: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    use_up, give_back = no_descriptors
    monkeypatch.setattr(open_files, "MAX_KEPT", 0)
    write(tmp_path / "a.txt", TEXT, compressed=True)
    get = client_of("wsgi")(ADAPTERS["wsgi"](None, tmp_path, max_cache_size=0))
    assert get("/a.txt", GZIP).status == 200
    use_up()
    assert get("/a.txt", GZIP).status == 503
    give_back()


def test_a_disk_fault_while_a_sibling_is_checked_is_a_503(
    serve: Serve, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(tmp_path / "a.txt", TEXT, compressed=True)
    get = serve(tmp_path)

    def fail(*_: object) -> int:
        raise OSError(errno.EIO, "Input/output error")

    with monkeypatch.context() as patch:
        patch.setattr("whitenoise_async.files.open_file.read_at", fail)
        assert get("/a.txt").status == 503
    assert get("/a.txt").status == 200


@pytest.mark.parametrize(
    "option", ["is_immutable_file", "immutable_file_test", "add_headers_function"]
)
def test_a_broken_hook_is_named_with_the_file_and_raised_at_the_first_request(
    adapter: str, tmp_path: Path, caplog: pytest.LogCaptureFixture, option: str
) -> None:
    path = write(tmp_path / "a.txt", TEXT)

    def fail(self: Any, *_: object) -> bool:
        raise OSError("broken hook")

    mine = type("Mine", (ADAPTERS[adapter],), {option: fail})
    get = client_of(adapter)(mine(None, tmp_path))
    for _ in range(2):
        with pytest.raises(OSError, match="broken hook"):
            get("/a.txt")
        assert caplog.messages.pop() == f"{option} failed for {path}"


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("X-A", "b\r\nX-C: d", "set X-A to"),
        ("X-A", "b\0", "set X-A to"),
        ("X-A", "✓", "set X-A to"),
        ("X A", "b", "invalid name: 'X A'"),
        ("", "b", "invalid name: ''"),
        ("Connection", "close", "set Connection, which is the server's"),
        ("keep-alive", "timeout=5", "set keep-alive, which is the server's"),
        ("Upgrade", "h2c", "set Upgrade, which is the server's"),
        ("TE", "trailers", "set TE, which is the server's"),
    ],
)
def test_a_hook_that_sets_what_cannot_be_sent_is_named(
    serve: Serve, tmp_path: Path, name: str, value: str, message: str
) -> None:
    write(tmp_path / "a.txt", TEXT)

    def add(headers: Any, path: str, url: str) -> None:
        headers._headers.append((name, value))  # newer Pythons refuse some of these themselves

    with pytest.raises(ValueError, match=message):
        serve(tmp_path, add_headers_function=add)("/a.txt")


def test_what_a_hook_sets_for_a_field_that_only_the_server_knows_is_dropped(
    serve: Serve, tmp_path: Path
) -> None:
    write(tmp_path / "a.txt", TEXT, compressed=True)
    names = (
        *("ETag", "Last-Modified", "Content-Length", "Content-Range", "Accept-Ranges"),
        "Transfer-Encoding",
    )

    def add(headers: Any, path: str, url: str) -> None:
        for name in names:
            headers[name] = "mine"
        headers["Vary"] = "Origin"
        headers.add_header("Vary", "Cookie")
        headers["Expires"] = "0"

    get = serve(tmp_path, add_headers_function=add)
    plain, coded = get("/a.txt"), get("/a.txt", GZIP)
    assert all("mine" not in value for _, value in [*plain.headers, *coded.headers])
    assert plain["etag"] != coded["etag"]
    assert plain["vary"] == "Origin, Cookie, Accept-Encoding"
    assert get("/a.txt", {"If-None-Match": plain["etag"]})["expires"] == "0"


def test_the_coding_that_a_hook_declares_comes_before_the_siblings(
    serve: Serve, tmp_path: Path
) -> None:
    """An .svgz is coded in itself (RFC 9110 §8.4)."""
    write(tmp_path / "a.svgz", gzip.compress(TEXT, 0), compressed=True)

    def add(headers: Any, path: str, url: str) -> None:
        headers["Content-Encoding"] = "gzip"

    get = serve(tmp_path, add_headers_function=add)
    assert get("/a.svgz")["content-encoding"] == "gzip"
    assert get("/a.svgz", GZIP)["content-encoding"] == "gzip, gzip"


def test_hooks_run_once_when_requests_come_together(tmp_path: Path) -> None:
    write(tmp_path / "a.txt", TEXT)
    calls: list[str] = []
    together = threading.Barrier(8)
    replies = []

    def add(headers: Any, path: str, url: str) -> None:
        calls.append(url)
        # A hook may ask the application for something.
        assert get("/missing").status == 404

    get = client_of("wsgi")(ADAPTERS["wsgi"](None, tmp_path, add_headers_function=add))

    def ask() -> None:
        together.wait()
        replies.append(get("/a.txt"))

    threads = [threading.Thread(target=ask) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert calls == ["/a.txt"]
    assert len({reply["etag"] for reply in replies}) == 1


@pytest.mark.parametrize("mtime", [4_000_000_000, -100])
def test_a_date_that_must_not_be_sent_is_not_sent(serve: Serve, tmp_path: Path, mtime: int) -> None:
    write(tmp_path / "a.txt", TEXT, mtime=mtime)
    get = serve(tmp_path)
    reply = get("/a.txt")
    assert "last-modified" not in reply
    assert get("/a.txt", {"If-None-Match": reply["etag"]}).status == 304
    for field in ("If-Modified-Since", "If-Unmodified-Since"):
        assert get("/a.txt", {field: "Sun, 13 Sep 2020 12:26:40 GMT"}).status == 200

"""The headers that all representations of a file share, and the hooks that add to them."""

from __future__ import annotations

import gzip
import re
import threading
from pathlib import Path
from typing import Any

import pytest

from tests.helpers.clients import ADAPTERS, Serve, client_of
from tests.helpers.files import write
from whitenoise_async.http.media_types import MediaTypes
from whitenoise_async.registry.entries import Fallback, HashedFile, NotFoundPage, StaticFile
from whitenoise_async.serving.file_headers import FileHeaders, Hook, shared_headers
from whitenoise_async.support.globs import FirstMatch

GZIP = {"Accept-Encoding": "gzip"}
TEXT = b"some text, some text, some text, some text\n" * 20


FILE = StaticFile("/root/a.foo", "/static/a.foo")
SHARED = [("Cache-Control", "max-age=60, public"), ("X-A", "b")]
IMMUTABLE = ("Cache-Control", "max-age=315360000, public, immutable")


@pytest.mark.parametrize("charset", ["utf-8", None])
def test_a_file_has_its_content_type_and_the_shared_headers(charset: str | None) -> None:
    hook = Hook("is_immutable_file", lambda file, url: False)
    headers = FileHeaders(MediaTypes({".foo": "text/foo"}), charset, SHARED, hook, None)
    expected = 'text/foo; charset="utf-8"' if charset else "text/foo"
    assert headers.make(FILE) == [("Content-Type", expected), *SHARED]
    assert headers.shared == SHARED


def test_the_hooks_are_called_with_the_file_and_its_url() -> None:
    """The hook for headers comes last, so it sees the header of an immutable file."""
    calls: list[object] = []

    def is_immutable_file(file: StaticFile, url: str) -> bool:
        calls.append((file, url))
        return True

    def add(headers: Any, path: str, url: str) -> None:
        calls.append((path, url))
        headers["X-Cache"] = headers["Cache-Control"]
        headers["X-A"] = " \tc\t "
        headers["X-D"] = "\xa0d"  # RFC 9110 §5.6.3: no white space

    hook = Hook("is_immutable_file", is_immutable_file)
    headers = FileHeaders(MediaTypes({}), "utf-8", SHARED, hook, add).make(FILE)
    assert calls == [(FILE, "/static/a.foo"), ("/root/a.foo", "/static/a.foo")]
    assert headers == [
        ("Content-Type", "application/octet-stream"),
        ("Cache-Control", "max-age=315360000, public, immutable"),
        ("X-Cache", "max-age=315360000, public, immutable"),
        ("X-A", "c"),
        ("X-D", "\xa0d"),
    ]


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({}, [SHARED[1], IMMUTABLE]),
        ({"hashed_are_immutable": True}, [SHARED[1], IMMUTABLE]),
        ({"hashed_are_immutable": False}, SHARED),
    ],
)
def test_an_option_decides_whether_files_at_hashed_urls_are_immutable(
    options: dict[str, Any], expected: list[tuple[str, str]]
) -> None:
    """The hook decides about plain URLs only."""
    calls: list[str] = []
    hook = Hook("is_immutable_file", lambda file, url: calls.append(url))
    headers = FileHeaders(MediaTypes({}), None, SHARED, hook, None, **options)
    found = headers.make(HashedFile(FILE, "/static/a.0123456789ab.foo", "0123456789ab"))
    assert found == [("Content-Type", "application/octet-stream"), *expected]
    assert calls == []


@pytest.mark.parametrize(
    ("file", "match"),
    [
        (StaticFile("/root/a.js", "/js/a.0a1b2c3d4e5f.js"), "../js/a.*.js"),
        (StaticFile("/root/a.png", "/js/a.0a1b2c3d4e5f.png"), None),
        (StaticFile("/root/a.js", "/js/a.js"), None),
        (HashedFile(StaticFile("/a.js", "/a.js"), f"/a.{'0' * 12}.js", "0" * 12), "a.*.js"),
        (HashedFile(StaticFile("/a.png", "/a.png"), f"/a.{'0' * 12}.png", "0" * 12), None),
        (
            HashedFile(FILE, f"/a.{'0' * 12}/b.{'0' * 12}.c.foo", "0" * 12),
            f"../a.{'0' * 12}/b.*.c.foo",
        ),
    ],
)
def test_an_immutable_text_file_with_a_hash_in_its_url_is_a_dictionary(
    file: StaticFile, match: str | None
) -> None:
    """RFC 9842 §2.1: a pattern with "*" in place of the hash."""
    hook = Hook("is_immutable_file", lambda file, url: True)
    types = MediaTypes({".foo": "text/foo"})
    headers = FileHeaders(types, None, [], hook, None).make(file)
    announced = [("Use-As-Dictionary", f'match="{match}"')] if match else []
    assert headers[1:] == [IMMUTABLE, *announced]


def test_substitutes_are_never_immutable() -> None:
    """Later, there may be another response at the same URL."""
    calls: list[str] = []

    def is_immutable_file(file: StaticFile, url: str) -> bool:
        calls.append(url)
        return True

    hook = Hook("is_immutable_file", is_immutable_file)
    page = ("Content-Type", 'text/html; charset="utf-8"')
    shared, max_age = [("Vary", "Origin")], FirstMatch[int | None](60)
    for add in (None, lambda headers, path, url: calls.append(path)):
        headers = FileHeaders(MediaTypes({}), "utf-8", shared, hook, add, max_age)
        assert headers.make(Fallback("/root/index.html", "/index.html")) == [
            *[page, ("Cache-Control", "no-cache")],
            ("Vary", "Origin, Accept, Sec-Fetch-Mode"),
        ]
        assert headers.make(NotFoundPage("/root/404.html", "/404.html")) == [
            *[page, *shared, ("Cache-Control", "no-store")]
        ]
    assert calls == ["/root/index.html", "/root/404.html"]


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("X A", "b", "add_headers_function set a header with an invalid name: 'X A'"),
        (
            "X-A",
            "b\0",
            r"add_headers_function set X-A to 'b\x00', which cannot be sent: a value is Latin-1"
            " text without control characters",
        ),
        (
            "Connection",
            "close",
            "add_headers_function set Connection, which only the server may set: it belongs to the"
            " connection",
        ),
    ],
)
def test_the_error_says_why_a_header_cannot_be_sent(
    name: str, value: str, message: str, caplog: pytest.LogCaptureFixture
) -> None:
    def add(headers: Any, path: str, url: str) -> None:
        headers._headers.append((name, value))

    hook = Hook("is_immutable_file", lambda file, url: False)
    headers = FileHeaders(MediaTypes({}), "utf-8", [], hook, add)
    with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
        headers.make(FILE)
    assert caplog.messages == [
        "add_headers_function raised ValueError for /root/a.foo; the request fails"
    ]


@pytest.mark.parametrize(
    "option", ["is_immutable_file", "immutable_file_test", "add_headers_function"]
)
def test_an_error_of_a_hook_is_raised_at_the_first_request_and_the_log_names_the_hook_and_the_file(
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
        assert caplog.messages.pop() == f"{option} raised OSError for {path}; the request fails"


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("X-A", "b\r\nX-C: d", "set X-A to"),
        ("X-A", "b\0", "set X-A to"),
        ("X-A", "✓", "set X-A to"),
        ("X A", "b", "invalid name: 'X A'"),
        ("", "b", "invalid name: ''"),
        ("Connection", "close", "set Connection, which only the server may set"),
        ("keep-alive", "timeout=5", "set keep-alive, which only the server may set"),
        ("Upgrade", "h2c", "set Upgrade, which only the server may set"),
        ("TE", "trailers", "set TE, which only the server may set"),
    ],
)
def test_a_header_that_cannot_be_sent_is_an_error_that_names_the_hook(
    serve_checked: Serve, tmp_path: Path, name: str, value: str, message: str
) -> None:
    write(tmp_path / "a.txt", TEXT)

    def add(headers: Any, path: str, url: str) -> None:
        headers._headers.append((name, value))  # newer Pythons refuse some of these themselves

    with pytest.raises(ValueError, match=message):
        serve_checked(tmp_path, add_headers_function=add)("/a.txt")


def test_a_header_that_only_the_server_knows_is_dropped(
    serve_checked: Serve, tmp_path: Path
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

    get = serve_checked(tmp_path, add_headers_function=add)
    plain, coded = get("/a.txt"), get("/a.txt", GZIP)
    assert all("mine" not in value for _, value in [*plain.headers, *coded.headers])
    assert plain["etag"] != coded["etag"]
    assert plain["vary"] == "Origin, Cookie, Accept-Encoding"
    assert get("/a.txt", {"If-None-Match": plain["etag"]})["expires"] == "0"


def test_the_coding_that_a_hook_sets_precedes_the_coding_of_a_variant(
    serve_checked: Serve, tmp_path: Path
) -> None:
    """An .svgz has a coding itself (RFC 9110 §8.4)."""
    write(tmp_path / "a.svgz", gzip.compress(TEXT, 0), compressed=True)

    def add(headers: Any, path: str, url: str) -> None:
        headers["Content-Encoding"] = "gzip"

    get = serve_checked(tmp_path, add_headers_function=add)
    assert get("/a.svgz")["content-encoding"] == "gzip"
    assert get("/a.svgz", GZIP)["content-encoding"] == "gzip, gzip"


def test_hooks_run_once_for_concurrent_requests(tmp_path: Path) -> None:
    write(tmp_path / "a.txt", TEXT)
    calls: list[str] = []
    together = threading.Barrier(8)
    replies = []

    def add(headers: Any, path: str, url: str) -> None:
        calls.append(url)
        # A hook may send a request to the application.
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


@pytest.mark.parametrize(
    ("allow_all_origins", "nosniff", "expected"),
    [
        (True, False, [("Access-Control-Allow-Origin", "*")]),
        (False, True, [("X-Content-Type-Options", "nosniff")]),
        (False, False, []),
    ],
)
def test_options_decide_which_headers_all_files_share(
    allow_all_origins: bool, nosniff: bool, expected: list[tuple[str, str]]
) -> None:
    assert shared_headers(allow_all_origins, nosniff) == expected


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("/root/docs/a.html", [("Cache-Control", "max-age=0, public")]),
        ("/root/docs/a.css", [("Cache-Control", "max-age=60, public")]),
        ("/root/docs/a.txt", []),
    ],
)
def test_max_age_depends_on_the_path_below_the_root(
    path: str, expected: list[tuple[str, str]]
) -> None:
    ages = FirstMatch[int | None](60, {"/docs/*.html": 0, "a.txt": None, "/root": 5})
    headers = FileHeaders(MediaTypes({}), None, [("X-A", "b")], None, None, ages)
    file = StaticFile(path, "/static/a", below="docs/")
    assert headers.shared_by(file) == [*expected, ("X-A", "b")]
    assert headers.make(file)[1:] == headers.shared_by(file)

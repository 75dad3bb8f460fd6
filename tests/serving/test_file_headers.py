"""The headers that all representations of a file share, and the hooks that add to them."""

from __future__ import annotations

import gzip
import threading
from pathlib import Path
from typing import Any

import pytest

from tests.helpers.clients import ADAPTERS, Serve, client_of
from tests.helpers.files import write
from whitenoise_async.serving.file_headers import shared_headers

GZIP = {"Accept-Encoding": "gzip"}
TEXT = b"some text, some text, some text, some text\n" * 20


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
        assert caplog.messages.pop() == f"{option} failed for {path}"


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
    ("max_age", "allow_all_origins", "expected"),
    [
        (60, False, [("Cache-Control", "max-age=60, public")]),
        (0, True, [("Cache-Control", "max-age=0, public"), ("Access-Control-Allow-Origin", "*")]),
        (None, False, []),
    ],
)
def test_options_decide_which_headers_all_files_share(
    max_age: int | None, allow_all_origins: bool, expected: list[tuple[str, str]]
) -> None:
    assert shared_headers(max_age, allow_all_origins=allow_all_origins) == expected

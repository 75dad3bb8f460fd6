"""One line for each request that the command answers."""

from __future__ import annotations

import gzip
import re
from collections.abc import MutableMapping
from pathlib import Path
from typing import Any

import anyio
import pytest

from tests.helpers.clients import ask_asgi, call_asgi, make_call, receiving, scope_of
from tests.helpers.files import write
from whitenoise_async import ASGIWhiteNoise
from whitenoise_async.cli.access_log import AccessLog

TEXT = b"body { color: black }\n" * 100
LARGE = bytes(300_000)


@pytest.fixture
def files(tmp_path: Path) -> ASGIWhiteNoise:
    write(tmp_path / "app.css", TEXT, compressed=True)
    write(tmp_path / "large.bin", LARGE)
    return ASGIWhiteNoise(None, tmp_path, max_cached_file_size=0)


def logged(capsys: pytest.CaptureFixture[str]) -> str:
    """The only line, without the time of day and the duration."""
    (line,) = capsys.readouterr().out.splitlines()
    found = re.fullmatch(r"\d\d:\d\d:\d\d (.+) \d+\.\dms", line)
    assert found, line
    return found[1]


@pytest.mark.parametrize(
    ("method", "path", "query", "fields", "line"),
    [
        ("GET", "/app.css", "", {}, f"GET /app.css 200 {len(TEXT)} -"),
        ("HEAD", "/app.css", "", {}, "HEAD /app.css 200 0 -"),
        ("GET", "/app.css", "v=1", {"If-None-Match": "*"}, "GET /app.css?v=1 304 0 -"),
        ("GET", "/app.css", "", {"Range": "bytes=0-9"}, "GET /app.css 206 10 -"),
        ("GET", "/large.bin", "", {}, f"GET /large.bin 200 {len(LARGE)} -"),
        ("GET", "/mißing\x1b[31m", "", {}, "GET /mi%C3%9Fing%1B%5B31m 404 10 -"),
        ("PO\x1bST", "/", "a=\x1b[2J", {}, "PO\\x1bST /?a=\\x1b[2J 404 10 -"),
        (
            *("GET", "/app.css", "", {"Accept-Encoding": "gzip"}),
            f"GET /app.css 200 {len(gzip.compress(TEXT))} gzip",
        ),
    ],
)
def test_a_line_has_the_request_and_what_was_sent(
    files: ASGIWhiteNoise,
    capsys: pytest.CaptureFixture[str],
    method: str,
    path: str,
    query: str,
    fields: dict[str, str],
    line: str,
) -> None:
    call = make_call(path, fields, method, query)
    unlogged = call_asgi(files, call)
    assert capsys.readouterr().out == ""
    assert call_asgi(AccessLog(files), call) == unlogged
    assert logged(capsys) == line


def test_each_message_is_passed_on_at_once_and_unchanged(
    capsys: pytest.CaptureFixture[str],
) -> None:
    passed: list[Any] = []
    sent: list[Any] = [
        {"type": "http.response.start", "status": 200, "headers": []},
        {"type": "http.response.body", "body": b"abc", "more_body": True},
        {"type": "http.response.body"},
    ]

    async def application(scope: Any, receive: Any, send: Any) -> None:
        for number, message in enumerate(sent, 1):
            await send(message)
            assert len(passed) == number

    async def collect(message: MutableMapping[str, Any]) -> None:
        passed.append(message)

    async def main() -> None:
        receive = receiving(anyio.sleep_forever)
        await AccessLog(application)(scope_of(make_call("/")), receive, collect)

    anyio.run(main)
    assert all(here is there for here, there in zip(passed, sent, strict=True))
    assert logged(capsys) == "GET / 200 3 -"


def test_a_file_that_the_server_sends_itself_counts_with_its_length(
    files: ASGIWhiteNoise, capsys: pytest.CaptureFixture[str]
) -> None:
    passed: list[Any] = []

    async def collect(message: MutableMapping[str, Any]) -> None:
        passed.append(message)

    async def main() -> None:
        scope = scope_of(make_call("/large.bin"))
        scope["extensions"] = {"http.response.pathsend": {}}
        await AccessLog(files)(scope, receiving(anyio.sleep_forever), collect)

    anyio.run(main)
    assert passed[1]["type"] == "http.response.pathsend"
    assert logged(capsys) == f"GET /large.bin 200 {len(LARGE)} -"


def test_a_failed_request_is_logged_without_a_status(capsys: pytest.CaptureFixture[str]) -> None:
    async def application(scope: Any, receive: Any, send: Any) -> None:
        raise RuntimeError("failed")

    async def main() -> None:
        await ask_asgi(AccessLog(application), scope_of(make_call("/")))

    with pytest.raises(RuntimeError, match="failed"):
        anyio.run(main)
    assert logged(capsys) == "GET / - 0 -"


def test_only_http_is_logged(files: ASGIWhiteNoise, capsys: pytest.CaptureFixture[str]) -> None:
    passed: list[Any] = []

    async def receive() -> Any:
        return {}

    async def collect(message: MutableMapping[str, Any]) -> None:
        passed.append(message["type"])

    async def main() -> None:
        await AccessLog(files)({"type": "lifespan"}, receive, collect)

    anyio.run(main)
    assert passed == ["lifespan.startup.complete", "lifespan.shutdown.complete"]
    assert capsys.readouterr().out == ""

"""A real browser loads the references that are found in a style sheet, and no others."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, ClassVar
from urllib.parse import unquote, urljoin, urlsplit

import pytest

from tests.helpers.stylesheets import FORMS

pytestmark = pytest.mark.browser

SHEET = "/{}/css/site.css"
FRAME = '<!doctype html><link rel="stylesheet" href="css/site.css"><i class="x">x</i>'
PAGE = "<!doctype html>" + "".join(
    f'<iframe src="/{number}/frame.html"></iframe>' for number in range(len(FORMS))
)


class Handler(BaseHTTPRequestHandler):
    """Serves a page with a frame for each form, and 404 for what the style sheets load."""

    seen: ClassVar[list[tuple[str, str]]]

    def do_GET(self) -> None:
        self.seen.append((urlsplit(self.headers.get("Referer", "")).path, unquote(self.path)))
        content = self.content()
        self.send_response(404 if content is None else 200)
        is_sheet = self.path.endswith(".css")
        self.send_header("Content-Type", f"text/{'css' if is_sheet else 'html'}; charset=utf-8")
        self.send_header("Content-Length", str(len(content or b"")))
        self.end_headers()
        self.wfile.write(content or b"")

    def content(self) -> bytes | None:
        number, _, name = self.path[1:].partition("/")
        if name == "css/site.css":
            return FORMS[int(number)].text.encode()
        return {"": PAGE, "frame.html": FRAME}.get(name, "").encode() or None

    def log_message(self, *_: Any) -> None:
        pass


@contextmanager
def running_server() -> Iterator[tuple[str, list[tuple[str, str]]]]:
    """The URL of the page, and the requests: the path that caused each, and its own."""
    seen: list[tuple[str, str]] = []
    handler = type("Recording", (Handler,), {"seen": seen})
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}/", seen
        finally:
            server.shutdown()
            thread.join()


def requested(sheet: str, url: str) -> str:
    """The decoded path and query that a browser requests for a URL of a style sheet."""
    path, mark, query = url.strip().partition("#")[0].partition("?")
    return unquote(urljoin(sheet, path) + mark + query)


def test_chromium_loads_the_references_that_are_found(browser: Any) -> None:
    with running_server() as (url, seen):
        page = browser.new_page()
        page.goto(url, wait_until="networkidle", timeout=120_000)
        page.close()
    differing = []
    for number, form in enumerate(FORMS):
        sheet = SHEET.format(number)
        loaded = sorted({path for cause, path in seen if cause == sheet})
        expected = sorted({requested(sheet, url) for url in form.loads})
        if loaded != expected:
            differing.append((form.text, loaded, expected))
    assert not differing

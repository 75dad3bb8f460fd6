"""Loads of files in Chromium, with the browser's own count of the bytes on the wire."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from tests.helpers.page_server import running
from tests.helpers.waiting import until

#: Loads a script or a style sheet. Its arguments are the URL, and whether to set ``crossorigin``.
LOAD = """([url, crossorigin]) => new Promise((resolve) => {
  const isScript = !new URL(url, location).pathname.endsWith(".css");
  const element = document.createElement(isScript ? "script" : "link");
  if (crossorigin) element.crossOrigin = "anonymous";
  element.onload = () => resolve("loaded");
  element.onerror = () => resolve("failed");
  if (!isScript) element.rel = "stylesheet";
  element[isScript ? "src" : "href"] = url;
  document.head.append(element);
})"""


@contextmanager
def serving(application: Any, **options: Any) -> Iterator[str]:
    """Serve an application with options of uvicorn; yields its host and port."""
    listener = socket.create_server(("127.0.0.1", 0))
    with running(application, listener, **options):
        yield f"127.0.0.1:{listener.getsockname()[1]}"


class Tab:
    """A page of a private window, with its count of the bytes on the wire."""

    def __init__(self, browser: Any, origin: str) -> None:
        self.context = browser.new_context()
        self._page = self.context.new_page()
        self._page.goto(f"{origin}/index.html")
        self._origin = origin
        self._urls: dict[str, str] = {}
        self._sizes: dict[str, int] = {}
        self._encodings: dict[str, str] = {}
        client = self.context.new_cdp_session(self._page)
        client.on("Network.responseReceived", self._on_response)
        client.on("Network.loadingFinished", self._on_end)
        client.send("Network.enable")

    def load(self, path: str, origin: str | None = None, *, crossorigin: bool = False) -> Any:
        """Load a file; returns its coding, and the bytes of its response with the headers."""
        url = f"{origin or self._origin}{path}"
        if self._page.evaluate(LOAD, [url, crossorigin]) == "failed":
            return "failed", 0

        def is_counted() -> bool:
            self._page.wait_for_timeout(10)  # events arrive during the wait
            return url in self._sizes

        until(is_counted)
        return self._encodings.get(url, ""), self._sizes[url]

    def load_until_delta(self, path: str, origin: str | None = None) -> tuple[str, int]:
        """Load a file anew until a delta is sent: browsers store a dictionary after loading."""
        found: list[tuple[str, int]] = []

        def is_delta() -> bool:
            query = f"?{len(found)}"
            found.append(self.load(path + query, origin, crossorigin=origin is not None))
            return bool(found[-1][0] == "dcz")

        until(is_delta)
        encoding, size = found[-1]
        return encoding, size

    def release(self) -> Any:
        """The release of the last script that ran."""
        return self._page.evaluate("window.release")

    def wait(self, milliseconds: int) -> None:
        """Let the browser store a dictionary, or let one become stale."""
        self._page.wait_for_timeout(milliseconds)

    def _on_response(self, event: Any) -> None:
        response = event["response"]
        self._urls[event["requestId"]] = response["url"]
        headers = {name.lower(): value for name, value in response["headers"].items()}
        self._encodings[response["url"]] = headers.get("content-encoding", "")

    def _on_end(self, event: Any) -> None:
        if url := self._urls.get(event["requestId"]):
            self._sizes[url] = event["encodedDataLength"]

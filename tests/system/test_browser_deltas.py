"""Deltas in Chromium, over two releases: the bytes on the wire, as the browser counts them."""

from __future__ import annotations

import random
import socket
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.helpers.deltas import suffix_of
from tests.helpers.files import write
from tests.helpers.page_server import running
from tests.helpers.waiting import until
from whitenoise_async import ASGIWhiteNoise, compress_tree

pytestmark = pytest.mark.browser

_WORDS = [random.Random(seed).randbytes(6).hex() for seed in range(500)]
LINES = [f"window.w{word} = {len(word)};" for word in random.Random(0).choices(_WORDS, k=5000)]
OLD, NEW = "/js/app.000000000001.js", "/js/app.000000000002.js"
EARLIER, LATER = "/js/app.000000000000.js", "/js/app.000000000003.js"
SHORT_LIVED = "/js/short.000000000001.js", "/js/short.000000000002.js"

LOAD = """([url, crossorigin]) => new Promise((resolve, reject) => {
  const script = document.createElement("script");
  if (crossorigin) script.crossOrigin = "anonymous";
  script.onload = () => resolve("loaded");
  script.onerror = () => resolve("failed");
  script.src = url;
  document.head.append(script);
})"""


def content_of(release: int) -> bytes:
    return "\n".join([*LINES[:2500], f"window.release = {release};", *LINES[2500:]]).encode()


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Several releases in one folder, with deltas from the old one to the new one."""
    folder = tmp_path_factory.mktemp("releases")
    old, root = folder / "old", folder / "root"
    for path in (OLD, SHORT_LIVED[0]):
        write(old / path[1:], content_of(1))
    for path in (NEW, SHORT_LIVED[1]):
        write(root / path[1:], content_of(2))
    compress_tree(root, against=old, encodings=["br"])
    for path, release in ((EARLIER, 0), (OLD, 1), (SHORT_LIVED[0], 1), (LATER, 3)):
        write(root / path[1:], content_of(release))
    # Its name is right, but its header has the hash of another dictionary.
    wrong = (root / f"{NEW[1:]}{suffix_of(content_of(1))}").read_bytes()
    write(root / f"{LATER[1:]}{suffix_of(content_of(1))}", wrong[:39] + b"?" + wrong[40:])
    write(root / "index.html", b"<!doctype html><title>page</title>")
    return root


def shorten(headers: Any, path: str, url: str) -> None:
    """Let one file become stale after a second."""
    if url == SHORT_LIVED[0]:
        headers["Cache-Control"] = "max-age=1"


@contextmanager
def serving(application: Any) -> Iterator[str]:
    """Serve an application; yields its origin."""
    listener = socket.create_server(("127.0.0.1", 0))
    with running(application, listener):
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"


@pytest.fixture(scope="module")
def origins(root: Path) -> Iterator[list[str]]:
    with ExitStack() as stack:
        yield [
            stack.enter_context(
                serving(
                    ASGIWhiteNoise(
                        None,
                        root,
                        immutable_file_test=r"\.[0-9a-f]{12}\.",
                        add_headers_function=shorten,
                    )
                )
            )
            for _ in range(2)
        ]


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
        """Load a script; returns its coding, and the bytes of its response with the headers."""
        url = f"{origin or self._origin}{path}"
        if self._page.evaluate(LOAD, [url, crossorigin]) == "failed":
            return "failed", 0

        def is_counted() -> bool:
            self._page.wait_for_timeout(10)  # events arrive meanwhile
            return url in self._sizes

        until(is_counted)
        return self._encodings.get(url, ""), self._sizes[url]

    def load_until_delta(self, path: str, origin: str | None = None) -> tuple[str, int]:
        """Load a script anew until a delta is sent: browsers store a dictionary after loading."""
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


@pytest.fixture
def tab(browser: Any, origins: list[str]) -> Iterator[Tab]:
    made = Tab(browser, origins[0])
    yield made
    made.context.close()


@pytest.fixture
def best(browser: Any, origins: list[str]) -> int:
    """The bytes of the new file for a browser without a dictionary, as in a private window."""
    made = Tab(browser, origins[0])
    encoding, size = made.load(NEW)
    made.context.close()
    assert encoding == "br"
    return int(size)


def test_a_browser_with_the_old_file_receives_the_delta(tab: Tab, best: int) -> None:
    assert tab.load(OLD)[1] > len(content_of(1))
    _, size = tab.load_until_delta(NEW)
    assert size < 700
    assert best > 10_000
    assert tab.release() == 2


def test_a_browser_with_a_file_that_has_no_delta_receives_the_best_variant(
    tab: Tab, best: int
) -> None:
    """Its dictionary is two releases old. The one of the old release replaces it."""
    tab.load(EARLIER)
    tab.wait(500)
    assert tab.load(NEW) == ("br", best)
    tab.load(OLD)
    assert tab.load_until_delta(NEW)[1] < 700


def test_a_delta_with_the_wrong_hash_is_never_sent(tab: Tab) -> None:
    tab.load(OLD)
    tab.load_until_delta(NEW)
    tab.load(OLD + "?again")
    tab.wait(500)
    encoding, size = tab.load(LATER)
    assert encoding == ""
    assert size > len(content_of(3))
    assert tab.release() == 3


def test_a_dictionary_that_is_no_longer_fresh_is_not_used(tab: Tab) -> None:
    tab.load(SHORT_LIVED[0])
    tab.wait(1500)
    assert tab.load(SHORT_LIVED[1])[0] == "br"


def test_another_origin_sends_deltas_to_scripts_with_crossorigin(
    tab: Tab, origins: list[str]
) -> None:
    tab.load(OLD, origins[1], crossorigin=True)
    assert tab.load_until_delta(NEW, origins[1])[1] < 900
    # Without the attribute, the script may not be read, so it is no dictionary and no delta.
    assert tab.load(f"{NEW}?without", origins[1])[0] == "br"


def test_a_script_of_another_origin_without_crossorigin_is_no_dictionary(
    tab: Tab, origins: list[str]
) -> None:
    tab.load(OLD, origins[1])
    tab.wait(500)
    assert tab.load(NEW, origins[1], crossorigin=True)[0] == "br"

"""Real browsers: Chromium, driven by Playwright, and Firefox, driven by WebDriver BiDi.

Playwright drives only a Firefox that it has downloaded itself. Debian's speaks WebDriver BiDi
(W3C), which needs a WebSocket client and no further program.
"""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from importlib import import_module
from itertools import count
from pathlib import Path
from types import MappingProxyType
from typing import Any, Protocol

import pytest

from tests.helpers.recording_origin import end
from tests.helpers.waiting import until

# Seconds. On a busy machine, Firefox needs a quarter of a minute to start.
_PATIENCE = 60


class Page(Protocol):
    """A tab of a browser."""

    def goto(self, url: str) -> None:
        """Open a page, and wait until it has loaded."""

    def evaluate(self, expression: str) -> Any:
        """The value of a JavaScript expression, after JSON. A promise is awaited."""


class Browser(Protocol):
    """A running browser."""

    version: str

    def new_page(self) -> AbstractContextManager[Page]:
        """A tab whose cache is empty and shared with no other tab."""


def wait_for(page: Page, expression: str) -> None:
    """Wait until a JavaScript expression is true."""
    until(lambda: bool(page.evaluate(f"Boolean({expression})")))


def require_program(*names: str) -> str:
    """The path of the first program that is installed; fails the test without one."""
    found = next(filter(None, map(shutil.which, names)), None)
    if found is None:
        pytest.fail(f"{names[0]} is not installed: apt-get install {names[0]}", pytrace=False)
    return found


def require_module(name: str) -> Any:
    """The module ``name``; fails the test if it is not installed."""
    try:
        return import_module(name)
    except ImportError as error:
        pytest.fail(f"{error}; nox -s browser installs it", pytrace=False)


@contextmanager
def launched_chromium() -> Iterator[Any]:
    """Run Chromium; yields Playwright's object."""
    path = require_program("chromium", "chromium-browser")
    with require_module("playwright.sync_api").sync_playwright() as driver:
        # Its sandbox does not work as root.
        browser = driver.chromium.launch(executable_path=path, args=["--no-sandbox"])
        yield browser
        browser.close()


class _ChromiumPage:
    def __init__(self, page: Any) -> None:
        self._page = page

    def goto(self, url: str) -> None:
        self._page.goto(url, wait_until="load")

    def evaluate(self, expression: str) -> Any:
        return self._page.evaluate(f"async () => ({expression})")


class _Chromium:
    def __init__(self, browser: Any) -> None:
        self._browser = browser
        self.version = f"Chromium {browser.version}"

    @contextmanager
    def new_page(self) -> Iterator[Page]:
        context = self._browser.new_context()
        yield _ChromiumPage(context.new_page())
        context.close()


@contextmanager
def _running_chromium(folder: Path) -> Iterator[Browser]:
    with launched_chromium() as browser:
        yield _Chromium(browser)


#: Sends a command of WebDriver BiDi with these parameters, and returns its result.
_Send = Callable[..., dict[str, Any]]


class _FirefoxPage:
    def __init__(self, send: _Send, context: str) -> None:
        self._send = send
        self._context = context

    def goto(self, url: str) -> None:
        self._send("browsingContext.navigate", context=self._context, url=url, wait="complete")

    def evaluate(self, expression: str) -> Any:
        answer = self._send(
            "script.evaluate",
            expression=f"(async () => JSON.stringify(await ({expression})))()",
            target={"context": self._context},
            awaitPromise=True,
        )
        assert answer["type"] == "success", answer
        value = answer["result"].get("value")  # absent for undefined
        return None if value is None else json.loads(value)


class _Firefox:
    def __init__(self, send: _Send, version: str) -> None:
        self._send = send
        self.version = f"Firefox {version}"

    @contextmanager
    def new_page(self) -> Iterator[Page]:
        user: str = self._send("browser.createUserContext")["userContext"]
        made = self._send("browsingContext.create", type="tab", userContext=user)
        yield _FirefoxPage(self._send, made["context"])
        self._send("browser.removeUserContext", userContext=user)


@contextmanager
def running_firefox(
    folder: Path, preferences: Mapping[str, bool] = MappingProxyType({})
) -> Iterator[Browser]:
    """Run Firefox with a profile in ``folder``. It accepts every certificate.

    :param preferences: values by the names in ``about:config``.
    """
    lines = (
        f"user_pref({json.dumps(name)}, {json.dumps(preferences[name])});\n" for name in preferences
    )
    (folder / "user.js").write_text("".join(lines))
    path = require_program("firefox-esr", "firefox")
    client = require_module("websockets.sync.client")
    log = folder / "firefox.log"
    command = [path, "--headless", "--no-remote", "--profile", str(folder)]
    with log.open("wb") as output:
        process = subprocess.Popen(
            [*command, "--remote-debugging-port", "0"], stdout=output, stderr=output
        )
    try:
        until(lambda: "BiDi listening on" in log.read_text() or process.poll() is not None)
        found = re.search(r"BiDi listening on (ws://\S+)", log.read_text())
        assert found, log.read_text()
        with client.connect(f"{found[1]}/session", max_size=None, proxy=None) as socket:
            numbers = count(1)

            def send(method: str, **parameters: Any) -> dict[str, Any]:
                number = next(numbers)
                socket.send(json.dumps({"id": number, "method": method, "params": parameters}))
                while (answer := json.loads(socket.recv(_PATIENCE))).get("id") != number:
                    pass  # an event
                assert answer["type"] == "success", answer
                result: dict[str, Any] = answer["result"]
                return result

            wanted = {"alwaysMatch": {"acceptInsecureCerts": True}}
            session = send("session.new", capabilities=wanted)
            yield _Firefox(send, session["capabilities"]["browserVersion"])
            send("session.end")
    finally:
        end(process)


#: Runs each browser, with a folder for its profile.
BROWSERS: dict[str, Callable[[Path], AbstractContextManager[Browser]]] = {
    "chromium": _running_chromium,
    "firefox": running_firefox,
}

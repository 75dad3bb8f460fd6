"""Hashed URLs in real browsers: import maps, integrity, style sheets, and what a visit loads."""

from __future__ import annotations

import os
import re
import shutil
import socket
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import NamedTuple
from urllib.parse import unquote

import pytest

from tests.helpers.browsers import BROWSERS, Browser, Page, wait_for
from tests.helpers.files import write
from tests.helpers.page_server import PageServer, Rendered, running
from whitenoise_async import Assets

pytestmark = pytest.mark.browser

ROOT = Path(__file__).parents[2]
FONT = ROOT / "docs" / "examples" / "site" / "fonts" / "figtree-latin-wght-normal.woff2"
NONCE = "c2VjcmV0"

MAIN = """
import { word } from "./lib/word.js";
import { absolute } from "/static/js/absolute.js";
import { odd } from "./@scope/naïve name.js";
window.imported = [word, absolute, odd];
window.load = (name) => import(`./${name}.js`);
"""
FILES = {
    "js/main.js": MAIN.encode(),
    "js/@scope/naïve name.js": b'export const odd = "odd";',
    "js/lib/word.js": b'import { deep } from "../deep.js"; export const word = `word ${deep}`;',
    "js/deep.js": b'export const deep = "deep";',
    "js/absolute.js": b'export const absolute = "absolute";',
    "js/later.js": b'window.ran = "later"; export const later = "later";',
    "css/site.css": b"""@import "base.css";
@font-face { font-family: Figtree; src: url(../fonts/figtree.woff2); }
body { font-family: Figtree; background: url("../images/dot.svg"); }""",
    "css/base.css": b'p { color: rgb(1, 2, 3); list-style: url("../images/dash.svg") }',
    "images/dot.svg": b'<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"/>',
    "images/dash.svg": b'<svg xmlns="http://www.w3.org/2000/svg" width="8" height="2"/>',
}
COLOR = "rgb(1, 2, 3)"
#: The files that a visit loads.
LOADED = {*FILES, "fonts/figtree.woff2"} - {"js/later.js"}


@pytest.fixture(scope="module", params=BROWSERS)
def browser(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Browser]:
    with BROWSERS[request.param](tmp_path_factory.mktemp("profile")) as browser:
        yield browser


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    with browser.new_page() as page:
        yield page


@pytest.fixture
def root(tmp_path: Path) -> Path:
    for name, content in FILES.items():
        write(tmp_path / "static" / name, content)
    (tmp_path / "static" / "fonts").mkdir()
    shutil.copy(FONT, tmp_path / "static" / "fonts" / "figtree.woff2")
    return tmp_path / "static"


def text_color(page: Page) -> str:
    """The color of the page's text, which a style sheet sets to :data:`COLOR`."""
    color: str = page.evaluate("getComputedStyle(document.querySelector('p')).color")
    return color


class Site(NamedTuple):
    """A page, and the files that it uses."""

    url: str  # of the page
    assets: Assets
    pages: PageServer
    files: PageServer  # another server, if the files have another origin

    def render(self) -> Rendered:
        """The page, which permits scripts with a nonce only."""
        base = self.assets.url("css/site.css").partition("/static/")[0] or "'self'"
        policy = (
            f"default-src 'none'; script-src 'nonce-{NONCE}'; style-src {base}; font-src {base};"
            f" img-src {base} data:"
        )
        html = f"""<!doctype html><title>Hashed</title><link rel="icon" href="data:,">
            {self.assets.import_map(nonce=NONCE)}
            <link rel="stylesheet" href="{self.assets.url("css/site.css")}" crossorigin
                integrity="{self.assets.integrity("css/site.css")}">
            <script type="module" nonce="{NONCE}" src="{self.assets.url("js/main.js")}"></script>
            <script>window.inline = true</script><p>Text</p>"""
        return {"content-security-policy": policy}, html

    def path(self, name: str) -> str:
        """The path of a file's hashed URL."""
        return unquote(re.sub("^https?://[^/]+", "", self.assets.url(name)))

    def visit(self, page: Page) -> list[tuple[str, int]]:
        """Open the page; returns the requests for files."""
        page.goto(self.url)
        wait_for(page, "window.imported && document.fonts.check('16px Figtree')")
        assert page.evaluate("window.imported") == ["word deep", "absolute", "odd"]
        assert (
            page.evaluate("getComputedStyle(document.querySelector('p')).color") == "rgb(1, 2, 3)"
        )
        return self.files.take_requests()


@pytest.fixture(params=[False, True], ids=["one origin", "two origins"])
def site(request: pytest.FixtureRequest, root: Path) -> Iterator[Site]:
    with ExitStack() as stack:
        listeners = [
            stack.enter_context(socket.create_server(("127.0.0.1", 0), backlog=128))
            for _ in range(2)
        ]
        own, other = (f"http://127.0.0.1:{each.getsockname()[1]}" for each in listeners)
        base_url = other if request.param else None
        assets = Assets(root, prefix="static", base_url=base_url, check_interval=0)
        pages = PageServer(assets)
        files = PageServer(assets) if request.param else pages
        for application, listener in zip([pages, files], listeners, strict=True):
            stack.enter_context(running(application, listener))
        site = Site(f"{own}/", assets, pages, files)
        pages.render = site.render
        yield site


def expected(site: Site, names: set[str]) -> list[tuple[str, int]]:
    return sorted((site.path(name), 200) for name in names)


def test_a_visit_loads_hashed_urls_and_the_next_one_nothing(site: Site, page: Page) -> None:
    first = site.visit(page)
    assert first == expected(site, LOADED)
    assert all(re.search(r"\.[0-9a-f]{12}\.\w+$", path) for path, _ in first)
    assert page.evaluate("window.inline === undefined")  # the policy is enforced
    assert site.visit(page) == []
    # A dynamic import with a computed name.
    imported = page.evaluate("window.load(['la', 'ter'].join('')).then((module) => module.later)")
    assert imported == "later"
    assert site.files.take_requests() == expected(site, {"js/later.js"})


def test_files_that_are_preloaded_are_loaded_once(site: Site, page: Page) -> None:
    def render() -> Rendered:
        headers, html = site.render()
        preloaded = site.assets.preload("css/site.css", "fonts/figtree.woff2", "js/deep.js")
        return {**headers, "link": ", ".join(preloaded)}, html

    site.pages.render = render
    assert site.visit(page) == expected(site, LOADED)


def replace(path: Path, content: bytes) -> None:
    """Replace a file, as a deployment does."""
    draft = write(path.with_name("draft"), content)
    os.replace(draft, path)


def test_after_a_change_only_changed_urls_and_their_dependents_are_new(
    site: Site, page: Page, root: Path
) -> None:
    site.visit(page)
    replace(root / "js/lib/word.js", FILES["js/lib/word.js"] + b"// changed")
    replace(root / "images/dot.svg", FILES["images/dot.svg"].replace(b"9", b"7"))
    changed = {"js/lib/word.js", "images/dot.svg", "css/site.css"}
    assert site.visit(page) == expected(site, changed)
    assert site.visit(page) == []


def change_a_byte(site: Site, *names: str) -> None:
    """Send a tab in place of the first space in files, which changes nothing else."""
    paths = [site.path(name) for name in names]
    site.files.tamper = lambda path, body: body.replace(b" ", b"\t", 1) if path in paths else body


@pytest.mark.parametrize("module", ["js/main.js", "js/deep.js"])
def test_files_with_a_changed_byte_are_rejected(site: Site, page: Page, module: str) -> None:
    change_a_byte(site, module, "css/site.css")
    # It waits for all modules and style sheets, so after it they would have taken effect.
    page.goto(site.url)
    requests = site.files.take_requests()
    assert {(site.path(module), 200), (site.path("css/site.css"), 200)} <= {*requests}
    assert not page.evaluate("'imported' in window")
    assert text_color(page) != COLOR


def test_a_module_with_a_changed_byte_is_not_imported_dynamically(site: Site, page: Page) -> None:
    site.visit(page)
    change_a_byte(site, "js/later.js")
    loaded = "window.load('later').then(() => 'run', (error) => error.name)"
    assert page.evaluate(loaded) == "TypeError"
    assert not page.evaluate("'ran' in window")


def test_without_integrity_the_same_changes_go_unnoticed(site: Site, page: Page) -> None:
    def render() -> Rendered:
        headers, html = site.render()
        return headers, html.replace("integrity", "other")

    site.pages.render = render
    change_a_byte(site, "js/main.js", "js/deep.js", "css/site.css")
    site.visit(page)

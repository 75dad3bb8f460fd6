"""The example site in a real browser, from its own origin and from another one."""

from __future__ import annotations

import os
import re
import shutil
import socket
import struct
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from tests.helpers.caches import Client
from tests.helpers.files import write
from tests.helpers.recording_origin import end, running_origin
from tests.helpers.server_processes import watched
from tests.helpers.waiting import until
from whitenoise_async import compress_tree

pytestmark = pytest.mark.browser

ROOT = Path(__file__).parents[2]
EXAMPLES = ROOT / "docs" / "examples"
SITE = EXAMPLES / "site"
IMMUTABLE = "/js/app.0a1b2c3d.js"
RATE, SECONDS = 8000, 8000
FILM = RATE * SECONDS  # bytes of sound, more than a browser loads in advance

PAGE = f"""<!doctype html><title>own</title><link rel="icon" href="/images/logo.svg">
<link rel="stylesheet" href="/css/site.css"><script src="{IMMUTABLE}"></script>
<script type="module" src="/js/module.js"></script><img id="drawing" src="/images/logo.svg">"""

#: A page that loads everything from the origin in its query.
CROSS = """<!doctype html><title>cross</title><script type="module">
const other = new URL(location).searchParams.get("from");
window.result = {};
async function tell(name, work) {
  try { result[name] = await work(); } catch (error) { result[name] = "refused"; }
}
await tell("font", async () => {
  const url = `url(${other}/fonts/figtree-latin-wght-normal.woff2)`;
  const face = await new FontFace("Other", url).load();
  return face.status;
});
await tell("canvas", async () => {
  const image = new Image();
  image.crossOrigin = "anonymous";
  image.src = `${other}/images/spectrum.png`;
  await image.decode();
  const canvas = document.createElement("canvas");
  canvas.width = image.width; canvas.height = image.height;
  canvas.getContext("2d").drawImage(image, 0, 0);
  return canvas.toDataURL().startsWith("data:image/png") ? "read" : "empty";
});
await tell("module", async () => (await import(`${other}/js/module.js`)).word);
await tell("fetch", async () => (await (await fetch(`${other}/robots.txt`)).text()).length > 0);
await tell("range", async () => {
  const headers = { Range: "bytes=0-3", "If-None-Match": '"a"' };
  return (await fetch(`${other}/robots.txt`, { headers })).status;
});
window.done = true;
</script>"""


class Site(NamedTuple):
    """The origins, and a page of a browser."""

    own: str
    other: str  # serves the same files
    closed: str  # serves them with `allow_all_origins=False`
    stale: str  # serves them so that they are never fresh
    page: Any
    shots: Path

    def seen(self, base: str, path: str) -> list[dict[str, Any]]:
        """The requests for a path that an origin received, with their statuses."""
        client = Client(int(base.rpartition(":")[2]))
        try:
            requests: list[dict[str, Any]] = client.json("/seen")
        finally:
            client.close()
        return [request for request in requests if request["path"] == path]

    def shoot(self, name: str) -> None:
        self.page.screenshot(path=str(self.shots / f"{name}.png"), full_page=True)


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("browser") / "site"
    shutil.copytree(SITE, root)
    write(root / "own.html", PAGE.encode())
    write(root / "cross.html", CROSS.encode())
    write(root / "js" / "module.js", b'export const word = "imported"; window.module = word;')
    write(root / IMMUTABLE[1:], b"window.classic = true;\n" + b"// a comment\n" * 100)
    write(root / "empty.wasm", b"\0asm\1\0\0\0")
    write(root / "film.wav", wave())
    compress_tree(root, exclude=["*.wav"])
    return root


def wave() -> bytes:
    """Silence that a browser can play: 8 bits, one channel."""
    form = b"WAVEfmt " + struct.pack("<IHHIIHH", 16, 1, 1, RATE, RATE, 1, 8)
    data = b"data" + struct.pack("<I", FILM) + b"\x80" * FILM
    return b"RIFF" + struct.pack("<I", len(form) + len(data)) + form + data


@pytest.fixture
def site(browser: Any, root: Path, tmp_path: Path, pytestconfig: pytest.Config) -> Iterator[Site]:
    shots = Path(pytestconfig.getoption("--shots") or tmp_path)
    shots.mkdir(parents=True, exist_ok=True)
    options: dict[str, Any] = {"index_file": True, "immutable_file_test": r"\.[0-9a-f]{8}\."}
    with ExitStack() as running:

        def start(**more: Any) -> str:
            return (
                f"http://127.0.0.1:{running.enter_context(running_origin(root, **options, **more))}"
            )

        own, other = start(), start()
        closed, stale = start(allow_all_origins=False), start(max_age=0)
        context = browser.new_context()
        page = context.new_page()
        failures: list[str] = []
        page.on("pageerror", lambda error: failures.append(str(error)))
        yield Site(own, other, closed, stale, page, shots)
        context.close()
    assert failures == []


def test_the_site_loads_and_its_text_arrives_compressed(site: Site) -> None:
    responses: dict[str, Any] = {}
    site.page.on("response", lambda response: responses.setdefault(response.url, response))
    site.page.goto(f"{site.own}/", wait_until="networkidle")
    site.shoot("site")
    for path in ("/", "/css/site.css", "/js/noise.js"):
        response = responses[f"{site.own}{path}"]
        assert response.status == 200
        assert response.headers["content-encoding"] in ("br", "zstd", "gzip")
    # They take effect: the style sheet's font is loaded, and the script has drawn.
    assert site.page.evaluate("document.fonts.check('16px Figtree')")
    assert site.page.evaluate("getComputedStyle(document.body).fontFamily").startswith("Figtree")
    assert site.page.locator(".controls").get_attribute("hidden") is None
    assert all(response.status == 200 for response in responses.values())
    site.page.goto(f"{site.own}/about", wait_until="networkidle")
    assert site.page.url == f"{site.own}/about/"
    site.shoot("about")


def test_files_of_another_origin_are_usable(site: Site) -> None:
    site.page.goto(f"{site.own}/cross.html?from={site.other}")
    site.page.wait_for_function("window.done")
    assert site.page.evaluate("window.result") == {
        "font": "loaded",
        "canvas": "read",
        "module": "imported",
        "fetch": True,
        "range": 206,
    }
    # A range with a condition needs a preflight, and its response allows the request.
    assert "OPTIONS" in [request["method"] for request in site.seen(site.other, "/robots.txt")]


def test_files_that_another_origin_does_not_share_are_refused(site: Site) -> None:
    site.page.goto(f"{site.own}/cross.html?from={site.closed}")
    site.page.wait_for_function("window.done")
    assert set(site.page.evaluate("window.result").values()) == {"refused"}


def test_a_player_seeks_by_ranges(site: Site) -> None:
    site.page.goto(f"{site.own}/own.html")
    site.page.evaluate(
        """async (url) => {
          const film = document.createElement("video");
          film.preload = "metadata"; film.muted = true; film.src = url;
          document.body.append(film);
          await new Promise((done) => film.addEventListener("loadedmetadata", done));
          film.currentTime = 7900;
          await new Promise((done) => film.addEventListener("seeked", done));
        }""",
        "/film.wav",
    )
    ranges = [request for request in site.seen(site.own, "/film.wav") if "range" in request]
    assert {request["status"] for request in ranges} == {206}
    begins = [int(request["range"].removeprefix("bytes=").split("-")[0]) for request in ranges]
    assert max(begins) > FILM * 0.9  # nothing near the end was loaded before the seek


def test_a_reload_makes_304s_and_no_request_for_immutable_files(site: Site) -> None:
    site.page.goto(f"{site.stale}/own.html", wait_until="networkidle")
    for _ in range(2):
        site.page.reload(wait_until="networkidle")
        assert site.page.evaluate("window.classic && window.module") == "imported"
    for path in ("/css/site.css", "/js/module.js"):
        statuses = [request["status"] for request in site.seen(site.stale, path)]
        assert statuses == [200, 304, 304], path
    assert [request["status"] for request in site.seen(site.stale, IMMUTABLE)] == [200]


def test_fresh_files_make_no_request(site: Site) -> None:
    for _ in range(3):
        site.page.goto(f"{site.own}/own.html", wait_until="networkidle")
    assert len(site.seen(site.own, "/css/site.css")) == 1


def test_each_kind_of_file_has_a_media_type_that_the_browser_takes(site: Site) -> None:
    site.page.goto(f"{site.own}/own.html", wait_until="networkidle")
    assert site.page.evaluate("window.module") == "imported"
    assert site.page.evaluate("document.getElementById('drawing').naturalWidth") > 0
    kind = site.page.evaluate(
        "WebAssembly.instantiateStreaming(fetch('/empty.wasm')).then((made) => typeof made.module)"
    )
    assert kind == "object"
    site.page.goto(f"{site.own}/", wait_until="networkidle")
    manifest = site.page.context.new_cdp_session(site.page).send("Page.getAppManifest")
    assert manifest["url"].endswith("/site.webmanifest")
    assert manifest["errors"] == []
    assert '"White noise"' in manifest["data"]


@contextmanager
def running(command: list[str], folder: Path, *, pass_fds: list[int]) -> Iterator[Path]:
    """Run a server of this Python in a folder, and yield its log."""
    with tempfile.NamedTemporaryFile() as log:
        process = subprocess.Popen(
            [sys.executable, "-m", *command],
            cwd=folder,
            env={**os.environ, "PYTHONPATH": str(ROOT)},
            pass_fds=pass_fds,
            stdout=log,
            stderr=subprocess.STDOUT,
        )
        try:
            with watched(process, Path(log.name)):
                yield Path(log.name)
        finally:
            end(process)


@pytest.fixture
def single_page() -> Iterator[tuple[str, Path]]:
    """The address of the example that Vite has built, and its server's log."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        descriptor = listener.fileno()
        command = ["uvicorn", "--fd", str(descriptor), "app:app"]
        with running(command, EXAMPLES / "vite", pass_fds=[descriptor]) as log:
            yield f"http://127.0.0.1:{listener.getsockname()[1]}", log


def test_a_single_page_application_opens_at_each_of_its_urls(
    browser: Any, single_page: tuple[str, Path]
) -> None:
    base, log = single_page
    context = browser.new_context()
    page = context.new_page()
    failures: list[str] = []
    page.on("pageerror", lambda error: failures.append(str(error)))
    # A deep link, a reload, a link of the router, and back.
    for opened in (page.goto(f"{base}/sounds"), page.reload()):
        assert (opened.status, opened.headers["cache-control"]) == (200, "no-cache")
        page.wait_for_selector("#view:has-text('Choose a color of noise.')")
    # The browser merges a 304 with what it has stored.
    lines = [line for line in log.read_text("utf-8").splitlines() if "/sounds" in line]
    assert [line.split('" ')[1] for line in lines] == ["200 OK", "304 Not Modified"]
    page.click("nav a[href='/colors/pink']")
    page.wait_for_selector("#view canvas")
    assert page.url == f"{base}/colors/pink"
    page.go_back()
    page.wait_for_selector("#view:has-text('Choose a color of noise.')")
    assert page.url == f"{base}/sounds"
    # A page that the application renders with the tags of the build.
    assert page.goto(f"{base}/colors/pink").status == 200
    page.wait_for_selector("#view canvas")
    # A script of an earlier build, and data that the application does not have.
    script = "import('/assets/index-01234567.js').then(() => 'run', () => 'refused')"
    assert page.evaluate(script) == "refused"
    for path in ("/assets/index-01234567.js", "/api/sounds", "/sounds"):
        found = page.evaluate(
            "async (path) => (await fetch(path, {cache: 'no-store'})).status", path
        )
        assert found == 404, path
    assert page.goto(f"{base}/assets/index-01234567.js").status == 404
    assert failures == []
    context.close()


@pytest.fixture
def dist(tmp_path: Path) -> Path:
    """A copy of what Vite has built."""
    dist = tmp_path / "dist"
    shutil.copytree(EXAMPLES / "vite" / "dist", dist)
    write(dist / "404.html", b"<title>Missing</title>")
    return dist


def rebuild(dist: Path, text: str) -> None:
    """Change a text of the page, as Vite does: the changed file gets another name."""
    (script,) = dist.glob("assets/index-*.js")
    changed = script.with_name("index-0Changed.js")
    content = script.read_text("utf-8").replace("Choose a color of noise.", text)
    script.unlink()
    changed.write_text(content, "utf-8")
    for each in (dist / "index.html", dist / ".vite" / "manifest.json"):
        page = each.read_text("utf-8")
        assert script.name in page
        each.unlink()
        each.write_text(page.replace(script.name, changed.name), "utf-8")


@contextmanager
def published(dist: Path, *options: str) -> Iterator[tuple[str, Path]]:
    """The address of a single-page application that the command serves, and the log."""
    command = ["whitenoise_async", "dist", "--spa", "--port", "0", *options]
    with running(command, dist.parent, pass_fds=[]) as log:
        until(lambda: log.read_text("utf-8").count("\n") >= 2)
        found = re.search(r"http://\S+[0-9]", log.read_text("utf-8"))
        assert found
        yield found[0], log


@pytest.fixture
def page(browser: Any) -> Iterator[Any]:
    context = browser.new_context()
    page = context.new_page()
    failures: list[str] = []
    page.on("pageerror", lambda error: failures.append(str(error)))
    yield page
    context.close()
    assert failures == []


def wait_for_text(page: Any, text: str) -> None:
    page.wait_for_function("text => document.getElementById('view').innerText === text", arg=text)


def test_the_command_serves_a_single_page_application_at_each_of_its_urls(
    page: Any, dist: Path
) -> None:
    with published(dist) as (base, _):
        for opened in (page.goto(f"{base}/colors/pink"), page.reload()):
            assert (opened.status, opened.headers["cache-control"]) == (200, "no-cache")
            page.wait_for_selector("#view canvas")
        page.click("nav a[href='/']")
        wait_for_text(page, "Choose a color of noise.")
        page.go_back()
        page.wait_for_selector("#view canvas")
        # Scripts, images and data are not pages: they get the page for missing files.
        for path in ("/assets/index-01234567.js", "/colors/pink"):
            status, body = page.evaluate(
                """async (path) => {
                  const reply = await fetch(path, {cache: "no-store"});
                  return [reply.status, await reply.text()];
                }""",
                path,
            )
            assert (status, body) == (404, "<title>Missing</title>"), path
        missing = page.goto(f"{base}/assets/spectrum-01234567.png")
        assert (missing.status, page.title()) == (404, "Missing")


def test_a_reload_shows_a_new_build(page: Any, dist: Path) -> None:
    with published(dist, "--autorefresh") as (base, log):
        page.goto(f"{base}/")
        wait_for_text(page, "Choose a color of noise.")
        rebuild(dist, "Built again.")
        assert page.reload().status == 200
        wait_for_text(page, "Built again.")
        page.goto(f"{base}/colors/pink")
        page.wait_for_selector("#view canvas")
        assert "is not served" not in log.read_text("utf-8")


def test_without_autorefresh_the_log_says_why_a_new_build_is_blank(page: Any, dist: Path) -> None:
    warning = "index-0Changed.js is not served, because it was created after startup. Restart"
    with published(dist) as (base, log):
        page.goto(f"{base}/")
        wait_for_text(page, "Choose a color of noise.")
        rebuild(dist, "Built again.")

        def is_logged() -> bool:
            # The command serves the old page for up to a second.
            page.reload()
            return warning in log.read_text("utf-8")

        until(is_logged)
        page.reload()
        assert page.evaluate("document.getElementById('view').innerText") == ""
        assert log.read_text("utf-8").count("is not served") == 1
    with published(dist) as (base, _):
        page.goto(f"{base}/")
        wait_for_text(page, "Built again.")

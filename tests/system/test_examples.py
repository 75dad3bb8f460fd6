"""Each example of the documentation, started on its server by the commands of its README."""

from __future__ import annotations

import gzip
import hashlib
import json
import os
import re
import shlex
import shutil
import socket
import subprocess
import sysconfig
import time
from base64 import b64encode
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from functools import cache
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import urljoin

import brotli
import pytest

from tests.helpers.caches import Client, Reply
from tests.helpers.server_processes import watched

ROOT = Path(__file__).parents[2]
EXAMPLES = ROOT / "docs" / "examples"
FOREVER = "max-age=315360000, public, immutable"

#: Arguments that make a server listen on a free port, which it then prints.
ANY_PORT = {
    "gunicorn": ["--bind", "127.0.0.1:0"],
    "hypercorn": ["--bind", "127.0.0.1:0"],
    "python -m whitenoise_async site": ["--port", "0"],
    "uvicorn": ["--port", "0"],
}


class Example(NamedTuple):
    folder: str
    #: The beginning of the command that starts it.
    server: str
    #: A page of the application, and a part of its text.
    page: str
    text: str
    #: A part of the application's 404.
    missing: str
    #: ``Cache-Control`` of the style sheet that the page links to.
    cache: str = "max-age=60, public"


FLASK = Example(
    "flask", "gunicorn", "/pink", "Every octave has equal power", "<h1>Not Found</h1>", FOREVER
)
WSGI = Example("django", "gunicorn", "/", "<h1>Spectra</h1>", "<h1>Not Found</h1>", FOREVER)
ASGI = WSGI._replace(server="uvicorn")
STARLETTE = Example("starlette", "uvicorn", "/", "<h1>Up for ", "Not Found", FOREVER)
FASTAPI = Example("fastapi", "uvicorn", "/", "<h1>Decibels</h1>", '{"detail":"Not Found"}', FOREVER)
LITESTAR = Example("litestar", "uvicorn", "/", "<h1>Notes</h1>", '"status_code":404', FOREVER)
QUART = Example("quart", "hypercorn", "/", "<h1>Live noise</h1>", "<h1>Not Found</h1>", FOREVER)
VITE = Example("vite", "uvicorn", "/colors/pink", '<main id="view">', "Not Found", FOREVER)
SITE = Example(".", "python -m whitenoise_async site", "/", "Every frequency", "Not Found\n")
TABLE = [FLASK, WSGI, ASGI, STARLETTE, FASTAPI, LITESTAR, QUART, VITE, SITE]
FAST = [FLASK, STARLETTE, SITE]
#: Those whose pages get their URLs from ``Assets``.
HASHED = [FLASK, STARLETTE, FASTAPI, LITESTAR, QUART]


def parameters(examples: Sequence[Example]) -> list[Any]:
    """Examples as parameters of a test."""
    slow = pytest.mark.slow
    return [pytest.param(each, marks=[] if each in FAST else slow) for each in examples]


def name_of(example: Example) -> str:
    """The name of an example in the name of a test."""
    return f"{example.folder}-{example.server}"


class Server:
    """An example that runs."""

    def __init__(self, example: Example, folder: Path, port: int) -> None:
        self.example = example
        self.folder = folder
        self.port = port

    def get(self, path: str, fields: Mapping[str, str] = {}) -> Reply:
        with closing(Client(self.port)) as client:
            return client.get(path, fields)

    def open(self, path: str) -> Reply:
        """Request a page as a browser does that opens it."""
        return self.get(path, {"Accept": "text/html,*/*;q=0.8"})

    def links(self) -> list[str]:
        """The paths that the page links to, including style sheets and scripts."""
        page = self.open(self.example.page).body.decode()
        found = re.findall(r' (?:href|src)="([^"#:]+)"', page)
        return [urljoin(self.example.page, link) for link in found]

    def style_sheet(self) -> str:
        return next(link for link in self.links() if link.endswith(".css"))


def commands_of(folder: Path) -> list[list[str]]:
    """The commands of a folder's README. The first installs the packages for the others."""
    readme = (folder / "README.md").read_text("utf-8")
    (block,) = re.findall(r"^```shell\n(.*?)^```$", readme, re.M | re.S)
    return [shlex.split(command) for command in block.strip().splitlines()]


def packages_of(folder: Path) -> list[str]:
    """The packages that an example needs in addition to this one."""
    pip, install, _this, *packages = commands_of(folder)[0]
    assert (pip, install) == ("pip", "install")
    return packages


def command_of(example: Example, folder: Path) -> list[str]:
    """The command that starts the server."""
    (command,) = (
        each for each in commands_of(folder) if shlex.join(each).startswith(example.server)
    )
    return command


def preparations_of(folder: Path) -> Iterator[list[str]]:
    """The commands between installing and starting."""
    for command in commands_of(folder)[1:]:
        if not any(shlex.join(command).startswith(server) for server in ANY_PORT):
            yield command


def environ() -> dict[str, str]:
    path = f"{sysconfig.get_path('scripts')}{os.pathsep}{os.environ['PATH']}"
    return {**os.environ, "PATH": path, "PYTHONPATH": str(ROOT)}


@pytest.fixture(scope="module")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    """Copies an example's folder, once, and runs the commands of its README that prepare it."""

    @cache
    def prepare(folder: str) -> Path:
        copy = tmp_path_factory.mktemp("example") / "copy"
        made = shutil.ignore_patterns("node_modules", "staticfiles", "*.br", "*.gz", "*.zst")
        shutil.copytree(EXAMPLES / folder, copy, ignore=made)
        for command in preparations_of(copy):
            done = subprocess.run(command, cwd=copy, env=environ(), capture_output=True)
            assert done.returncode == 0, done.stderr.decode()
        return copy

    return prepare


@contextmanager
def running(
    example: Example, folder: Path, log: Path, command: Sequence[str] = (), **variables: str
) -> Iterator[Server]:
    """Run the server of an example on a free port, by its README's command or another."""
    command = command or command_of(example, folder)
    with log.open("wb") as output:
        process = subprocess.Popen(
            [*command, *ANY_PORT[example.server]],
            cwd=folder,
            env={**environ(), **variables},
            stdout=output,
            stderr=subprocess.STDOUT,
        )
    try:
        port = port_in(log, process)
        with watched(process, log):
            yield Server(example, folder, port)
    finally:
        process.terminate()
        try:
            process.wait(timeout=60)
        finally:
            process.kill()
    assert "Traceback" not in log.read_text("utf-8")


def port_in(log: Path, process: subprocess.Popen[bytes]) -> int:
    """Wait until the server has printed where it listens."""
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline and process.poll() is None:
        if found := re.search(r"http://127\.0\.0\.1:(\d+)[ /]", log.read_text("utf-8")):
            return int(found[1])
        time.sleep(0.01)
    raise RuntimeError(f"{process.args!r} does not listen:\n{log.read_text('utf-8')}")


@pytest.fixture(scope="module", params=parameters(TABLE), ids=name_of)
def server(
    request: pytest.FixtureRequest,
    prepared: Callable[[str], Path],
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Server]:
    example: Example = request.param
    for package in packages_of(EXAMPLES / example.folder):
        try:
            distribution(package)
        except PackageNotFoundError:
            pytest.skip(f"{package} is not installed, or has no release for this Python")
    log = tmp_path_factory.mktemp("log") / "log"
    with running(example, prepared(example.folder), log) as started:
        yield started


def only(*examples: Example) -> pytest.MarkDecorator:
    """Run a test for some of the examples."""
    return pytest.mark.parametrize("server", parameters(examples), indirect=True, ids=name_of)


def test_the_page_is_the_application_s(server: Server) -> None:
    reply = server.open(server.example.page)
    assert reply.status == 200
    assert server.example.text in reply.body.decode()


def test_all_links_of_the_page_work(server: Server) -> None:
    links = server.links()
    # Django's admin redirects to its login page.
    found = {link: server.open(link).status for link in links}
    assert found == {link: 302 if link == "/admin/" else 200 for link in links}


def test_the_style_sheet_is_sent_in_the_coding_that_the_client_prefers(server: Server) -> None:
    path = server.style_sheet()
    plain = server.get(path)
    assert plain.headers["content-type"] == 'text/css; charset="utf-8"'
    assert plain.headers["cache-control"] == server.example.cache
    assert plain.headers["vary"] == "Accept-Encoding"
    assert "content-encoding" not in plain.headers
    for coding, decode in {"gzip": gzip.decompress, "br": brotli.decompress}.items():
        reply = server.get(path, {"Accept-Encoding": f"{coding}, *;q=0.1"})
        assert reply.headers["content-encoding"] == coding
        assert reply.headers["etag"] != plain.headers["etag"]
        assert decode(reply.body) == plain.body


def test_the_style_sheet_is_not_sent_to_clients_that_have_it(server: Server) -> None:
    path = server.style_sheet()
    reply = server.get(path, {"If-None-Match": server.get(path).headers["etag"]})
    assert (reply.status, reply.body) == (304, b"")


def test_a_part_of_the_style_sheet_is_sent(server: Server) -> None:
    whole = server.get(server.style_sheet()).body
    reply = server.get(server.style_sheet(), {"Range": "bytes=4-11"})
    assert (reply.status, reply.body) == (206, whole[4:12])
    assert reply.headers["content-range"] == f"bytes 4-11/{len(whole)}"


def test_the_application_responds_to_missing_files(server: Server) -> None:
    for path in ("/missing", "/assets/missing-01234567.js"):
        reply = server.get(path)
        assert reply.status == 404
        assert server.example.missing in reply.body.decode()


@only(*HASHED)
def test_the_files_of_the_page_have_hashes_in_their_urls(server: Server) -> None:
    files = [link for link in server.links() if link.endswith((".css", ".js", ".svg"))]
    assert files
    for url in files:
        found = re.fullmatch(r"(.+)\.([0-9a-f]{12})(\.\w+)", url)
        assert found is not None, url
        reply, plain = server.get(url), server.get(found[1] + found[3])
        assert (reply.status, reply.headers["cache-control"]) == (200, FOREVER)
        assert (plain.status, plain.headers["cache-control"]) == (200, "max-age=60, public")
        assert reply.body == plain.body
        other = server.get(f"{found[1]}.0123456789ab{found[3]}")
        assert (other.status, other.headers["cache-control"]) == (404, "no-store")


@only(QUART)
def test_a_map_leads_the_import_of_a_script_to_a_hashed_url(server: Server) -> None:
    page = server.open("/").body.decode()
    (text,) = re.findall(r'<script type="importmap">(.+?)</script>', page)
    found = json.loads(text)
    assert re.fullmatch(r"/static/bars\.[0-9a-f]{12}\.js", found["imports"]["/static/bars.js"])
    for url in found["imports"].values():
        digest = b64encode(hashlib.sha384(server.get(url).body).digest()).decode()
        assert found["integrity"][url] == f"sha384-{digest}"


@only(FLASK)
def test_flask_s_debug_mode_switches_autorefresh_on(server: Server) -> None:
    for debug, expected in {"0": "False", "1": "True"}.items():
        told = subprocess.run(
            [
                "python",
                "-c",
                "from app import *; print(assets.autorefresh)",
            ],
            cwd=server.folder,
            env={**environ(), "FLASK_DEBUG": debug},
            capture_output=True,
            text=True,
            check=True,
        )
        assert told.stdout.strip() == expected


@only(WSGI, ASGI)
def test_django_s_admin_has_its_files_and_its_tokens(server: Server) -> None:
    page = server.get("/admin/login/")
    assert 'name="csrfmiddlewaretoken"' in page.body.decode()
    assert "csrftoken=" in page.headers["set-cookie"]
    (style, *_) = re.findall(r'href="(/static/admin/css/base\..+?)"', page.body.decode())
    assert server.get(style).headers["cache-control"] == FOREVER


@only(WSGI, ASGI)
def test_the_import_map_of_the_django_project_leads_to_an_immutable_module(server: Server) -> None:
    page = server.get("/").body.decode()
    (text,) = re.findall(r'<script type="importmap">(.+?)</script>', page)
    ((plain, hashed),) = json.loads(text)["imports"].items()
    assert plain == "/static/spectra/line.js"
    assert server.get(hashed).headers["cache-control"] == FOREVER


@only(WSGI, ASGI)
def test_files_have_the_headers_of_django_s_security_middleware(server: Server) -> None:
    for path in (server.example.page, server.style_sheet()):
        headers = server.get(path).headers
        assert headers["referrer-policy"] == "same-origin"
        assert headers["x-content-type-options"] == "nosniff"


@only(WSGI, ASGI)
def test_a_picture_that_a_collected_style_sheet_names_is_immutable(server: Server) -> None:
    assert picture_of(server).headers["cache-control"] == FOREVER


def picture_of(server: Server) -> Reply:
    path = server.style_sheet()
    (name,) = re.findall(r'url\("(.+?)"\)', server.get(path).body.decode())
    assert re.fullmatch(r"wave\.[0-9a-f]{12}\.svg", name)
    reply = server.get(urljoin(path, name))
    assert reply.headers["content-type"] == "image/svg+xml"
    return reply


@pytest.mark.slow
@pytest.mark.parametrize(
    "example, command",
    [
        (WSGI, ["gunicorn", "mysite.wsgi_wrapped"]),
        (ASGI, ["uvicorn", "mysite.asgi_wrapped:application"]),
    ],
    ids=["gunicorn", "uvicorn"],
)
def test_the_same_is_served_around_django(
    prepared: Callable[[str], Path], tmp_path: Path, example: Example, command: list[str]
) -> None:
    with running(example, prepared("django"), tmp_path / "log", command) as server:
        test_the_page_is_the_application_s(server)
        test_the_style_sheet_is_sent_in_the_coding_that_the_client_prefers(server)
        assert picture_of(server).headers["cache-control"] == FOREVER
        # It did not pass Django's middleware.
        assert "referrer-policy" not in server.get(server.style_sheet()).headers


@pytest.mark.slow
@pytest.mark.parametrize("example", [WSGI, ASGI], ids=["gunicorn", "uvicorn"])
def test_a_static_host_is_named_by_pages_and_fetches_from_the_application(
    prepared: Callable[[str], Path], tmp_path: Path, example: Example
) -> None:
    host = "https://cdn.example"
    folder = prepared("django")
    with running(example, folder, tmp_path / "log", STATIC_HOST=host) as server:
        page = server.get("/").body.decode()
        found = re.findall(r' (?:href|src)="([^"]+\.(?:css|js))"', page)
        assert [url.rpartition(".")[2] for url in found] == ["css", "js"]
        for url in found:
            assert url.startswith(f"{host}/static/spectra/")
            reply = server.get(url.removeprefix(host), {"Origin": "https://www.example"})
            assert reply.status == 200
            assert reply.headers["cache-control"] == FOREVER
            # Without this, browsers would refuse the module script and fonts.
            assert reply.headers["access-control-allow-origin"] == "*"


@only(FASTAPI)
def test_files_are_served_at_the_top_and_below_a_path(server: Server) -> None:
    assert server.get("/robots.txt").body.startswith(b"User-agent: *")
    for path in ("/static/missing", "/static/robots.txt"):
        assert server.get(path).body == b'{"detail":"Not Found"}'


@only(QUART)
def test_a_websocket_passes_through_the_wrapper(server: Server) -> None:
    fields = {
        "Host": "127.0.0.1",
        "Connection": "Upgrade",
        "Upgrade": "websocket",
        "Sec-WebSocket-Key": "AAAAAAAAAAAAAAAAAAAAAA==",
        "Sec-WebSocket-Version": "13",
    }
    lines = ["GET /noise HTTP/1.1", *(f"{name}: {value}" for name, value in fields.items())]
    with socket.create_connection(("127.0.0.1", server.port), timeout=60) as connection:
        connection.sendall("\r\n".join([*lines, "", ""]).encode())
        with connection.makefile("rb") as received:
            assert received.readline().split()[1] == b"101"
            while received.readline().strip():
                pass
            # One frame of five bytes of text (RFC 6455 section 5.2).
            assert received.read(2) == b"\x81\x05"
            assert 0 <= float(received.read(5)) <= 1


@only(VITE)
def test_the_scripts_of_a_built_page_are_cached_permanently(server: Server) -> None:
    page = server.get("/")
    assert page.headers["cache-control"] == "max-age=0, public"
    reply = server.open("/colors/mauve")
    assert (reply.body, reply.headers["cache-control"]) == (page.body, "no-cache")
    assert server.get("/api/colors").body == b'["white","pink","brown"]'
    for path in ("/api/sounds", "/colors/mauve", "/assets/index-01234567.js"):
        assert server.get(path).status == 404
    assert server.open("/assets/index-01234567.js").status == 404
    (script,) = (link for link in server.links() if link.endswith(".js"))
    (chunk,) = re.findall(r"spectrum-[\w-]{8}\.js", server.get(script).body.decode())
    for path in (script, urljoin(script, chunk)):
        reply = server.get(path)
        assert reply.headers["content-type"] == 'text/javascript; charset="utf-8"'
        assert reply.headers["cache-control"] == FOREVER


@only(VITE)
def test_files_that_vite_copies_without_a_hash_are_revalidated(server: Server) -> None:
    (icon,) = re.findall(r'href="(/assets/.+?\.svg)"', server.get("/").body.decode())
    assert server.get(icon).headers["cache-control"] == "max-age=0, public"


@only(VITE)
def test_a_page_of_the_application_has_the_files_of_the_build(server: Server) -> None:
    built = server.get("/").body.decode()
    names = {link.rpartition("/")[2] for link in server.links()}
    for built_name in re.findall(r"index-[\w-]{8}\.(?:js|css)", built):
        assert built_name in names
    (icon,) = (name for name in names if name.endswith(".svg"))
    assert re.fullmatch(r"icon-spectrum\.[0-9a-f]{12}\.svg", icon)
    assert server.get(f"/assets/{icon}").headers["cache-control"] == FOREVER
    assert "<title>The spectrum of pink noise</title>" in server.get("/colors/pink").body.decode()


def test_the_page_of_examples_lists_each_with_its_command() -> None:
    page = (ROOT / "docs" / "examples.md").read_text("utf-8")
    listed = re.findall(r"^\| `(.+?)` \|.*\| `(.+?)` \|$", page, re.M)
    started = [
        (each.folder.replace(".", "site"), shlex.join(command_of(each, EXAMPLES / each.folder)))
        for each in TABLE
    ]
    assert sorted(listed) == sorted(started)
    assert {folder for folder, _ in listed} == {
        path.name for path in EXAMPLES.iterdir() if path.is_dir()
    }


def test_what_the_examples_need_is_installed_for_the_tests() -> None:
    project = (ROOT / "pyproject.toml").read_text("utf-8")
    extras = "".join(re.findall(r"^test(?:-all)? = \[(.*?)\]$", project, re.M | re.S))
    needed = {package for each in TABLE for package in packages_of(EXAMPLES / each.folder)}
    assert needed <= set(re.findall(r'"([\w-]+)', extras))

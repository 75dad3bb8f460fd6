"""The commands and configurations for servers and proxies in the documentation work."""

from __future__ import annotations

import ast
import re
import shlex
import shutil
import subprocess
import textwrap
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import brotli
import pytest

import whitenoise_async
from tests.helpers.caches import Site, free_port, missing, started
from tests.helpers.docs_commands import Command, commands_of, fetch, serving
from tests.helpers.docs_pages import DOCS, ROOT, SHELL, Block, blocks_of
from tests.helpers.files import write
from tests.helpers.recording_origin import running_origin
from whitenoise_async.options import OptionKeywords

CSS = b"body { color: black }\n" * 100

APPLICATIONS = {
    "WhiteNoise": """
        def hello(environ, start_response):
            start_response("200 OK", [])
            return [b"Hello from the application"]
        """,
    "ASGIWhiteNoise": """
        async def hello(scope, receive, send):
            if scope["type"] == "http":
                await send({"type": "http.response.start", "status": 200, "headers": []})
                await send({"type": "http.response.body", "body": b"Hello from the application"})
        """,
}
ASGI_SERVERS = {"uvicorn", "hypercorn", "granian, ASGI", "daphne", "gunicorn, uvicorn workers"}


def blocks(page: str, language: str) -> list[Block]:
    return [block for block in blocks_of(DOCS / page) if block.language == language]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """The folder in which a server starts, with static files."""
    write(tmp_path / "static" / "app.css", CSS, compressed=True)
    write(tmp_path / "static" / "app.css.br", brotli.compress(CSS))
    return tmp_path


def write_module(folder: Path, kind: str) -> None:
    source = f"""{textwrap.dedent(APPLICATIONS[kind])}
from whitenoise_async import {kind}

application = {kind}(hello, "static", prefix="static")
"""
    (folder / "mysite.py").write_text(source)


ROWS = re.findall(
    r"^\| ([\w, ]+?) \| `([\w-]+ .*?)` \|", (DOCS / "deployment.md").read_text(), re.M
)
SERVED = {name: command for name, command in ROWS if name != "mod_wsgi"}


@pytest.mark.slow
@pytest.mark.parametrize("name", SERVED)
def test_the_command_of_each_server_serves_files_and_the_application(
    name: str, folder: Path
) -> None:
    command = Command(SERVED[name], "")
    if lacking := command.lacks():
        pytest.skip(f"{lacking} is not installed")
    write_module(folder, "ASGIWhiteNoise" if name in ASGI_SERVERS else "WhiteNoise")
    with serving(command.text, folder) as (port, _):
        assert fetch(port, "/static/app.css").body == CSS
        assert fetch(port, "/").body == b"Hello from the application"


def test_the_commands_that_check_a_deployment_work(folder: Path) -> None:
    (block,) = (each for language in SHELL for each in blocks("cdn.md", language))
    lines = commands_of(block)
    if lines[0].lacks():
        pytest.skip("curl is not installed")
    write_module(folder, "WhiteNoise")
    outputs = []
    with serving("gunicorn mysite:application", folder) as (port, _):
        etag = fetch(port, "/static/app.css").headers["etag"].strip('"')
        for line in lines:
            text = line.text.replace("https://example.com", f"http://127.0.0.1:{port}")
            command = shlex.split(text.replace("the ETag of the second", etag))
            done = subprocess.run(command, capture_output=True, text=True, check=True)
            outputs.append(done.stdout.lower())
    assert [int(each.split()[1]) for each in outputs] == [200, 200, 206, 304]
    assert ["content-encoding: gzip" in each for each in outputs] == [True, False, False, False]
    assert all("vary: accept-encoding" in each for each in outputs)


def without_dates(response: str) -> list[str]:
    """The lines of a response, without the values that depend on the time."""
    varying = r"(?mi)^(Date|ETag|Last-Modified): .+$"
    return re.sub(varying, r"\1", response).splitlines()


def curl_on(page: Path) -> Command:
    """The first command on a page that calls curl, with the output that the page shows."""
    block, output = next(
        (block, output)
        for block, output in pairwise(blocks_of(page))
        if block.text.startswith("curl ")
    )
    (command,) = commands_of(block, output)
    if command.lacks():
        pytest.skip("curl is not installed")
    return command


def run_curl(command: Command, port: int) -> str:
    text = command.text.replace("curl", "curl -s").replace("8000", str(port))
    return subprocess.run(shlex.split(text), capture_output=True, text=True, check=True).stdout


def test_the_start_page_shows_what_curl_prints(folder: Path) -> None:
    wrapping, *_ = blocks("start.md", "python")
    command = curl_on(DOCS / "start.md")
    (folder / "mysite.py").write_text(wrapping.text)
    (folder / "static" / "app.css").write_text("body { color: black }\n")
    with serving("gunicorn mysite:application", folder) as (port, _):
        response = run_curl(command, port)
    assert without_dates(response) == without_dates(command.output)


def test_the_readme_shows_what_curl_prints_for_its_first_command(tmp_path: Path) -> None:
    command = curl_on(ROOT / "README.md")
    (line,) = re.findall("-m whitenoise_async (.+)$", (ROOT / "README.md").read_text(), re.M)
    folder, *options = shlex.split(line)
    shutil.copytree(ROOT / folder, tmp_path / folder)
    with serving(shlex.join(["python", "-m", "whitenoise_async", folder, *options]), tmp_path) as (
        port,
        _,
    ):
        response = run_curl(command, port)
    # The compressors that are installed decide its length.
    length = r"(?mi)^(content-length): .+$"
    response, shown = (re.sub(length, r"\1", each) for each in (response, command.output))
    assert without_dates(response.rstrip()) == without_dates(shown.rstrip())


def new_side(diff: str) -> str:
    """The lines of a file after the change."""
    return "\n".join(line[1:] for line in diff.splitlines() if not line.startswith("-"))


@pytest.mark.parametrize("block", blocks("coming-from.md", "diff"), ids=lambda block: block.line)
def test_the_new_side_of_a_diff_compiles_and_uses_existing_names(block: Block) -> None:
    tree = ast.parse(new_side(block.text))
    options = {"root", "prefix", "followlinks", *OptionKeywords.__optional_keys__}
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and node.module == "whitenoise_async":
            assert {each.name for each in node.names} <= set(whitenoise_async.__all__)
        elif isinstance(node, ast.Call) and "WhiteNoise" in ast.unparse(node.func):
            assert {each.arg for each in node.keywords} <= options


#: Eight values of Accept-Encoding, and the coding of the response to each.
CODINGS_BY_HEADER = {
    "": "", "br": "br", "gzip": "gzip", "br, gzip": "br", "gzip, deflate, br": "br",
    "gzip, br": "br", "GZIP": "gzip", "br;q=0, gzip": "gzip",
}  # fmt: skip


def variants_are_served(site: Site) -> None:
    """Send each request twice, the second to the cache, which then has three representations."""
    for _ in range(2):
        for accepted, coding in CODINGS_BY_HEADER.items():
            reply = site.get("/static/app.css", {"Accept-Encoding": accepted} if accepted else {})
            assert reply.status == 200
            assert reply.headers.get("content-encoding", "") == coding
    assert len(site.seen("/static/app.css")) == 3


@pytest.fixture
def replica(folder: Path) -> Iterator[int]:
    with running_origin(folder / "static", prefix="static") as port:
        yield port


def nginx(blocks: str, replica: int, folder: Path, port: int) -> str:
    """The configuration on the page, with ports and folders of the test."""
    for theirs, ours in {
        "127.0.0.1:8000": f"127.0.0.1:{replica}",
        "listen 80;": f"listen 127.0.0.1:{port};",
        "/var/cache/nginx/static": str(folder / "cache"),
    }.items():
        blocks = blocks.replace(theirs, ours)
    return blocks


@pytest.mark.cdn
def test_nginx_without_a_cache_passes_everything_on(folder: Path, replica: int) -> None:
    if reason := missing("nginx"):
        pytest.skip(reason)
    plain, _ = blocks("cdn.md", "nginx")
    port = free_port()
    config = nginx(plain.text, replica, folder, port)
    with started("nginx", config, folder / "nginx", port, [replica]) as site:
        reply = site.get("/static/app.css", {"Accept-Encoding": "br"})
        assert reply.headers["content-encoding"] == "br"
        etag = reply.headers["etag"]
        again = site.get("/static/app.css", {"Accept-Encoding": "br", "If-None-Match": etag})
        assert again.status == 304
        assert site.get("/static/app.css", {"Range": "bytes=0-3"}).body == CSS[:4]


@pytest.mark.cdn
def test_nginx_with_a_cache_keeps_three_representations(folder: Path, replica: int) -> None:
    if reason := missing("nginx"):
        pytest.skip(reason)
    plain, caching = blocks("cdn.md", "nginx")
    upstream = plain.text[: plain.text.index("server {\n")]
    port = free_port()
    config = nginx(upstream + caching.text, replica, folder, port)
    with started("nginx", config, folder / "nginx", port, [replica]) as site:
        variants_are_served(site)
        assert site.get("/static/app.css").headers["x-cache"] == "HIT"


@pytest.mark.cdn
def test_varnish_keeps_three_representations(folder: Path, replica: int) -> None:
    if reason := missing("varnish"):
        pytest.skip(reason)
    vcl = "".join(block.text for block in blocks("cdn.md", "text"))
    vcl = vcl.replace('.port = "8000"', f'.port = "{replica}"')
    with started("varnish", vcl, folder / "varnish", free_port(), [replica]) as site:
        variants_are_served(site)

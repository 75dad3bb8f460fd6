"""``python -m whitenoise_async DIR`` and ``whitenoise-async serve DIR``: publish a folder."""

from __future__ import annotations

import gzip
import os
import re
import runpy
import shlex
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stdout, suppress
from importlib import import_module
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.helpers.argument_errors import refused
from tests.helpers.clients import Reply, call_asgi, make_call
from tests.helpers.files import write
from tests.helpers.slow import slow_unless
from tests.helpers.waiting import until
from whitenoise_async.cli.serve import main
from whitenoise_async.cli.servers import SERVERS, installed

TEXT = b"body { color: black }\n" * 100
PACKAGES = str(Path(__file__).parents[2])


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    root = tmp_path / "public"
    write(root / "index.html", b"<title>home</title>")
    write(root / "app.css", TEXT, compressed=True)
    return root


@pytest.fixture(autouse=True)
def no_exit_of_this_process(monkeypatch: pytest.MonkeyPatch) -> None:
    """Prevent a server that shuts down slowly from ending the test process."""
    monkeypatch.setattr("whitenoise_async.cli.servers._GRACE", 3600.0)


def fetch(url: str, **headers: str) -> httpx.Response:
    # Requests to our own server must not use a proxy from the environment. Reading certificates
    # would take longer than the request.
    return httpx.get(url, headers=headers, trust_env=False, verify=False, timeout=60)


@contextmanager
def publishing(
    *arguments: str | Path, script: str = "", **environ: str
) -> Iterator[subprocess.Popen[str]]:
    """Run the command in another process.

    :param script: a script that runs the command, instead of its module.
    """
    with subprocess.Popen(
        [sys.executable, *(["-c", script] if script else ["-m", "whitenoise_async"]), *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        errors="surrogateescape",
        env={**os.environ, "PYTHONPATH": PACKAGES, **environ},
    ) as process:
        try:
            yield process
        except Exception:
            if process.poll() is not None and process.stderr is not None:
                # pytest shows this output with the failure.
                sys.stderr.write(f"It ended with status {process.returncode}:\n")
                with suppress(ValueError):  # the stream was read to its end, and closed
                    sys.stderr.write(process.stderr.read())
            raise
        finally:
            process.kill()


def url_in(line: str, folder: Path) -> str:
    found = re.fullmatch(rf"Serving {re.escape(str(folder))} at (http://\S+:[1-9][0-9]*/)\n", line)
    assert found, line
    return found[1]


@pytest.mark.parametrize(
    "options", slow_unless([[], ["--index"], ["--no-index"]], lambda options: not options)
)
def test_a_folder_is_published_at_the_printed_url_until_interrupted(
    folder: Path, options: list[str]
) -> None:
    with publishing(folder, "--port", "0", "-q", *options) as process:
        assert process.stdout is not None
        url = url_in(process.stdout.readline(), folder)
        counted = process.stdout.readline()
        home, style = fetch(url), fetch(f"{url}app.css", **{"Accept-Encoding": "gzip"})
        missing = fetch(f"{url}missing")
        process.send_signal(signal.SIGINT)
        output, errors = process.communicate(timeout=60)
    assert url.startswith("http://127.0.0.1:")
    if "--no-index" in options:
        assert home.status_code == 404
    else:
        assert (home.status_code, home.content) == (200, b"<title>home</title>")
    assert (style.content, style.headers["content-encoding"]) == (TEXT, "gzip")
    assert int(style.headers["content-length"]) == len(gzip.compress(TEXT))
    assert missing.status_code == 404
    size = len(TEXT) + len(b"<title>home</title>")
    share = len(TEXT) / size
    assert counted == f"2 files, {size:,} bytes, {share:.0%} of them with compressed variants\n"
    assert (process.returncode, output, errors) == (0, "", "")


@pytest.mark.parametrize("server", slow_unless(SERVERS, "uvicorn".__eq__))
def test_each_server_publishes_and_stops_cleanly(folder: Path, server: str) -> None:
    if server not in installed():
        pytest.skip(f"{server} is not installed")
    large = bytes(300_000)
    write(folder / "large.bin", large)
    write(folder / "sub" / "a b.txt", b"text")
    with publishing(folder, "--port=0", "--list", "--server", server) as process:
        assert process.stdout is not None
        url = url_in(process.stdout.readline(), folder)
        until(lambda: is_there(url))
        reply = fetch(f"{url}app.css", **{"Accept-Encoding": "gzip", "Range": "bytes=0-9"})
        assert fetch(f"{url}large.bin").content == large
        listing = fetch(f"{url}sub/")
        process.send_signal(signal.SIGINT)
        output, errors = process.communicate(timeout=60)
    assert reply.status_code == 206
    assert reply.headers["content-length"] == "10"
    assert '<a href="a%20b.txt">' in listing.text
    assert (process.returncode, errors) == (0, "")
    for line in (
        "GET /app.css 206 10 gzip",
        f"GET /large.bin 200 {len(large)} -",
        f"GET /sub/ 200 {len(listing.content)} -",
    ):
        assert re.search(rf"^\d\d:\d\d:\d\d {line} \d+\.\dms$", output, re.M), output


@pytest.mark.parametrize("options", [[], ["--autorefresh"]])
def test_small_files_are_compressed_in_memory_on_request(
    tmp_path: Path, options: list[str]
) -> None:
    write(tmp_path / "app.css", TEXT)
    with publishing(tmp_path, "--port=0", "--compress", *options) as process:
        assert process.stdout is not None
        url = url_in(process.stdout.readline(), tmp_path)
        replies = [fetch(f"{url}app.css", **{"Accept-Encoding": "gzip"}) for _ in range(2)]
        process.send_signal(signal.SIGINT)
        output, errors = process.communicate(timeout=60)
    assert {reply.content for reply in replies} == {TEXT}
    assert {reply.headers["content-encoding"] for reply in replies} == {"gzip"}
    (size,) = {reply.headers["content-length"] for reply in replies}
    assert output.count(f"GET /app.css 200 {size} gzip ") == 2
    last = output.splitlines()[-1]
    assert re.fullmatch(r"Compressed in memory: 1 file, from 2,200 bytes to \d\d", last)
    assert (process.returncode, errors) == (0, "")
    assert [each.name for each in tmp_path.iterdir()] == ["app.css"]


#: The command, but it waits less long for clients.
IMPATIENT = """
from whitenoise_async.cli import serve, servers

servers._GRACE = 0.05
raise SystemExit(serve.main())
"""


@pytest.mark.parametrize(
    ("server", "interrupt", "script"),
    [
        pytest.param("uvicorn", signal.SIGINT, "", id="uvicorn-SIGINT"),  # takes two seconds
        *(
            pytest.param(
                *(server, each, IMPATIENT),
                id=f"{server}-{each.name}-impatient",
                marks=pytest.mark.slow,
            )
            for server in SERVERS
            for each in (signal.SIGINT, signal.SIGTERM)
            if (server, each) != ("uvicorn", signal.SIGINT)
        ),
    ],
)
def test_a_client_that_has_stopped_reading_does_not_delay_an_interrupt(
    folder: Path, server: str, interrupt: signal.Signals, script: str
) -> None:
    if server not in installed():
        pytest.skip(f"{server} is not installed")
    with (folder / "film.bin").open("wb") as film:
        film.truncate(1 << 30)  # more than all buffers on the way
    with publishing(folder, "--port=0", "--server", server, script=script) as process:
        assert process.stdout is not None
        url = url_in(process.stdout.readline(), folder)
        until(lambda: is_there(url))
        with socket.create_connection(("127.0.0.1", httpx.URL(url).port or 80)) as client:
            client.sendall(b"GET /film.bin HTTP/1.1\r\nHost: example\r\n\r\n")
            assert client.recv(12) == b"HTTP/1.1 200"
            process.send_signal(interrupt)
            _, errors = process.communicate(timeout=60)
    assert (process.returncode, errors) == (0, "")


def is_there(url: str) -> bool:
    try:
        fetch(url)
    except httpx.TransportError:  # granian opens its own socket
        return False
    return True


def test_the_middleware_options_are_command_line_options(tmp_path: Path) -> None:
    folder = tmp_path / "public"
    write(folder / "app.css", TEXT)
    write(folder / "notes" / "app.css.map", b"")
    write(folder / ".env", b"")
    write(folder / "card.jinja", b"")
    options = [
        *("--prefix", "static/v1", "--max-age", "7", "--no-cors", "--autorefresh"),
        *("--exclude", "*.map", "--exclude", ".env"),
        *("--include", "*.css", "--include", "*.txt", "--include", "*.map"),
    ]
    with publishing(folder, "--port=0", *options) as process:
        assert process.stdout is not None
        line = process.stdout.readline()
        assert line.endswith("/static/v1/\n")
        assert process.stdout.readline() == "Files are looked up on each request\n"
        url = line.split()[-1]
        style = fetch(f"{url}app.css")
        assert style.headers["cache-control"] == "max-age=7, public"
        assert "access-control-allow-origin" not in style.headers
        write(folder / "new.txt", b"new")
        assert fetch(f"{url}new.txt").content == b"new"
        for name in ("notes/app.css.map", ".env", "card.jinja"):
            assert fetch(f"{url}{name}").status_code == 404
        process.send_signal(signal.SIGINT)
        _, errors = process.communicate(timeout=60)
    assert (process.returncode, errors) == (0, "")


def test_a_sensitive_file_is_named_with_advice_that_the_command_line_accepts(
    tmp_path: Path,
) -> None:
    def publish(*arguments: str) -> tuple[str, str]:
        with publishing(tmp_path, "--port=0", *arguments) as process:
            assert process.stdout is not None
            url_in(process.stdout.readline(), tmp_path)
            served = process.stdout.readline()
            process.send_signal(signal.SIGINT)
            return served, process.communicate(timeout=60)[1]

    write(tmp_path / ".env", b"")
    served, errors = publish()
    assert served == "1 file, 0 bytes\n"
    beginning, advice = errors.split(
        " To leave them out, add to exclude (--exclude for a command): "
    )
    assert beginning == f"Files below {tmp_path} are served, perhaps by mistake: .env."
    assert advice == "'.env*'\n"
    assert publish("--exclude", *shlex.split(advice)) == ("0 files, 0 bytes\n", "")


def test_a_removed_current_directory_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "gone").mkdir()
    monkeypatch.chdir(tmp_path / "gone")
    (tmp_path / "gone").rmdir()
    with pytest.raises(SystemExit, match="2"):
        main(["."])
    assert ". is not a directory" in capsys.readouterr().err


def test_a_folder_whose_name_is_not_utf8_is_published(tmp_path: Path) -> None:
    folder = Path(os.fsdecode(os.path.join(os.fsencode(tmp_path), b"\xff")))
    write(folder / "index.html", b"<title>home</title>")
    with publishing(folder, "--port=0", PYTHONIOENCODING="utf-8:strict") as process:
        assert process.stdout is not None
        line = process.stdout.readline()
        assert re.fullmatch(r"Serving .* at http://127\.0\.0\.1:[0-9]+/\n", line)
        url = line.split()[-1]
        assert fetch(url).status_code == 200


def can_listen(host: str) -> bool:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        socket.create_server((host, 0), family=family).close()
    except OSError:
        return False
    return True


@pytest.mark.parametrize(
    ("host", "shown"), [("127.0.0.1", "http://127.0.0.1:"), ("::1", "http://[::1]:")]
)
@pytest.mark.parametrize("server", list(SERVERS))
def test_an_interrupt_ends_the_command_cleanly(
    folder: Path, monkeypatch: pytest.MonkeyPatch, host: str, shown: str, server: str
) -> None:
    if not can_listen(host):
        pytest.skip(f"nothing can listen on {host} here")
    if server not in installed():
        pytest.skip(f"{server} is not installed")
    monkeypatch.chdir(folder.parent)
    read_end, write_end = os.pipe()
    fetched: list[tuple[str, bytes]] = []

    def fetch_and_interrupt() -> None:
        with os.fdopen(read_end) as lines:
            if line := lines.readline():
                try:
                    url = url_in(line, folder)
                    until(lambda: is_there(url))
                    fetched.append((url, fetch(f"{url}app.css").content))
                finally:
                    os.kill(os.getpid(), signal.SIGINT)

    client = threading.Thread(target=fetch_and_interrupt)
    client.start()
    try:
        with os.fdopen(write_end, "w") as output, redirect_stdout(output):
            status = main(["public", "--host", host, "--port=0", "--index", "--server", server])
    finally:
        client.join()
    assert status == 0
    ((url, content),) = fetched
    assert url.startswith(shown)
    assert content == TEXT
    port = int(url.rstrip("/").rpartition(":")[2])
    socket.create_server(
        (host, port), family=socket.AF_INET6 if ":" in host else socket.AF_INET
    ).close()


@pytest.mark.parametrize("name", ["stdout", "stderr"])
def test_a_folder_is_published_even_with_a_closed_stream(
    folder: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    """The shell's ``>&-`` closes it. The URL is not printed then."""
    fetched: list[bytes] = []
    clients: list[threading.Thread] = []

    def fetch_and_interrupt(url: str) -> None:
        try:
            fetched.append(fetch(url).content)
        finally:
            os.kill(os.getpid(), signal.SIGINT)

    def listen(host: str, port: int) -> socket.socket:
        listener = socket.create_server((host, port))
        url = f"http://{host}:{listener.getsockname()[1]}/app.css"
        clients.append(threading.Thread(target=fetch_and_interrupt, args=[url]))
        clients[0].start()
        return listener

    monkeypatch.setattr("whitenoise_async.cli.serve.listen", listen)
    try:
        with monkeypatch.context() as patch:
            patch.setattr(sys, name, None)
            status = main([str(folder), "--port", "0"])
    finally:
        clients[0].join()
    assert (status, fetched) == (0, [TEXT])


@pytest.fixture
def port_in_use() -> Iterator[int]:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        yield listener.getsockname()[1]


def test_a_port_in_use_is_reported_in_one_line(
    folder: Path, port_in_use: int, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([str(folder), "--port", str(port_in_use)]) == 1
    output = capsys.readouterr()
    assert output.out == ""
    (line,) = output.err.splitlines()
    assert line == (
        f"Cannot listen on 127.0.0.1 port {port_in_use}: Address already in use;"
        " choose another --host or --port"
    )


@pytest.mark.parametrize(
    ("host", "port"),
    [
        ("192.0.2.1", 65535),  # reserved for documentation: RFC 5737
        ("2001:db8::1", 0),  # reserved for documentation: RFC 3849
        ("1:2", 8000),
        ("ü" * 300, 8000),
    ],
)
def test_an_unusable_host_is_reported_in_one_line(
    folder: Path, capsys: pytest.CaptureFixture[str], host: str, port: int
) -> None:
    assert main([str(folder), "--host", host, "--port", str(port)]) == 1
    output = capsys.readouterr()
    assert output.out == ""
    (line,) = output.err.splitlines()
    assert line.startswith(f"Cannot listen on {host} port {port}: ")


def test_without_a_server_the_message_says_what_to_install(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in SERVERS:
        monkeypatch.setitem(sys.modules, name, None)
    for arguments, expected in [
        ([], "A server is needed to publish a folder: pip install 'whitenoise_async[serve]'"),
        (["--server", "granian"], "granian is not installed: pip install granian"),
    ]:
        assert main([str(folder), *arguments]) == 1
        output = capsys.readouterr()
        assert (output.out, output.err) == ("", expected + "\n")


class Published:
    """The applications that the command serves, without a server and a port."""

    def __init__(self, *arguments: str | Path) -> None:
        self.applications: list[Any] = []
        with pytest.MonkeyPatch.context() as patch:
            patch.setitem(SERVERS, "uvicorn", lambda application, *_: self.keep(application))
            given = [*map(str, arguments), "--server=uvicorn"]
            assert main([*given, "--port=0"]) == 0
        (self.application,) = self.applications

    def keep(self, application: Any) -> None:
        self.applications.append(application)

    def get(self, path: str, **fields: str) -> Reply:
        return call_asgi(self.application, make_call(path, fields))


def test_without_a_folder_the_current_one_is_published(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(folder)
    assert Published("-q").get("/app.css").body == TEXT


def test_given_headers_are_sent_with_files_and_listings(folder: Path) -> None:
    write(folder / "sub" / "a.txt", b"text")
    arguments = "-q", "--list", "--header=Cache-Control: no-store", "--header", "Link: <a>"
    published = Published(folder, *arguments, "--header", "Link:\t<b> ", "--etag", "content")
    for path in ("/app.css", "/sub/"):
        reply = published.get(path)
        assert reply.status == 200
        assert reply["cache-control"] == "no-store"
        assert [value for name, value in reply.headers if name == "link"] == ["<a>", "<b>"]
    digest = published.get("/app.css")["etag"]
    write(folder / "app.css", TEXT, compressed=True)
    assert Published(folder, "--etag=content").get("/app.css")["etag"] == digest
    assert Published(folder).get("/app.css")["etag"] != digest


@pytest.mark.parametrize(
    ("arguments", "max_age"),
    [
        ([], 60),
        (["--autorefresh"], 0),
        (["--autorefresh", "--max-age=60"], 60),
        (["--max-age=0"], 0),
    ],
)
def test_browsers_revalidate_every_file_with_autorefresh_alone(
    folder: Path, arguments: list[str], max_age: int
) -> None:
    reply = Published(folder, *arguments).get("/app.css")
    assert reply["cache-control"] == f"max-age={max_age}, public"


def test_requests_are_logged_unless_it_is_quiet(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for arguments, count in [([], 1), (["-q"], 0), (["--quiet"], 0)]:
        published = Published(folder, *arguments)
        capsys.readouterr()
        published.get("/app.css")
        assert capsys.readouterr().out.count("GET /app.css 200 2200 - ") == count


def test_pages_have_clean_urls_unless_it_is_told_otherwise(folder: Path) -> None:
    write(folder / "about.html", b"<title>about</title>")
    published = Published(folder)
    assert published.get("/about").body == b"<title>about</title>"
    assert published.get("/about.html")["location"] == "about"
    published = Published(folder, "--no-clean-urls")
    assert published.get("/about").status == 404
    assert published.get("/about.html").body == b"<title>about</title>"


NAVIGATION = {"Sec-Fetch-Mode": "navigate", "Accept": "text/html"}


def test_a_404_page_answers_for_missing_files(folder: Path) -> None:
    write(folder / "404.html", b"<title>missing</title>")
    for options in ([], ["--list"]):
        published = Published(folder, *options)
        for path in ("/missing", "/missing.png"):
            reply = published.get(path, **NAVIGATION)
            assert (reply.status, reply.body) == (404, b"<title>missing</title>")


def test_an_excluded_404_page_is_named_in_one_line(
    folder: Path, caplog: pytest.LogCaptureFixture, capsys: pytest.CaptureFixture[str]
) -> None:
    write(folder / "404.html", b"<title>missing</title>")
    assert Published(folder, "--include", "*.css").get("/missing").body == b"Not Found\n"
    assert caplog.messages == [
        "No root contains 404.html, the value of not_found, so missing pages get an ordinary 404."
        " Create the file and restart the application, or correct the option"
    ]
    assert "404.html" not in capsys.readouterr().err


def test_missing_pages_of_a_single_page_application_are_its_index_file(folder: Path) -> None:
    write(folder / "404.html", b"<title>missing</title>")
    published = Published(folder, "--spa")
    home = published.get("/users/5", **NAVIGATION)
    assert (home.status, home.body) == (200, b"<title>home</title>")
    for reply in (published.get("/users/5"), published.get("/a.png", **NAVIGATION)):
        assert (reply.status, reply.body) == (404, b"<title>missing</title>")


def test_a_single_page_application_needs_an_index_file(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (folder / "index.html").unlink()
    error = refused(main, [str(folder), "--spa"], capsys)
    assert f"--spa needs a file index.html in {folder}" in error


def test_folders_are_listed_on_request_only(folder: Path) -> None:
    write(folder / "sub" / "a.txt", b"text")
    assert Published(folder).get("/sub/").status == 404
    assert Published(folder, "--list").get("/sub/").status == 200
    assert b'href="sub/"' in Published(folder, "--list", "--no-index").get("/").body


def test_the_address_in_the_local_network_is_printed_too(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    urls = ["http://127.0.0.1:8000", "http://192.0.2.7:8000"]
    monkeypatch.setattr("whitenoise_async.cli.serve.urls_of", lambda _: urls)
    Published(folder, "--host=0.0.0.0", "--prefix=static")
    first, second, _ = capsys.readouterr().out.splitlines()
    assert first == f"Serving {folder} at http://127.0.0.1:8000/static/"
    assert second == "In the local network: http://192.0.2.7:8000/static/"


def test_another_port_than_the_default_one_is_announced(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    given: list[int | None] = []

    def listen(host: str, port: int | None) -> socket.socket:
        given.append(port)
        return socket.create_server((host, 0))

    monkeypatch.setattr("whitenoise_async.cli.serve.listen", listen)
    monkeypatch.setitem(SERVERS, "uvicorn", lambda *_: None)
    assert main([str(folder), "--server=uvicorn"]) == 0
    error = capsys.readouterr().err
    assert re.fullmatch(r"Port 8000 is in use; listening on port \d+\n", error)
    assert main([str(folder), "--server=uvicorn", "--port=8000"]) == 0
    assert capsys.readouterr().err == ""
    assert given == [None, 8000]


def test_a_browser_is_opened_on_request(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    opened: list[str] = []
    monkeypatch.setattr(
        "whitenoise_async.cli.serve.open_browser", lambda url, _, **__: opened.append(url)
    )
    Published(folder, "--prefix=a")
    assert opened == []
    Published(folder, "--prefix=a", "--open")
    (url,) = opened
    assert re.fullmatch(r"http://127\.0\.0\.1:\d+/a/", url)


def test_the_module_that_python_runs_does_nothing_when_it_is_imported() -> None:
    assert import_module("whitenoise_async.__main__").main is main


def test_its_exit_status_is_mains(
    folder: Path,
    port_in_use: int,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr(sys, "argv", ["whitenoise_async", str(folder), f"--port={port_in_use}"])
    # runpy warns that a module that is already imported may behave differently.
    monkeypatch.delitem(sys.modules, "whitenoise_async.__main__", raising=False)
    with pytest.raises(SystemExit) as ended:
        runpy.run_module("whitenoise_async", run_name="__main__")
    assert ended.value.code == 1
    assert str(port_in_use) in capsys.readouterr().err

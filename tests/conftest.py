from __future__ import annotations

import gzip
import os
import signal
import subprocess
import sys
import tempfile
import textwrap
import traceback
import warnings
from collections.abc import Callable, Generator, Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
from clients import ADAPTERS, Get, Serve, client_of
from processes import describe_servers

from whitenoise_async import logs
from whitenoise_async.open_files import _sweeper

pytest.register_assert_rewrite("fuzzing")

MTIME = 1_600_000_000  # Sun, 13 Sep 2020 12:26:40 GMT


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--shots", metavar="DIR", help="where to keep the browser's screenshots")


def pytest_configure() -> None:
    # A shell without job control has what it runs in the background ignore SIGINT. Commands that
    # the tests start and interrupt would inherit that.
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport() -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Show the servers' logs, and those that have ended, with each test that fails."""
    report = yield
    if report.failed:
        report.sections += [("Server", each) for each in describe_servers()]
    return report


@pytest.fixture(autouse=True)
def _nothing_was_logged_before() -> None:
    logs.warn_once.cache_clear()
    logs._last_said.cache_clear()


@pytest.fixture(autouse=True)
def _no_file_is_kept_open() -> Iterator[None]:
    yield
    close_kept()
    if timer := _sweeper._timer:  # else the next test has one that lasts as long as this one said
        timer.cancel()
        timer.join()
        _sweeper._timer = None


@pytest.fixture(params=list(ADAPTERS))
def adapter(request: pytest.FixtureRequest) -> str:
    """Which adapter, and for ASGI on which event loop."""
    name: str = request.param
    return name


@pytest.fixture(params=[False, True], ids=["walked", "autorefresh"])
def autorefresh(request: pytest.FixtureRequest) -> bool:
    value: bool = request.param
    return value


@pytest.fixture
def serve(adapter: str) -> Serve:
    """Makes a client of a middleware: ``serve(root, prefix, **options)``."""

    def make(root: Any = None, prefix: Any = None, application: Any = None, **options: Any) -> Get:
        return client_of(adapter)(ADAPTERS[adapter](application, root, prefix, **options))

    return make


@pytest.fixture
def fork() -> Callable[[Callable[[], object]], int]:
    """Runs a function in a forked process; returns its exit status, 1 where it raised."""

    def run(child: Callable[[], object]) -> int:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)  # of forking with threads
            pid = os.fork()
        if not pid:
            signal.alarm(30)
            try:
                child()
            except BaseException:
                traceback.print_exc()
                os._exit(1)
            os._exit(0)
        return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])

    return run


@pytest.fixture
def site(tmp_path: Path) -> Path:
    """A small site: a style sheet with its .gz, and files without one."""
    root = tmp_path / "site"
    write(root / "app.css", b"body { color: black }\n" * 100, compressed=True)
    write(root / "robots.txt", b"User-agent: *\n")
    write(root / "docs" / "index.html", b"<!doctype html><title>docs</title>" * 10, compressed=True)
    write(root / "docs" / "deep" / "image.png", bytes(range(256)) * 1024)  # 256 KB: streamed
    write(root / "✓.txt", b"checked")
    return root


def descriptors_of(path: Path) -> list[str]:
    """The descriptors of this process that are open on ``path``."""
    found = []
    for name in os.listdir("/proc/self/fd"):
        try:
            target = os.readlink(f"/proc/self/fd/{name}")
        except FileNotFoundError:
            continue  # the listing's own
        if target.removesuffix(" (deleted)") == str(path):
            found.append(name)
    return found


def close_kept() -> None:
    """Close the files that applications keep open."""
    for each in _sweeper.all():
        for path in list(each._kept):
            each.drop(path)


@pytest.fixture
def public_path() -> Iterator[Path]:
    """A temporary folder that every user may enter; pytest's own are for one user alone."""
    with tempfile.TemporaryDirectory() as name:
        path = Path(name)
        path.chmod(0o755)
        yield path


def run_as_nobody(script: str) -> str:
    """Run a script without the right of root to read everything; returns what it printed."""
    prologue = f"""
import encodings.idna, logging, os, sys
sys.path[:] = {[*sys.path, str(Path(__file__).parent)]!r}
import clients, whitenoise_async.compression
whitenoise_async.compression.make_settings()  # imports what compresses
if os.getuid() == 0:
    os.setuid(65534)
"""
    done = subprocess.run(
        [sys.executable, "-c", prologue + textwrap.dedent(script)],
        capture_output=True,
        text=True,
        cwd="/",
        check=False,
    )
    assert done.stderr == ""
    return done.stdout


def refused(
    main: Callable[[Sequence[str]], int],
    arguments: Sequence[str],
    capsys: pytest.CaptureFixture[str],
) -> str:
    """What a command says on standard error of a command line that it refuses, and nothing else."""
    with pytest.raises(SystemExit) as ended:
        main(arguments)
    assert ended.value.code == 2
    output = capsys.readouterr()
    assert output.out == ""
    return output.err


def write(path: Path, content: bytes, compressed: bool = False, mtime: float = MTIME) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    os.utime(path, (mtime, mtime))
    if compressed:
        write(path.with_name(path.name + ".gz"), gzip.compress(content, mtime=0), mtime=mtime)
    return path

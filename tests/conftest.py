from __future__ import annotations

import gc
import os
import re
import shutil
import signal
import tempfile
import traceback
import warnings
from collections.abc import Callable, Generator, Iterator
from itertools import count
from pathlib import Path
from typing import Any

import hypothesis
import pytest

from tests.helpers.clients import ADAPTERS, Get, Serve, client_of
from tests.helpers.examples import some
from tests.helpers.files import write
from tests.helpers.server_processes import describe_servers
from tests.helpers.threads import wait_for_threads
from whitenoise_async.registry.created_later import THREAD_NAME
from whitenoise_async.serving import descriptor_cache
from whitenoise_async.support import logs

# A deadline would make tests fail on a busy machine.
hypothesis.settings.register_profile("no deadline", deadline=None, max_examples=some(100))
hypothesis.settings.load_profile("no deadline")

pytest.register_assert_rewrite("tests.fuzzing")


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--shots", metavar="DIR", help="where to keep the browser's screenshots")


def pytest_configure() -> None:
    # Without bytecode files, each process that a test starts would compile its modules again.
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
    # A shell without job control makes its background processes ignore SIGINT. Commands that the
    # tests start and interrupt would inherit that.
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)


# The modules and the collected tests are a million objects that never become garbage. Without
# this, garbage collection takes a third of the time in which pytest collects the tests, and each
# ``gc.collect()`` of a test takes a fifth of a second.
@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Generator[None, object, object]:
    """Collect the tests without garbage collection, and exempt what exists by then from it."""
    gc.disable()
    try:
        return (yield)
    finally:
        gc.enable()
        gc.collect()
        gc.freeze()


def pytest_sessionfinish() -> None:
    gc.unfreeze()  # hypothesis looks for the referrers of objects at the end


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport() -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Show the state and the log of each server with a test that fails."""
    report = yield
    if report.failed:
        report.sections += [("Server", each) for each in describe_servers()]
    return report


@pytest.fixture(autouse=True)
def _nothing_was_logged_before() -> None:
    logs.forget_messages()


@pytest.fixture(autouse=True)
def _close_cached_files() -> Iterator[None]:
    yield
    descriptor_cache.close_all()


_tmp_path_numbers = count()


@pytest.fixture
def tmp_path(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Path]:
    """A new folder for a test, numbered in this process, and removed after the test.

    pytest's own fixture looks for the next number through the folders of all earlier tests. That
    takes 3 ms after 5,000 tests. It also keeps the folders, which are 6 GB after a run.
    """
    name = re.sub(r"\W", "_", request.node.name)[:30]
    folder = tmp_path_factory.mktemp(f"{name}-{next(_tmp_path_numbers)}", numbered=False)
    yield folder
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(params=list(ADAPTERS))
def adapter(request: pytest.FixtureRequest) -> str:
    """The adapter, and for ASGI the event loop."""
    name: str = request.param
    return name


@pytest.fixture(params=[False, True], ids=["walked", "autorefresh"])
def autorefresh(request: pytest.FixtureRequest) -> bool:
    value: bool = request.param
    return value


@pytest.fixture
def serve(adapter: str) -> Serve:
    """Makes a client for a middleware: ``serve(root, prefix, **options)``."""

    def make(root: Any = None, prefix: Any = None, application: Any = None, **options: Any) -> Get:
        return client_of(adapter)(ADAPTERS[adapter](application, root, prefix, **options))

    return make


@pytest.fixture
def fork() -> Callable[[Callable[[], object]], int]:
    """Runs a function in a forked process; returns its exit status, 1 if it raised."""

    def run(child: Callable[[], object]) -> int:
        with warnings.catch_warnings():
            warnings.simplefilter(
                "ignore", DeprecationWarning
            )  # Python warns of a fork with threads
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
    """A small site: a style sheet with a .gz variant, and files without one."""
    root = tmp_path / "site"
    write(root / "app.css", b"body { color: black }\n" * 100, compressed=True)
    write(root / "robots.txt", b"User-agent: *\n")
    write(root / "docs" / "index.html", b"<!doctype html><title>docs</title>" * 10, compressed=True)
    write(root / "docs" / "deep" / "image.png", bytes(range(256)) * 1024)  # 256 KB: streamed
    write(root / "✓.txt", b"checked")
    return root


@pytest.fixture
def public_path() -> Iterator[Path]:
    """A temporary folder that every user may enter, unlike those of pytest."""
    with tempfile.TemporaryDirectory() as name:
        path = Path(name)
        path.chmod(0o755)
        yield path


@pytest.fixture(autouse=True)
def _no_search_goes_on() -> Iterator[None]:
    """Let the search for missing files end with its test. Its warnings belong to that one."""
    yield
    wait_for_threads(THREAD_NAME)

"""Sessions for developers: ``nox -s tests``, ``nox -s lint``, ``nox -s types``, ``nox -s docs``."""

from __future__ import annotations

from pathlib import Path

import nox

nox.options.sessions = ["tests", "lint", "types", "examples", "docs"]
# A session whose interpreter is not installed is skipped, and nox names it.
nox.options.error_on_missing_interpreters = False
nox.options.download_python = "never"
# pip takes half a minute of a core for the packages of the tests, and uv takes three seconds.
nox.options.default_venv_backend = "uv|virtualenv"

PYTHONS = ["3.10", "3.11", "3.12", "3.13", "3.14"]

EXAMPLES = Path("docs", "examples")

# The versions of Django, and for each the interpreters that both it and this package support.
DJANGOS = {
    "4.2": ["3.10", "3.11", "3.12"],
    "5.2": ["3.10", "3.11", "3.12", "3.13", "3.14"],
    "6.0": ["3.12", "3.13", "3.14"],
    "6.1": ["3.12", "3.13", "3.14"],
}

# The servers and packages that the benchmarks compare. Each line is installed on its own.
BENCH_SERVERS = [
    *(["uvicorn>=0.30", "httptools", "uvloop"], ["granian>=2.7"], ["gunicorn>=25"]),
    ["hypercorn[trio]>=0.17"],
]
COMPRESS_PEERS = [["whitenoise"], ["servestatic"]]
BENCH_PEERS = [*COMPRESS_PEERS, ["blacknoise"], ["whitesnout"], ["starlette"]]

# Workers steal tests from each other, so that none is idle at the end.
PARALLEL = ["-n", "auto", "--dist", "worksteal"]

# All tests that need no program besides what pip installs.
WITH_SLOW = ["-m", "not (cdn or browser or clients)"]

# Several other packages of the tests have no release for a free-threaded Python 3.13.
FREE_THREADED = [
    *["pytest>=8.2", "pytest-asyncio>=0.24", "hypothesis>=6.100", "httpx>=0.27", "trio>=0.26"],
    *["starlette>=0.41.3", "a2wsgi>=1.10.8", "django>=4.2"],
]

FREE_THREADED_TESTS = [
    *["tests/registry", "tests/serving", "tests/support", "tests/faults/test_threads.py"],
    *["tests/system/test_concurrency.py"],
]


def install_for_tests(session: nox.Session, extra: str = "test-all") -> None:
    """Install the package for the tests; on the oldest interpreter with the oldest Django."""
    oldest = [f"django=={next(iter(DJANGOS))}.*"] if session.python == PYTHONS[0] else []
    session.install("-e", f".[{extra}]", *oldest)


def install_what_is_released(session: nox.Session, lines: list[list[str]]) -> None:
    """Install each line of packages, except those that have no release for this Python.

    The results of a benchmark name the packages that are missing.
    """
    for packages in lines:
        session.install("--upgrade", *packages, success_codes=range(256))


# The modules of the package for which each mutant is killed or listed as equivalent.
MUTATED = [
    *(f"http/{name}.py" for name in ["dates", "fields", "navigation", "negotiation", "paths"]),
    *(f"http/{name}.py" for name in ["dictionaries", "media_types", "preconditions", "ranges"]),
    *(f"files/{name}.py" for name in ["codings", "content", "draft", "errors"]),
    *(f"files/{name}.py" for name in ["folder", "memory_file", "open_file", "pread"]),
    *(f"files/{name}.py" for name in ["state", "variant_check"]),
    *(f"registry/{name}.py" for name in ["created_later", "directory", "entries", "hashed_urls"]),
    *(f"registry/{name}.py" for name in ["interface", "listing", "live", "sensitive_names"]),
    *(f"registry/{name}.py" for name in ["skipped", "walk", "walked"]),
    *(f"serving/{name}.py" for name in ["body_plan", "content_cache", "descriptor_cache"]),
    *(f"serving/{name}.py" for name in ["etags", "file_headers", "open_variants"]),
    *(f"serving/{name}.py" for name in ["representation", "responder"]),
    *(f"serving/{name}.py" for name in ["response", "response_cache", "snapshot", "source"]),
]


@nox.session(python=PYTHONS)
def tests(session: nox.Session) -> None:
    """The tests, without those marked as slow."""
    install_for_tests(session, "test")
    session.run("python", "-m", "pytest", *PARALLEL, *session.posargs)


@nox.session(python=PYTHONS)
def slow(session: nox.Session) -> None:
    """The tests marked as slow: all cases, all servers, thousands of requests."""
    install_for_tests(session)
    session.run("python", "-m", "pytest", *PARALLEL, "-m", "slow", *session.posargs)


@nox.session(python=PYTHONS)
def all_tests(session: nox.Session) -> None:
    """The tests, with those marked as slow."""
    install_for_tests(session)
    session.run("python", "-m", "pytest", *PARALLEL, *WITH_SLOW, *session.posargs)


@nox.session
@nox.parametrize(
    "python,version", [(each, version) for version, all_ in DJANGOS.items() for each in all_]
)
def django(session: nox.Session, version: str) -> None:
    """The tests of the Django integration, on each supported version of Django."""
    session.install("-e", ".[test-all]", f"django=={version}.*")
    session.run("python", "-W", "error", "-m", "pytest", *session.posargs, "tests/django")


@nox.session(python="3.13t")
def free_threading(session: nox.Session) -> None:
    """The tests of threads, of the registry and of serving, without the GIL."""
    session.install("-e", ".[compress]", *FREE_THREADED)
    # Without this, Python enables the GIL when brotli is imported.
    environment = {"PYTHON_GIL": "0"}
    command = ["python", "-m", "pytest", *WITH_SLOW, *FREE_THREADED_TESTS, *session.posargs]
    session.run(*command, env=environment)


@nox.session
def coverage(session: nox.Session) -> None:
    """Line and branch coverage of the package by all tests; fails below 100 %."""
    session.install("-e", ".[test-all]")
    command = ["python", "-m", "pytest", *PARALLEL, *WITH_SLOW, "--cov", "--cov-fail-under=100"]
    session.run(*command, *session.posargs)


@nox.session
def cdn(session: nox.Session) -> None:
    """Test the responses behind caches; needs nginx and Varnish, and skips a missing one."""
    session.install("-e", ".[test]")
    session.run("python", "-m", "pytest", "-m", "cdn", "-rs", *session.posargs)


@nox.session
def browser(session: nox.Session) -> None:
    """Sites in real browsers; needs chromium, firefox-esr, nginx and openssl.

    Screenshots: ``--shots DIR``.
    """
    session.install("-e", ".[test]", "playwright", "websockets>=15")
    session.run("python", "-m", "pytest", "-m", "browser", "-rs", *session.posargs)


@nox.session
def clients(session: nox.Session) -> None:
    """Downloads by real programs, such as zsync and apt; skips a program that is missing."""
    session.install("-e", ".[test]", "pip")
    session.run("python", "-m", "pytest", "-m", "clients", "-rs", *session.posargs)


@nox.session
def servers(session: nox.Session) -> None:
    """The tests on real servers, on all of them, and a table of the results by server."""
    session.install("-e", ".[test-all]")
    plugin = ["-p", "tests.helpers.server_report"]
    command = ["python", "-m", "pytest", "-q", *plugin, *WITH_SLOW, "tests/system/test_servers.py"]
    session.run(*command, *session.posargs)


@nox.session
def lint(session: nox.Session) -> None:
    """Style and common mistakes."""
    session.install("ruff>=0.14")
    session.run("ruff", "check", ".")
    session.run("ruff", "format", "--check", ".")


@nox.session
def types(session: nox.Session) -> None:
    """Types of the package and of its tests."""
    session.install("-e", ".[test-all,serve]", "mypy>=1.18", "types-aiofiles", "types-tqdm")
    session.run("mypy", *session.posargs)


@nox.session
def examples(session: nox.Session) -> None:
    """Types of the examples, with the package installed as its users install it."""
    session.install(".[test-all]", "mypy>=1.18")
    cache = Path(".mypy_cache").absolute()
    for folder in sorted({path.parent for path in EXAMPLES.glob("*/*.py")}):
        with session.chdir(folder):
            session.run("mypy", "--strict", "--cache-dir", str(cache), ".")


@nox.session(python=False)
def vite(session: nox.Session) -> None:
    """Build the pages of the Vite example, and fail if that changes a committed file; needs npm."""
    with session.chdir(EXAMPLES / "vite"):
        session.run("npm", "ci", external=True)
        session.run("npm", "run", "build", external=True)
        changed = session.run("git", "status", "--porcelain", "dist", external=True, silent=True)
    if changed:
        session.error(f"The build differs from the committed files:\n{changed}")


@nox.session
def docs(session: nox.Session) -> None:
    """The documentation; a warning is an error."""
    session.install("-e", ".[docs]")
    session.run("sphinx-build", "-W", "--keep-going", "-b", "html", "docs", "docs/_build/html")


@nox.session
def media_types(session: nox.Session) -> None:
    """Generate the table of media types again from its public source; needs npm."""
    session.run("python", "tests/tools/generate_media_types.py", *session.posargs)


@nox.session
def mutation(session: nox.Session) -> None:
    """Mutation testing of modules that decide responses: ``nox -s mutation -- http/ranges.py``."""
    session.install("-e", ".[test]", "mutmut==3.8.*")
    session.run("python", "tests/tools/mutation.py", *(session.posargs or MUTATED))


@nox.session
def fuzz(session: nox.Session) -> None:
    """Hostile requests to both adapters: ``nox -s fuzz -- --seconds 600 --keep``."""
    session.install("-e", ".[test]")
    # Some Python versions have no release of atheris. There, coverage does not guide the fuzzer.
    session.install("--only-binary", "atheris", "atheris", success_codes=range(256))
    session.run("python", "-m", "tests.fuzzing", *session.posargs)


@nox.session
def bench(session: nox.Session) -> None:
    """Speed and memory, compared with other packages; needs wrk, and nginx for its rows."""
    session.install(".[assets]", "django>=5.2,<5.3")
    install_what_is_released(session, [*BENCH_SERVERS, *BENCH_PEERS])
    session.run("python", "-m", "tests.benchmarks", *session.posargs)


@nox.session
def bench_compress(session: nox.Session) -> None:
    """Time, size and memory of compressing, compared with other packages."""
    session.install(".[compress]", "django")
    install_what_is_released(session, COMPRESS_PEERS)
    session.run("python", "-m", "tests.benchmarks.compressing", *session.posargs)


@nox.session
def bench_collectstatic(session: nox.Session) -> None:
    """Time and size of Django's collectstatic with our storage and with those of others."""
    session.install(".[compress]", "django")
    install_what_is_released(session, COMPRESS_PEERS)
    session.run("python", "-m", "tests.benchmarks.collectstatic", *session.posargs)


@nox.session
def bench_django(session: nox.Session) -> None:
    """Speed of the Django integration, compared with other middlewares; needs wrk."""
    session.install(".", "django>=5.2,<5.3")
    install_what_is_released(session, [*BENCH_SERVERS, *COMPRESS_PEERS])
    session.run("python", "-m", "tests.benchmarks.django", *session.posargs)


@nox.session
def bench_deltas(session: nox.Session) -> None:
    """Bytes of real libraries as Chromium counts them, with deltas; needs chromium and npm."""
    session.install("-e", ".[test]", "playwright")
    session.run("python", "-m", "tests.benchmarks.browser_deltas")


@nox.session
def bench_deploy(session: nox.Session) -> None:
    """Failed requests during a rolling deploy, compared with WhiteNoise; needs nginx."""
    session.install("-e", ".[test]", "whitenoise")
    session.run("python", "-m", "tests.benchmarks.rolling_deploy", *session.posargs)


@nox.session
def bench_scale(session: nox.Session) -> None:
    """Many files, many connections, and workers that share the list of files."""
    session.install(".", "django>=5.2,<5.3")
    install_what_is_released(session, [*BENCH_SERVERS, *BENCH_PEERS])
    session.run("python", "-m", "tests.benchmarks.scale", *session.posargs)


@nox.session
def soak(session: nox.Session) -> None:
    """A long, hostile load that must not change a server's state; ``--short``: one minute."""
    session.install(".")
    install_what_is_released(session, BENCH_SERVERS)
    session.run("python", "-m", "tests.benchmarks.soak", *session.posargs)

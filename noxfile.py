"""Sessions for developers: ``nox -s tests``, ``nox -s lint``, ``nox -s types``, ``nox -s docs``."""

from __future__ import annotations

import nox

nox.options.sessions = ["tests", "lint", "types", "docs"]
# An interpreter that is not on this machine is left out, and named.
nox.options.error_on_missing_interpreters = False

PYTHONS = ["3.10", "3.11", "3.12", "3.13"]

# What the benchmarks run beside the package, each line installed by itself.
BENCH_SERVERS = [["uvicorn>=0.30", "httptools", "uvloop"], ["granian>=2.7"], ["gunicorn>=25"]]
COMPRESS_PEERS = [["whitenoise"], ["servestatic"]]
BENCH_PEERS = [*COMPRESS_PEERS, ["blacknoise"], ["whitesnout"], ["starlette"]]


@nox.session(python=PYTHONS)
def tests(session: nox.Session) -> None:
    """The whole test suite."""
    session.install("-e", ".[test]")
    session.run("python", "-m", "pytest", *session.posargs)


@nox.session
def coverage(session: nox.Session) -> None:
    """Line and branch coverage of the package; less than all of it fails."""
    session.install("-e", ".[test]")
    session.run("python", "-m", "pytest", "--cov", "--cov-fail-under=100", *session.posargs)


@nox.session
def servers(session: nox.Session) -> None:
    """Every real server of the tests, and a table of what became of each."""
    session.install("-e", ".[test]")
    command = ["python", "-m", "pytest", "-q", "-p", "server_table", "tests/test_servers.py"]
    session.run(*command, *session.posargs, env={"PYTHONPATH": "tests"})


@nox.session
def lint(session: nox.Session) -> None:
    """Style and common faults."""
    session.install("ruff>=0.14")
    session.run("ruff", "check", ".")
    session.run("ruff", "format", "--check", ".")


@nox.session
def types(session: nox.Session) -> None:
    """Types of the package and of its tests."""
    session.install("-e", ".[test,serve]", "mypy>=1.18", "types-aiofiles", "types-tqdm")
    session.run("mypy", *session.posargs)


@nox.session
def docs(session: nox.Session) -> None:
    """The documentation, in which a warning is an error."""
    session.install("-e", ".[docs]")
    session.run("sphinx-build", "-W", "--keep-going", "-b", "html", "docs", "docs/_build/html")


@nox.session
def media_types(session: nox.Session) -> None:
    """Generate the table of media types again from its public source; needs npm."""
    session.run("python", "tests/tools/generate_media_types.py", *session.posargs)


@nox.session
def bench(session: nox.Session) -> None:
    """Speed and memory beside other packages; needs wrk, and nginx for its rows."""
    session.install(".")
    for packages in [*BENCH_SERVERS, *BENCH_PEERS]:
        # One that has no release for this Python is left out there, and named in the results.
        session.install("--upgrade", *packages, success_codes=range(256))
    session.run("python", "-m", "benchmarks", *session.posargs, env={"PYTHONPATH": "tests"})


@nox.session
def bench_compress(session: nox.Session) -> None:
    """Time, size and memory of compressing beside other packages."""
    session.install(".[compress]", "django")
    for packages in COMPRESS_PEERS:
        session.install("--upgrade", *packages, success_codes=range(256))
    session.run(
        "python", "-m", "benchmarks.compressing", *session.posargs, env={"PYTHONPATH": "tests"}
    )

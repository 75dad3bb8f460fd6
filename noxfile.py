"""Sessions for developers: ``nox -s tests``, ``nox -s lint``, ``nox -s types``, ``nox -s docs``."""

from __future__ import annotations

from pathlib import Path

import nox

nox.options.sessions = ["tests", "lint", "types", "examples", "docs"]
# An interpreter that is not on this machine is left out, and named.
nox.options.error_on_missing_interpreters = False

PYTHONS = ["3.10", "3.11", "3.12", "3.13"]

EXAMPLES = Path("docs", "examples")

# Django, and the interpreters that it and this package support.
DJANGOS = {
    "4.2": ["3.10", "3.11", "3.12"],
    "5.2": ["3.10", "3.11", "3.12", "3.13"],
    "6.0": ["3.12", "3.13"],
    "6.1": ["3.12", "3.13"],
}

# What the benchmarks run beside the package, each line installed by itself.
BENCH_SERVERS = [
    *(["uvicorn>=0.30", "httptools", "uvloop"], ["granian>=2.7"], ["gunicorn>=25"]),
    ["hypercorn[trio]>=0.17"],
]
COMPRESS_PEERS = [["whitenoise"], ["servestatic"]]
BENCH_PEERS = [*COMPRESS_PEERS, ["blacknoise"], ["whitesnout"], ["starlette"]]


# The folders of the package for which each mutant is killed or listed as equivalent.
MUTATED = ["http"]


@nox.session(python=PYTHONS)
def tests(session: nox.Session) -> None:
    """The whole test suite; on the oldest interpreter with the oldest Django."""
    oldest = [f"django=={next(iter(DJANGOS))}.*"] if session.python == PYTHONS[0] else []
    session.install("-e", ".[test]", *oldest)
    session.run("python", "-m", "pytest", *session.posargs)


@nox.session
@nox.parametrize(
    "python,version", [(each, version) for version, all_ in DJANGOS.items() for each in all_]
)
def django(session: nox.Session, version: str) -> None:
    """The tests of the Django integration, on each Django that is supported."""
    session.install("-e", ".[test]", f"django=={version}.*")
    session.run("python", "-W", "error", "-m", "pytest", *session.posargs, "tests/django")


@nox.session
def coverage(session: nox.Session) -> None:
    """Line and branch coverage of the package; less than all of it fails."""
    session.install("-e", ".[test]")
    session.run("python", "-m", "pytest", "--cov", "--cov-fail-under=100", *session.posargs)


@nox.session
def cdn(session: nox.Session) -> None:
    """What caches do with the answers; needs nginx and Varnish, and skips what is not here."""
    session.install("-e", ".[test]")
    session.run("python", "-m", "pytest", "-m", "cdn", "-rs", *session.posargs)


@nox.session
def browser(session: nox.Session) -> None:
    """A site in a real browser; needs chromium, and skips without. Screenshots: ``--shots DIR``."""
    session.install("-e", ".[test]", "playwright")
    session.run("python", "-m", "pytest", "-m", "browser", "-rs", *session.posargs)


@nox.session
def clients(session: nox.Session) -> None:
    """Downloads by real programs, such as zsync and apt; skips what is not installed."""
    session.install("-e", ".[test]")
    session.run("python", "-m", "pytest", "-m", "clients", "-rs", *session.posargs)


@nox.session
def servers(session: nox.Session) -> None:
    """Every real server of the tests, and a table of what became of each."""
    session.install("-e", ".[test]")
    command = [
        "python",
        "-m",
        "pytest",
        "-q",
        "-p",
        "tests.helpers.server_table",
        "tests/system/test_servers.py",
    ]
    session.run(*command, *session.posargs)


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
def examples(session: nox.Session) -> None:
    """Types of the examples, as somebody who has installed the package checks them."""
    session.install(".[test]", "mypy>=1.18")
    cache = Path(".mypy_cache").absolute()
    for folder in sorted({path.parent for path in EXAMPLES.glob("*/*.py")}):
        with session.chdir(folder):
            session.run("mypy", "--strict", "--cache-dir", str(cache), ".")


@nox.session(python=False)
def vite(session: nox.Session) -> None:
    """Build the example's pages anew, and fail if that changes what is committed; needs npm."""
    with session.chdir(EXAMPLES / "vite"):
        session.run("npm", "ci", external=True)
        session.run("npm", "run", "build", external=True)
        changed = session.run("git", "status", "--porcelain", "dist", external=True, silent=True)
    if changed:
        session.error(f"What was built differs from what is committed:\n{changed}")


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
def mutation(session: nox.Session) -> None:
    """Mutation testing of modules that decide responses: ``nox -s mutation -- http/ranges.py``."""
    session.install("-e", ".[test]", "mutmut==3.8.*")
    session.run("python", "tests/tools/mutation.py", *(session.posargs or MUTATED))


@nox.session
def fuzz(session: nox.Session) -> None:
    """Hostile requests to both adapters: ``nox -s fuzz -- --seconds 600 --keep``."""
    session.install("-e", ".[test]")
    # Not every Python has a release; there no coverage guides.
    session.install("--only-binary", "atheris", "atheris", success_codes=range(256))
    session.run("python", "-m", "tests.fuzzing", *session.posargs)


@nox.session
def bench(session: nox.Session) -> None:
    """Speed and memory beside other packages; needs wrk, and nginx for its rows."""
    session.install(".")
    for packages in [*BENCH_SERVERS, *BENCH_PEERS]:
        # One that has no release for this Python is left out there, and named in the results.
        session.install("--upgrade", *packages, success_codes=range(256))
    session.run("python", "-m", "tests.benchmarks", *session.posargs)


@nox.session
def bench_compress(session: nox.Session) -> None:
    """Time, size and memory of compressing beside other packages."""
    session.install(".[compress]", "django")
    for packages in COMPRESS_PEERS:
        session.install("--upgrade", *packages, success_codes=range(256))
    session.run("python", "-m", "tests.benchmarks.compressing", *session.posargs)


@nox.session
def bench_collectstatic(session: nox.Session) -> None:
    """Time and size of Django's collectstatic with our storage and with those of others."""
    session.install(".[compress]", "django")
    for packages in COMPRESS_PEERS:
        session.install("--upgrade", *packages, success_codes=range(256))
    command = ["python", "-m", "tests.benchmarks.collectstatic"]
    session.run(*command, *session.posargs)


@nox.session
def bench_django(session: nox.Session) -> None:
    """Speed of the Django integration beside other middlewares for Django; needs wrk."""
    session.install(".", "django>=5.2,<5.3")
    for packages in [*BENCH_SERVERS, *COMPRESS_PEERS]:
        session.install("--upgrade", *packages, success_codes=range(256))
    session.run("python", "-m", "tests.benchmarks.django", *session.posargs)


@nox.session
def soak(session: nox.Session) -> None:
    """A long, hostile load, under which a server has to stay as it is; ``--short``: a minute."""
    session.install(".")
    for packages in BENCH_SERVERS:
        session.install(*packages, success_codes=range(256))
    session.run("python", "-m", "tests.benchmarks.soak", *session.posargs)

"""Failed requests during a rolling deploy: ``python -m tests.benchmarks.rolling_deploy``.

Visitors use a site of two replicas behind nginx, while one replica after the other is replaced by
one with a new release. WhiteNoise is the control.
"""

from __future__ import annotations

import argparse
import tempfile
from importlib.metadata import version
from pathlib import Path

from tests.benchmarks.console import say
from tests.benchmarks.contenders import missing
from tests.helpers.releases import make_release
from tests.helpers.rolling_deploy import Kind
from tests.helpers.rollout import crossed, failures, roll_out

_CHUNKS = 1000  # of each release
_CONTENDERS = {
    "WhiteNoise, its own build": Kind("gunicorn", "whitenoise"),
    "whitenoise_async, its own build": Kind("gunicorn", "wsgi"),
    "whitenoise_async, the store, no `store=`": Kind("gunicorn", "wsgi", serves_store=True),
    "whitenoise_async, its own build, `store=`, gunicorn": Kind(
        "gunicorn", "wsgi", uses_store=True
    ),
    "whitenoise_async, its own build, `store=`, uvicorn": Kind("uvicorn", "asgi", uses_store=True),
    "whitenoise_async, the store, `store=`, gunicorn": Kind(
        "gunicorn", "wsgi", serves_store=True, uses_store=True
    ),
    "whitenoise_async, the store, `store=`, uvicorn": Kind(
        "uvicorn", "asgi", serves_store=True, uses_store=True
    ),
}
_COLUMNS = [
    "Files are served by",
    "nginx",
    "requests",
    "failed",
    "not in the replica's build",
    "failures",
]


def main() -> None:
    """Measure, and print the table."""
    parser = argparse.ArgumentParser(prog="nox -s bench_deploy --", description=__doc__)
    parser.add_argument("--requests", type=int, default=10_000, help="of each contender, at least")
    parser.add_argument("--only", default="", help="contenders whose names contain this text")
    arguments = parser.parse_args()
    reasons = filter(None, (missing(each) for each in ("whitenoise", "nginx")))
    if reason := next(reasons, None):
        parser.exit(1, f"{reason}\n")
    say(f"WhiteNoise {version('whitenoise')}\n\n| {' | '.join(_COLUMNS)} |")
    say("|---" * len(_COLUMNS) + "|")
    for name, kind in _CONTENDERS.items():
        if arguments.only in name:
            for has_cache in (True, False):
                say(row(name, kind._replace(has_cache=has_cache), arguments.requests))


def row(name: str, kind: Kind, requests: int) -> str:
    """A line of the table."""
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        releases = [make_release(folder / str(each), each, _CHUNKS) for each in (1, 2)]
        outcomes = roll_out(kind, folder, releases, requests)
    failed = failures(outcomes)
    results = ", ".join(sorted({outcome.result for outcome in failed}))
    numbers = [f"{each:,}" for each in (outcomes.total(), failed.total(), crossed(outcomes))]
    cache = "cache" if kind.has_cache else "no cache"
    return f"| {' | '.join([name, cache, *numbers, results])} |"


if __name__ == "__main__":
    main()

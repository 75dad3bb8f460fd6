"""``nox -s bench_collectstatic``: the storages for Django, compared with those of others."""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from statistics import median
from typing import Any, NamedTuple

from tests.benchmarks import machine
from tests.benchmarks.command import DETAILS, interruptible, run
from tests.benchmarks.compressing.contenders import ALIKE, LIBRARIES
from tests.benchmarks.compressing.spent import Spent, spend
from tests.benchmarks.compressing.variants import ENCODINGS, made_below, sizes_below
from tests.benchmarks.console import say
from tests.benchmarks.contenders import OURS, missing_of
from tests.benchmarks.report import NONE, measured_on, put_into, table

ROUNDS, QUICK_ROUNDS = 3, 1

DJANGO = "django"  # hashes and does not compress: the share of Django itself

SETTINGS = """
APPLICATIONS = ("admin", "auth", "contenttypes", "staticfiles")
INSTALLED_APPS = [f"django.contrib.{{each}}" for each in APPLICATIONS]
STATIC_ROOT = {root!r}
STATIC_URL = "/static/"
STORAGES = {{"staticfiles": {{"BACKEND": {backend!r}, "OPTIONS": {options!r}}}}}
USE_TZ = True
"""


class Contender(NamedTuple):
    package: str
    backend: str
    options: dict[str, Any] = {}  # noqa: RUF012 - it is never changed


_BACKEND = "CompressedManifestStaticFilesStorage"
CONTENDERS = {
    ALIKE: Contender(
        OURS, f"{OURS}.django.{_BACKEND}", {"compress": {"encodings": ["gzip", "br"]}}
    ),
    OURS: Contender(OURS, f"{OURS}.django.{_BACKEND}"),
    "whitenoise": Contender("whitenoise", f"whitenoise.storage.{_BACKEND}"),
    "servestatic": Contender("servestatic", f"servestatic.storage.{_BACKEND}"),
    DJANGO: Contender("django", "django.contrib.staticfiles.storage.ManifestStaticFilesStorage"),
}


class Turn(NamedTuple):
    first: Spent
    second: Spent
    sizes: dict[str, int]  # bytes of the variants, by encoding


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure, print the table, and put it into the page; returns the exit status."""
    parser = argparse.ArgumentParser(prog="nox -s bench_collectstatic --", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="one round, which is not written")
    options = parser.parse_args(arguments)
    rounds = QUICK_ROUNDS if options.quick else ROUNDS
    with interruptible(), tempfile.TemporaryDirectory(prefix="bench-") as name:
        turns = measure(Path(name), rounds)
    text = "\n".join(_text(turns, "quick" if options.quick else "full", rounds))
    sys.stdout.write(f"{text}\n")
    if not options.quick:
        put_into(DETAILS, "bench_collectstatic", {"collectstatic": text})
    return 0


def measure(folder: Path, rounds: int) -> dict[str, list[Turn]]:
    """All contenders in turn, each into an empty folder and then into the same folder again."""
    turns: dict[str, list[Turn]] = {}
    for number in range(rounds):
        for name, contender in CONTENDERS.items():
            if reason := missing_of([contender.package]):
                say(f"{name}: left out, {reason}")
                continue
            own = Path(tempfile.mkdtemp(dir=folder))
            turn = _turn(contender, own)
            turns.setdefault(name, []).append(turn)
            say(
                f"round {number + 1}  {name}: {turn.first.seconds:.2f} s,"
                f" then {turn.second.seconds:.2f} s"
            )
    return turns


def _turn(contender: Contender, folder: Path) -> Turn:
    root = folder / "static"
    text = SETTINGS.format(
        root=str(root), backend=contender.backend, options=dict(contender.options)
    )
    (folder / "its_settings.py").write_text(text)
    where = [f"--pythonpath={folder}", "--settings=its_settings"]
    command = [sys.executable, "-m", "django", "collectstatic", "--noinput", *where]
    first, second = spend(command, folder), spend(command, folder)
    made = made_below(root, list(sizes_below(root)))
    return Turn(first, second, {encoding: sum(each.values()) for encoding, each in made.items()})


def _text(turns: dict[str, list[Turn]], kind: str, rounds: int) -> Iterator[str]:
    packages = {*LIBRARIES, *(each.package for each in CONTENDERS.values())}
    yield from measured_on(
        {
            "date": machine.today(),
            "machine": machine.describe(packages),
            "settings": {"kind": kind},
            "rows": {},
        }
    )
    yield f"Rounds: {rounds}."
    yield ""
    head = ["seconds", "CPU seconds", "MB", "second run, s", "CPU seconds"]
    yield from table(
        ["", *head, *(f"{encoding}, bytes" for encoding in ENCODINGS)],
        (_line(name, each) for name, each in turns.items()),
    )


def _line(name: str, turns: Sequence[Turn]) -> list[str]:
    return [
        f"**{name}**" if name in (ALIKE, OURS) else name,
        f"{median(each.first.seconds for each in turns):.2f}",
        f"{median(each.first.cpu for each in turns):.2f}",
        f"{max(each.first.kb for each in turns) / 1024:.0f}",
        f"{median(each.second.seconds for each in turns):.2f}",
        f"{median(each.second.cpu for each in turns):.2f}",
        *(
            f"{turns[-1].sizes[encoding]:,}" if turns[-1].sizes[encoding] else NONE
            for encoding in ENCODINGS
        ),
    ]


if __name__ == "__main__":
    run(main)

"""``python -m whitenoise_async.publish``: publish releases to a folder or a bucket."""

from __future__ import annotations

import argparse
import os
import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from ..releases.build import BuildRules
from ..releases.errors import PublishError
from ..releases.publish import Settings, check, preview, publish
from ..releases.report import PROBLEMS, Action, Outcome, Report, Watcher
from ..releases.retention import Retention
from ..releases.stores import open_store
from .progress import Progress
from .publish_report import as_json, check_line, result_line, table
from .signals import INTERRUPTS, raising_on_signals
from .terminal import Parser, counted, say

_BY_MODULE = "python -m whitenoise_async.publish"

_CONTINUES = "the previous release is complete, and the next run continues from here"

_UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86400, "w": 7 * 86400}


def main(arguments: Sequence[str] | None = None, program: str = _BY_MODULE) -> int:
    """Run the command.

    :param arguments: the command line without the program; ``sys.argv``'s if ``None``.
    :param program: the name of the command in its help.
    :returns: the exit status: 0 for success, 1 for a problem or a failure.
    :raises SystemExit: with status 2, for an invalid command line.
    """
    parser = _parser(program)
    options = parser.parse_args(arguments)
    if not os.path.isdir(options.build):
        parser.error(f"{options.build} is not a directory")
    try:
        rules = BuildRules(options.immutable, tuple(options.exclude))
    except ValueError as error:
        message = str(error).replace("immutable_file_test", "--immutable", 1)
        parser.error(re.sub("^exclude", "--exclude", message))
    retention = Retention(options.keep, options.keep_for)
    settings = Settings(retention, rules, deltas=not options.no_deltas)
    with raising_on_signals():
        return _Command(options, settings).run()


class _Command(Watcher):
    """Publishes one build, and prints the results."""

    def __init__(self, options: argparse.Namespace, settings: Settings) -> None:
        self._options = options
        self._settings = settings
        self._progress = Progress(shown=not options.quiet)
        self._prints = not (options.quiet or options.json)
        self._report = Report(options.build, options.store, self)

    def run(self) -> int:
        error = None
        try:
            self._work()
            status = int(bool(self._report.problems))
        except PublishError as failure:
            error, status = str(failure), 1
            hint = f"; {_CONTINUES}" if self._report.of(Action.WRITTEN) else ""
            say(f"{error}{hint}", error=True)
        except tuple(INTERRUPTS) as interrupt:
            word, status = INTERRUPTS[type(interrupt)]
            written = counted(len(self._report.of(Action.WRITTEN)), "file")
            say(f"{word}: {written} written; {_CONTINUES}.", error=True)
        finally:  # also after an interrupt
            self._progress.end()
        if self._options.json:
            for line in as_json(self._report, interrupted=status > 1, error=error):
                say(line)
        return status

    def on_begin(self, report: Report) -> None:
        self._report = report

    def on_wait(self, store: str) -> None:
        if not self._options.quiet:
            say(f"{store}: waiting for another run to end", error=True)

    def on_start(self, size: int) -> None:
        self._progress.begin(self._report.store, size)

    def on_progress(self, size: int) -> None:
        self._progress.advance(size)

    def on_result(self, outcome: Outcome) -> None:
        is_error = outcome.action in PROBLEMS
        line = result_line(self._report, outcome, dry_run=self._options.dry_run)
        if line and (is_error or self._prints):
            self._progress.say(line, error=is_error)

    def _work(self) -> None:
        options = self._options
        store = open_store(options.store, options.build)
        report = self._function()(options.build, store, self._settings, self)
        self._progress.end()
        if not options.quiet:
            for warning in report.warnings:
                say(warning, error=True)
        if self._prints and options.check:
            say(check_line(report))
        elif self._prints and not report.problems:
            for line in table(report, dry_run=options.dry_run):
                say(line)

    def _function(self) -> Callable[..., Report]:
        if self._options.check:
            return check
        return preview if self._options.dry_run else publish


def _keep(value: str) -> int:
    """The value of ``--keep``."""
    if not (value.isascii() and value.isdigit() and int(value)):
        raise argparse.ArgumentTypeError(f"it must be a number of releases from 1, got {value!r}")
    return int(value)


def _duration(value: str) -> int:
    """The value of ``--keep-for``, in seconds."""
    found = re.fullmatch(r"([0-9]+)([smhdw])", value)
    if found is None:
        raise argparse.ArgumentTypeError(
            f"it must be a number with a unit (s, m, h, d or w), such as 7d, got {value!r}"
        )
    return int(found[1]) * _UNITS[found[2]]


def _parser(program: str) -> Parser:
    parser = Parser(
        prog=program,
        description="Publish a build to a store that keeps the files of earlier releases, so that"
        " pages of these releases still find them. Only what is missing is written.",
    )
    parser.add_argument("build", metavar="DIST", help="the folder to publish")
    parser.add_argument(
        "store", metavar="STORE", help="a folder, or a bucket: s3://BUCKET/PREFIX, gs:// or az://"
    )
    modes = parser.add_mutually_exclusive_group()
    modes.add_argument("--check", **_FLAG, help=_HELP["--check"])
    modes.add_argument("--dry-run", **_FLAG, help="show what would be done, and change nothing")
    what = parser.add_argument_group("which files")
    what.add_argument("--immutable", metavar="TOOL|REGEX", help=_HELP["--immutable"])
    what.add_argument("--exclude", **_GLOBS, help=_HELP["--exclude"])
    what.add_argument("--no-deltas", **_FLAG, help=_HELP["--no-deltas"])
    keeping = parser.add_argument_group("which releases stay")
    keeping.add_argument("--keep", type=_keep, default=3, metavar="N", help=_HELP["--keep"])
    keeping.add_argument("--keep-for", type=_duration, default="7d", metavar="TIME", help=_AGE)
    output = parser.add_argument_group("output")
    output.add_argument("-q", "--quiet", **_FLAG, help="print only errors and problems")
    output.add_argument("--json", **_FLAG, help="print a report as JSON instead of the table")
    return parser


_FLAG: Mapping[str, Any] = {"action": "store_true"}
_GLOBS: Mapping[str, Any] = {"action": "append", "default": [], "metavar": "GLOB"}

_AGE = (
    "keep a release for this time after a newer one has replaced it: a number and s, m, h, d or w"
    " (default: %(default)s). A release is dropped only if both limits allow it"
)

_HELP = {
    "--check": "change nothing; list how STORE differs from DIST, and exit with 1 if it does",
    "--immutable": "which names contain a hash: a build tool (vite, webpack, esbuild, parcel,"
    " django), or a regular expression that is searched in the URL (default: names with twelve"
    " hexadecimal digits before the extension)",
    "--exclude": "leave out files that match; may be repeated",
    "--no-deltas": "make no deltas, such as for a bucket without a CDN that can send them; those in"
    " STORE stay as long as their releases",
    "--keep": "keep at least this many releases (default: %(default)s)",
}

"""``python -m whitenoise_async.compress``: keep ``.gz``, ``.br`` and ``.zst`` next to files."""

from __future__ import annotations

import argparse
import os
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

from ..compression.encoders import ENCODINGS, require_known
from ..compression.errors import CompressionError
from ..compression.report import PROBLEMS, Failure, Outcome, Report, Watcher
from ..compression.settings import DEFAULT_MIN_SAVING, DEFAULT_MIN_SIZE, Settings
from ..compression.trees import check_tree, clean_tree, compress_tree
from ..files.formats import DEFAULT_EXCLUDED
from .compress_report import as_json, progress_so_far, result_line, short, table
from .progress import Progress
from .signals import INTERRUPTS, raising_on_signals
from .terminal import Parser, say

_BY_MODULE = "python -m whitenoise_async.compress"


def main(arguments: Sequence[str] | None = None, program: str = _BY_MODULE) -> int:
    """Run the command.

    :param arguments: the command line without the program; ``sys.argv``'s if ``None``.
    :param program: the name of the command in its help.
    :returns: the exit status: 0 for success, 1 if a file failed or a check found a problem.
    :raises SystemExit: with status 2, for an invalid command line.
    """
    parser = _parser(program)
    options = parser.parse_intermixed_args(arguments)
    try:
        work, left_out = _work(options)
    except (ValueError, TypeError) as error:
        message = str(error).replace("without against", "without --against")
        if hasattr(options, message.split()[0]):  # spell an option as on the command line
            message = f"--{message.replace('_', '-', 1)}"
        parser.error(message)
    for root in options.roots:
        if not os.path.isdir(root):
            parser.error(f"{root} is not a directory")
    if not options.quiet:
        for reason in left_out:
            say(f"left out: {reason}", error=True)
    with raising_on_signals():
        return _Command(options, work).run(_without_nested(options.roots))


class _Command(Watcher):
    """Works on one root after the other, and prints the results."""

    def __init__(self, options: argparse.Namespace, work: Callable[..., Report]) -> None:
        self._options = options
        self._work = work
        self._progress = Progress(shown=not options.quiet)
        self._prints = not (options.quiet or options.json)
        self._reports: list[Report] = []

    def run(self, roots: Sequence[str]) -> int:
        try:
            for root in roots:
                self._run_below(root)
        except tuple(INTERRUPTS) as interrupt:
            word, status = INTERRUPTS[type(interrupt)]
            done = f"{progress_so_far(self._reports)}; no file is left incomplete"
            say(f"{word}: {done}, and the next run continues from here.", error=True)
        else:
            status = int(any(each.failures or each.problems for each in self._reports))
        if self._options.json:
            for line in as_json(self._reports, interrupted=status > 1):
                say(line)
        return status

    def _run_below(self, root: str) -> None:
        try:
            report = self._work(root, watcher=self)
        except (CompressionError, OSError) as error:
            self._reports[-1].add(Failure(root, str(error)))
            return
        finally:  # also after an interrupt
            self._progress.end()
        for message in report.warnings:
            say(message, error=True)
        if self._prints:
            dry_run = self._options.dry_run
            is_short = self._options.check or self._options.clean or dry_run
            lines = [short(report, dry_run=dry_run)] if is_short else table(report)
            for line in (*lines, *report.left_alone_lines()):
                say(line)

    def on_begin(self, report: Report) -> None:
        self._reports.append(report)

    def on_wait(self, root: str) -> None:
        if not self._options.quiet:
            say(f"{root}: waiting for another run to end", error=True)

    def on_start(self, size: int) -> None:
        self._progress.begin(self._reports[-1].root, size)

    def on_progress(self, size: float) -> None:
        self._progress.advance(size)

    def on_result(self, result: Outcome | Failure) -> None:
        is_error = isinstance(result, Failure) or result.action in PROBLEMS
        line = result_line(self._reports[-1].root, result, dry_run=self._options.dry_run)
        if line and (is_error or self._prints):
            self._progress.say(line, error=is_error)


def _work(options: argparse.Namespace) -> tuple[Callable[..., Report], tuple[str, ...]]:
    """The function to call for each root, and why encodings are left out."""
    chosen = {name: getattr(options, name) for name in ("encodings", "include", "exclude")}
    if options.clean:
        require_known(options.encodings or ())
        return partial(clean_tree, dry_run=options.dry_run, **chosen), ()
    levels = {token: getattr(options, f"{token}_level") for token in ENCODINGS}
    chosen["levels"] = {token: level for token, level in levels.items() if level is not None}
    for name in ("min_size", "min_saving", "jobs", "follow_links", "against", "immutable"):
        chosen[name] = getattr(options, name)
    left_out = Settings(**chosen).left_out
    if options.check:
        return partial(check_tree, **chosen), left_out
    return partial(compress_tree, dry_run=options.dry_run, **chosen), left_out


def _without_nested(roots: Sequence[str]) -> list[str]:
    """The roots, without those inside another one, which includes them."""
    by_path: dict[Path, str] = {}
    for root in roots:
        by_path.setdefault(Path(root).resolve(), root)
    return [root for path, root in by_path.items() if by_path.keys().isdisjoint(path.parents)]


def _parser(program: str) -> Parser:
    parser = Parser(
        prog=program,
        description="Compress the files below one or more folders: write .gz, .br and .zst variants"
        " next to them. A variant that saves too little is not written. One that is up to date is"
        " not changed.",
    )
    parser.add_argument("roots", nargs="+", metavar="root", help="a folder of files to compress")
    parser.set_defaults(min_size=DEFAULT_MIN_SIZE, min_saving=DEFAULT_MIN_SAVING)
    modes = parser.add_mutually_exclusive_group()
    modes.add_argument("--check", **_FLAG, help=_HELP["--check"])
    modes.add_argument("--clean", **_FLAG, help="remove the variants that this command wrote")
    parser.add_argument("--dry-run", **_FLAG, help="show what would be done, and change nothing")
    what = parser.add_argument_group("which files")
    what.add_argument("--include", **_GLOBS, help=_HELP["--include"])
    what.add_argument("--exclude", **_GLOBS, help=_HELP["--exclude"])
    what.add_argument("--follow-links", **_FLAG, help=_HELP["--follow-links"])
    what.add_argument("--min-size", type=int, metavar="BYTES", help=_HELP["--min-size"])
    what.add_argument("--min-saving", type=float, metavar="PERCENT", help=_HELP["--min-saving"])
    how = parser.add_argument_group("how")
    how.add_argument("--encodings", type=_split, metavar="LIST", help=_HELP["--encodings"])
    for token in ENCODINGS:
        how.add_argument(f"--{token}-level", type=int, metavar="N", help=_HELP[f"--{token}-level"])
    how.add_argument("--against", metavar="FOLDER", help=_HELP["--against"])
    how.add_argument("--immutable", metavar="TOOL|REGEX", help=_HELP["--immutable"])
    how.add_argument("-j", "--jobs", type=int, metavar="N", help=_HELP["--jobs"])
    output = parser.add_argument_group("output")
    output.add_argument("-q", "--quiet", **_FLAG, help=_HELP["--quiet"])
    output.add_argument("--json", **_FLAG, help="print a report as JSON instead of the table")
    return parser


def _split(value: str) -> list[str]:
    return [each.strip() for each in value.split(",")]


_FLAG: Mapping[str, Any] = {"action": "store_true"}
_GLOBS: Mapping[str, Any] = {"action": "append", "default": [], "metavar": "GLOB"}

_HELP = {
    "--check": "change nothing; list missing, stale and unneeded variants, and exit with 1 if any",
    "--include": "compress only files that match, whatever their extension; may be repeated",
    "--exclude": "skip files that match; may be repeated. A pattern without a slash matches the "
    "name of a file or folder, one with a slash the path below the root. Skipped, unless included: "
    + ", ".join(sorted(DEFAULT_EXCLUDED)),
    "--follow-links": "also compress files outside the root if links lead to them; their variants "
    "are written next to the links",
    "--min-size": "skip files of fewer bytes (default: %(default)s)",
    "--min-saving": "keep a variant only if it is at least this many percent smaller than its file "
    "(default: %(default)s)",
    "--encodings": f"any of {','.join(ENCODINGS)}, with commas between them (default: all that are "
    "installed)",
    "--gzip-level": "1 to 12; without libdeflate 1 to 9 (default: 10 or 9)",
    "--br-level": "0 to 11 (default: 11)",
    "--zstd-level": "1 to 22 (default: 19)",
    "--against": "an older release: for each text file that has changed since, also write a delta "
    "(.dcz), if it saves at least a third of the best variant. A browser that has the old file "
    "receives only the delta",
    "--immutable": "how to find the hash in a name, to match old and new files: a build tool, or a "
    "regular expression whose match, or first group, is the hash (default: twelve hexadecimal "
    "digits before the extension)",
    "--jobs": "number of threads (default: one per core)",
    "--quiet": "print only failures, and what --check finds",
}

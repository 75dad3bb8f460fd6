"""``python -m whitenoise_async.compress``: keep ``.gz``, ``.br`` and ``.zst`` next to files."""

from __future__ import annotations

import argparse
import os
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

from ..compression import (
    DEFAULT_EXCLUDED,
    DEFAULT_MIN_SAVING,
    DEFAULT_MIN_SIZE,
    ENCODINGS,
    CompressionError,
    Failure,
    Outcome,
    Report,
    Watcher,
    check_tree,
    clean_tree,
    compress_tree,
    make_settings,
)
from ..compression.encoders import require_known
from ..compression.report import PROBLEMS
from .compress_report import (
    as_json,
    outcome_line,
    partial_report,
    problem_line,
    progress_so_far,
    short,
    table,
)
from .progress import Progress
from .signals import INTERRUPTS, raising_on_signals
from .terminal import Parser, say

_BY_MODULE = "python -m whitenoise_async.compress"

_WHAT_IS_LEFT = "no file is left incomplete, and the next run continues from here."

__all__ = ["check_tree", "clean_tree", "compress_tree", "main"]


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
        parser.error(_with_flags(str(error)))
    for root in options.roots:
        if not os.path.isdir(root):
            parser.error(f"{root} is not a directory")
    if not options.quiet:
        for reason in left_out:
            say(f"left out: {reason}", error=True)
    command = _Command(options, work)
    with raising_on_signals():
        return command.run(_without_nested(options.roots))


class _Command(Watcher):
    """Works on one root after the other, and prints the results."""

    def __init__(self, options: argparse.Namespace, work: Callable[..., Report]) -> None:
        self._options = options
        self._work = work
        self._progress = Progress(shown=not options.quiet)
        self._root = ""
        # Below this root.
        self._done: list[Outcome] = []
        self._failures: list[Failure] = []
        self._reports: list[Report] = []
        self._failed = False

    def run(self, roots: Sequence[str]) -> int:
        try:
            for self._root in roots:
                self._done, self._failures = [], []
                self._run_below()
        except tuple(INTERRUPTS) as interrupt:
            word, status = INTERRUPTS[type(interrupt)]
            say(f"{word}: {progress_so_far(self._reports)}; {_WHAT_IS_LEFT}", error=True)
        else:
            status = 1 if self._failed else 0
        if self._options.json:
            for line in as_json(self._reports, interrupted=status > 1):
                say(line)
        return status

    def _run_below(self) -> None:
        report = None
        try:
            report = self._work(self._root, watcher=self)
        except (CompressionError, OSError) as error:
            self.on_result(Failure(self._root, str(error)))
        finally:  # also after an interrupt
            done = partial_report(self._root, self._done, self._failures)
            self._reports.append(report or done)
            self._progress.end()
        if report is None or self._options.quiet or self._options.json:
            return
        is_short = self._options.check or self._options.clean or self._options.dry_run
        for line in [short(report, dry_run=self._options.dry_run)] if is_short else table(report):
            say(line)
        for line in report.left_alone_lines():
            say(line)

    def on_wait(self, root: str) -> None:
        if not self._options.quiet:
            say(f"{root}: waiting for another run to end", error=True)

    def on_start(self, size: int) -> None:
        self._progress.begin(self._root, size)

    def on_progress(self, size: int) -> None:
        self._progress.advance(size)

    def on_result(self, result: Outcome | Failure) -> None:
        if isinstance(result, Failure):
            self._failures.append(result)
            self._fail(result.reason)
            return
        self._done.append(result)
        if result.action in PROBLEMS:
            self._fail(problem_line(self._root, result))
        elif not (self._options.quiet or self._options.json):
            line = outcome_line(self._root, result, dry_run=self._options.dry_run)
            if line is not None:
                with self._progress.out_of_the_way():
                    say(line)

    def on_warning(self, message: str) -> None:
        say(message, error=True)

    def _fail(self, line: str) -> None:
        self._failed = True
        with self._progress.out_of_the_way():
            say(line, error=True)


def _work(options: argparse.Namespace) -> tuple[Callable[..., Report], tuple[str, ...]]:
    """The function to call for each root, and why encodings are left out."""
    chosen: dict[str, Any] = {"include": options.include, "exclude": options.exclude}
    if options.clean:
        require_known(options.encodings or ())
        work = partial(clean_tree, encodings=options.encodings, dry_run=options.dry_run, **chosen)
        return work, ()
    levels = {token: getattr(options, f"{token}_level") for token in ENCODINGS}
    chosen |= {
        "encodings": options.encodings,
        "levels": {token: level for token, level in levels.items() if level is not None},
        "min_size": options.min_size,
        "min_saving": options.min_saving,
        "jobs": options.jobs,
        "follow_links": options.follow_links,
    }
    left_out = make_settings(**chosen).left_out
    if options.check:
        return partial(check_tree, **chosen), left_out
    return partial(compress_tree, dry_run=options.dry_run, **chosen), left_out


def _with_flags(message: str) -> str:
    """Spell the option in a message as on the command line."""
    name, space, rest = message.partition(" ")
    if name in ("min_size", "min_saving", "jobs"):
        name = f"--{name.replace('_', '-')}"
    return f"{name}{space}{rest}"


def _without_nested(roots: Sequence[str]) -> list[str]:
    """The roots, without those inside another one, which includes them."""
    real = {root: os.path.join(os.path.realpath(root), "") for root in roots}
    kept: list[str] = []
    for root in dict.fromkeys(roots):
        others = [real[each] for each in roots if real[each] != real[root]]
        same = [each for each in kept if real[each] == real[root]]
        if not same and not any(real[root].startswith(other) for other in others):
            kept.append(root)
    return kept


def _parser(program: str) -> Parser:
    parser = Parser(
        prog=program,
        description="Keep .gz, .br and .zst files next to the files below some folders, where they "
        "save enough. Files that are up to date are not touched.",
    )
    parser.add_argument("roots", nargs="+", metavar="root", help="a folder")
    modes = parser.add_mutually_exclusive_group()
    modes.add_argument(
        "--check",
        action="store_true",
        help="change nothing; list missing, stale and unneeded variants, and exit with 1 if any",
    )
    modes.add_argument("--clean", action="store_true", help="remove what this command wrote")
    parser.add_argument(
        "--dry-run", action="store_true", help="show what would be done, and change nothing"
    )
    _add_what(parser)
    _add_how(parser)
    _add_output(parser)
    return parser


def _add_what(parser: argparse.ArgumentParser) -> None:
    what = parser.add_argument_group("which files")
    what.add_argument(
        "--include",
        action="append",
        default=[],
        metavar="GLOB",
        help="compress only files that match, whatever their extension; may be repeated",
    )
    what.add_argument(
        "--exclude",
        action="append",
        default=[],
        metavar="GLOB",
        help="skip files that match; may be repeated. A pattern without a slash matches the name "
        "of a file or folder, one with a slash the path below the root. Skipped, unless "
        f"included: {', '.join(sorted(DEFAULT_EXCLUDED))}",
    )
    what.add_argument(
        "--follow-links",
        action="store_true",
        help="also compress files outside the root that links lead to, next to the links",
    )
    what.add_argument(
        "--min-size",
        type=int,
        default=DEFAULT_MIN_SIZE,
        metavar="BYTES",
        help="skip smaller files (default: %(default)s)",
    )
    what.add_argument(
        "--min-saving",
        type=float,
        default=DEFAULT_MIN_SAVING,
        metavar="PERCENT",
        help="how much a variant must save to be kept (default: %(default)s)",
    )


def _add_how(parser: argparse.ArgumentParser) -> None:
    how = parser.add_argument_group("how")
    how.add_argument(
        "--encodings",
        type=lambda value: [each.strip() for each in value.split(",")],
        metavar="LIST",
        help=f"some of {','.join(ENCODINGS)} (default: all that are installed)",
    )
    for token, best in zip(ENCODINGS, ("12, or 9 without libdeflate", "11", "19"), strict=True):
        how.add_argument(
            f"--{token}-level", type=int, metavar="N", help=f"level for {token} (default: {best})"
        )
    how.add_argument(
        "-j", "--jobs", type=int, metavar="N", help="number of threads (default: one per core)"
    )


def _add_output(parser: argparse.ArgumentParser) -> None:
    output = parser.add_argument_group("output")
    output.add_argument("-q", "--quiet", action="store_true", help="print only errors")
    output.add_argument("--json", action="store_true", help="print a report as JSON")

"""Format the results of ``python -m whitenoise_async.compress``: lines, a table, JSON."""

from __future__ import annotations

import json
import os
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence

from ..compression import Action, Failure, Outcome, Report, Totals

_HEAD = ("encoding", "variants", "bytes before", "bytes after", "ratio", "written", "removed")


def outcome_line(root: str, outcome: Outcome, *, dry_run: bool) -> str | None:
    """A line for one variant; ``None`` if the table says enough."""
    if outcome.action is Action.REMOVED:
        return f"{'would remove' if dry_run else 'removed'} {_named(root, outcome)}"
    if outcome.action is Action.WRITTEN and (dry_run or outcome.reason):
        return f"{'would compress' if dry_run else 'wrote'} {_named(root, outcome)}"
    return None


def problem_line(root: str, outcome: Outcome) -> str:
    """A line for one problem that a check found."""
    return f"{outcome.action.value}: {_named(root, outcome)}"


def table(report: Report) -> Iterator[str]:
    """Files, and bytes before and after by encoding."""
    yield f"{report.root}: {report.files:,} files, {report.size:,} bytes, {report.seconds:.1f} s"
    rows = [_HEAD, *(_row(encoding, totals) for encoding, totals in report.totals.items())]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    if len(rows) > 1:
        for first, *others in rows:
            cells = [first.ljust(widths[0]), *map(str.rjust, others, widths[1:])]
            yield "  ".join(cells)


def short(report: Report, *, dry_run: bool) -> str:
    """One line, for a run that compressed nothing."""
    counts = Counter(each.action for each in report.outcomes)
    found = ", ".join(f"{counts[each]:,} {each.value}" for each in Action if counts[each])
    would = "would be " if dry_run else ""
    return f"{report.root}: {would}{found or 'nothing'}, {report.seconds:.1f} s"


def as_json(reports: Sequence[Report], interrupted: bool) -> Iterator[str]:
    """The reports as JSON, line by line."""
    content = {"interrupted": interrupted, "roots": [_as_dict(report) for report in reports]}
    yield from json.dumps(content, indent=2).splitlines()


def partial_report(root: str, done: Sequence[Outcome], failures: Sequence[Failure]) -> Report:
    """A report of the work before an interrupt."""
    sizes = {each.path: each.original or 0 for each in done}
    return Report(root, len(sizes), sum(sizes.values()), done, failures, 0.0)


def progress_so_far(reports: Iterable[Report]) -> str:
    """The work before an interrupt, as part of a sentence."""
    counts = Counter(each.action for report in reports for each in report.outcomes)
    return f"{counts[Action.WRITTEN]:,} variants written, {counts[Action.REMOVED]:,} removed"


def _named(root: str, outcome: Outcome) -> str:
    """The variant's path, and the reason."""
    path = os.path.join(root, outcome.variant)
    return f"{path}: {outcome.reason}" if outcome.reason else path


def _row(encoding: str, totals: Totals) -> tuple[str, ...]:
    ratio = "" if totals.ratio is None else f"{totals.ratio:.1%}"
    numbers = (totals.variants, totals.original, totals.size)
    done = (totals.written, totals.removed)
    return (encoding, *(f"{each:,}" for each in numbers), ratio, *(f"{each:,}" for each in done))


def _as_dict(report: Report) -> dict[str, object]:
    return {
        "root": report.root,
        "files": report.files,
        "bytes": report.size,
        "seconds": round(report.seconds, 3),
        "encodings": {
            encoding: {
                "variants": totals.variants,
                "bytes_before": totals.original,
                "bytes_after": totals.size,
                "ratio": totals.ratio,
                "written": totals.written,
                "removed": totals.removed,
            }
            for encoding, totals in report.totals.items()
        },
        "variants": [
            {
                "path": each.variant,
                "encoding": each.encoding,
                "action": each.action.value,
                "bytes_before": each.original,
                "bytes_after": each.size,
                **({"reason": each.reason} if each.reason else {}),
            }
            for each in report.outcomes
        ],
        "failures": [each._asdict() for each in report.failures],
        **(
            {"left_alone": [each._asdict() for each in report.left_alone]}
            if report.left_alone
            else {}
        ),
        **({"warnings": list(report.warnings)} if report.warnings else {}),
    }

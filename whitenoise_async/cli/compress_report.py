"""Format the results of ``python -m whitenoise_async.compress``: lines, a table, JSON."""

from __future__ import annotations

import json
import os
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence

from ..compression.report import PROBLEMS, Action, Failure, Outcome, Report, Totals
from .terminal import aligned, counted


def result_line(root: str, result: Outcome | Failure, *, dry_run: bool) -> str | None:
    """A line for a failure or one variant; ``None`` if the table says enough."""
    if isinstance(result, Failure):
        return result.reason
    path = os.path.join(root, result.variant)
    variant = f"{path}: {result.reason}" if result.reason else path
    if result.action in PROBLEMS:
        return f"{result.action.value}: {variant}"
    if result.action is Action.REMOVED:
        return f"{'would remove' if dry_run else 'removed'} {variant}"
    if result.action is Action.WRITTEN and (dry_run or result.reason):
        return f"{'would compress' if dry_run else 'wrote'} {variant}"
    return None


def table(report: Report) -> Iterator[str]:
    """Files, and bytes before and after by encoding."""
    files = f"{report.root}: {counted(report.files, 'file')}, {report.size:,} bytes"
    left_alone = report.found - report.files
    more = f" ({report.found:,} found, {left_alone:,} left alone)" if left_alone else ""
    yield f"{files}, {report.seconds:.1f} s{more}"
    head = ["encoding", *(name.replace("_", " ") for name in Totals._fields)]
    rows = [head, *([token, *map(_cell, totals)] for token, totals in report.totals.items())]
    if len(rows) > 1:
        yield from aligned(rows)


def short(report: Report, *, dry_run: bool) -> str:
    """One line, for a run that compressed nothing."""
    counts = Counter(each.action for each in report.outcomes)
    found = ", ".join(f"{counts[each]:,} {each.value}" for each in Action if counts[each])
    would = "would be " if dry_run and found else ""
    return f"{report.root}: {would}{found or 'nothing to do'}, {report.seconds:.1f} s"


def as_json(reports: Sequence[Report], interrupted: bool) -> Iterator[str]:
    """The reports as JSON, line by line."""
    content = {"interrupted": interrupted, "roots": [_as_dict(report) for report in reports]}
    yield from json.dumps(content, indent=2).splitlines()


def progress_so_far(reports: Iterable[Report]) -> str:
    """The work before an interrupt, as part of a sentence."""
    counts = Counter(each.action for report in reports for each in report.outcomes)
    written = counted(counts[Action.WRITTEN], "variant")
    return f"{written} written, {counts[Action.REMOVED]:,} removed"


def _cell(value: float | None) -> str:
    """A ratio, or a number of variants or bytes."""
    if value is None:
        return ""
    return f"{value:.1%}" if isinstance(value, float) else f"{value:,}"


def _as_dict(report: Report) -> dict[str, object]:
    content: dict[str, object] = {
        "root": report.root,
        "found": report.found,
        "files": report.files,
        "bytes": report.size,
        "seconds": round(report.seconds, 3),
        "encodings": {token: totals._asdict() for token, totals in report.totals.items()},
        "variants": [_outcome_as_dict(each) for each in report.outcomes],
        "failures": [each._asdict() for each in report.failures],
    }
    if report.left_alone:
        content["left_alone"] = [
            {"path": path, "reason": reason} for path, reason in report.left_alone.items()
        ]
    if report.warnings:
        content["warnings"] = list(report.warnings)
    return content


def _outcome_as_dict(outcome: Outcome) -> dict[str, object]:
    content = {**outcome._asdict(), "path": outcome.variant}
    if not outcome.reason:
        del content["reason"]
    return content

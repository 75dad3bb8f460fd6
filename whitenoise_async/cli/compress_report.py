"""What ``python -m whitenoise_async.compress`` prints of a report: lines, a table, JSON."""

from __future__ import annotations

import json
import os
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence

from ..compression import Action, Failure, LeftAlone, Outcome, Report, Totals
from ..compression.listing import LEADS_OUT

_HEAD = ("encoding", "variants", "bytes before", "bytes after", "ratio", "written", "removed")


# Names in one line; --json has all of them.
_MOST_NAMES = 5


def outcome_line(root: str, outcome: Outcome, *, dry_run: bool) -> str | None:
    """What there is to say of one variant by itself; ``None`` where the table says enough."""
    if outcome.action is Action.REMOVED:
        return f"{'would remove' if dry_run else 'removed'} {_named(root, outcome)}"
    if outcome.action is Action.WRITTEN and (dry_run or outcome.reason):
        return f"{'would compress' if dry_run else 'wrote'} {_named(root, outcome)}"
    return None


def problem_line(root: str, outcome: Outcome) -> str:
    """What a check has to say of one variant."""
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
    """What was found, in a line, where nothing was compressed."""
    counts = Counter(each.action for each in report.outcomes)
    found = ", ".join(f"{counts[each]:,} {each.value}" for each in Action if counts[each])
    would = "would be " if dry_run else ""
    return f"{report.root}: {would}{found or 'nothing'}, {report.seconds:.1f} s"


def left_alone(report: Report) -> Iterator[str]:
    """A line for each reason for which links were left alone."""
    by_reason: dict[str, list[LeftAlone]] = {}
    for each in report.left_alone:
        by_reason.setdefault(each.reason, []).append(each)
    for reason, links in by_reason.items():
        names = ", ".join(each.path for each in links[:_MOST_NAMES])
        more = f" and {len(links) - _MOST_NAMES:,} more" if len(links) > _MOST_NAMES else ""
        hint = "; --follow-links compresses them" if reason == LEADS_OUT else ""
        yield f"{report.root}: {len(links):,} left alone, each {reason}: {names}{more}{hint}"


def as_json(reports: Sequence[Report], interrupted: bool) -> Iterator[str]:
    """All there is to know, for machines."""
    content = {"interrupted": interrupted, "roots": [_as_dict(report) for report in reports]}
    yield from json.dumps(content, indent=2).splitlines()


def partial_report(root: str, done: Sequence[Outcome], failures: Sequence[Failure]) -> Report:
    """A report of what was done before an interrupt."""
    sizes = {each.path: each.original or 0 for each in done}
    return Report(root, len(sizes), sum(sizes.values()), done, failures, 0.0)


def progress_so_far(reports: Iterable[Report]) -> str:
    """What was done before an interrupt, in half a sentence."""
    counts = Counter(each.action for report in reports for each in report.outcomes)
    return f"{counts[Action.WRITTEN]:,} variants written, {counts[Action.REMOVED]:,} removed"


def _named(root: str, outcome: Outcome) -> str:
    """The variant, and the reason for what was done."""
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

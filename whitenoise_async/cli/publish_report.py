"""Formats the results of ``python -m whitenoise_async.publish``: lines, a table, JSON."""

from __future__ import annotations

import json
from collections.abc import Iterator

from ..releases.report import Action, Outcome, Report
from .terminal import aligned, counted

_MEANINGS = {
    Action.CONFLICT: "its name has a hash, but its content in {store} is different; nothing was"
    " changed. Build it with another name",
    Action.LOST: "a kept release uses it, but it is not in {store}",
    Action.MISSING: "it is not in {store}, or is different there",
    Action.UNNEEDED: "no kept release uses it",
    Action.OUTDATED: "it does not list this release",
}


def result_line(report: Report, outcome: Outcome, *, dry_run: bool) -> str | None:
    """A line for a problem or one file; ``None`` if the table says enough."""
    if outcome.action in _MEANINGS:
        meaning = _MEANINGS[outcome.action].format(store=report.store)
        return f"{outcome.action.value}: {outcome.path}: {meaning}"
    if not dry_run:
        return None
    verb = "write" if outcome.action is Action.WRITTEN else "remove"
    return f"would {verb} {outcome.path}"


def table(report: Report, *, dry_run: bool) -> Iterator[str]:
    """The release, its files, its deltas, and the URLs to purge."""
    files = f"{counted(report.files, 'file')}, {report.size:,} bytes"
    yield f"{report.store}: release {report.release}, {files}, {report.seconds:.1f} s"
    made = {each.path for each in report.deltas}
    written = [each for each in report.of(Action.WRITTEN) if each.path not in made]
    removed = report.of(Action.REMOVED)
    size = sum(each.size or 0 for each in written)
    unchanged = [f"{report.files - len(written):,}", f"{report.size - size:,}"]
    would_be = "would be " if dry_run else ""
    rows = [
        ["", "files", "bytes"],
        [f"{would_be}written", f"{len(written):,}", f"{size:,}"],
        ["unchanged", *unchanged],
        [f"{would_be}removed", f"{len(removed):,}", ""],
    ]
    yield from map(str.rstrip, aligned(rows))
    if made:
        yield from aligned([*_delta_rows(report)])
    kept = ", ".join(map(str, report.kept))
    dropped = f"; dropped: {', '.join(map(str, report.dropped))}" if report.dropped else ""
    yield f"kept releases: {kept}{dropped}"
    if report.purge:
        yield "purge from caches in front of the store:"
        yield from report.purge


def _delta_rows(report: Report) -> Iterator[list[str]]:
    """For each older release, the deltas against its files, and the bytes that a client saves."""
    yield ["deltas from", "files", "best variant", "delta", "ratio"]
    for number in report.kept:
        deltas = [each for each in report.deltas if number in each.against]
        if deltas:
            without, size = sum(each.without for each in deltas), sum(each.size for each in deltas)
            counts = [f"{each:,}" for each in (len(deltas), without, size)]
            yield [f"release {number}", *counts, f"{size / without:.1%}"]


def check_line(report: Report) -> str:
    """One line for a check."""
    found = len(report.problems)
    result = counted(found, "problem") if found else "nothing to do"
    return f"{report.store}: release {report.release}, {result}, {report.seconds:.1f} s"


def as_json(report: Report, *, interrupted: bool, error: str | None) -> Iterator[str]:
    """The report as JSON, line by line."""
    content: dict[str, object] = {
        "interrupted": interrupted,
        "build": report.build,
        "store": report.store,
        "release": report.release,
        "kept": report.kept,
        "dropped": report.dropped,
        "files": report.files,
        "bytes": report.size,
        "seconds": round(report.seconds, 3),
        **{action.value: [each.path for each in report.of(action)] for action in Action},
        "purge": report.purge,
        "deltas": [each._asdict() for each in report.deltas],
        "warnings": report.warnings,
    }
    if error is not None:
        content["error"] = error
    yield from json.dumps(content, indent=2).splitlines()

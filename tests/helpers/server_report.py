"""A pytest plugin that prints a table of the results by server: ``nox -s servers``."""

from __future__ import annotations

from collections import Counter
from typing import Any

_OUTCOMES = ("passed", "failed", "error", "skipped")


def pytest_itemcollected(item: Any) -> None:
    server = getattr(item, "callspec", None) and item.callspec.params.get("started")
    if server:
        item.user_properties.append(("server", server))


def pytest_terminal_summary(terminalreporter: Any) -> None:
    counts: dict[str, Counter[str]] = {}
    reasons: dict[str, str] = {}
    for outcome in _OUTCOMES:
        for report in terminalreporter.getreports(outcome):
            properties = dict(report.user_properties)
            server = properties.pop("server", None)
            if server is None:
                continue
            count = counts.setdefault(server, Counter())
            count.update(properties)
            count[outcome] += 1
            count["faults"] += outcome == "passed" and not properties
            if outcome == "skipped":
                reasons[server] = f" ({report.longrepr[2].removeprefix('Skipped: ')})"
    line = terminalreporter.write_line
    terminalreporter.write_sep("=", "servers")
    line("| server | responses compared | deviations of its own | faults withstood | tests |")
    line("|---|---|---|---|---|")
    for server, count in counts.items():
        tests = ", ".join(f"{count[name]} {name}" for name in _OUTCOMES if count[name])
        tests += reasons.get(server, "")
        columns = (server, count["responses"], count["deviations"], count["faults"], tests)
        line(f"| {' | '.join(map(str, columns))} |")

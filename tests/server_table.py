"""A pytest plugin that prints what became of each server: ``nox -s servers``."""

from __future__ import annotations

from collections import Counter
from typing import Any

from servers import SERVERS

_OUTCOMES = ("passed", "failed", "error", "skipped")


def pytest_itemcollected(item: Any) -> None:
    server = getattr(item, "callspec", None) and item.callspec.params.get("started")
    if server:
        item.user_properties.append(("server", server))


def pytest_terminal_summary(terminalreporter: Any) -> None:
    counts = {server: Counter[str]() for server in SERVERS}
    reasons: dict[str, str] = {}
    for outcome in _OUTCOMES:
        for report in terminalreporter.getreports(outcome):
            properties = dict(report.user_properties)
            server = properties.pop("server", None)
            if server is None:
                continue
            counts[server].update(properties)
            counts[server][outcome] += 1
            counts[server]["faults"] += not properties
            if outcome == "skipped":
                reasons[server] = report.longrepr[2]
    terminalreporter.write_sep("=", "servers")
    terminalreporter.write_line("| server | answers | by the server's own rules | faults | tests |")
    terminalreporter.write_line("|---|---|---|---|---|")
    for server, count in counts.items():
        tests = ", ".join(f"{count[name]} {name}" for name in _OUTCOMES if count[name])
        columns = (server, count["answers"], count["deviations"], count["faults"], tests)
        reason = reasons.get(server, "")
        terminalreporter.write_line(f"| {' | '.join(map(str, columns))} | {reason}".rstrip())

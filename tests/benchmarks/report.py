"""The results in Markdown, and their places in docs/performance.md and performance-details.md."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from tests.benchmarks import rows
from tests.benchmarks.contenders import BARE_WALK, BY_NAME, HASHED, LIMIT, OURS, is_ours
from tests.benchmarks.losses import losses
from tests.benchmarks.results import Results, Row, fairness, hashed, throughput

NONE = "–"


def write_pages(page: Path, details: Path, results: Results) -> None:
    """Put the results between the markers of the two pages.

    :param page: gets the summary and the losses.
    :param details: gets the conditions and the remaining tables.
    """
    summary = {
        "results": "\n".join(summary_text(results)),
        "losses": "\n".join(f"- {sentence}" for sentence in losses(results)),
    }
    put_into(page, "bench", summary)
    put_into(details, "bench", {"details": "\n".join(details_text(results))})


def put_into(page: Path, session: str, parts: Mapping[str, str]) -> None:
    """Put each part between its markers on the page, which name the session that writes it."""
    text = page.read_text(encoding="utf-8")
    for name, new in parts.items():
        text = _between(text, name, session, new)
    page.write_text(text, encoding="utf-8")


def _between(text: str, name: str, session: str, new: str) -> str:
    begin = f"<!-- {name}: begin, written by nox -s {session} -->"
    end = f"<!-- {name}: end -->"
    before, found, rest = text.partition(begin)
    _, ended, after = rest.partition(end)
    if not (found and ended):
        raise ValueError(f"the page has no pair of markers for {name}")
    return f"{before}{begin}\n\n{new}\n\n{end}{after}"


def summary_text(results: Results) -> Iterator[str]:
    """The tables of the first page."""
    yield from _provenance(results)
    yield from throughput_table(throughput(results), tuple(BY_NAME), LIMIT)
    if rows.STARTUP in results["rows"]:
        yield from _startup_table(results["rows"][rows.STARTUP])
    if rows.STALLED in results["rows"]:
        yield from _stalled_table(results)
    yield from remarks(results)


def details_text(results: Results) -> Iterator[str]:
    """The conditions of the run, and the tables that the first page does not have."""
    yield from _conditions(results)
    for row in fairness(results):
        yield from fairness_table(row)
    yield from throughput_table(hashed(results), (OURS, HASHED), OURS)
    if rows.STARTUP_OPTIONS in results["rows"]:
        yield from _startup_table(results["rows"][rows.STARTUP_OPTIONS])
    if rows.ASSETS in results["rows"]:
        yield from _assets_table(results)


def _provenance(results: Results) -> Iterator[str]:
    machine = results["machine"]
    yield from _warning(results)
    yield (
        f"Measured on {results['date']}: {machine['cpu']}, {machine['cores']} cores,"
        f" {machine['python']}."
    )


def _conditions(results: Results) -> Iterator[str]:
    machine, settings = results["machine"], results["settings"]
    tools = ", ".join(f"{name} {machine[name]}" for name in ("wrk", "nginx") if machine[name])
    yield from measured_on(results, f"; {tools}")
    yield (
        f"Rounds: {settings['rounds']}, of {settings['seconds']:g} s for each contender after"
        f" {settings['warmup']:g} s of warm-up; stalled readers: {settings['stalled_rounds']}."
    )


def measured_on(results: Results, more: str = "") -> Iterator[str]:
    """The machine, the packages, and ``more`` programs with their versions."""
    machine = results["machine"]
    packages = ", ".join(f"{name} {number}" for name, number in machine["packages"].items())
    yield from _warning(results)
    yield (
        f"Measured on {results['date']}: {machine['cpu']}, {machine['cores']} cores,"
        f" Linux {machine['kernel']}, {machine['python']}. {packages}{more}."
    )


def _warning(results: Results) -> Iterator[str]:
    if results["settings"]["kind"] != "full":
        yield "**A quick run, for trying out. Do not compare its figures.**"
        yield ""


def throughput_table(measured: list[Row], known: Sequence[str], base: str) -> Iterator[str]:
    """Requests per second of ``base``, and the ratio of each other contender to it.

    :param known: the contenders in the order of the columns; absent ones get no column.
    """
    names = [name for name in known if any(name in row["contenders"] for row in measured)]
    if not names:
        return
    others = [name for name in names if name != base]
    yield ""
    yield f"Requests per second of `{base}`, and the ratio of each other contender to it."
    yield ""
    yield from table(
        ["", base, *others],
        (
            [row["title"], _rate(row["contenders"].get(base))]
            + [_ratio(row["contenders"].get(name), name) for name in others]
            for row in measured
        ),
    )


def _startup_table(row: Row) -> Iterator[str]:
    yield ""
    yield f"{row['title']}:"
    yield ""
    yield from table(
        ["", "seconds", "times a bare walk", "MB added", "MB in total"],
        (
            [
                own(name, name),
                f"{each['median']:.3f}",
                NONE if each["ratio"] is None else f"{each['ratio']:.1f}",
                f"{each['median_memory_kb'] / 1024:.1f}",
                f"{each['median_process_kb'] / 1024:.1f}",
            ]
            for name, each in _sorted(row["contenders"])
        ),
    )


def _stalled_table(results: Results) -> Iterator[str]:
    row = results["rows"][rows.STALLED]
    columns = {
        "median": "KB per reader",
        "queued": "KB in the kernel, per reader",
        "threads": "threads",
        "descriptors": "descriptors of files",
        "left_open": "left open afterwards",
    }
    found = list(row["contenders"].values())
    keys = [key for key in columns if found and key in found[0]]
    yield ""
    yield f"{row['title']}:"
    yield ""
    yield from table(
        ["", *(columns[key] for key in keys)],
        (
            [own(name, name), *(f"{each[key]:.0f}" for key in keys)]
            for name, each in _sorted(row["contenders"])
        ),
    )


def _assets_table(results: Results) -> Iterator[str]:
    row = results["rows"][rows.ASSETS]
    works = {
        "read_us": ("reading a file", "µs"),
        "script_us": ("the first URL of a script", "µs"),
        "style_sheet_us": ("the first URL of a style sheet that refers to nine files", "µs"),
        "all_s": ("the hashes of all files", "s"),
        "repeated_us": ("a repeated URL", "µs"),
    }
    yield ""
    yield f"{row['title']}:"
    yield ""
    found = row["contenders"][OURS]
    yield from table(
        ["", "time"],
        (
            [work, f"{found[name]:,.{1 if unit == 'µs' else 2}f} {unit}"]
            for name, (work, unit) in works.items()
        ),
    )


def fairness_table(row: Row) -> Iterator[str]:
    """The latencies of small requests during large transfers."""
    columns = {
        "median": "median ms",
        "p99": "p99 ms",
        "worst": "worst ms",
        "rate": "MB/s downloaded",
        "queued": "MB in the kernel's send queues",
    }
    found = list(row["contenders"].values())
    keys = [key for key in columns if found and key in found[0]]
    yield ""
    yield f"{row['title']}:"
    yield ""
    yield from table(
        ["", *(columns[key] for key in keys)],
        (
            [own(name, name), *(f"{each[key]:,.1f}" for key in keys)]
            for name, each in _sorted(row["contenders"])
        ),
    )


def remarks(results: Results) -> Iterator[str]:
    """The contenders and measurements that the tables lack, and why."""
    invalid = [
        f"{name} in {row['title']} ({fault})"
        for row in results["rows"].values()
        for name, each in row["contenders"].items()
        for fault in each["invalid"]
    ]
    yield from left_out(results)
    if invalid:
        yield ""
        yield f"Invalid and not counted: {'; '.join(invalid)}."


def left_out(results: Results) -> Iterator[str]:
    """The contenders that did not take part, and why."""
    reasons = [
        f"{name} in {row['title']} ({reason})"
        for row in results["rows"].values()
        for name, reason in row["left_out"].items()
    ]
    if reasons:
        yield ""
        yield f"Left out: {'; '.join(reasons)}."


def table(head: list[str], lines: Iterable[list[str]]) -> Iterator[str]:
    """A table of Markdown."""
    yield f"| {' | '.join(head)} |"
    yield f"|{'---|' * len(head)}"
    for line in lines:
        yield f"| {' | '.join(line)} |"


def _sorted(contenders: dict[str, Any]) -> list[tuple[str, Any]]:
    return sorted(contenders.items(), key=lambda item: (item[0] != BARE_WALK, item[1]["median"]))


def _rate(each: dict[str, Any] | None) -> str:
    return NONE if each is None or each["median"] is None else f"{each['median']:,.0f}"


def _ratio(each: dict[str, Any] | None, name: str) -> str:
    return NONE if each is None or each["ratio"] is None else own(name, f"{each['ratio']:.2f}")


def own(name: str, text: str) -> str:
    """Emphasize our own rows."""
    return f"**{text}**" if is_ours(name) else text

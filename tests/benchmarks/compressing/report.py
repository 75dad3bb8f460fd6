"""The results in Markdown, and their place in docs/performance-details.md."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from tests.benchmarks.compressing import rows
from tests.benchmarks.compressing.contenders import ALIKE
from tests.benchmarks.compressing.variants import ENCODINGS
from tests.benchmarks.contenders import OURS
from tests.benchmarks.report import NONE, left_out, measured_on, put_into, table
from tests.benchmarks.results import Results, Row

_NOISE = 0.03  # the difference between two equal runs


def write_page(page: Path, results: Results) -> None:
    """Put the results between their markers on the page."""
    put_into(page, "bench_compress", {"compressing": "\n".join(results_text(results))})


def results_text(results: Results) -> Iterator[str]:
    """The measurements, the machine, and the tables."""
    yield from measured_on(results)
    yield f"Rounds: {results['settings']['rounds']}."
    for name, row in results["rows"].items():
        yield ""
        yield f"{row['title']}:"
        yield ""
        yield from _tree(row) if name in rows.TREES else _runs(row)
    yield from left_out(results)


def _tree(row: Row) -> Iterator[str]:
    yield from _times(row)
    yield ""
    yield f"`in common` covers the files that every contender compressed: {_common(row)}."
    yield ""
    yield from _sizes(row)
    yield ""
    yield from (f"- {sentence}" for sentence in _findings(row))


def _common(row: Row) -> str:
    counts = {
        encoding: made["common_files"]
        for each in row["contenders"].values()
        for encoding, made in each["encodings"].items()
    }
    return ", ".join(f"{counts[encoding]:,} with {encoding}" for encoding in _shared(row))


def _shared(row: Row) -> list[str]:
    """The encodings that several contenders make."""
    makers = [encoding for each in row["contenders"].values() for encoding in each["encodings"]]
    return [encoding for encoding in ENCODINGS if makers.count(encoding) > 1]


def _times(row: Row) -> Iterator[str]:
    head = ["seconds", "times ours", "CPU seconds", "MB", "second run, s", "times ours"]
    yield from table(
        ["", *head],
        (
            [
                _own(name),
                f"{each['first']['median']:.2f}",
                _ratio(each["first"]["ratio"]),
                f"{each['first']['median_cpu']:.2f}",
                _megabytes(each["first"]["kb"]),
                f"{each['second']['median']:.2f}",
                _ratio(each["second"]["ratio"]),
            ]
            for name, each in row["contenders"].items()
        ),
    )


def _sizes(row: Row) -> Iterator[str]:
    columns = [
        (encoding, key, title)
        for encoding in ENCODINGS
        for key, title in (
            ("files", f"{encoding}: files"),
            ("bytes", "bytes"),
            ("common_bytes", "in common"),
        )
        if key != "common_bytes" or encoding in _shared(row)
    ]
    yield from table(
        ["", *(title for _, _, title in columns)],
        (
            [_own(name), *(_number(each["encodings"], *column[:2]) for column in columns)]
            for name, each in row["contenders"].items()
        ),
    )


def _number(encodings: dict[str, Any], encoding: str, key: str) -> str:
    return f"{encodings[encoding][key]:,}" if encoding in encodings else NONE


def _findings(row: Row) -> Iterator[str]:
    """Conclusions that the tables do not show at a glance."""
    for name, each in row["contenders"].items():
        if each["ours_larger"]:
            yield _larger(name, each["ours_larger"])
    if row["walk"] is not None:
        yield _walked(row["walk"])
    for name, each in row["contenders"].items():
        ratio = each["first"]["ratio"]
        if name not in (ALIKE, OURS) and ratio is not None and ratio < 1 - _NOISE:
            yield f"Where we lose: {name} takes {ratio:.2f} times our time for the same encodings."


def _larger(name: str, counts: dict[str, int]) -> str:
    if not any(counts.values()):
        return f"No file of ours came out larger than {name}'s."
    listed = ", ".join(f"{count:,} {encoding}" for encoding, count in counts.items())
    return f"Files of ours that came out larger than {name}'s: {listed}."


def _walked(walk: dict[str, float]) -> str:
    return (
        f"Without the start of a process, a second run takes {walk['ours'] * 1000:.1f} ms. A bare"
        f" walk that calls stat on every file takes {walk['bare'] * 1000:.1f} ms: the run takes"
        f" {walk['ratio']:.1f} times as long."
    )


def _runs(row: Row) -> Iterator[str]:
    yield from table(
        ["", "options", "seconds", "CPU seconds", "MB", "bytes", *ENCODINGS],
        (
            [
                run["title"],
                f"`{run['options']}`" if run["options"] else "none",
                f"{run['seconds']:,.1f}",
                f"{run['cpu']:,.1f}",
                _megabytes(run["kb"]),
                f"{run['bytes']:,}",
                *(_bytes(run["encodings"].get(encoding)) for encoding in ENCODINGS),
            ]
            for run in row["runs"]
        ),
    )


def _own(name: str) -> str:
    return f"**{name}**" if name in (ALIKE, OURS) else name


def _ratio(ratio: float | None) -> str:
    return NONE if ratio is None else f"{ratio:.2f}"


def _megabytes(kb: int) -> str:
    return f"{kb / 1024:.0f}"


def _bytes(size: int | None) -> str:
    return NONE if size is None else f"{size:,}"

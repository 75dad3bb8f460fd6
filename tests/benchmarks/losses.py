"""Where we lose: sentences made from the figures, so that no loss is forgotten."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from tests.benchmarks import rows
from tests.benchmarks.contenders import BARE_WALK, LIMIT, NGINX, OURS, is_ours
from tests.benchmarks.results import Results, Row, fairness, throughput

_NOISE = 0.03  # the difference between two runs of the same
_NO_PEERS = (LIMIT, NGINX, BARE_WALK)


def losses(results: Results) -> list[str]:
    """A sentence for each loss."""
    found = [
        *_to_peers(results),
        *_in_fairness(results),
        *_to_the_limit(results),
        *_to_nginx(results),
    ]
    return found or ["No contender was ahead of us in any row."]


def _to_peers(results: Results) -> Iterator[str]:
    for row in throughput(results):
        yield from faster_peers(row)
    startup = results["rows"].get(rows.STARTUP)
    if startup is not None:
        yield from _smaller(startup, "median", "starts in {:.2f} s, and we in {:.2f} s", 1)
        yield from _smaller(
            startup,
            "median_memory_kb",
            "needs {:.1f} MB at start-up, and we need {:.1f} MB",
            1024,
        )
    stalled = results["rows"].get(rows.STALLED)
    if stalled is not None:
        for key, text in (
            ("median", "holds {:.0f} KB for each stalled reader, and we hold {:.0f} KB"),
            ("threads", "has {:.0f} threads with stalled readers, and we have {:.0f}"),
            ("left_open", "leaves {:.0f} descriptors open, and we leave {:.0f}"),
        ):
            yield from _smaller(stalled, key, text, 1)


def _in_fairness(results: Results) -> Iterator[str]:
    for row in fairness(results):
        yield from shorter_delays(row)


def shorter_delays(row: Row) -> Iterator[str]:
    """A sentence for each contender that delays small requests less during large transfers."""
    if "rate" in row["contenders"].get(OURS, {}):
        yield from _smaller(row, "p99", "has a p99 of {:.1f} ms, and we have {:.1f} ms", 1)
    else:
        yield from _smaller(row, "worst", "takes {:.0f} ms at worst, and we take {:.0f} ms", 1)


def _peers(row: Row) -> dict[str, Any]:
    return {
        name: each
        for name, each in row["contenders"].items()
        if name not in _NO_PEERS and not is_ours(name)
    }


def faster_peers(row: Row) -> Iterator[str]:
    """A sentence for each contender that is faster."""
    ours = row["contenders"].get(OURS, {}).get("median")
    if ours is None:
        return
    for name, peer in _peers(row).items():
        if peer["median"] is not None and peer["median"] > ours * (1 + _NOISE):
            yield f"{row['title']}: {name} is {peer['median'] / ours:.2f} times as fast as we are."


def _smaller(row: Row, key: str, text: str, unit: float) -> Iterator[str]:
    if OURS not in row["contenders"]:
        return
    ours = row["contenders"][OURS][key]
    for name, peer in _peers(row).items():
        if peer[key] < ours * (1 - _NOISE):
            yield f"{row['title']}: {name} {text.format(peer[key] / unit, ours / unit)}."


def _ratios(results: Results, name: str) -> dict[str, float]:
    return {
        row["title"]: each["ratio"]
        for row in throughput(results)
        if (each := row["contenders"].get(name)) and each["ratio"] is not None
    }


def _to_the_limit(results: Results) -> Iterator[str]:
    short = {title: ratio for title, ratio in _ratios(results, OURS).items() if ratio < 1 - _NOISE}
    if short:
        listed = "; ".join(f"{title} {ratio:.2f}" for title, ratio in short.items())
        yield f"Below the limit: {listed}."


def _to_nginx(results: Results) -> Iterator[str]:
    ours, theirs = _ratios(results, OURS), _ratios(results, NGINX)
    times = [theirs[title] / ours[title] for title in ours if title in theirs]
    if times and max(times) > 1 + _NOISE:
        yield (
            f"nginx, which runs no Python, is {min(times):.1f} to {max(times):.1f} times as fast"
            " as we are."
        )

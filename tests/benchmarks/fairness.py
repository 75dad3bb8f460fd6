"""The cost of large transfers for other requests: the latency of a small one during them."""

from __future__ import annotations

import json
from collections.abc import Sequence
from statistics import median
from typing import Any, NamedTuple

from tests.benchmarks.processes import LOAD_CPU, output_of
from tests.benchmarks.rounds import in_rounds
from tests.benchmarks.rows import READERS, FairnessRow
from tests.benchmarks.servers import Place, running
from tests.benchmarks.settings import Settings
from tests.benchmarks.site import make_downloads
from tests.benchmarks.stalled import allow_descriptors


class _Seen(NamedTuple):
    """One turn."""

    median: float  # ms
    p99: float  # ms
    worst: float  # ms
    rate: float | None  # MB a second, of the downloads
    queued: float | None  # MB in the kernel's send queues, for all slow readers

    def __str__(self) -> str:
        return f"median {self.median:.1f} ms, p99 {self.p99:.1f} ms, at worst {self.worst:.1f} ms"


def measure(
    place: Place, row: FairnessRow, names: Sequence[str], settings: Settings
) -> dict[str, Any]:
    """The result of a row."""
    allow_descriptors(3 * settings.readers + 200)
    if row.kind != READERS:
        make_downloads(place.site)
    seen, left_out = in_rounds(
        row.name, names, settings.stalled_rounds, lambda name: _turn(place, row, name, settings)
    )
    counted = {name: _result(each) for name, each in seen.items()}
    return {"contenders": counted, "left_out": left_out}


def _turn(place: Place, row: FairnessRow, name: str, settings: Settings) -> _Seen:
    with running(place, row.server, name, row.kind) as server:
        arguments = [row.kind, str(server.port), str(place.site), str(settings.readers)]
        told = json.loads(output_of("fairness_probe", arguments, place.folder, cpu=LOAD_CPU))
    latencies = sorted(1000 * each for each in told["latencies"])
    rate, queued = told.get("rate"), told.get("queued")
    return _Seen(
        median(latencies),
        latencies[int(0.99 * (len(latencies) - 1))],
        latencies[-1],
        None if rate is None else rate / 1e6,
        None if queued is None else queued / 1e6,
    )


def _result(seen: list[_Seen]) -> dict[str, Any]:
    figures = {
        key: round(median(values), 2)
        for key in ("median", "p99", "worst", "rate", "queued")
        if None not in (values := [getattr(each, key) for each in seen])
    }
    return {"values": [round(each.median, 2) for each in seen], **figures, "invalid": []}

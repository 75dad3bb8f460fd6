"""A row of throughput: the contenders take turns, round after round."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from contextlib import suppress
from statistics import median
from typing import Any

from tests.benchmarks.checks import WrongResponseError, check
from tests.benchmarks.console import reason_of, say
from tests.benchmarks.contenders import HASHED, LIMIT
from tests.benchmarks.load import InvalidError, requests_per_second
from tests.benchmarks.rows import Row, Work
from tests.benchmarks.servers import Place, running
from tests.benchmarks.settings import Settings
from tests.benchmarks.site import PREFIX
from whitenoise_async import Assets


class _Tally:
    """The results of one contender: a figure or a fault for each round."""

    def __init__(self) -> None:
        self.values: list[float | None] = []
        self.invalid: list[str] = []


def measure(
    place: Place, row: Row, names: Sequence[str], settings: Settings, base: str = LIMIT
) -> dict[str, Any]:
    """The result of a row: the contenders' figures, and the reasons why others are left out.

    :param base: the contender that the others are compared with.
    """
    tallies = {name: _Tally() for name in names}
    left_out: dict[str, str] = {}
    for number in range(settings.rounds):
        for name in [name for name in names if name not in left_out]:
            try:
                _turn(place, row, name, settings, tallies[name])
            except WrongResponseError as error:
                if number == 0:  # it never can
                    left_out[name] = str(error)
                else:
                    _note(tallies[name], number, reason_of(error))
            except (InvalidError, RuntimeError, OSError) as error:
                _note(tallies[name], number, reason_of(error))
            _say_turn(row, name, number, tallies[name], left_out)
    counted = {name: tally for name, tally in tallies.items() if name not in left_out}
    return {"contenders": dict(_results(counted, base)), "left_out": left_out}


def _turn(place: Place, row: Row, name: str, settings: Settings, tally: _Tally) -> None:
    """Start a server, check it, warm it up, measure it, check it again and end it.

    Each turn has a new process, so that rounds differ in memory layout and hash order, and no idle
    server shares the core.
    """
    work = _work_for(place, row, name)
    with running(place, row.server, name, work.name) as server:
        checked = check(server.port, work, place.site)
        load = (place.folder, server.port, work, checked)
        with suppress(InvalidError):  # an error will show in the measurement
            requests_per_second(*load, settings.warmup)
        time.sleep(0.05)  # the connections of the warm-up are closed
        value = requests_per_second(*load, settings.seconds)
        check(server.port, work, place.site)
    tally.values.append(round(value, 1))


def _work_for(place: Place, row: Row, name: str) -> Work:
    """The work of a row, with the URL that a contender has for the file."""
    if name != HASHED or row.work.file is None:
        return row.work
    return row.work._replace(path=Assets(place.site / PREFIX, PREFIX).url(row.work.file))


def _note(tally: _Tally, number: int, fault: str) -> None:
    tally.values.append(None)
    tally.invalid.append(f"round {number + 1}: {fault}")


def _say_turn(row: Row, name: str, number: int, tally: _Tally, left_out: dict[str, str]) -> None:
    if name in left_out:
        say(f"{row.name}  {name}: left out, {left_out[name]}")
    elif tally.values[-1] is None:
        say(f"{row.name}  {name}: invalid, {tally.invalid[-1]}")
    else:
        say(f"{row.name}  round {number + 1}  {name}: {tally.values[-1]:,.0f}/s")


def _results(tallies: dict[str, _Tally], base: str) -> Iterator[tuple[str, dict[str, Any]]]:
    bases = tallies[base].values if base in tallies else []
    for name, tally in tallies.items():
        ratios = [
            value / other
            for value, other in zip(tally.values, bases, strict=False)
            if value is not None and other is not None
        ]
        yield (
            name,
            {
                "values": tally.values,
                "median": median_of(tally.values),
                "ratio": round(median(ratios), 3) if 2 * len(ratios) > len(bases) else None,
                "invalid": tally.invalid,
            },
        )


def median_of(values: Sequence[float | None]) -> float | None:
    """The median, if more than half of the rounds have a figure."""
    valid = [value for value in values if value is not None]
    return round(median(valid), 3) if 2 * len(valid) > len(values) else None

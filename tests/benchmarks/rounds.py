"""Rounds in which each contender has one turn, until it has a fault."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeVar

from tests.benchmarks.checks import WrongResponseError
from tests.benchmarks.console import reason_of, say

T = TypeVar("T")


def in_rounds(
    row: str, names: Sequence[str], rounds: int, turn: Callable[[str], T]
) -> tuple[dict[str, list[T]], dict[str, str]]:
    """The figures of each contender's turns, and the reasons why others are left out.

    :param row: its name, for the lines that are printed.
    :param turn: measures a contender once; its result is printed.
    """
    seen: dict[str, list[T]] = {name: [] for name in names}
    left_out: dict[str, str] = {}
    for number in range(rounds):
        for name in list(seen):
            try:
                seen[name].append(turn(name))
            except (WrongResponseError, RuntimeError, OSError) as error:
                left_out[name] = reason_of(error)
                del seen[name]
                say(f"{row}  {name}: left out, {left_out[name]}")
            else:
                say(f"{row}  round {number + 1}  {name}: {seen[name][-1]}")
    return seen, left_out

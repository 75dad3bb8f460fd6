"""Marks the cases of a test that the default run leaves out; ``nox -s slow`` runs them."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, TypeVar

import pytest

T = TypeVar("T")


def slow_unless(cases: Iterable[T], is_fast: Callable[[T], bool]) -> list[Any]:
    """Parameters for all cases, with those that are not fast marked as slow.

    :param cases: single values, or tuples of several values.
    """
    return [_parameters(case, is_fast(case)) for case in cases]


def _parameters(case: Any, is_fast: bool) -> Any:
    values = case if isinstance(case, tuple) else (case,)
    return pytest.param(*values, marks=[] if is_fast else pytest.mark.slow)


def in_turns(count: int) -> pytest.MarkDecorator:
    """Run a test of generated examples several times; only the first turn is fast.

    Each turn generates other examples. The test takes the number of its turn as ``turn``.
    """
    return pytest.mark.parametrize("turn", slow_unless(range(count), lambda turn: turn == 0))

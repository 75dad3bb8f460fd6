"""Marks the cases that the default run leaves out."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, TypeVar

import pytest

T = TypeVar("T")


def slow_unless(cases: Iterable[T], is_fast: Callable[[T], bool]) -> list[Any]:
    """The parameters of a test: ``cases``, of which only the fast ones are in the default run.

    ``nox -s slow`` runs the others. A case may be a tuple of several values.
    """
    return [_parameters(case, is_fast(case)) for case in cases]


def _parameters(case: Any, is_fast: bool) -> Any:
    values = case if isinstance(case, tuple) else (case,)
    return pytest.param(*values, marks=[] if is_fast else pytest.mark.slow)

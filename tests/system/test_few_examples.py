"""A run with few examples: similar tests try all examples together."""

from __future__ import annotations

from itertools import chain, islice

import pytest

from tests.helpers import examples
from tests.helpers.examples import moments, sample, some

CASES = list(range(37))


@pytest.fixture
def few(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(examples, "_IS_FEW", True)


@pytest.mark.usefixtures("few")
def test_ten_similar_tests_try_every_case() -> None:
    tried = [list(sample(CASES, first)) for first in range(5, 15)]
    assert sorted(chain.from_iterable(tried)) == CASES
    assert max(map(len, tried)) == 4


@pytest.mark.usefixtures("few")
def test_five_similar_responses_have_every_moment() -> None:
    numbers = [number for first in range(5) for number in islice(moments(first), 3)]
    assert sorted(numbers) == list(range(15))


@pytest.mark.usefixtures("few")
def test_at_least_one_example_is_generated() -> None:
    assert [some(number) for number in (1, 9, 25, 100)] == [1, 1, 2, 10]


def test_by_default_every_example_is_tried(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(examples, "_IS_FEW", False)
    assert sample(CASES, 3) == CASES
    assert list(islice(moments(3), 4)) == [0, 1, 2, 3]
    assert some(90) == 90

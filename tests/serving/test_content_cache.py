"""Small files in memory: two bounds, and the least recently used out first."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from itertools import count
from random import Random

import pytest

from whitenoise_async.serving.content_cache import Content, Memory


def contents(number: int) -> list[Content]:
    return [Content() for _ in range(number)]


@pytest.fixture(autouse=True)
def clock(monkeypatch: pytest.MonkeyPatch) -> Iterator[int]:
    """Ticks at each look, as a clock does whose ticks are short enough."""
    ticks = count(1)
    monkeypatch.setattr("whitenoise_async.serving.content_cache.monotonic", lambda: next(ticks))
    return ticks


def kept(memory: Memory, *places: Content) -> list[int | None]:
    return [None if place.data is None else len(place.data) for place in places]


def test_the_least_recently_used_goes_first_when_there_is_too_much(clock: Iterator[int]) -> None:
    memory = Memory(30)
    a, b, c, d, e = contents(5)
    for place in (a, b, c):
        memory.keep(place, bytes(10))
    a.used = next(clock)
    memory.keep(d, bytes(10))
    assert kept(memory, a, b, c, d) == [10, None, 10, 10]
    c.used = next(clock)  # since they were sorted
    memory.keep(e, bytes(10))
    assert kept(memory, a, b, c, d, e) == [None, None, 10, 10, 10]
    memory.keep(b, bytes(10))  # they have to be sorted again
    assert kept(memory, a, b, c, d, e) == [None, 10, 10, None, 10]


def test_any_order_of_uses_is_kept_to(clock: Iterator[int]) -> None:
    """Beside a list that is kept in the order of use."""
    random = Random(1)
    memory = Memory(100)
    places = contents(25)
    order: list[Content] = []
    for _ in range(5000):
        place = random.choice(places)
        if place.data is None:
            memory.keep(place, bytes(10))
        else:
            order.remove(place)
            place.used = next(clock)
        order.append(place)
        del order[:-10]
        assert {each for each in places if each.data is not None} == set(order)


def test_one_large_content_takes_the_place_of_several() -> None:
    memory = Memory(30)
    a, b, c, d = contents(4)
    for place in (a, b, c):
        memory.keep(place, bytes(10))
    memory.keep(d, bytes(25))
    assert kept(memory, a, b, c, d) == [None, None, None, 25]


@pytest.mark.parametrize(("limit", "size"), [(0, 1), (10, 11)])
def test_what_is_larger_than_the_whole_is_not_kept_and_drives_nothing_out(
    limit: int, size: int
) -> None:
    memory = Memory(limit)
    small, large = contents(2)
    memory.keep(small, bytes(limit))
    memory.keep(large, bytes(size))
    assert kept(memory, small, large) == [limit, None]


def test_the_same_place_filled_again_counts_once() -> None:
    memory = Memory(30)
    a, b = contents(2)
    for _ in range(5):
        memory.keep(a, bytes(20))
    memory.keep(b, bytes(10))
    assert kept(memory, a, b) == [20, 10]


def test_what_is_dropped_makes_room() -> None:
    memory = Memory(30)
    a, b, c = contents(3)
    memory.keep(a, bytes(20))
    memory.keep(b, bytes(10))
    memory.drop(a)
    memory.drop(a)
    memory.keep(c, bytes(20))
    assert kept(memory, a, b, c) == [None, 10, 20]


def test_threads_may_share_it() -> None:
    memory = Memory(1000)
    places = contents(50)

    def use(start: int) -> None:
        for number in range(2000):
            place = places[(start + number * 7) % len(places)]
            memory.keep(place, bytes(100))
            place.used = time.monotonic()
            memory.drop(places[(start + number) % len(places)])

    threads = [threading.Thread(target=use, args=[number]) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sum(len(place.data or b"") for place in places) <= 1000
    for place in places:
        memory.drop(place)
    memory.keep(places[0], bytes(1000))
    assert kept(memory, places[0]) == [1000]

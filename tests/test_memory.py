"""Small files in memory: two bounds, and the least recently used out first."""

from __future__ import annotations

import threading

import pytest

from whitenoise_async.memory import Content, Memory


def contents(number: int) -> list[Content]:
    return [Content() for _ in range(number)]


def kept(memory: Memory, *places: Content) -> list[int | None]:
    return [None if place.data is None else len(place.data) for place in places]


def test_the_least_recently_used_goes_first_when_there_is_too_much() -> None:
    memory = Memory(30)
    a, b, c, d = contents(4)
    for place in (a, b, c):
        memory.keep(place, bytes(10))
    memory.touch(a)
    memory.keep(d, bytes(10))
    assert kept(memory, a, b, c, d) == [10, None, 10, 10]


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


def test_what_was_taken_out_may_still_be_touched() -> None:
    memory = Memory(10)
    a, b = contents(2)
    memory.keep(a, bytes(10))
    memory.keep(b, bytes(10))
    memory.touch(a)
    assert kept(memory, a, b) == [None, 10]


def test_threads_may_share_it() -> None:
    memory = Memory(1000)
    places = contents(50)

    def use(start: int) -> None:
        for number in range(2000):
            place = places[(start + number * 7) % len(places)]
            memory.keep(place, bytes(100))
            memory.touch(place)
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

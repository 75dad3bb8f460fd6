"""The content of small files in memory: a bounded size, least recently used out first."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from itertools import count
from random import Random

import pytest

from whitenoise_async.serving.content_cache import Content, ContentCache


def make_contents(number: int) -> list[Content]:
    return [Content() for _ in range(number)]


@pytest.fixture(autouse=True)
def clock(monkeypatch: pytest.MonkeyPatch) -> Iterator[int]:
    """A clock that advances each time it is read."""
    ticks = count(1)
    monkeypatch.setattr("whitenoise_async.serving.content_cache.monotonic", lambda: next(ticks))
    return ticks


def sizes(*contents: Content) -> list[int | None]:
    return [None if each.data is None else len(each.data) for each in contents]


def test_the_least_recently_used_content_is_dropped_first(clock: Iterator[int]) -> None:
    cache = ContentCache(30)
    a, b, c, d, e = make_contents(5)
    for content in (a, b, c):
        cache.add(content, bytes(10))
    a.used = next(clock)
    cache.add(d, bytes(10))
    assert sizes(a, b, c, d) == [10, None, 10, 10]
    c.used = next(clock)  # after the last sort
    cache.add(e, bytes(10))
    assert sizes(a, b, c, d, e) == [None, None, 10, 10, 10]
    cache.add(b, bytes(10))  # this needs another sort
    assert sizes(a, b, c, d, e) == [None, 10, 10, None, 10]


def test_the_order_of_uses_decides_which_content_is_dropped(clock: Iterator[int]) -> None:
    """Compare with a list that is kept in the order of use."""
    random = Random(1)
    cache = ContentCache(100)
    contents = make_contents(25)
    order: list[Content] = []
    for _ in range(5000):
        content = random.choice(contents)
        if content.data is None:
            cache.add(content, bytes(10))
        else:
            order.remove(content)
            content.used = next(clock)
        order.append(content)
        del order[:-10]
        assert {each for each in contents if each.data is not None} == set(order)


def test_one_large_content_replaces_several_small_ones() -> None:
    cache = ContentCache(30)
    a, b, c, d = make_contents(4)
    for content in (a, b, c):
        cache.add(content, bytes(10))
    cache.add(d, bytes(25))
    assert sizes(a, b, c, d) == [None, None, None, 25]


@pytest.mark.parametrize(("limit", "size"), [(0, 1), (10, 11)])
def test_a_content_larger_than_the_limit_is_not_kept_and_drops_nothing(
    limit: int, size: int
) -> None:
    cache = ContentCache(limit)
    small, large = make_contents(2)
    cache.add(small, bytes(limit))
    cache.add(large, bytes(size))
    assert sizes(small, large) == [limit, None]


def test_a_content_that_is_added_again_counts_once() -> None:
    cache = ContentCache(30)
    a, b = make_contents(2)
    for _ in range(5):
        cache.add(a, bytes(20))
    cache.add(b, bytes(10))
    assert sizes(a, b) == [20, 10]


def test_a_dropped_content_makes_room() -> None:
    cache = ContentCache(30)
    a, b, c = make_contents(3)
    cache.add(a, bytes(20))
    cache.add(b, bytes(10))
    cache.drop(a)
    cache.drop(a)
    cache.add(c, bytes(20))
    assert sizes(a, b, c) == [None, 10, 20]


def test_threads_may_share_it() -> None:
    cache = ContentCache(1000)
    contents = make_contents(50)

    def use(start: int) -> None:
        for number in range(2000):
            content = contents[(start + number * 7) % len(contents)]
            cache.add(content, bytes(100))
            content.used = time.monotonic()
            cache.drop(contents[(start + number) % len(contents)])

    threads = [threading.Thread(target=use, args=[number]) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sum(len(content.data or b"") for content in contents) <= 1000
    for content in contents:
        cache.drop(content)
    cache.add(contents[0], bytes(1000))
    assert sizes(contents[0]) == [1000]


def test_its_size_is_the_sum_of_its_contents() -> None:
    cache = ContentCache(30)
    a, b = make_contents(2)
    assert (len(cache), cache.size) == (0, 0)
    cache.add(a, bytes(10))
    cache.add(b, bytes(15))
    assert (len(cache), cache.size) == (2, 25)
    cache.drop(a)
    assert (len(cache), cache.size) == (1, 15)
    cache.reset_after_fork()
    assert (len(cache), cache.size) == (1, 15)
    cache.drop(b)
    assert (len(cache), cache.size) == (0, 0)


def test_two_contents_may_be_used_at_the_same_moment() -> None:
    """Some clocks tick only every 16 milliseconds."""
    cache = ContentCache(30)
    a, b, c, d = make_contents(4)
    for content in (a, b, c):
        cache.add(content, bytes(10))
        content.used = 5
    a.used = 6
    cache.add(d, bytes(20))
    assert sizes(a, b, c, d) == [10, None, None, 20]

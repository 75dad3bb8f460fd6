"""Finds requests that are worth keeping: those that run new paths through the package."""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from pathlib import Path
from types import CodeType, FrameType
from typing import Any

import whitenoise_async
from tests.fuzzing.inputs import Input
from tests.fuzzing.sites import Sites

_PACKAGE = str(Path(whitenoise_async.__file__).parent)

#: A path through a function: the steps of one call, each from a line to the next.
Way = tuple[CodeType, frozenset[tuple[int, int]]]


def ways_of(sites: Sites, request: Input) -> set[Way]:
    """The paths of a request, independent of the requests before it."""
    ways: set[Way] = set()

    def enter(frame: FrameType, event: str, argument: Any) -> Callable[..., Any] | None:
        code, last = frame.f_code, 0
        steps: set[tuple[int, int]] = set()
        if not code.co_filename.startswith(_PACKAGE):
            return None

        def step(frame: FrameType, event: str, argument: Any) -> Callable[..., Any]:
            nonlocal last
            if event == "line":
                steps.add((last, frame.f_lineno))
                last = frame.f_lineno
            elif event == "return":
                ways.add((code, frozenset(steps)))
            return step

        return step

    sites.replies(request)
    sites.forget()
    # Coverage traces threads by another function than this one. If they got this one's, they would
    # all record into it, and lines would be lost or attributed to other files.
    before, before_in_threads = sys.gettrace(), threading.gettrace()
    threading.settrace(enter)
    sys.settrace(enter)
    try:
        sites.replies(request)
    finally:
        sys.settrace(before)
        threading.settrace(before_in_threads)
    return ways


def worth_keeping(
    sites: Sites, corpus: Iterable[Input], candidates: Iterable[Input]
) -> Iterator[Input]:
    """The candidates that run new paths, reduced to the smallest requests that still do.

    :param corpus: the requests that are kept already.
    """
    taken: set[Way] = set()
    for request in corpus:
        taken |= ways_of(sites, request)
    for request in sorted(candidates, key=lambda each: len(each.dump())):
        new = ways_of(sites, request) - taken
        if new:
            small = shrunk(request, partial(_takes, sites, new))
            taken |= ways_of(sites, small)
            yield small


def _takes(sites: Sites, ways: set[Way], request: Input) -> bool:
    return ways <= ways_of(sites, request)


def shrunk(request: Input, is_enough: Callable[[Input], bool]) -> Input:
    """Reduce a request as long as ``is_enough`` holds."""
    found: Input | None = request
    while found is not None:
        request = found
        found = next(filter(is_enough, _smaller(request)), None)
    return request


def _smaller(request: Input) -> Iterator[Input]:
    """Smaller variations of a request, the largest reductions first."""
    if request.method != "GET":
        yield request._replace(method="GET")
        yield from (request._replace(method=shorter) for shorter in _shorter(request.method))
    fields = request.fields
    for index, (name, value) in enumerate(fields):
        before, after = fields[:index], fields[index + 1 :]
        yield request._replace(fields=before + after)
        for shorter in _shorter(value):
            yield request._replace(fields=(*before, (name, shorter), *after))
    yield from (request._replace(path=shorter) for shorter in _shorter(request.path))
    yield from (request._replace(query=shorter) for shorter in _shorter(request.query))
    yield from (request._replace(mount=shorter) for shorter in _shorter(request.mount))


def _shorter(text: str) -> Iterator[str]:
    size = len(text)
    while size:
        for start in range(0, len(text), size):
            yield text[:start] + text[start + size :]
        size //= 2

"""Encoded responses, which are kept for requests with the same headers."""

from __future__ import annotations

import time
from typing import Any

import pytest

from whitenoise_async.files.state import FileState
from whitenoise_async.http.dates import format_http_date
from whitenoise_async.http.fields import RequestFields
from whitenoise_async.serving.representation import make_representations
from whitenoise_async.serving.response import not_found
from whitenoise_async.serving.response_cache import (
    EncodedResponse,
    RawFields,
    ResponseCache,
)
from whitenoise_async.serving.snapshot import Snapshot

MTIME = 1_600_000_000


class TextFormat:
    """Headers as lines of text, and request headers as text."""

    def encode(self, headers: Any) -> list[str]:
        return [f"{name}: {value}" for name, value in headers]

    def read_fields(self, raw: RawFields) -> RequestFields:
        return RequestFields(*[str(value) if value else None for value in raw])


Cache = ResponseCache[str]


@pytest.fixture
def snapshot() -> Snapshot:
    return snapshot_of(MTIME)


@pytest.fixture
def cache() -> Cache:
    return ResponseCache(TextFormat(), keep=True)


def snapshot_of(mtime: int, *, is_dated: bool = True) -> Snapshot:
    states = [
        ("/a.css", "identity", FileState(1000, mtime * 10**9)),
        ("/a.css.gz", "gzip", FileState(300, mtime * 10**9)),
    ]
    return Snapshot(
        make_representations(states, [("Content-Type", "text/css")], [is_dated] * 2, [None, None])
    )


def raw_of(**fields: str) -> RawFields:
    return tuple(RequestFields(**fields))


def test_a_response_is_made_once_for_the_same_request(cache: Cache, snapshot: Snapshot) -> None:
    response = cache[snapshot, "GET", raw_of(accept_encoding="gzip")]
    assert response.status == 200
    assert "Content-Encoding: gzip" in response.headers
    assert response.plan.length == 300
    assert response.representation is snapshot.representations[1]
    assert response.content is snapshot.contents["gzip"]
    assert cache[snapshot, "GET", raw_of(accept_encoding="gzip")] is response
    assert len(cache) == 1


def test_snapshot_method_and_headers_distinguish_responses(
    cache: Cache, snapshot: Snapshot
) -> None:
    keys = [
        (snapshot, "GET", raw_of()),
        (snapshot, "HEAD", raw_of()),
        (snapshot, "GET", raw_of(range="bytes=0-0")),
        (snapshot_of(MTIME), "GET", raw_of()),
    ]
    assert len({id(cache[key]) for key in keys}) == len(cache) == len(keys)


def test_the_page_for_missing_urls_has_status_404(cache: Cache, snapshot: Snapshot) -> None:
    page = Snapshot(snapshot.representations, is_not_found_page=True)
    for fields in (raw_of(), raw_of(if_none_match="*"), raw_of(range="bytes=0-0")):
        response = cache[page, "GET", fields]
        assert (response.status, response.plan.length) == (404, 1000)
        assert cache[page, "GET", fields] is response


def test_the_number_of_responses_is_bounded(cache: Cache, snapshot: Snapshot) -> None:
    """Clients control the keys."""
    first = cache[snapshot, "GET", raw_of()]
    for number in range(2048):
        assert cache[snapshot, f"METHOD-{number}", raw_of()].status == 405
    assert len(cache) == 2048
    assert cache[snapshot, "GET", raw_of()] is not first
    assert len(cache) == 2048


@pytest.mark.parametrize(("size", "is_kept"), [(512, 1), (513, 0)])
def test_a_request_with_long_headers_is_not_kept(
    cache: Cache, snapshot: Snapshot, size: int, is_kept: int
) -> None:
    assert cache[snapshot, "GET", raw_of(if_match="x" * (size - 3))].status == 412
    assert len(cache) == is_kept


def test_a_response_with_several_ranges_is_not_kept(cache: Cache, snapshot: Snapshot) -> None:
    assert cache[snapshot, "GET", raw_of(range="bytes=0-0,2-2")].status == 206
    assert len(cache) == 0
    assert cache[snapshot, "GET", raw_of(range="bytes=0-0")].status == 206
    assert len(cache) == 1


@pytest.mark.parametrize(("age", "is_kept"), [(0.5, False), (1.0, True)])
def test_a_response_to_if_range_is_not_kept_while_the_date_is_weak(
    cache: Cache, monkeypatch: pytest.MonkeyPatch, age: float, is_kept: bool
) -> None:
    """RFC 9110 §8.8.2.2: a file may change again within the second of its date."""
    monkeypatch.setattr(time, "time", lambda: MTIME + age)
    fields = raw_of(range="bytes=0-0", if_range=format_http_date(MTIME))
    assert cache[snapshot_of(MTIME), "GET", fields].status == (206 if is_kept else 200)
    assert len(cache) == is_kept
    assert cache[snapshot_of(MTIME), "GET", raw_of(range="bytes=0-0")].status == 206
    assert len(cache) == is_kept + 1


def test_a_response_to_if_range_is_kept_if_no_date_is_sent(cache: Cache) -> None:
    snapshot = snapshot_of(MTIME, is_dated=False)
    assert cache[snapshot, "GET", raw_of(range="bytes=0-0", if_range='"x"')].status == 200
    assert len(cache) == 1


def test_nothing_is_kept_if_nothing_is_found_again(snapshot: Snapshot) -> None:
    cache: Cache = ResponseCache(TextFormat(), keep=False)
    assert cache[snapshot, "GET", raw_of()].status == 200
    assert len(cache) == 0


def test_a_forked_process_keeps_the_responses(cache: Cache, snapshot: Snapshot) -> None:
    response = cache[snapshot, "GET", raw_of()]
    cache.reset_after_fork()
    assert cache[snapshot, "GET", raw_of()] is response
    assert cache[snapshot, "HEAD", raw_of()].plan.length == 0


def test_a_response_without_a_file_is_encoded() -> None:
    encoded = EncodedResponse(not_found(), TextFormat())
    assert encoded.status == 404
    assert encoded.headers == ["Content-Type: text/plain; charset=utf-8", "Content-Length: 10"]
    assert encoded.plan.literal == b"Not Found\n"

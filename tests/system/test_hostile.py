"""Hostile requests get a response and no error, and no response holds an unlisted file."""

from __future__ import annotations

import gc
import os
import tracemalloc
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import event, given, settings
from hypothesis import strategies as st

from tests.fuzzing.inputs import Input, append, from_json, load_all, undump
from tests.fuzzing.invariants import STATUSES, check, require_sound
from tests.fuzzing.sites import SECRET, Sites
from tests.fuzzing.strategies import far_requests, requests
from tests.helpers.clients import Reply
from tests.helpers.examples import some
from tests.helpers.slow import in_turns, slow_unless
from whitenoise_async.files.codings import WORKING_PREFIX
from whitenoise_async.serving import response_cache


@pytest.fixture(scope="module")
def sites(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sites]:
    with closing(Sites(tmp_path_factory.mktemp("hostile"))) as made:
        yield made


#: Steps through the corpus: every fifth of its requests by default, and all of them.
each_step = pytest.mark.parametrize(
    "step", slow_unless([5, 1], lambda step: step > 1), ids=["every fifth", "all"]
)


@each_step
def test_every_request_of_the_corpus_gets_a_valid_response(sites: Sites, step: int) -> None:
    statuses = Counter(check(sites, request) for request in list(load_all())[::step])
    assert statuses.keys() <= STATUSES
    assert step > 1 or statuses.keys() == STATUSES


@in_turns(4)
@settings(max_examples=some(100), deadline=None)
@given(hostile=requests)
def test_any_request_gets_a_valid_response(sites: Sites, turn: int, hostile: Input) -> None:
    event(f"status {check(sites, hostile)}")


@in_turns(4)
@settings(max_examples=some(100), deadline=None)
@given(hostile=far_requests)
def test_any_request_for_a_file_gets_that_file_or_none(
    sites: Sites, turn: int, hostile: Input
) -> None:
    event(f"status {check(sites, hostile)}")


@in_turns(2)
@settings(max_examples=some(100), deadline=None)
@given(data=st.binary())
def test_any_bytes_are_a_request(sites: Sites, turn: int, data: bytes) -> None:
    check(sites, undump(data))


@given(request=requests)
def test_a_request_is_written_down_and_read_again(request: Input) -> None:
    assert from_json(request.to_json()) == request
    # The separators are bytes that never occur in UTF-8.
    assert "\xfe" in str(request) or undump(request.dump()) == request


def test_found_requests_are_added_to_a_corpus(tmp_path: Path) -> None:
    found = [Input("/\xff\n", fields=(("Range", "\0"),)), Input(query='"')]
    append(tmp_path / "found.jsonl", found[:1])
    append(tmp_path / "found.jsonl", found[1:])
    assert list(load_all(tmp_path)) == found


@each_step
def test_the_system_is_asked_for_no_path_but_those_of_listed_files(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, step: int
) -> None:
    sites = Sites(tmp_path)
    roots = (sites.root, tmp_path / "more")
    known = {str(path) for root in roots for path in (root, *root.rglob("*"))}
    corpus = list(load_all())[::step]
    asked: set[str] = set()

    def noted(real: Callable[..., Any]) -> Callable[..., Any]:
        def call(path: Any, *args: Any, **kwargs: Any) -> Any:
            asked.add(path)
            return real(path, *args, **kwargs)

        return call

    with closing(sites), monkeypatch.context() as patch:
        for name in ("open", "stat", "lstat", "scandir", "listdir", "readlink"):
            patch.setattr(os, name, noted(getattr(os, name)))
        for request in corpus:
            sites.replies(request)
    assert str(sites.root / "app.css") in asked
    assert asked <= known
    assert not [path for path in asked if WORKING_PREFIX in path or "caf" in path]
    assert not [path for path in asked if Path(path).is_symlink()]


@pytest.mark.slow
def test_requests_leave_nothing_in_memory_that_grows_with_their_number(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(response_cache, "MAX_RESPONSES", 20)
    sites = Sites(tmp_path)

    def ask(numbers: range) -> int:
        for number in numbers:
            text = f"{number:0480x}"  # with its quotes, the longest text that is cached
            sites.replies(Input("/app.css", fields=(("If-None-Match", f'"{text}"'),)))
            sites.replies(Input("/app.css", method=text))
            sites.replies(Input(f"/{text}"))
            sites.replies(Input("/docs", query=text * 2))
            sites.replies(Input("/app.css", fields=(("Range", text * 2),)))
        gc.collect()
        # Coverage keeps data of each thread that was ever started.
        others = tracemalloc.Filter(False, "*/coverage/*")
        kept = tracemalloc.take_snapshot().filter_traces([others])
        return sum(each.size for each in kept.statistics("filename"))

    tracemalloc.start()
    try:
        with closing(sites):
            before = ask(range(0x1000, 0x1064))
            after = ask(range(0x2000, 0x2064))
    finally:
        tracemalloc.stop()
    # If one of the five kinds left its texts in memory, two applications would keep them. Threads
    # and caches of Python add up to 20 KB.
    assert after - before < 100 * 480


ANSWER = Reply(
    200,
    [("content-type", "text/plain"), ("content-length", "5")],
    b"deep\n",
)
MOVED = Reply(302, [("location", "docs/"), ("content-length", "0")], b"")


def with_field(reply: Reply, name: str, value: str) -> Reply:
    others = [field for field in reply.headers if field[0] != name]
    return replace(reply, headers=[*others, (name, value)])


FILE, FOLDER, NOTHING = Input("/docs/deep/er/file.txt"), Input("/docs"), Input("/none")


@pytest.mark.parametrize(
    ("request_", "reply"),
    [
        (FILE, replace(ANSWER, status=500)),
        (FILE, replace(ANSWER, body=b"deep")),
        (FILE, replace(ANSWER, body=b"DEEP\n")),
        (FILE, with_field(replace(ANSWER, body=SECRET), "content-length", str(len(SECRET)))),
        (FILE, with_field(ANSWER, "x-name", "a\r\nb")),
        (FILE, with_field(ANSWER, "x-name", "a\0")),
        (FILE, with_field(ANSWER, "x-name", "✓")),
        (FILE, with_field(ANSWER, "x-name", SECRET.decode())),
        (FILE, with_field(ANSWER, "x name", "a")),
        (FILE, with_field(ANSWER, "x-injected", "yes")),
        (FILE._replace(method="HEAD"), ANSWER),
        (FILE._replace(method="PUT"), ANSWER),
        (FILE, MOVED),
        (NOTHING, ANSWER),
        (FOLDER, ANSWER),
        (FOLDER._replace(query="a"), MOVED),
        *(
            (FOLDER, with_field(MOVED, "location", location))
            for location in (
                "//evil.example/", "/docs/", "/\\evil.example/", "\\docs/", "http://evil.example/",
                "javascript:docs/", "docs", "../docs/", "./docs/", "docs/#a", "docs/?\r\nb", "./",
            )
        ),
    ],
)  # fmt: skip
def test_an_unsound_response_is_detected(request_: Input, reply: Reply) -> None:
    require_sound(FILE, ANSWER)
    require_sound(FOLDER, MOVED)
    with pytest.raises(AssertionError):
        require_sound(request_, reply)

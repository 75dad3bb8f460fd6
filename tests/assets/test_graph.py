"""The hash of a file, and of a style sheet with all files that it reaches."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from whitenoise_async.assets.contents import Content
from whitenoise_async.assets.graph import Graph, Link, Node, hash_of, reached_from
from whitenoise_async.files.state import FileState
from whitenoise_async.registry.entries import StaticFile


def node(
    content: bytes, *targets: str, version: int | None = None, keeps_url: bool = False
) -> Node:
    reference: Any = None
    links = tuple(Link(reference, each, "", each) for each in targets)
    digest = hashlib.sha256(content).digest()
    described = Content(FileState(len(content), 0), digest)
    return Node(StaticFile("/srv/a", "/a"), described, links, version, keeps_url)


def sheet(content: bytes, *targets: str, version: int = 1) -> Node:
    return node(content, *targets, version=version)


def test_the_hash_of_a_file_begins_its_sha_256() -> None:
    assert hash_of({"/a.js": node(b"a")}, "/a.js") == hashlib.sha256(b"a").hexdigest()[:12]


def test_the_hash_of_a_style_sheet_covers_what_it_reaches() -> None:
    """The contract: original bytes, sorted names and digests, version of the rewriting."""
    graph = {
        "/a.css": sheet(b"a", "/b.css", "/x.png"),
        "/b.css": sheet(b"b", "/é.png"),
        "/x.png": node(b"x"),
        "/é.png": node(b"e"),
    }
    digest = hashlib.sha256(hashlib.sha256(b"a").digest())
    for name, content in (("/b.css", b"b"), ("/x.png", b"x"), ("/é.png", b"e")):
        digest.update(name.encode() + b"\0" + hashlib.sha256(content).digest() + b"0")
    digest.update(b"1")
    assert hash_of(graph, "/a.css") == digest.hexdigest()[:12]
    assert reached_from(graph, "/a.css") == {"/b.css", "/x.png", "/é.png"}


@pytest.mark.parametrize(
    "change",
    [
        {"/a.css": sheet(b"A", "/b.css")},
        {"/a.css": sheet(b"a", "/b.css", version=2)},
        {"/a.css": sheet(b"a", "/b.css", "/c.css"), "/c.css": sheet(b"c")},
        {"/a.css": sheet(b"a")},
        {"/b.css": sheet(b"B")},
        {"/b.css": node(b"b", version=1, keeps_url=True)},
        {"/a.css": sheet(b"a", "/c.css"), "/c.css": sheet(b"b")},
    ],
)
def test_whatever_changes_the_rewritten_bytes_changes_the_hash(change: dict[str, Node]) -> None:
    graph = {"/a.css": sheet(b"a", "/b.css"), "/b.css": sheet(b"b")}
    assert hash_of(graph, "/a.css") != hash_of(graph | change, "/a.css")


def test_style_sheets_in_a_circle_have_different_hashes() -> None:
    graph = {"/a.css": sheet(b"a", "/b.css"), "/b.css": sheet(b"b", "/a.css")}
    assert reached_from(graph, "/a.css") == reached_from(graph, "/b.css") == set(graph)
    assert hash_of(graph, "/a.css") != hash_of(graph, "/b.css")


def test_a_style_sheet_that_imports_itself_reaches_itself() -> None:
    graph = {"/a.css": sheet(b"a", "/a.css")}
    assert reached_from(graph, "/a.css") == {"/a.css"}
    assert hash_of(graph, "/a.css") != hash_of({"/a.css": sheet(b"a")}, "/a.css")


NAMES = [f"/{name}.css" for name in "abcdef"]
edges = st.fixed_dictionaries(
    {name: st.lists(st.sampled_from(NAMES), max_size=3) for name in NAMES}
)


def make_graph(links: Mapping[str, list[str]]) -> dict[str, Node]:
    return {name: sheet(name.encode(), *targets) for name, targets in links.items()}


@given(links=edges, changed=st.sampled_from(NAMES))
def test_a_change_changes_exactly_the_hashes_that_reach_it(
    links: Mapping[str, list[str]], changed: str
) -> None:
    before = make_graph(links)
    after: Graph = before | {changed: sheet(b"changed", *links[changed])}
    for name in NAMES:
        is_affected = name == changed or changed in reached_from(before, name)
        assert (hash_of(before, name) != hash_of(after, name)) is is_affected


@given(links=edges)
def test_no_two_style_sheets_of_different_content_have_one_hash(
    links: Mapping[str, list[str]],
) -> None:
    graph = make_graph(links)
    assert len({hash_of(graph, name) for name in NAMES}) == len(NAMES)


@given(links=edges, start=st.sampled_from(NAMES))
def test_a_hash_depends_on_nothing_that_is_not_reached(
    links: Mapping[str, list[str]], start: str
) -> None:
    """So it is the same from wherever the files were followed."""
    graph = make_graph(links)
    part = {name: graph[name] for name in {start, *reached_from(graph, start)}}
    assert hash_of(part, start) == hash_of(graph, start)


def test_a_long_chain_of_imports_is_followed() -> None:
    names = [f"/{number}.css" for number in range(5000)]
    graph = {
        name: sheet(name.encode(), after)
        for name, after in zip(names, [*names[1:], names[0]], strict=True)
    }
    assert reached_from(graph, names[7]) == set(names)

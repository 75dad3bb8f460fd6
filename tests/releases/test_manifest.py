"""``releases.json``: written and read, and errors that say what a wrong file is."""

from __future__ import annotations

import json
from typing import Any

import pytest

from whitenoise_async.releases.errors import PublishError
from whitenoise_async.releases.manifest import (
    Manifest,
    Record,
    Release,
    dump_manifest,
    parse_manifest,
)

FULL = Manifest(
    (Release(2, 1_700_000_100), Release(1, 1_700_000_000)),
    {
        "a/app.3f2a9c1b7d04.js": Record("d1", 10, (1, 2), is_hashed=True, tag="t1"),
        "✓.html": Record("d2", 0, (2,)),
        "compared.js": Record("d3", 9, (2,), compared=(1,)),
        "compared.js.dcz": Record("d4", 1, (2,), against=(1,)),
    },
    ("old.txt",),
)


@pytest.mark.parametrize("manifest", [Manifest(), FULL])
def test_a_manifest_is_read_as_it_was_written(manifest: Manifest) -> None:
    assert parse_manifest(dump_manifest(manifest), "x") == manifest
    assert dump_manifest(manifest) == dump_manifest(manifest)


def test_it_has_a_line_for_each_file() -> None:
    lines = dump_manifest(FULL).decode().splitlines()
    assert [line.partition(": ")[0] for line in lines if '"digest"' in line] == [
        '"a/app.3f2a9c1b7d04.js"',
        '"compared.js"',
        '"compared.js.dcz"',
        '"✓.html"',
    ]


def test_the_newest_release_comes_first() -> None:
    assert Manifest().newest is None
    assert FULL.newest == 2


def changed(**members: Any) -> bytes:
    return json.dumps({**json.loads(dump_manifest(FULL)), **members}).encode()


def test_a_newer_format_is_refused_and_named() -> None:
    with pytest.raises(PublishError, match=r"^x was written by a newer version .* \(format 2\)"):
        parse_manifest(changed(format=2), "x")


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"[]",
        b"\xff",
        b"[" * 100_000,
        b'{"releases": []}',
        changed(tool="another"),
        changed(format="2"),
        changed(releases=[{"number": 1}]),
        changed(releases=[{"number": 1, "published": "today"}]),
        changed(releases=[{"number": 0, "published": 1}]),
        changed(releases=[{"number": 1, "published": 10**400}]),
        changed(releases=[{"number": 1, "published": -(10**400)}]),
        changed(releases=[{"number": 1, "published": 1}, {"number": 2, "published": 2}]),
        changed(releases=[{"number": 1, "published": 1}] * 2),
        changed(files={"\udc80": {"digest": "d", "size": 1, "releases": [1]}}),
        changed(pending=["\udc80"]),
        changed(files={"../outside": {"digest": "d", "size": 1, "releases": [1]}}),
        changed(files={"/outside": {"digest": "d", "size": 1, "releases": [1]}}),
        changed(files={"a": {"digest": 1, "size": 1, "releases": [1]}}),
        changed(files={"a": {"digest": "d", "size": 1, "releases": ["1"]}}),
        changed(files={"a": {"digest": "d", "size": 1, "releases": [1], "against": ["1"]}}),
        changed(files={"a": {"digest": "d", "size": 1, "releases": [1], "compared": 1}}),
        changed(pending=["a/../../b"]),
    ],
)
def test_a_file_of_another_kind_is_refused_and_named(content: bytes) -> None:
    with pytest.raises(PublishError, match=r"^s/releases\.json is not a list of releases"):
        parse_manifest(content, "s/releases.json")

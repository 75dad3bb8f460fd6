"""Plans of deltas: which files are compared with which, and what stays."""

from __future__ import annotations

from collections.abc import Collection

from whitenoise_async.files.codings import delta_coding
from whitenoise_async.releases.build import BuiltFile
from whitenoise_async.releases.deltas import (
    Pair,
    best_sizes,
    find_pairs,
    make_delta,
    recorded_deltas,
    with_compared,
    with_made,
)
from whitenoise_async.releases.manifest import Manifest, Record
from whitenoise_async.support.name_hashes import splitter_of_hashed

OLD, NEW, NEWEST = "a.000000000001.js", "a.000000000002.js", "a.000000000003.js"
DELTA = NEW + delta_coding("0" * 64).suffix
SPLIT = splitter_of_hashed(None)


def built(path: str, digest: str, size: int = 1000, original: str | None = None) -> BuiltFile:
    headers = {"Content-Encoding": "gzip"} if original else {"Content-Type": "text/javascript"}
    is_hashed = SPLIT(original or path) is not None
    return BuiltFile(path, size, digest, is_hashed, headers, original)


def build_of(*files: BuiltFile) -> dict[str, BuiltFile]:
    return {file.path: file for file in files}


def record(digest: str, *releases: int, size: int = 1000, is_hashed: bool = True) -> Record:
    return Record(digest, size, releases, is_hashed)


def pairs(
    build: dict[str, BuiltFile],
    files: dict[str, Record],
    older: Collection[int] = (1,),
    present: Collection[str] | None = None,
) -> list[tuple[str, tuple[str, ...], tuple[int, ...]]]:
    manifest = Manifest(files=files)
    found = find_pairs(build, manifest, files if present is None else present, older, SPLIT)
    return [(each.target.path, each.candidates, each.releases) for each in found]


def test_files_are_paired_by_name_without_the_hash() -> None:
    files = {OLD: record("1", 1), "b.000000000001.js": record("b", 1), "a.js": record("c", 1)}
    assert pairs(build_of(built(NEW, "2")), files) == [(NEW, (OLD,), (1,))]


def test_releases_with_the_same_file_need_one_delta() -> None:
    files = {OLD: record("1", 1, 2), NEW: record("2", 3)}
    found = pairs(build_of(built(NEWEST, "3")), files, older=(1, 2, 3))
    assert found == [(NEWEST, (OLD,), (1, 2)), (NEWEST, (NEW,), (3,))]


def test_a_file_that_the_older_release_has_needs_no_delta() -> None:
    files = {OLD: record("1", 1), NEW: record("2", 1)}
    assert pairs(build_of(built(NEW, "2")), files) == []


def test_a_name_without_a_hash_is_compared_with_the_newest_content_only() -> None:
    files = {"a.js": record("1", 1, 2, is_hashed=False)}
    found = pairs(build_of(built("a.js", "2")), files, older=(1, 2))
    assert found == [("a.js", ("a.js",), (2,))]


def test_files_without_a_use_for_a_delta_are_left_out() -> None:
    names = ["index.html", "picture.000000000001.png", "small.js"]
    files = {name: record("1", 1, is_hashed="0" in name) for name in names}
    sizes = {"small.js": 99}
    build = build_of(*(built(name, "2", sizes.get(name, 1000)) for name in names))
    assert pairs(build, files) == []


def test_old_files_that_cannot_be_dictionaries_are_left_out() -> None:
    build = build_of(built(NEW, "2"))
    assert pairs(build, {OLD: record("1", 1, size=7)}) == []
    assert pairs(build, {OLD: record("1", 1)}, present=()) == []


def test_a_release_is_compared_once() -> None:
    files = {OLD: record("1", 1, 2), NEW: record("2", 2)._replace(compared=(1,))}
    manifest = Manifest(files=files)
    build = with_compared(build_of(built(NEW, "2")), manifest, (), (1, 2))
    assert build[NEW].compared == (1,)
    assert pairs(build, files, older=(1,)) == []
    assert with_compared(build, manifest, (), (2,))[NEW].compared == ()
    changed = with_compared(build_of(built(NEW, "changed")), manifest, (), (1, 2))
    assert changed[NEW].compared == ()


def test_a_release_whose_delta_is_lost_is_compared_again() -> None:
    delta = record("d", 2, size=10)._replace(against=(1,))
    files = {OLD: record("1", 1), NEW: record("2", 2)._replace(compared=(1,)), DELTA: delta}
    build, manifest = build_of(built(NEW, "2")), Manifest(files=files)
    assert with_compared(build, manifest, (), (1, 2))[NEW].compared == ()
    assert with_compared(build, manifest, (DELTA,), (1, 2))[NEW].compared == (1,)


def test_the_best_variant_needs_no_dictionary() -> None:
    target = built(NEW, "2")
    delta = make_delta(target, DELTA, 10, "d", (1,))
    build = build_of(target, built(f"{NEW}.gz", "z", 400, NEW), delta, built("b.js", "b", 5))
    assert best_sizes(build) == {NEW: 400, "b.js": 5}


def recorded(*files: BuiltFile, size: int = 100, kept: Collection[int] = (1, 2)) -> list[str]:
    delta = record("d", 2, size=size)._replace(against=(1,))
    manifest = Manifest(files={NEW: record("2", 2), DELTA: delta, "x.gz": record("x", 2)})
    return list(recorded_deltas(build_of(*files), manifest, kept))


def test_a_recorded_delta_stays_while_it_is_useful() -> None:
    target = built(NEW, "2")
    assert recorded(target) == [DELTA]
    assert recorded(target, kept=(2,)) == []
    assert recorded(built(NEW, "changed")) == []
    assert recorded() == []
    assert recorded(target, built(f"{NEW}.gz", "z", 120, NEW)) == []  # it saves less than a third
    assert recorded(target, built(DELTA, "own", 100, NEW)) == []


def test_a_delta_that_is_made_twice_starts_from_both_releases() -> None:
    target = built(NEW, "2")
    made = [
        (Pair(target, (OLD,), (number,), 1000), make_delta(target, DELTA, 9, "d", (number,)))
        for number in (3, 1)
    ]
    files = with_made(build_of(target), made)
    assert files[NEW].compared == files[DELTA].against == (1, 3)
    assert (files[DELTA].original, files[DELTA].headers["Content-Encoding"]) == (NEW, "dcz")


def test_a_delta_of_the_build_wins_over_one_that_is_made() -> None:
    target, own = built(NEW, "2"), built(DELTA, "own", 9, NEW)
    pair = Pair(target, (OLD,), (1,), 1000)
    files = with_made(build_of(target, own), [(pair, make_delta(target, DELTA, 9, "d", (1,)))])
    assert files[DELTA] == own
    assert with_made(build_of(target), [(pair, None)]).keys() == {NEW}

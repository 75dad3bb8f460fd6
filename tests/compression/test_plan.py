"""What there is to do: from what was found and what is recorded, with no look at the disk."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest

from tests.helpers.file_trees import SUFFIXES
from whitenoise_async.compression import make_settings
from whitenoise_async.compression.plan import check_plan, make_plan, orphans, unseen
from whitenoise_async.compression.record import Entry, Made, Original, Record
from whitenoise_async.compression.report import Failure
from whitenoise_async.compression.settings import Settings
from whitenoise_async.compression.tree import NOBODY_KNOWS, Link, Listing

SECOND = 10**9
LONG_AGO, TRUE_SINCE = 1_000 * SECOND + 1, 2_000 * SECOND + 1
ORIGINAL = Original(1000, 500, "o" * 32)
SETTINGS = make_settings(levels={"gzip": 9})
MEGABYTE = 1024 * 1024


def status(
    size: int, mtime: int = 500, ctime: int = LONG_AGO, mode: int = 0o100644
) -> os.stat_result:
    numbers = (mode, 0, 0, 1, 0, 0, size, 0, 0, 0)
    return os.stat_result((*numbers, 0.0, 0.0, 0.0, 0, mtime, ctime))


class Known(Record):
    """A record that was never on a disk."""

    def __init__(self, **entries: Entry) -> None:
        self.entries = {name.replace("_", "."): entry for name, entry in entries.items()}
        self._true_since = self._variants_until = TRUE_SINCE


def made_by(settings: Settings, **changes: Any) -> dict[str, Made]:
    return {
        encoder.token: Made(ORIGINAL.digest, encoder.by(1000), 500, "v" * 32)._replace(**changes)
        for encoder in settings.encoders
    }


def listing(
    originals: dict[str, os.stat_result] | None = None,
    variants: dict[str, os.stat_result] | None = None,
    **others: Any,
) -> Listing:
    if originals is None:
        originals = {"a.js": status(1000)}
    if variants is None:
        variants = {f"a.js{suffix}": status(500) for suffix in SUFFIXES.values()}
    empty: dict[str, Any] = {"links": {}, "others": {}, "folders": {"": 0}}
    empty |= {"unfinished": [], "failures": []}
    return Listing(originals, variants, **{**empty, **others})


def planned(
    found: Listing, record: Record, settings: Settings = SETTINGS
) -> tuple[dict[str, list[str]], int]:
    plan = make_plan(found, record, settings)
    todo: dict[str, list[str]] = {}
    for job in plan.jobs:
        todo.setdefault(job.path, []).extend(encoder.token for encoder in job.encoders)
    assert sum(map(len, todo.values())) + len(plan.current) == plan.files * len(settings.encoders)
    return todo, len(plan.current)


ALL = ["gzip", "br", "zstd"]


@pytest.mark.parametrize(
    ("original", "link", "todo"),
    [
        (status(1000), None, []),
        (status(999), None, ALL),
        (status(1000, mtime=501), None, ALL),
        (status(1000, ctime=TRUE_SINCE), None, ALL),
        (status(1000, mode=0o100600), None, ALL),
        (status(1000), LONG_AGO, []),
        (status(1000), TRUE_SINCE, ALL),
        (status(1000), NOBODY_KNOWS, ALL),
    ],
    ids=["known", "size", "date", "changed", "mode", "link", "new link", "link over a link"],
)
def test_a_file_is_looked_at_unless_it_is_known_to_be_what_it_was(
    original: os.stat_result, link: int | None, todo: list[str]
) -> None:
    links = {} if link is None else {"a.js": Link(link, "b.js")}
    record = Known(a_js=Entry(ORIGINAL, made_by(SETTINGS)))
    found = listing({"a.js": original}, links=links)
    assert planned(found, record) == ({"a.js": todo} if todo else {}, 3 - len(todo))


@pytest.mark.parametrize(
    ("made", "variant", "todo"),
    [
        ({}, status(500), False),
        ({}, None, True),
        ({}, status(501), True),
        ({}, status(500, mtime=501), True),
        ({}, status(500, ctime=TRUE_SINCE + 1), True),
        ({}, status(500, mode=0o100600), True),
        ({"of": "x"}, status(500), True),
        ({"by": "x"}, status(500), True),
        ({"size": 951}, status(951), True),
        ({"size": 951, "digest": None}, None, False),
        ({"size": 951, "digest": None}, status(951), False),
        ({"size": 951, "digest": None}, status(951, ctime=TRUE_SINCE + 1), True),
        ({"size": 950, "digest": None}, None, True),
        ({"size": 951}, None, True),
    ],
)
def test_a_variant_is_looked_at_unless_it_is_known_to_be_as_it_should_be(
    made: dict[str, Any], variant: os.stat_result | None, todo: bool
) -> None:
    entries = made_by(SETTINGS)
    record = Known(a_js=Entry(ORIGINAL, {**entries, "br": entries["br"]._replace(**made)}))
    found = listing()
    del found.variants["a.js.br"]
    if variant is not None:
        found.variants["a.js.br"] = variant
    assert planned(found, record) == ({"a.js": ["br"]} if todo else {}, 2 if todo else 3)


def test_a_link_in_a_variants_place_is_looked_at() -> None:
    record = Known(a_js=Entry(ORIGINAL, made_by(SETTINGS)))
    assert planned(listing(links={"a.js.gz": LONG_AGO}), record) == ({"a.js": ["gzip"]}, 2)


def test_a_file_that_is_new_is_looked_at_and_a_small_one_only_where_something_was_made() -> None:
    originals = {"new.js": status(100), "small.js": status(99), "was.js": status(99)}
    record = Known(was_js=Entry(ORIGINAL, made_by(SETTINGS)))
    assert planned(listing(originals, {}), record) == ({"new.js": ALL, "was.js": ALL}, 0)


def test_the_largest_comes_first_and_a_large_one_is_a_job_for_each_encoding() -> None:
    sizes = {"a": 100, "b": MEGABYTE - 1, "c": MEGABYTE, "d": 5000}
    plan = make_plan(
        listing({name: status(size) for name, size in sizes.items()}, {}), Known(), SETTINGS
    )
    jobs = [(job.path, [encoder.token for encoder in job.encoders], job.reads) for job in plan.jobs]
    assert jobs == [
        *(("c", [token], 2 * MEGABYTE) for token in ALL),
        ("b", ALL, 4 * (MEGABYTE - 1)),
        ("d", ALL, 20_000),
        ("a", ALL, 400),
    ]
    assert (plan.files, plan.size) == (4, sum(sizes.values()))


def test_a_check_looks_at_everything() -> None:
    record = Known(a_js=Entry(ORIGINAL, made_by(SETTINGS)))
    plan = check_plan(listing(), record, SETTINGS)
    assert (len(plan.jobs), plan.current, plan.files) == (1, [], 1)


@pytest.mark.parametrize(
    ("found", "expected"),
    [
        (listing(), []),
        (listing({}, others={"a.js": status(1000)}), []),
        (listing({}), ALL),
        (listing({}, {}), ALL),
        (listing({}, {"a.js.gz": status(500)}, failures=[Failure("b", "")]), ["gzip"]),
        (listing({}, {}, failures=[Failure("b", "")]), []),
    ],
    ids=["there", "excluded", "gone", "and its variants", "seen in part", "not seen"],
)
def test_what_was_made_of_a_file_that_is_gone_is_an_orphan(
    found: Listing, expected: list[str]
) -> None:
    record = Known(a_js=Entry(ORIGINAL, made_by(SETTINGS)))
    assert orphans(found, record) == [("a.js", token) for token in expected]


@pytest.mark.parametrize(
    ("found", "encodings", "expected"),
    [
        (listing(), ALL, False),
        (listing({"a.js": status(999)}), ALL, False),
        (listing({}, others={"a.js": status(1000)}), ALL, False),
        (listing({}, {}), ALL, True),
        (listing({}, {"a.js.br": status(501)}, others={"a.js": status(1000)}), ALL, True),
        (listing(None, {"a.js.br": status(501)}), ALL, False),
        (listing(None, {"a.js.br": status(501)}), ["br"], False),
        (listing(None, {"a.js.br": status(501)}), ["gzip"], True),
        (listing(None, {}), ["gzip"], False),
        (listing(), ["gzip"], False),
    ],
)
def test_what_a_run_leaves_as_it_is_though_it_has_changed_is_unseen(
    found: Listing, encodings: list[str], expected: bool
) -> None:
    record = Known(a_js=Entry(ORIGINAL, made_by(SETTINGS)))
    settings = make_settings(encodings=encodings)
    assert unseen(found, record, settings) == (["a.js"] if expected else [])


def test_a_file_that_is_doubted_is_looked_at(tmp_path: Path) -> None:
    record = Known(a_js=Entry(ORIGINAL, made_by(SETTINGS)))
    record.doubt("a.js")
    assert planned(listing(), record) == ({"a.js": ALL}, 0)

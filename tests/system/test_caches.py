"""A CDN: real caches in front of two replicas."""

from __future__ import annotations

import gzip
import time
from collections.abc import Iterator
from pathlib import Path

import brotli
import pytest

from tests.helpers.caches import PROGRAMS, Site, cached, missing
from tests.helpers.deltas import delta_of, fields_of, suffix_of
from tests.helpers.files import MTIME, write

pytestmark = pytest.mark.cdn

TEXT = b"body { color: black }\n" * 200
PAGE = b"<!doctype html><title>App</title>"
LARGE = bytes(range(256)) * 8192  # 2 MB
GZIP = {"Accept-Encoding": "gzip"}
NEW = b"".join(b"a%d { top: %dpx }\n" % (number, number * 7919) for number in range(200))
OLD, OLDER = NEW.replace(b"a1", b"b1"), NEW.replace(b"a2", b"b2")
DELTAS = {old: delta_of(old, NEW) for old in (OLD, OLDER)}
ENCODINGS = {"": TEXT, "gzip": gzip.compress(TEXT, mtime=0), "br": brotli.compress(TEXT)}


@pytest.fixture(scope="module", params=list(PROGRAMS))
def kind(request: pytest.FixtureRequest) -> str:
    name: str = request.param
    if reason := missing(name):
        pytest.skip(reason)
    return name


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("replicas")


@pytest.fixture(scope="module")
def roots(kind: str, folder: Path) -> list[Path]:
    """The same files on two replicas. The second was built a minute later."""
    made = []
    for number in range(2):
        root, mtime = folder / f"{kind}{number}", MTIME + 60 * number
        write(root / "app.css", TEXT, mtime=mtime)
        for suffix, coding in ((".gz", "gzip"), (".br", "br")):
            write(root / f"app.css{suffix}", ENCODINGS[coding], mtime=mtime)
        write(root / "app.0a1b2c3d.js", TEXT, mtime=mtime)
        write(root / "release.css", NEW, mtime=mtime)
        write(root / "release.css.gz", gzip.compress(NEW, mtime=0), mtime=mtime)
        write(root / "release.css.br", brotli.compress(NEW), mtime=mtime)
        for old, delta in DELTAS.items():
            write(root / f"release.css{suffix_of(old)}", delta, mtime=mtime)
        write(root / "film.bin", LARGE, mtime=mtime)
        write(root / "index.html", PAGE, mtime=mtime)
        made.append(root)
    return made


@pytest.fixture(scope="module")
def site(kind: str, roots: list[Path], folder: Path) -> Iterator[Site]:
    options = {
        "etag": "content",
        "immutable_file_test": r"\.[0-9a-f]{8}\.",
        "max_age": 60,
        "fallback": "index.html",
    }
    with cached(kind, folder / f"{kind}-cache", roots, **options) as running:
        yield running


def test_each_coding_is_cached_apart_and_served_to_clients_that_accept_it(site: Site) -> None:
    for _ in range(3):
        for coding, body in ENCODINGS.items():
            reply = site.get("/app.css", {"Accept-Encoding": coding} if coding else {})
            assert reply.status == 200
            assert reply.headers.get("content-encoding", "") == coding
            assert reply.body == body
            assert reply.headers["vary"] == "Accept-Encoding"
    assert reply.headers["x-cache"] == "HIT"
    assert len(site.seen("/app.css")) == 3


@pytest.mark.parametrize("is_reversed", [False, True])
def test_a_delta_reaches_only_clients_with_its_dictionary(site: Site, is_reversed: bool) -> None:
    by_gzip, by_brotli = gzip.compress(NEW, mtime=0), brotli.compress(NEW)
    asked: list[tuple[dict[str, str], str, bytes]] = [
        *((fields_of(old), "dcz", delta) for old, delta in DELTAS.items()),
        (fields_of(b"other"), "br", by_brotli),
        ({**fields_of(OLD), "Accept-Encoding": "gzip"}, "gzip", by_gzip),
        ({"Accept-Encoding": fields_of(OLD)["Accept-Encoding"]}, "br", by_brotli),
        (GZIP, "gzip", by_gzip),
        ({}, "", NEW),
    ]
    path = f"/release.css?{is_reversed}"
    for _ in range(3):
        for fields, coding, body in reversed(asked) if is_reversed else asked:
            reply = site.get(path, fields)
            assert (reply.status, reply.headers.get("content-encoding", "")) == (200, coding)
            assert reply.body == body
            assert reply.headers["vary"] == "Accept-Encoding, Available-Dictionary"
            etag = reply.headers["etag"]
            assert site.get(path, {**fields, "If-None-Match": etag}).status == 304
    assert reply.headers["x-cache"] == "HIT"


def test_a_client_with_one_representation_gets_no_304_for_another(site: Site) -> None:
    asked = {coding: {"Accept-Encoding": coding} if coding else {} for coding in ENCODINGS}
    tags = {coding: site.get("/app.css", asked[coding]).headers["etag"] for coding in asked}
    for coding, body in ENCODINGS.items():
        for other, tag in tags.items():
            reply = site.get("/app.css", {**asked[coding], "If-None-Match": tag})
            expected = (304, b"") if coding == other else (200, body)
            assert (reply.status, reply.body) == expected, (coding, other)


def test_a_range_is_served_from_the_cached_file(site: Site) -> None:
    assert site.get("/film.bin").body == LARGE
    for first, last in ((0, 0), (1000, 500_000), (len(LARGE) - 1, len(LARGE) - 1)):
        part = site.get("/film.bin", {"Range": f"bytes={first}-{last}"})
        assert part.status == 206
        assert part.body == LARGE[first : last + 1]
        assert part.headers["content-range"] == f"bytes {first}-{last}/{len(LARGE)}"
    assert len(site.seen("/film.bin")) == 1


def test_a_client_revalidates_with_the_cache_alone(site: Site) -> None:
    etag = site.get("/app.css").headers["etag"]
    before = len(site.seen("/app.css"))
    again = site.get("/app.css", {"If-None-Match": etag})
    assert (again.status, again.body) == (304, b"")
    assert len(site.seen("/app.css")) == before


def test_an_immutable_file_reaches_the_origin_once_in_a_thousand_requests(site: Site) -> None:
    for _ in range(1000):
        reply = site.get("/app.0a1b2c3d.js")
        assert reply.body == TEXT
    assert reply.headers["cache-control"] == "max-age=315360000, public, immutable"
    assert len(site.seen("/app.0a1b2c3d.js")) == 1


@pytest.mark.parametrize("page_comes_first", [False, True])
@pytest.mark.parametrize(
    ("navigation", "other"),
    [
        ({"Accept": "text/html"}, {"Accept": "application/json"}),
        ({"Accept": "text/html"}, {}),
        ({"Accept": "*/*", "Sec-Fetch-Mode": "navigate"}, {"Accept": "*/*"}),
        ({"Accept": "text/html"}, {"Accept": "text/html", "Sec-Fetch-Mode": "cors"}),
    ],
)
def test_the_fallback_and_the_applications_404_are_cached_apart(
    site: Site, page_comes_first: bool, navigation: dict[str, str], other: dict[str, str]
) -> None:
    path = f"/users/{'-'.join([str(page_comes_first), *navigation, *other])}"
    for is_page in (page_comes_first, not page_comes_first, True, False):
        reply = site.get(path, navigation if is_page else other)
        expected = (200, PAGE) if is_page else (404, b'"Not Found"')
        assert (reply.status, reply.body) == expected
        assert reply.headers["vary"] == "Accept, Sec-Fetch-Mode"
    assert reply.headers["x-cache"] == "HIT"
    statuses = [each["status"] for each in site.seen(path)]
    assert statuses.count(404) == 1
    tag = site.get(path, navigation).headers["etag"]
    assert site.get(path, {**other, "If-None-Match": tag}).status == 404


def until_stale() -> None:
    """Entries are fresh for a second, and caches count whole seconds."""
    time.sleep(2.1)


@pytest.mark.parametrize(("etag", "statuses"), [("content", [200, 304]), ("mtime", [200, 200])])
def test_a_stale_entry_is_revalidated_by_whichever_replica_is_asked(
    kind: str, roots: list[Path], tmp_path: Path, etag: str, statuses: list[int]
) -> None:
    """With ETags made of the date, a cache that asks the other replica loads the file again."""
    with cached(kind, tmp_path / "cache", roots, etag=etag, max_age=1) as site:
        first = site.get("/app.css", GZIP)
        until_stale()
        second = site.get("/app.css", GZIP)
        seen = site.seen("/app.css")
    assert first.body == second.body == ENCODINGS["gzip"]
    tags = {first.headers["etag"], second.headers["etag"]}
    assert len(tags) == (1 if etag == "content" else 2)
    assert sorted(request["status"] for request in seen) == statuses
    assert [request for request in seen if request.get("if-none-match") in tags]


def test_a_new_release_is_seen_when_the_old_one_is_stale(
    kind: str, roots: list[Path], tmp_path: Path
) -> None:
    with cached(kind, tmp_path / "cache", roots, etag="content", max_age=1) as site:
        assert site.get("/film.bin").body == LARGE
        for root in roots:
            write(tmp_path / "new", LARGE[::-1]).replace(root / "film.bin")
        until_stale()
        assert site.get("/film.bin").body == LARGE[::-1]

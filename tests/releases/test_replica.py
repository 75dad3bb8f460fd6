"""The option ``store``: a replica of one release supplies the files of another one."""

from __future__ import annotations

import json
import logging
import os
import shutil
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, ClassVar

import anyio
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.helpers.buckets import Failure, Request, TestBucket
from tests.helpers.clients import ADAPTERS, Reply, Serve, ask_asgi, client_of, make_call, scope_of
from tests.helpers.deltas import apply_delta, delta_of, fields_of, suffix_of
from tests.helpers.files import write
from tests.helpers.replicas import Release, gzipped, make_release, make_releases
from whitenoise_async import ASGIWhiteNoise, Assets, WhiteNoise
from whitenoise_async.asgi.worker_threads import Call as ThreadCall
from whitenoise_async.files.content import digest_of
from whitenoise_async.registry.entries import HashedFile, StoredContent
from whitenoise_async.releases.bucket import Bucket
from whitenoise_async.releases.bucket_lock import BucketLock
from whitenoise_async.releases.bucket_reader import BucketReader
from whitenoise_async.releases.bucket_store import BucketStore
from whitenoise_async.releases.errors import StoreReadError
from whitenoise_async.releases.folder_reader import FolderReader
from whitenoise_async.releases.folder_store import FolderStore

ABSENT = "/static/assets/app.0123456789ab.js"
NO_STORE = ("cache-control", "no-store")
IMMUTABLE = "max-age=315360000, public, immutable"


class Case:
    """Two releases in a store of one kind."""

    # A copy of the bucket that the first case has filled, by the port of the server.
    _published: ClassVar[dict[int, TestBucket]] = {}

    def __init__(self, folder: Path, bucket: TestBucket | None) -> None:
        self.bucket = bucket
        self.folder = folder
        if bucket is None:
            self.store = str(folder / "store")
            self.first, self.second = make_releases(folder, lambda: FolderStore(self.store))
        else:
            self.store = bucket.url
            self.first, self.second = self._fill(bucket)

        delta = delta_of(self.first.text, self.second.text)
        self.add(self.second.text_name + suffix_of(self.first.text), delta)
        if bucket is not None:
            bucket.proxy.requests.clear()

    def _fill(self, bucket: TestBucket) -> tuple[Release, Release]:
        """Publish two releases, or copy them, which takes less time."""
        published = self._published.get(bucket.port)
        if published is not None:
            published.copy_to(bucket)
            return make_release(self.folder / "r1", 1), make_release(self.folder / "r2", 2)
        found = Bucket(bucket.url)
        releases = make_releases(self.folder, lambda: BucketStore(found, BucketLock(found)))
        kept = TestBucket(bucket.port, bucket.proxy, "published")
        bucket.copy_to(kept)
        self._published[bucket.port] = kept
        return releases

    def add(self, path: str, content: bytes) -> None:
        """Add a file with a hash in its name to the store and to its list."""
        if self.bucket is None:
            manifest = json.loads(Path(self.store, "releases.json").read_text())
        else:
            manifest = json.loads(self.bucket.contents()["releases.json"])
        record = {"digest": digest_of([content]), "size": len(content)}
        manifest["files"][path] = {**record, "releases": [2], "hashed": True}
        self.write(path, content)
        self.write("releases.json", json.dumps(manifest).encode())

    def remove(self, path: str) -> None:
        if self.bucket is None:
            os.unlink(os.path.join(self.store, path))
        else:
            self.bucket.client().delete_object(Bucket=self.bucket.name, Key=f"site/{path}")

    def write(self, path: str, content: bytes) -> None:
        if self.bucket is None:
            write(Path(self.store, path), content)
        else:
            self.bucket.put(path, content)


@pytest.fixture(params=["folder", pytest.param("bucket", marks=pytest.mark.slow)])
def case(request: pytest.FixtureRequest, tmp_path: Path) -> Case:
    is_bucket = request.param == "bucket"
    return Case(tmp_path, request.getfixturevalue("bucket") if is_bucket else None)


def refuse(*_: Any) -> Any:
    raise AssertionError("the application was asked")


def app_for(adapter: str) -> Any:
    """An application that answers every request with 200."""

    def wsgi(environ: Any, start_response: Any) -> list[bytes]:
        start_response("200 OK", [("Content-Length", "3")])
        return [b"app"]

    async def asgi(scope: Any, receive: Any, send: Any) -> None:
        headers = [(b"content-length", b"3")]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": b"app"})

    return wsgi if adapter == "wsgi" else asgi


@pytest.mark.parametrize("own", [1, 2])
def test_a_replica_serves_the_files_of_both_releases(serve: Serve, case: Case, own: int) -> None:
    mine, other = (case.first, case.second) if own == 1 else (case.second, case.first)
    get = serve(mine.root, "static", store=case.store)
    assert get("/static/index.html").body == b"<p>%d</p>" % own
    for release in (mine, other):
        for name, content in (
            (release.text_name, release.text),
            (release.large_name, release.large),
        ):
            reply = get(f"/static/{name}")
            assert (reply.status, reply.body) == (200, content)
    reply = get(f"/static/{other.text_name}")
    assert reply["cache-control"] == IMMUTABLE
    assert reply["content-type"] == 'text/javascript; charset="utf-8"'
    assert "last-modified" not in reply


def test_variants_and_deltas_are_negotiated(serve: Serve, case: Case) -> None:
    get = serve(case.first.root, "static", store=case.store)
    url, old = f"/static/{case.second.text_name}", case.first.text
    packed = get(url, {"Accept-Encoding": "gzip, br"})
    assert (packed["content-encoding"], packed.body) == ("gzip", gzipped(case.second))
    delta = get(url, fields_of(old))
    assert delta["content-encoding"] == "dcz"
    assert apply_delta(old, delta.body) == case.second.text
    plain = get(url)
    assert "content-encoding" not in plain
    assert len({each["etag"] for each in (packed, delta, plain)}) == 3
    assert {each["vary"] for each in (packed, delta, plain)} == {
        "Accept-Encoding, Available-Dictionary"
    }
    # A variant has no URL of its own.
    assert get(f"{url}.gz").status == 404
    assert get(f"{url}{suffix_of(old)}").status == 404


@pytest.mark.parametrize("name", ["text_name", "large_name"])
def test_heads_ranges_and_conditional_requests(serve: Serve, case: Case, name: str) -> None:
    get = serve(case.first.root, "static", store=case.store)
    url = f"/static/{getattr(case.second, name)}"
    content = case.second.text if name == "text_name" else case.second.large
    whole = get(url)
    head = get(url, (), "HEAD")
    assert (head.status, head.body, head.headers) == (200, b"", whole.headers)
    part = get(url, {"Range": "bytes=100-299", "If-Range": whole["etag"]})
    assert (part.status, part.body) == (206, content[100:300])
    parts = get(url, {"Range": "bytes=0-9,-10"})
    assert parts.status == 206
    assert content[:10] in parts.body
    assert get(url, {"If-None-Match": whole["etag"]}).status == 304
    assert get(url, {"If-Match": '"other"'}).status == 412
    assert get(url, {"Range": "bytes=99999999-"}).status == 416
    assert get(url, (), "POST").status == 405
    assert get(url, (), "OPTIONS").status == 204


@pytest.mark.slow
def test_every_replica_sends_the_same_etag(
    serve: Serve, tmp_path: Path, bucket: TestBucket
) -> None:
    case, folder = Case(tmp_path / "a", bucket), Case(tmp_path / "b", None)
    url = f"/static/{case.second.text_name}"
    stores = (case.store, folder.store)
    replies = [serve(case.first.root, "static", store=each)(url) for each in stores]
    assert replies[0] == replies[1]


def test_a_replica_that_lists_a_file_sends_the_same_cache_control(serve: Serve, case: Case) -> None:
    url = f"/static/{case.second.text_name}"
    for own in (case.first, case.second):
        assert serve(own.root, "static", store=case.store)(url)["cache-control"] == IMMUTABLE
    page = serve(case.second.root, "static", store=case.store)("/static/index.html")
    assert page["cache-control"] == "max-age=60, public"


def test_a_hashed_name_that_is_nowhere_gets_a_404_that_is_not_stored(
    adapter: str, case: Case
) -> None:
    kind = ADAPTERS[adapter]
    options: Any = {"store": case.store, "fallback": "index.html", "index_file": True}
    for application in (None, app_for(adapter)):
        get = client_of(adapter)(kind(application, case.first.root, "static", **options))
        for fields in ({}, {"Accept": "text/html", "Sec-Fetch-Mode": "navigate"}):
            reply = get(ABSENT, fields)
            assert (reply.status, reply.body) == (404, b"Not Found\n")
            assert NO_STORE in reply.headers
        head = get(ABSENT, (), "HEAD")
        assert (head.status, head.body) == (404, b"")


def test_other_urls_reach_the_application(adapter: str, case: Case) -> None:
    app = ADAPTERS[adapter](app_for(adapter), case.first.root, "static", store=case.store)
    get = client_of(adapter)(app)
    names = ("/assets/app.0123456789ab.js", "/static/assets/app.js", "/static/index.htm", "/")
    for url in (*names, f"/{case.second.text_name}"):
        assert get(url).body == b"app", url
    if case.bucket is not None:
        assert not case.bucket.proxy.requests


def test_without_a_store_a_hashed_name_reaches_the_application(adapter: str, case: Case) -> None:
    app = ADAPTERS[adapter](app_for(adapter), case.first.root, "static")
    assert client_of(adapter)(app)(ABSENT).body == b"app"
    assert app.resolved_options.store_test is None


def test_names_come_from_the_list_of_releases_only(serve: Serve, case: Case) -> None:
    case.write("assets/new.0123456789ab.js", b"not in the list")
    get = serve(case.first.root, "static", store=case.store)
    assert get("/static/assets/new.0123456789ab.js").status == 404
    assert get("/static/releases.json").status == 404


def test_a_listed_file_takes_precedence(serve: Serve, case: Case) -> None:
    write(case.first.root / case.second.text_name, b"mine")
    get = serve(case.first.root, "static", store=case.store)
    assert get(f"/static/{case.second.text_name}").body == b"mine"


@pytest.mark.parametrize("name", ["text_name", "large_name"])
def test_a_file_that_was_removed_from_the_store_is_a_404(
    serve: Serve, case: Case, name: str
) -> None:
    get = serve(case.first.root, "static", store=case.store)
    path = getattr(case.second, name)
    case.remove(path)
    reply = get(f"/static/{path}")
    assert reply.status == 404
    assert NO_STORE in reply.headers


def test_a_large_listed_file_and_a_fallback_are_served_next_to_a_store(
    adapter: str, case: Case
) -> None:
    content = bytes(range(256)) * 4096
    write(case.first.root / "film.bin", content)
    kind, fields = ADAPTERS[adapter], {"Sec-Fetch-Mode": "navigate"}
    for autorefresh in (False, True):
        options: Any = {"store": case.store, "fallback": "index.html", "autorefresh": autorefresh}
        options["max_cached_file_size"] = 1000
        get = client_of(adapter)(kind(None, case.first.root, "static", **options))
        assert [get("/static/film.bin").body for _ in range(3)] == [content] * 3
        assert get("/static/page", fields).body == get("/static/index.html").body


def test_a_store_whose_list_is_a_folder_is_a_503(serve: Serve, tmp_path: Path) -> None:
    (tmp_path / "store" / "releases.json").mkdir(parents=True)
    write(tmp_path / "dist" / "index.html", b"page")
    get = serve(tmp_path / "dist", "static", store=tmp_path / "store")
    assert get(ABSENT).status == 503
    assert get("/static/index.html").status == 200


def test_a_file_with_another_size_than_in_the_list_is_not_served(serve: Serve, case: Case) -> None:
    get = serve(case.first.root, "static", store=case.store)
    case.write(case.second.text_name, b"shorter")
    assert get(f"/static/{case.second.text_name}").status == 404


def test_a_variant_that_is_gone_is_not_offered(serve: Serve, case: Case) -> None:
    case.remove(f"{case.second.text_name}.gz")
    get = serve(case.first.root, "static", store=case.store)
    reply = get(f"/static/{case.second.text_name}", {"Accept-Encoding": "gzip"})
    assert (reply.status, reply.body) == (200, case.second.text)


def test_a_variant_that_is_larger_or_no_compression_is_not_offered(
    serve: Serve, tmp_path: Path
) -> None:
    case = Case(tmp_path, None)
    path = Path(case.store, f"{case.second.text_name}.gz")
    path.write_bytes(b"x" * path.stat().st_size)
    get = serve(case.first.root, "static", store=case.store)
    reply = get(f"/static/{case.second.text_name}", {"Accept-Encoding": "gzip"})
    assert (reply.status, reply.body) == (200, case.second.text)


def test_a_release_that_is_published_later_is_found(serve: Serve, case: Case) -> None:
    get = serve(case.first.root, "static", store=case.store, check_interval=0)
    assert get(ABSENT).status == 404
    case.add(ABSENT.removeprefix("/static/"), b"new")
    assert get(ABSENT).body == b"new"
    assert get(ABSENT)["etag"] == f'"{digest_of([b"new"])}"'


def test_autorefresh_reads_the_list_at_each_request(serve: Serve, case: Case) -> None:
    get = serve(case.first.root, "static", store=case.store, autorefresh=True)
    reply = get(f"/static/{case.second.text_name}")
    assert (reply.status, reply.body) == (200, case.second.text)
    assert reply["cache-control"] == "max-age=0, public"
    assert get(ABSENT).status == 404
    assert get(f"/static/{case.first.text_name}").body == case.first.text


def test_files_are_excluded_in_the_store_too(serve: Serve, case: Case) -> None:
    for options in ({"exclude": ["*.js"]}, {"include": ["*.html"]}):
        get = serve(case.first.root, "static", store=case.store, **options)
        assert get(f"/static/{case.second.text_name}").status == 404


def test_hooks_get_the_path_in_the_store(serve: Serve, case: Case) -> None:
    calls = []

    def add_headers(headers: Any, path: str, url: str) -> None:
        calls.append((path, url))
        headers["X-Test"] = "1"

    get = serve(
        case.first.root, "static", store=case.store, add_headers_function=add_headers,
        etag=lambda path, url: "mine", max_age={"*.js": 5},
    )  # fmt: skip
    name = case.second.text_name
    reply = get(f"/static/{name}")
    assert (reply["x-test"], reply["etag"]) == ("1", '"mine"')
    assert reply["cache-control"] == IMMUTABLE
    assert calls == [(f"{case.store}/{name}", f"/static/{name}")]


def test_a_mounted_application_and_a_prefix_that_is_the_top(serve: Serve, case: Case) -> None:
    get = serve(case.first.root, store=case.store)
    assert get(f"/{case.second.text_name}").body == case.second.text
    assert get(f"/{case.second.text_name}", mount="/app").body == case.second.text
    get = serve(prefix="static", store=case.store)  # without a root
    assert get(f"/static/{case.first.text_name}").body == case.first.text


def test_a_root_that_is_added_later_takes_precedence(adapter: str, case: Case) -> None:
    app = ADAPTERS[adapter](None, case.first.root, "static", store=case.store)
    get, name = client_of(adapter)(app), case.second.text_name
    assert get(f"/static/{name}").body == case.second.text
    write(case.folder / "more" / name, b"more")
    app.add_files(case.folder / "more", "static")
    assert get(f"/static/{name}").body == b"more"


def test_find_returns_the_file(case: Case) -> None:
    app = WhiteNoise(None, case.first.root, "static", store=case.store)
    found = app.find(f"/static/{case.second.text_name}")
    assert found is not None
    assert found.path == f"{case.store}/{case.second.text_name}"
    assert app.find(ABSENT) is None
    assert app.find("/static/other") is None
    assert str(case.first.root / "index.html") in (app.listed_files() or ())


# Hashed URLs of assets.


def test_the_urls_of_assets_come_before_the_store(adapter: str, case: Case) -> None:
    write(case.first.root / "plain.txt", b"plain")
    assets = Assets(case.first.root, "static", store=case.store)
    app = ADAPTERS[adapter](None, assets=assets)
    get = client_of(adapter)(app)
    assert get(assets.url("plain.txt")).body == b"plain"
    assert get("/static/plain.0123456789ab.txt").status == 404
    assert get(f"/static/{case.second.text_name}").body == case.second.text
    with pytest.raises(FileNotFoundError, match="There is no static file"):
        assets.url(case.second.text_name)


@pytest.mark.parametrize("refresh", [False, True])
def test_a_hash_of_another_release_leads_to_the_store_although_the_plain_name_is_listed(
    adapter: str, case: Case, refresh: bool
) -> None:
    # As in Django: the folder has the plain name and one with a hash.
    write(case.first.root / "assets/app.js", b"another version")
    app = ADAPTERS[adapter](None, case.first.root, "static", store=case.store, autorefresh=refresh)
    get = client_of(adapter)(app)
    for _ in range(2):
        reply = get(f"/static/{case.second.text_name}")
        assert (reply.status, reply.body) == (200, case.second.text)
    assert get(ABSENT).status == 404
    assert get(app.assets.url("assets/app.js")).body == b"another version"
    url = f"/static/{case.second.text_name}"
    assert not isinstance(app.registry.look_up_nowait(url), HashedFile)


# Faults.


def test_a_missing_folder_supplies_nothing_and_is_read_again(
    serve: Serve, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    case = Case(tmp_path, None)
    os.rename(case.store, f"{case.store}-away")
    get = serve(case.first.root, "static", store=case.store, check_interval=0)
    for _ in range(3):
        assert get(f"/static/{case.second.text_name}").status == 404
    assert get(f"/static/{case.first.text_name}").status == 200
    assert [each.getMessage() for each in caplog.records if each.levelno >= logging.WARNING] == [
        f"{case.store} has no releases.json, so it supplies no file"
    ]
    os.rename(f"{case.store}-away", case.store)
    assert get(f"/static/{case.second.text_name}").body == case.second.text


@pytest.mark.parametrize("content", [b"{", b"[]", b'{"tool": "other"}', b"\xff"])
def test_a_malformed_list_is_a_503_and_is_reported_once(
    serve: Serve, case: Case, content: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    case.write("releases.json", content)
    get = serve(case.first.root, "static", store=case.store, check_interval=0)
    for _ in range(3):
        reply = get(f"/static/{case.second.text_name}")
        assert (reply.status, reply["retry-after"]) == (503, "1")
        assert NO_STORE in reply.headers
    assert get(f"/static/{case.first.text_name}").status == 200
    (message,) = [each.getMessage() for each in caplog.records if each.levelno >= logging.WARNING]
    assert message.startswith(f"{case.store}/releases.json is not a list of releases")


def test_known_files_are_served_while_the_list_is_malformed(serve: Serve, case: Case) -> None:
    get = serve(case.first.root, "static", store=case.store, check_interval=0)
    assert get(f"/static/{case.second.text_name}").status == 200
    case.write("releases.json", b"{")
    assert get(ABSENT).status == 503
    assert get(f"/static/{case.second.text_name}").status == 200
    assert get(f"/static/{case.second.large_name}").status == 200


@pytest.mark.slow
def test_a_bucket_that_fails_is_a_503_for_its_files_only(
    serve: Serve, tmp_path: Path, bucket: TestBucket, caplog: pytest.LogCaptureFixture
) -> None:
    case = Case(tmp_path, bucket)
    get = serve(case.first.root, "static", store=case.store)
    bucket.proxy.decide = lambda request: Failure(403, "AccessDenied", "no")
    assert get(f"/static/{case.second.text_name}").status == 503
    assert get(f"/static/{case.first.text_name}").status == 200
    bucket.proxy.decide = lambda request: None
    assert get(f"/static/{case.second.text_name}").status in (200, 503)  # after a second: 200
    get = serve(case.first.root, "static", store=case.store)
    assert get(ABSENT).status == 404  # the list is known now
    bucket.proxy.decide = lambda request: Failure(403, "AccessDenied", "no")
    assert get(f"/static/{case.second.large_name}").status == 503
    bucket.proxy.decide = lambda request: None
    assert get(f"/static/{case.second.large_name}").status == 200


@pytest.mark.slow
def test_a_part_of_an_object_that_cannot_be_read_is_named(bucket: TestBucket) -> None:
    path = f"{bucket.url}/film.bin"
    file = BucketReader(Bucket(bucket.url)).reopen(path, StoredContent("digest", 100))
    bucket.proxy.decide = lambda request: Failure(403, "AccessDenied", "no")
    with pytest.raises(StoreReadError, match=f"{path} cannot be read: "):
        file.read(0, 10)


@pytest.mark.slow
def test_an_object_that_is_replaced_later_is_never_sent_as_the_other_one(
    tmp_path: Path, bucket: TestBucket
) -> None:
    case = Case(tmp_path, bucket)
    app = WhiteNoise(None, case.first.root, "static", store=case.store, max_cache_size=0)
    get, url = client_of("wsgi")(app), f"/static/{case.second.text_name}"
    assert get(url).status == 200
    bucket.put(case.second.text_name, b"shorter")
    assert get(url, {"Range": "bytes=0-1"}).status == 503
    case.write(case.second.text_name, case.second.text.upper())  # of the same size
    app = WhiteNoise(None, case.first.root, "static", store=case.store)
    assert client_of("wsgi")(app)(url).status == 200  # without a digest in its metadata


@pytest.mark.slow
def test_no_bucket_is_a_503(serve: Serve, tmp_path: Path, bucket: TestBucket) -> None:
    get = serve(prefix="static", store="s3://missing-bucket/site")
    assert get(ABSENT).status == 503
    get = serve(prefix="static", store=f"s3://{bucket.name}/empty")
    assert get(ABSENT).status == 404


def hang(monkeypatch: pytest.MonkeyPatch, case: Case) -> threading.Event:
    """Let the store hang until the event is set."""
    go_on = threading.Event()
    read = FolderReader.read_manifest

    def read_slowly(reader: FolderReader, revision: object) -> Any:
        assert go_on.wait(60)
        return read(reader, revision)

    def decide(request: Request) -> None:
        assert go_on.wait(60)

    monkeypatch.setattr(FolderReader, "read_manifest", read_slowly)
    if case.bucket is not None:
        case.bucket.proxy.decide = decide
    return go_on


@pytest.mark.parametrize("backend", ["asyncio", "trio"])
def test_listed_files_are_served_on_the_event_loop_while_the_store_hangs(
    case: Case, backend: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    app = ASGIWhiteNoise(None, case.first.root, "static", store=case.store)
    go_on = hang(monkeypatch, case)
    replies: list[Reply] = []

    async def ask(url: str) -> Reply:
        return await ask_asgi(app, scope_of(make_call(url)))

    async def collect(url: str) -> None:
        replies.append(await ask(url))

    async def main() -> None:
        async with anyio.create_task_group() as group:
            for number in range(30):
                group.start_soon(collect, f"/static/a{number}/x.{number:012x}.js")
            group.start_soon(collect, f"/static/{case.second.text_name}")
            await anyio.sleep(0.1)
            for _ in range(3):
                assert (await ask("/static/index.html")).status == 200
                assert (await ask(f"/static/{case.first.text_name}")).body == case.first.text
            go_on.set()

    anyio.run(main, backend=backend)
    # Some have waited half a second for the list.
    assert {each.status for each in replies} <= {200, 404, 503}
    assert len(replies) == 31


def test_a_list_that_is_replaced_during_requests_breaks_none(tmp_path: Path) -> None:
    case = Case(tmp_path, None)
    app = WhiteNoise(None, case.first.root, "static", store=case.store, check_interval=0)
    get, end = client_of("wsgi")(app), threading.Event()
    path, both = Path(case.store, "releases.json"), []
    both.append(path.read_bytes())
    case.add("assets/new.0123456789ab.js", b"new")
    both.append(path.read_bytes())

    def replace() -> None:
        while not end.is_set():
            for content in both:
                path.with_suffix(".new").write_bytes(content)
                os.replace(path.with_suffix(".new"), path)

    with ThreadPoolExecutor(4) as threads:
        replacing = threads.submit(replace)
        try:
            for _ in range(100):
                found = [
                    threads.submit(get, f"/static/{name}")
                    for name in (case.second.text_name, "assets/x.0123456789ab.js")
                ]
                assert [each.result().status for each in found] == [200, 404]
                assert get("/static/assets/new.0123456789ab.js").status in (200, 404)
        finally:
            end.set()
        replacing.result()


@given(data=st.data())
@settings(max_examples=150, deadline=None)
def test_both_adapters_send_the_same(folder_case: Any, data: st.DataObject) -> None:
    wsgi, asgi = folder_case.clients
    names = [folder_case.first.text_name, folder_case.second.text_name]
    names += [folder_case.second.large_name, "assets/x.0123456789ab.js", "x.js"]
    name = data.draw(st.sampled_from(names)) + data.draw(st.sampled_from(["", ".gz", "/"]))
    known = ETAGS.setdefault(name, wsgi(f"/static/{name}").headers)
    tag = dict(known).get("etag", '"x"')
    fields = data.draw(
        st.fixed_dictionaries(
            {},
            optional={
                "Accept-Encoding": st.sampled_from(["gzip", "br, zstd", "dcz, gzip", "*;q=0"]),
                "Available-Dictionary": st.just(
                    fields_of(folder_case.first.text)["Available-Dictionary"]
                ),
                "Range": st.sampled_from(["bytes=0-9", "bytes=-5", "bytes=1-2,5-6", "bytes=9-1"]),
                "If-Range": st.sampled_from([tag, '"other"']),
                "If-None-Match": st.sampled_from([tag, "*", '"other"']),
                "If-Match": st.sampled_from([tag, "*", '"other"']),
            },
        )
    )
    method = data.draw(st.sampled_from(["GET", "HEAD", "POST", "OPTIONS"]))
    one, other = (client(f"/static/{name}", fields, method) for client in (wsgi, asgi))
    assert one == other
    assert one.status < 500


#: The headers of each name, for conditional requests.
ETAGS: dict[str, Any] = {}


@pytest.fixture(scope="module")
def folder_case(tmp_path_factory: pytest.TempPathFactory) -> Any:
    case: Any = Case(tmp_path_factory.mktemp("differential"), None)
    case.clients = [
        client_of(each)(ADAPTERS[each](None, case.first.root, "static", store=case.store))
        for each in ("wsgi", "asyncio")
    ]
    return case


# Costs.


def test_a_file_of_the_store_costs_nothing_more_once_it_is_loaded(
    adapter: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    case = Case(tmp_path, None)
    app = ADAPTERS[adapter](None, case.first.root, "static", store=case.store, check_interval=None)
    get = client_of(adapter)(app)
    assert get(f"/static/{case.second.text_name}").status == 200

    def fail(*_: Any, **__: Any) -> Any:
        raise AssertionError("it asks the store")

    for each in ("read_manifest", "open", "reopen"):
        monkeypatch.setattr(FolderReader, each, fail)
    monkeypatch.setattr(ThreadCall, "run", fail)
    assert get(f"/static/{case.second.text_name}").body == case.second.text


@pytest.mark.slow
def test_a_bucket_is_asked_once_for_each_file(
    adapter: str, tmp_path: Path, bucket: TestBucket
) -> None:
    case = Case(tmp_path, bucket)
    app = ADAPTERS[adapter](None, case.first.root, "static", store=case.store, check_interval=None)
    get = client_of(adapter)(app)
    for _ in range(3):
        get(f"/static/{case.second.text_name}", {"Accept-Encoding": "gzip"})
        for number in range(50):
            get(f"/static/assets/x.{number:012x}.js")
    requests = bucket.proxy.requests
    assert sum(each.key.endswith("/releases.json") for each in requests) == 1
    # The file, its variant and its delta are found; a few bytes show that they belong together.
    assert len(requests) <= 11
    requests.clear()
    get(f"/static/{case.second.large_name}", {"Range": "bytes=5-9"})
    get(f"/static/{case.second.large_name}", {"Range": "bytes=5-9"})
    assert [each.method for each in requests].count("HEAD") == 1
    assert len(requests) == 3


def test_a_name_that_is_nowhere_costs_no_system_call_and_no_memory(
    adapter: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    case = Case(tmp_path, None)
    app = ADAPTERS[adapter](None, case.first.root, "static", store=case.store, check_interval=None)
    get = client_of(adapter)(app)
    assert get(ABSENT).status == 404

    def fail(*_: Any, **__: Any) -> Any:
        raise AssertionError("it asks the disk")

    for name in ("read_manifest", "open", "reopen"):
        monkeypatch.setattr(FolderReader, name, fail)
    monkeypatch.setattr(ThreadCall, "run", fail)
    for number in range(200):
        assert get(f"/static/assets/x.{number:012x}.js").status == 404
    monkeypatch.undo()
    assert len(app.responder.response_cache) == 0


def test_the_list_is_read_again_after_the_interval_only(
    adapter: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    case = Case(tmp_path, None)
    app = ADAPTERS[adapter](None, case.first.root, "static", store=case.store, check_interval=60)
    get = client_of(adapter)(app)
    assert get(ABSENT).status == 404
    shutil.rmtree(case.store)
    Path(case.store).mkdir()
    write(Path(case.store, "releases.json"), b"{")
    assert get(ABSENT).status == 404


# The options.


@pytest.mark.parametrize("kind", [WhiteNoise, ASGIWhiteNoise, Assets])
def test_wrong_values_are_refused(kind: Any) -> None:
    def make(**options: Any) -> Any:
        return kind(**options) if kind is Assets else kind(None, **options)

    for value in (True, 1, b"store", ["store"]):
        with pytest.raises(TypeError, match=r"^store must be the path of a folder, the URL of a"):
            make(store=value)
    for text in ("", "a\0b"):
        with pytest.raises(ValueError, match=r"^store must be the path of a folder or the URL"):
            make(store=text)
    with pytest.raises(ValueError, match=r"^store: ftp://x is not a store: use a folder, or a"):
        make(store="ftp://x")
    with pytest.raises(ValueError, match=r"^immutable_file_test must be a regular .* with store"):
        make(store="store", immutable_file_test=lambda path, url: True)
    with pytest.raises(TypeError, match=r"^prefix must be a str"):
        make(store="store", prefix=1)
    with pytest.raises(ValueError, match=r"^prefix must be a URL path"):
        make(store="store", prefix="https://cdn.example/static/")


def test_a_method_is_refused() -> None:
    class Mine(WhiteNoise):
        def immutable_file_test(self, path: str, url: str) -> bool:
            return True

    with pytest.raises(ValueError, match=r"^immutable_file_test must be a regular expression"):
        Mine(None, store="store")


def test_a_bucket_needs_obstore(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "obstore", None)
    with pytest.raises(ValueError, match=r"^store: s3://x is a bucket, .*whitenoise_async\[publ"):
        WhiteNoise(None, store="s3://x/")


@pytest.mark.parametrize("test", [r"\.[0-9a-f]{12}\.\w+$", "django"])
def test_a_pattern_or_a_tool_decides(serve: Serve, tmp_path: Path, test: str) -> None:
    case = Case(tmp_path, None)
    prefix = "static"
    get = serve(case.first.root, prefix, store=case.store, immutable_file_test=test)
    assert get(f"/static/{case.second.text_name}").body == case.second.text
    assert get("/static/assets/app.abcdef789012.js").status == 404


def test_a_name_of_the_wider_form_is_left_to_the_application(adapter: str, tmp_path: Path) -> None:
    case = Case(tmp_path, None)
    app = ADAPTERS[adapter](
        app_for(adapter), case.first.root, store=case.store, immutable_file_test="vite"
    )
    get = client_of(adapter)(app)
    assert get("/assets/app-settings.js").body == b"app"
    assert get("/assets/app-d1A2b3c4.js").status == 404
    write(Path(case.store, "releases.json"), b"{")
    app = ADAPTERS[adapter](
        app_for(adapter), case.first.root, store=case.store, immutable_file_test="vite"
    )
    get = client_of(adapter)(app)
    assert get("/assets/app-settings.js").body == b"app"
    assert get("/assets/app-d1A2b3c4.js").status == 503


def test_applications_without_a_store_do_not_import_releases() -> None:
    code = (
        "import sys; from whitenoise_async import WhiteNoise; WhiteNoise(None, '.');"
        "sys.exit(any('whitenoise_async.releases' in name for name in sys.modules))"
    )
    assert os.spawnv(os.P_WAIT, sys.executable, [sys.executable, "-c", code]) == 0

"""Generated requests, the same for both adapters. Their responses must be equal byte by byte."""

from __future__ import annotations

import gzip
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import quote, unquote

import pytest
from hypothesis import event, given, settings
from hypothesis import strategies as st

from tests.helpers.assets import hash_in
from tests.helpers.clients import Call, Reply, call_asgi, call_wsgi
from tests.helpers.examples import some
from tests.helpers.files import MTIME, write
from tests.helpers.slow import in_turns
from whitenoise_async import ASGIWhiteNoise, WhiteNoise

LARGE = bytes(range(251)) * 400  # 100,400 bytes: more than one piece
SMALL = b"body { color: black }\n" * 30
SHEET = b"a { b: url(large.bin) }\n" * 30
UNRELATED = gzip.compress(b"of something else", mtime=0)

PATHS = [
    *["/app.css"] * 6, *["/large.bin"] * 6, *["/docs/"] * 3, "/empty.txt", "/docs",
    "/docs/index.html", "/✓.txt", "/app.css.gz", "/missing", "", "/",
    "/tiny.txt", "/tiny.txt.gz", "/notes", "/notes.gz", "/packaged.html",
]  # fmt: skip


class Pair(NamedTuple):
    """The same files behind both adapters."""

    wsgi: Any
    asgi: Any


@pytest.fixture(scope="module", params=[False, True], ids=["walked", "autorefresh"])
def pair(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Pair:
    root = tmp_path_factory.mktemp("site")
    make_site(root)
    options: Any = {"index_file": True, "autorefresh": request.param}
    return Pair(WhiteNoise(None, root, **options), ASGIWhiteNoise(None, root, **options))


def make_site(root: Path) -> None:
    """Write a file of each kind."""
    write(root / "app.css", SMALL, compressed=True)
    write(root / "large.bin", LARGE)
    (root / "large.bin.gz").write_bytes(gzip.compress(LARGE))
    write(root / "tiny.txt", b"1")
    (root / "tiny.txt.gz").write_bytes(gzip.compress(b"1"))  # larger than its original
    write(root / "notes", b"notes")
    (root / "notes.gz").write_bytes(UNRELATED)
    write(root / "packaged.html", SMALL, compressed=True, mtime=1)
    write(root / "empty.txt", b"")
    write(root / "docs" / "index.html", SMALL, compressed=True)
    write(root / "✓.txt", b"checked")
    write(root / "sheet.css", SHEET)


numbers = st.one_of(
    st.integers(0, 120_000).map(str),
    st.sampled_from(["", "0", "-1", "+1", "1_0", "²", "9" * 30, "00", "100400", "100399", "660"]),
)
positions = st.integers(0, 700) | st.integers(0, 101_000)
valid_ranges = st.lists(
    st.one_of(
        st.tuples(positions, positions).map(lambda pair: f"{min(pair)}-{max(pair)}"),
        positions.map("{}-".format),
        positions.map("-{}".format),
    ),
    min_size=1,
    max_size=3,
).map(lambda specs: "bytes=" + ", ".join(specs))
odd_ranges = st.one_of(
    st.tuples(
        st.sampled_from(["bytes=", "BYTES=", "bytes", "bytes =", "items="]),
        st.lists(st.tuples(numbers, numbers).map("-".join), min_size=1, max_size=4),
    ).map(lambda parts: parts[0] + ",".join(parts[1])),
    st.text(st.characters(max_codepoint=0xFF, exclude_categories=["Cc"]), max_size=20),
)
codings = st.lists(
    st.tuples(
        st.sampled_from(["gzip", "GZIP", "x-gzip", "identity", "*", "br", "not-gzip", "", "g zip"]),
        st.sampled_from(["", ";q=0", ";q=1", "; q=0.5", ";q=0.001", ";q=2", ";Q=0.000", ";x=1"]),
    ).map("".join),
    max_size=4,
).map(", ".join)
tags = st.one_of(
    st.sampled_from(["*", '"x"', 'W/"x"', "x", '"a,b"', "IDENTITY", "GZIP", "W/IDENTITY"]),
    st.text(st.sampled_from('W/"*, ax\xe9'), max_size=12),
)
dates = st.sampled_from(
    [
        "Sun, 13 Sep 2020 12:26:40 GMT", "Sun, 13 Sep 2020 12:26:39 GMT",
        "Sunday, 13-Sep-20 12:26:41 GMT", "Sun Sep 13 12:26:40 2020", "yesterday", "",
        "Sun, 31 Feb 2020 12:26:40 GMT",
    ]
)  # fmt: skip
field = st.one_of(
    st.tuples(st.just("Accept-Encoding"), codings),
    st.tuples(st.just("Range"), valid_ranges),
    st.tuples(st.just("Range"), odd_ranges),
    st.tuples(
        st.sampled_from(["If-None-Match", "If-Match"]), st.lists(tags, max_size=3).map(",".join)
    ),
    st.tuples(st.just("If-Range"), tags | dates),
    st.tuples(st.sampled_from(["If-Modified-Since", "If-Unmodified-Since"]), dates),
    st.tuples(st.sampled_from(["Origin", "Cookie"]), st.just("a")),
)
calls = st.builds(
    Call,
    path=st.sampled_from(PATHS),
    method=st.sampled_from(["GET"] * 20 + ["HEAD", "OPTIONS", "POST", "get", "BREW"]),
    fields=st.lists(field, max_size=4).map(tuple),
    query=st.text(st.characters(max_codepoint=0xFF), max_size=8),
    mount=st.sampled_from(["", "/app", "/é/b", "/app/", "app", "/"]),
)


def with_real_tags(pair: Pair, call: Call) -> Call:
    """Replace the placeholders by the entity-tags of the file."""
    tags = {
        name: next((v for n, v in call_wsgi(pair.wsgi, bare).headers if n == "etag"), '"none"')
        for name, bare in [
            ("IDENTITY", Call(call.path)),
            ("GZIP", Call(call.path, fields=(("Accept-Encoding", "gzip"),))),
        ]
    }
    return call._replace(fields=tuple(_filled(call.fields, tags)))


def _filled(fields: Any, tags: dict[str, str]) -> Iterator[tuple[str, str]]:
    for name, value in fields:
        for placeholder, tag in tags.items():
            value = value.replace(placeholder, tag)
        yield name, value


@in_turns(8)
@settings(max_examples=some(90), deadline=None)
@given(call=calls)
def test_both_adapters_send_the_same_response(pair: Pair, turn: int, call: Call) -> None:
    call = with_real_tags(pair, call)
    here, there = call_wsgi(pair.wsgi, call), call_asgi(pair.asgi, call)
    assert here == there
    event(f"status {here.status}")
    check(call, here)


HASHED = [
    *["large.bin"] * 3, *["sheet.css"] * 4, "app.css", "empty.txt", "✓.txt", "notes.gz", "notes",
    "docs/index.html", "packaged.html", "tiny.txt",
]  # fmt: skip
#: The hash in the place of the right one; ``None`` for that one.
HASHES = [None, None, None, None, "0123456789ab", "0123456789AB", "0123456789", ""]


@in_turns(4)
@settings(max_examples=90, deadline=None)
@given(call=calls, name=st.sampled_from(HASHED), hash_=st.sampled_from(HASHES))
def test_both_adapters_send_the_same_response_for_a_hashed_url(
    pair: Pair, turn: int, call: Call, name: str, hash_: str | None
) -> None:
    url = pair.wsgi.assets.url(name)
    assert pair.asgi.assets.url(name) == url
    if hash_ is not None:
        url = url.replace(hash_in(url), hash_)
    call = with_real_tags(pair, call._replace(path=unquote(url)))
    here, there = call_wsgi(pair.wsgi, call), call_asgi(pair.asgi, call)
    assert here == there
    event(f"status {here.status}")
    check_framing(call, here)
    if hash_ is not None:
        assert here.status == 404
        assert here["content-length"] == "10"
        is_hash = hash_ == "0123456789ab"
        assert [value for name, value in here.headers if name == "cache-control"] == (
            ["no-store"] if is_hash else []
        )
    elif here.status in (200, 206, 304):
        immutable = "max-age=315360000, public, immutable"
        age = "max-age=0, public" if pair.wsgi.autorefresh else immutable
        assert here["cache-control"] == age
    else:
        assert here.status in (204, 405, 412, 416)


@pytest.fixture(scope="module")
def whole_site(pair: Pair, tmp_path_factory: pytest.TempPathFactory) -> Pair:
    """The same files with clean URLs, a fallback, and a page for missing URLs."""
    root = tmp_path_factory.mktemp("whole")
    make_site(root)
    write(root / "404.html", SMALL)
    options: Any = {
        "autorefresh": pair.wsgi.autorefresh,
        "clean_urls": True,
        "fallback": "packaged.html",
        "not_found": "404.html",
    }
    return Pair(WhiteNoise(None, root, **options), ASGIWhiteNoise(None, root, **options))


page_fields = st.one_of(
    st.tuples(st.just("Sec-Fetch-Mode"), st.sampled_from(["navigate", "cors", "no-cors", ""])),
    st.tuples(
        st.just("Accept"),
        st.lists(
            st.sampled_from(["text/html", "*/*", "text/html;q=0", "a/b;q=1", "TEXT/HTML ; q=0.1"]),
            max_size=3,
        ).map(", ".join),
    ),
)


@in_turns(4)
@settings(max_examples=some(75), deadline=None)
@given(
    call=calls,
    path=st.sampled_from(["/users/7", "/users/", "/a.js", "/.env", "/packaged", "/docs/index"]),
    is_page=st.booleans(),
    more=st.lists(page_fields, max_size=3),
)
def test_both_adapters_send_the_same_pages(
    whole_site: Pair, turn: int, call: Call, path: str, is_page: bool, more: Any
) -> None:
    call = call._replace(path=path if is_page else call.path, fields=(*call.fields, *more))
    call = with_real_tags(whole_site, call)
    here, there = call_wsgi(whole_site.wsgi, call), call_asgi(whole_site.asgi, call)
    assert here == there
    event(f"status {here.status}")
    assert here.status in {200, 204, 206, 302, 304, 404, 405, 412, 416}
    if here.status == 404 and "cache-control" in here:
        assert here["cache-control"] == "no-store"
        assert not {"etag", "last-modified", "accept-ranges"} & {name for name, _ in here.headers}


def check(call: Call, reply: Reply) -> None:
    """Require all that is true of every response for these files (RFC 9110)."""
    check_framing(call, reply)
    assert reply.status in {200, 204, 206, 302, 304, 404, 405, 412, 416}
    if call.path in ("/app.css", "/large.bin", "/docs/", "/packaged.html"):
        assert reply["vary"] == "Accept-Encoding"
    else:
        assert "vary" not in reply
    if reply.status == 200 and "etag" in reply and call.method == "GET":
        body = gzip.decompress(reply.body) if "content-encoding" in reply else reply.body
        assert body in (SMALL, LARGE, b"", b"checked", b"1", b"notes", UNRELATED)


def check_framing(call: Call, reply: Reply) -> None:
    """Require all that is true of every response (RFC 9110)."""
    names = [name for name, _ in reply.headers]
    assert len(names) == len(set(names))
    assert all("\r" not in value and "\n" not in value for _, value in reply.headers)
    if reply.status in (204, 304) or call.method == "HEAD":
        assert reply.body == b""
    else:
        assert int(reply["content-length"]) == len(reply.body)
    if reply.status in (204, 304):
        assert "content-length" not in reply
    if reply.status == 206:
        assert call.method == "GET"


@pytest.mark.parametrize("target", ["/docs%2Findex.html", "/docs%2f", "/%2Fapp.css"])
def test_an_encoded_slash_is_not_a_slash(pair: Pair, target: str) -> None:
    """RFC 3986 §2.2. Servers decode the path, and some also pass it as the client sent it."""
    path = unquote(target)
    for query in ("", "?a=%2F"):
        raw = target + query
        for environ in ({"RAW_URI": raw}, {"REQUEST_URI": raw}):
            assert call_wsgi(pair.wsgi, Call(path), **environ).status == 404
        for spelled in (raw, raw.encode()):
            assert call_asgi(pair.asgi, Call(path), raw_path=spelled).status == 404
    sent = quote(path) + "?a=%2F%2f"
    expected = call_wsgi(pair.wsgi, Call(path))
    for environ in ({"RAW_URI": sent}, {"REQUEST_URI": sent}, {"RAW_URI": ""}):
        assert call_wsgi(pair.wsgi, Call(path), **environ) == expected
    for raw_path in (sent.encode(), sent, b"", "", None):
        assert call_asgi(pair.asgi, Call(path), raw_path=raw_path) == expected


@pytest.mark.parametrize(
    ("mount", "paths"),
    [
        ("/api", ["/api{}", "{}"]),
        ("/api/", ["/api{}", "/api/{}", "{}"]),
        ("api", ["/api{}", "api{}", "{}"]),
        ("api/", ["/api{}", "api/{}", "{}"]),
        ("/", ["{}", "/{}"]),
        ("/a/b/", ["/a/b{}", "/a/b/{}", "{}"]),
    ],
)
@pytest.mark.parametrize("url", ["/app.css", "/docs/", "/docs", "/docs/index.html", "/missing"])
def test_the_spelling_of_the_mount_point_changes_no_response(
    pair: Pair, mount: str, paths: list[str], url: str
) -> None:
    expected = call_wsgi(pair.wsgi, Call(url))
    for path in paths:
        scope: Any = {"path": path.format(url), "root_path": mount, "raw_path": None}
        assert call_asgi(pair.asgi, Call(url), **scope) == expected
    for path_info in (url, url[1:]) if mount.endswith("/") else (url,):
        environ = {"SCRIPT_NAME": mount, "PATH_INFO": path_info}
        assert call_wsgi(pair.wsgi, Call(url), **environ) == expected


def test_the_placeholders_are_filled_with_two_different_tags(pair: Pair) -> None:
    call = Call("/app.css", fields=(("If-Match", "IDENTITY"), ("If-None-Match", "GZIP")))
    (_, identity), (_, coded) = with_real_tags(pair, call).fields
    assert identity.startswith(f'"{MTIME * 10**9:x}-')
    assert coded.endswith('-gzip"')

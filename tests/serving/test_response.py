"""The response, as a pure function: each status, its exact headers, and the plan of its body."""

from __future__ import annotations

import email.policy
import re
from collections.abc import Callable
from email.parser import BytesParser
from itertools import combinations
from typing import NamedTuple

import pytest
from hypothesis import event, given
from hypothesis import strategies as st

from whitenoise_async.files.state import FileState
from whitenoise_async.http.dates import format_http_date
from whitenoise_async.http.fields import RequestFields, combined_field
from whitenoise_async.http.ranges import MAX_RANGES, ByteRange
from whitenoise_async.serving.body_plan import EMPTY
from whitenoise_async.serving.representation import Headers, Representation, make_representations
from whitenoise_async.serving.response import (
    REASONS,
    Request,
    Response,
    not_found,
    not_found_page,
    redirect,
    redirect_headers,
    respond,
    unavailable,
)

MTIME = 1_600_000_000
DATE = format_http_date(MTIME)
TAG = f"{MTIME * 10**9:x}"
ETAG, GZIP_ETAG = f'"{TAG}-3e8"', f'"{TAG}-12c-gzip"'

PLAIN, CODED = bytes(range(250)) * 4, bytes(reversed(range(250))) + bytes(50)
CONTENT = {"/a.css": PLAIN, "/a.css.gz": CODED}

TYPE = ("Content-Type", 'text/css; charset="utf-8"')
CACHE = ("Cache-Control", "max-age=60, public")
CORS = ("Access-Control-Allow-Origin", "*")
VARY = ("Vary", "Accept-Encoding")
MODIFIED = ("Last-Modified", DATE)
RANGES = ("Accept-Ranges", "bytes")
GZIP = ("Content-Encoding", "gzip")
NO_BODY = ("Content-Length", "0")
ALLOW = ("Allow", "GET, HEAD, OPTIONS")
PREFLIGHT = [
    ("Access-Control-Allow-Methods", "GET, HEAD, OPTIONS"),
    ("Access-Control-Allow-Headers", "*, Authorization"),
    ("Access-Control-Max-Age", "86400"),
]

FILE_HEADERS = [TYPE, CACHE, CORS]


def representations(
    file_headers: Headers = FILE_HEADERS, with_variants: bool = True
) -> list[Representation]:
    files = [(path, FileState(len(data), MTIME * 10**9)) for path, data in CONTENT.items()]
    coded = list(zip(("identity", "gzip"), files, strict=True))
    return make_representations(
        [(path, coding, state) for coding, (path, state) in coded[: 1 + with_variants]],
        file_headers,
        [True] * (1 + with_variants),
        [None] * (1 + with_variants),
    )


ALONE, PAIR = representations(with_variants=False), representations()


def request(method: str = "GET", query: str = "", path: str = "/", **fields: str) -> Request:
    return Request(method, RequestFields(**fields), path, query)


def body_of(response: Response) -> bytes:
    """The body by its plan."""
    selected = response.representation
    if selected is None:
        assert response.body.file_length == 0
        return response.body.literal
    return response.body.slice(CONTENT[selected.path])


def values_of(response: Response) -> tuple[object, ...]:
    """The response as values that can be compared."""
    status, headers, body, selected = response
    return status, headers, list(body), body.is_whole_file, selected


def ranges_of(response: Response) -> tuple[ByteRange, ...]:
    """The ranges of the file in the body, which has no other bytes."""
    assert all(part.literal == b"" for part in response.body)
    return tuple(part.range for part in response.body)


def test_the_reason_phrases_are_those_of_http() -> None:
    """RFC 9110 §15."""
    assert [f"{status} {phrase}" for status, phrase in REASONS.items()] == [
        "200 OK",
        "204 No Content",
        "206 Partial Content",
        "302 Found",
        "304 Not Modified",
        "404 Not Found",
        "405 Method Not Allowed",
        "412 Precondition Failed",
        "416 Range Not Satisfiable",
        "503 Service Unavailable",
    ]


WHOLE, WHOLE_CODED = (ByteRange(0, 1000),), (ByteRange(0, 300),)
AS_GZIP = {"accept_encoding": "gzip"}


class Row(NamedTuple):
    """A request for the file that has a variant, and its whole response."""

    section: str
    request: Request
    status: int
    headers: Headers
    body: tuple[ByteRange, ...] = ()
    coding: str = "identity"


ROWS = [
    Row(
        "15.3.1", request(), 200,
        [TYPE, CACHE, CORS, VARY, RANGES, ("ETag", ETAG), MODIFIED, ("Content-Length", "1000")],
        WHOLE,
    ),
    Row(
        "8.4", request(**AS_GZIP), 200,
        [TYPE, CACHE, CORS, VARY, GZIP, RANGES, ("ETag", GZIP_ETAG), MODIFIED,
         ("Content-Length", "300")],
        WHOLE_CODED, "gzip",
    ),
    Row(
        "9.3.2", request("HEAD"), 200,
        [TYPE, CACHE, CORS, VARY, RANGES, ("ETag", ETAG), MODIFIED, ("Content-Length", "1000")],
    ),
    Row(
        "9.3.2", request("HEAD", **AS_GZIP), 200,
        [TYPE, CACHE, CORS, VARY, GZIP, RANGES, ("ETag", GZIP_ETAG), MODIFIED,
         ("Content-Length", "300")],
        (), "gzip",
    ),
    Row(
        "14.2", request("HEAD", range="bytes=0-0"), 200,
        [TYPE, CACHE, CORS, VARY, RANGES, ("ETag", ETAG), MODIFIED, ("Content-Length", "1000")],
    ),
    Row(
        "15.3.7.1", request(range="bytes=10-19"), 206,
        [TYPE, CACHE, CORS, VARY, RANGES, ("ETag", ETAG), MODIFIED,
         ("Content-Range", "bytes 10-19/1000"), ("Content-Length", "10")],
        (ByteRange(10, 20),),
    ),
    Row(
        "15.3.7.1", request(range="bytes=0-"), 206,
        [TYPE, CACHE, CORS, VARY, RANGES, ("ETag", ETAG), MODIFIED,
         ("Content-Range", "bytes 0-999/1000"), ("Content-Length", "1000")],
        WHOLE,
    ),
    Row(
        "15.3.7.1", request(range="bytes=290-", **AS_GZIP), 206,
        [TYPE, CACHE, CORS, VARY, GZIP, RANGES, ("ETag", GZIP_ETAG), MODIFIED,
         ("Content-Range", "bytes 290-299/300"), ("Content-Length", "10")],
        (ByteRange(290, 300),), "gzip",
    ),
    Row(
        "15.3.7.2", request(range="bytes=5-5,1000-"), 206,
        [TYPE, CACHE, CORS, VARY, RANGES, ("ETag", ETAG), MODIFIED,
         ("Content-Range", "bytes 5-5/1000"), ("Content-Length", "1")],
        (ByteRange(5, 6),),
    ),
    Row(
        "15.4.5", request(if_none_match=ETAG), 304,
        [CACHE, CORS, VARY, RANGES, ("ETag", ETAG)],
    ),
    Row(
        "15.4.5", request("HEAD", if_modified_since=DATE, **AS_GZIP), 304,
        [CACHE, CORS, VARY, RANGES, ("ETag", GZIP_ETAG)],
        (), "gzip",
    ),
    Row(
        "13.2.2", request(if_none_match=ETAG, range="bytes=0-0"), 304,
        [CACHE, CORS, VARY, RANGES, ("ETag", ETAG)],
    ),
    Row(
        "15.5.13", request(if_match=GZIP_ETAG), 412,
        [CORS, VARY, RANGES, NO_BODY],
    ),
    Row(
        "15.5.13", request("HEAD", if_match=ETAG, **AS_GZIP), 412,
        [CORS, VARY, RANGES, NO_BODY],
        (), "gzip",
    ),
    Row(
        "13.2.2", request(if_match='"x"', range="bytes=9999-"), 412,
        [CORS, VARY, RANGES, NO_BODY],
    ),
    Row(
        "15.5.17", request(range="bytes=1000-"), 416,
        [CORS, VARY, RANGES, ("Content-Range", "bytes */1000"), NO_BODY],
    ),
    Row(
        "15.5.17", request(range="bytes=300-", **AS_GZIP), 416,
        [CORS, VARY, RANGES, ("Content-Range", "bytes */300"), NO_BODY],
        (), "gzip",
    ),
    Row(
        "15.5.6", request("POST"), 405,
        [CORS, VARY, RANGES, ALLOW, NO_BODY],
    ),
    Row(
        "13.2.1", request("DELETE", if_match='"x"', range="bytes=9999-"), 405,
        [CORS, VARY, RANGES, ALLOW, NO_BODY],
    ),
    Row(
        "9.1", request("get"), 405,
        [CORS, VARY, RANGES, ALLOW, NO_BODY],
    ),
    Row(
        "9.3.7", request("OPTIONS"), 204,
        [CORS, VARY, RANGES, *PREFLIGHT, ALLOW],
    ),
    Row(
        "13.2.1", request("OPTIONS", if_none_match="*", range="bytes=0-0"), 204,
        [CORS, VARY, RANGES, *PREFLIGHT, ALLOW],
    ),
]  # fmt: skip


def row_id(row: object) -> str | None:
    if not isinstance(row, Row):
        return None
    fields = [name for name, value in row.request.fields._asdict().items() if value]
    return " ".join([f"{row.section} {row.status} {row.request.method}", *fields])


@pytest.mark.parametrize("row", ROWS, ids=row_id)
def test_a_response_has_these_headers_and_this_body(row: Row) -> None:
    response = respond(PAIR, row.request)
    assert response.status == row.status
    assert response.headers == row.headers
    assert ranges_of(response) == row.body
    assert response.body.is_whole_file == (row.body in (WHOLE, WHOLE_CODED))
    assert response.representation is PAIR[0 if row.coding == "identity" else 1]
    assert REASONS[response.status]


@pytest.mark.parametrize("row", [row for row in ROWS if row.coding == "identity"], ids=row_id)
def test_without_variants_a_response_has_no_vary(row: Row) -> None:
    """RFC 9110 §12.5.5."""
    response = respond(ALONE, row.request)
    assert (response.status, ranges_of(response)) == (row.status, row.body)
    assert response.headers == [field for field in row.headers if field != VARY]


@pytest.mark.parametrize("row", ROWS, ids=row_id)
def test_without_cors_a_response_has_no_access_headers(row: Row) -> None:
    response = respond(representations([TYPE, CACHE]), row.request)
    assert response.status == row.status
    assert response.headers == [
        field for field in row.headers if not field[0].startswith("Access-Control-")
    ]


@pytest.mark.parametrize(
    ("section", "if_range", "status"),
    [
        ("13.1.5", ETAG, 206),
        ("13.1.5", f"W/{ETAG}", 200),
        ("13.1.5", GZIP_ETAG, 200),
        ("13.1.5", DATE, 206),
        ("13.1.5", format_http_date(MTIME - 1), 200),
        ("13.1.5", format_http_date(MTIME + 1), 200),
        ("13.1.5", "yesterday", 200),
        ("13.1.5", "*", 200),
    ],
)
def test_a_range_of_another_state_leads_to_the_whole_representation(
    section: str, if_range: str, status: int
) -> None:
    response = respond(PAIR, request(if_range=if_range, range="bytes=0-9"))
    assert response.status == status, section
    assert body_of(response) == (PLAIN if status == 200 else PLAIN[:10])
    beyond = respond(PAIR, request(if_range=if_range, range="bytes=9999-"))
    assert beyond.status == (200 if status == 200 else 416), section


WHOLE_RESPONSE = values_of(respond(PAIR, request()))


def test_if_range_without_a_range_is_ignored() -> None:
    """RFC 9110 §13.1.5."""
    assert values_of(respond(PAIR, request(if_range=ETAG))) == WHOLE_RESPONSE


@pytest.mark.parametrize(
    "value", ["bytes=5-3", "bytes=0-,0-", "items=0-0", "bytes=+0-1", "bytes=" + "0-0," * MAX_RANGES]
)
def test_an_ignored_range_leads_to_the_whole_representation(value: str) -> None:
    """RFC 9110 §14.2."""
    assert values_of(respond(PAIR, request(range=value))) == WHOLE_RESPONSE


@pytest.mark.parametrize("value", ["bytes=0-99", "bytes=-5", "bytes=0-0,-1", "bytes=7-"])
def test_a_range_of_an_empty_file_is_ignored(value: str) -> None:
    empty = make_representations([("/empty", "identity", FileState(0, 0))], [], [False], [None])
    whole = respond(empty, request())
    assert (whole.status, whole.body.length) == (200, 0)
    assert combined_field(whole.headers, "Content-Length") == "0"
    assert values_of(respond(empty, request(range=value))) == values_of(whole)


def boundary_of(response: Response) -> str:
    value = combined_field(response.headers, "Content-Type") or ""
    found = re.fullmatch(r"multipart/byteranges; boundary=([0-9A-Za-z]{1,70})", value)
    assert found
    return found[1]


def test_several_ranges_are_a_multipart_body() -> None:
    """RFC 9110 §14.6, to the byte."""
    response = respond(PAIR, request(range="bytes=0-9, -1"))
    boundary = boundary_of(response)
    expected = (
        f"\r\n--{boundary}\r\n"
        'Content-Type: text/css; charset="utf-8"\r\n'
        "Content-Range: bytes 0-9/1000\r\n"
        "\r\n"
    ).encode() + PLAIN[:10] + (
        "\r\n"
        f"--{boundary}\r\n"
        'Content-Type: text/css; charset="utf-8"\r\n'
        "Content-Range: bytes 999-999/1000\r\n"
        "\r\n"
    ).encode() + PLAIN[-1:] + f"\r\n--{boundary}--\r\n".encode()  # fmt: skip
    assert response.status == 206
    assert body_of(response) == expected
    assert response.headers == [
        CACHE,
        CORS,
        VARY,
        RANGES,
        ("ETag", ETAG),
        MODIFIED,
        ("Content-Type", f"multipart/byteranges; boundary={boundary}"),
        ("Content-Length", str(len(expected))),
    ]


def test_each_part_of_a_coded_representation_has_a_content_encoding() -> None:
    """The parts are pieces of the coded representation. The multipart body has no coding."""
    response = respond(PAIR, request(range="bytes=298-,0-0", **AS_GZIP))
    boundary = boundary_of(response)
    first, second = (
        "Content-Type: text/css; charset=\"utf-8\"\r\nContent-Encoding: gzip\r\n"
        f"Content-Range: bytes {which}/300\r\n\r\n".encode()
        for which in ("298-299", "0-0")
    )  # fmt: skip
    limit = f"\r\n--{boundary}".encode()
    assert body_of(response) == b"".join(
        [
            *(limit, b"\r\n", first, CODED[298:]),
            *(limit, b"\r\n", second, CODED[:1]),
            *(limit, b"--\r\n"),
        ]
    )
    assert combined_field(response.headers, "Content-Encoding") is None
    assert combined_field(response.headers, "ETag") == GZIP_ETAG


def test_the_parts_of_a_file_without_a_media_type_have_none() -> None:
    nameless = representations([])
    response = respond(nameless, request(range="bytes=0-0,2-2"))
    start = next(iter(response.body)).literal
    assert start.split(b"\r\n")[2:] == [b"Content-Range: bytes 0-0/1000", b"", b""]


@given(
    st.lists(st.tuples(st.integers(0, 999), st.integers(0, 30)), min_size=2, max_size=MAX_RANGES),
    st.booleans(),
)
def test_a_multipart_body_is_read_back_by_a_mail_parser(
    spans: list[tuple[int, int]], coded: bool
) -> None:
    """An independent reader of RFC 2046 §5.1."""
    content = CODED if coded else PLAIN
    wanted = [
        (start, min(start + more + 1, len(content)))
        for start, more in spans
        if start < len(content)
    ]
    value = ",".join(f"{start}-{start + more}" for start, more in spans)
    response = respond(PAIR, request(range=f"bytes={value}", **(AS_GZIP if coded else {})))
    if len(wanted) < 2 or sum(stop - start for start, stop in wanted) > len(content):
        assert not any(part.literal for part in response.body)
        return
    body = body_of(response)
    assert len(body) == response.body.length
    assert combined_field(response.headers, "Content-Length") == str(len(body))
    assert body.count(boundary_of(response).encode()) == len(wanted) + 1
    head = f"Content-Type: {combined_field(response.headers, 'Content-Type')}\r\n\r\n".encode()
    message = BytesParser(policy=email.policy.HTTP).parsebytes(head + body)
    assert [part["Content-Range"] for part in message.iter_parts()] == [
        f"bytes {start}-{stop - 1}/{len(content)}" for start, stop in wanted
    ]
    *parts, end = response.body
    assert [part.range for part in parts] == wanted
    assert end.range.length == 0


def test_only_the_same_response_has_the_same_boundary() -> None:
    def boundary(pair: list[Representation], ranges: str) -> str:
        return boundary_of(respond(pair, request(range=ranges)))

    assert boundary(PAIR, "bytes=0-0,2-2") == boundary(representations(), "bytes=0-0, 2-2")
    others = [(PAIR, "bytes=0-0,2-2"), (PAIR, "bytes=2-2,0-0"), (PAIR, "bytes=0-0,2-3")]
    later = make_representations(
        [("/a.css", "identity", FileState(1000, 1))], FILE_HEADERS, [False], [None]
    )
    boundaries = {boundary(*each) for each in [*others, (later, "bytes=0-0,2-2")]}
    assert len(boundaries) == 4
    assert {len(each) for each in boundaries} == {32}  # 128 bits in hexadecimal


def test_every_response_has_accept_ranges() -> None:
    """RFC 9110 §14.3. A 304 may have it: it describes the resource, not the representation."""
    for row in ROWS:
        assert RANGES in respond(PAIR, row.request).headers, row.section


@pytest.mark.parametrize(
    ("header", "kept"),
    [
        (("Expires", "0"), {200, 206, 304}),
        (("Content-Location", "/b"), {200, 206, 304}),
        (("Cache-Control", "no-cache"), {200, 206, 304}),
        (("X-A", "b"), {200, 206}),
        (("Content-Language", "en"), {200, 206}),
        (("Access-Control-Allow-Origin", "https://a.b"), {200, 204, 206, 304, 405, 412, 416}),
        (("access-control-allow-credentials", "true"), {200, 204, 206, 304, 405, 412, 416}),
        (("vary", "Origin"), {200, 204, 206, 304, 405, 412, 416}),
        (("Access-Control-Expose-Headers", "ETag"), {200, 204, 206, 304, 405, 412, 416}),
        (("access-control-made-up", "a"), {200, 204, 206, 304, 405, 412, 416}),
        (("Timing-Allow-Origin", "*"), {200, 204, 206, 304, 405, 412, 416}),
        (("Cross-Origin-Resource-Policy", "cross-origin"), {200, 204, 206, 304, 405, 412, 416}),
    ],
    ids=lambda value: value[0] if isinstance(value, tuple) else None,
)
def test_a_header_that_a_hook_sets_is_sent_with_the_statuses_to_which_it_belongs(
    header: tuple[str, str], kept: set[int]
) -> None:
    """RFC 9110 §15.3.7 and §15.4.5."""
    having = {
        response.status
        for row in ROWS
        if header
        in (
            response := respond(representations([header], with_variants=False), row.request)
        ).headers
    }
    assert having == kept


@pytest.mark.parametrize(
    "field",
    [
        ("Access-Control-Allow-Headers", "X-Token"),
        ("access-control-allow-methods", "GET"),
        ("Access-Control-Max-Age", "5"),
    ],
)
def test_a_preflight_header_that_a_hook_sets_replaces_the_default(
    field: tuple[str, str],
) -> None:
    response = respond(representations([CORS, field], with_variants=False), request("OPTIONS"))
    assert combined_field(response.headers, field[0]) == field[1]
    assert len(response.headers) == len([CORS, RANGES, *PREFLIGHT, ALLOW])


def test_a_redirect_and_a_503_have_access_headers() -> None:
    access = [("Access-Control-Expose-Headers", "ETag"), ("Timing-Allow-Origin", "*")]
    headers = redirect_headers([CACHE, CORS], [TYPE, ("Cache-Control", "immutable"), *access])
    assert headers == [CACHE, *access]  # without the CORS header, which a hook has removed
    assert set(access) < set(unavailable([TYPE, CORS, *access]).headers)
    assert TYPE not in unavailable([TYPE]).headers


@pytest.mark.parametrize(
    ("method", "value", "coded"),
    [
        ("GET", "bytes=0-9", False),
        ("GET", "bytes=9999-", False),
        ("GET", "bytes=0-0,2-2", False),
        ("GET", "bytes=0-199,100-299", False),  # more bytes than the variant has
        ("GET", "items=0-9", True),
        ("GET", "bytes=9-0", True),
        ("GET", None, True),
        ("HEAD", "bytes=0-9", True),
        ("OPTIONS", "bytes=0-9", True),
    ],
)
def test_a_range_is_of_the_identity_if_the_client_names_identity(
    method: str, value: str | None, coded: bool
) -> None:
    fields = RequestFields("gzip, deflate, br, zstd, identity", range=value)
    chosen = respond(PAIR, Request(method, fields)).representation
    assert chosen is PAIR[1 if coded else 0]


def test_if_range_is_compared_with_the_identity_if_the_client_names_it() -> None:
    both = {"accept_encoding": "gzip, identity", "range": "bytes=0-9"}
    assert respond(PAIR, request(if_range=ETAG, **both)).status == 206
    whole = respond(PAIR, request(if_range=GZIP_ETAG, **both))
    assert (whole.status, whole.representation) == (200, PAIR[0])


def test_a_preflight_allows_the_origin_that_a_hook_sets() -> None:
    allowed = ("access-control-allow-origin", "https://a.b")
    response = respond(representations([TYPE, allowed], with_variants=False), request("OPTIONS"))
    assert response.headers == [allowed, RANGES, *PREFLIGHT, ALLOW]


BY_NAME = (
    "*, Authorization, Accept-Encoding, If-Match, If-Unmodified-Since, If-None-Match,"
    " If-Modified-Since, If-Range, Range, Available-Dictionary"
)


@pytest.mark.parametrize(
    ("credentials", "fields"),
    [("true", BY_NAME), ("True", "*, Authorization"), (None, "*, Authorization")],
)
def test_a_preflight_for_requests_with_credentials_names_each_header(
    credentials: str | None, fields: str
) -> None:
    """With credentials, "*" is not a wildcard (Fetch §4.8)."""
    origin = ("Access-Control-Allow-Origin", "https://a.b")
    allowed = [
        origin,
        *([("Access-Control-Allow-Credentials", credentials)] if credentials else []),
    ]
    response = respond(representations(allowed, with_variants=False), request("OPTIONS"))
    assert response.headers[: len(allowed)] == allowed
    assert combined_field(response.headers, "Access-Control-Allow-Headers") == fields


@pytest.mark.parametrize(
    ("location", "path", "query", "expected"),
    [
        ("./", "/docs/index.html", "", "./"),
        ("./", "/docs/index.html", "a=1&b=%20", "./?a=1&b=%20"),
        (None, "/docs", "", "docs/"),
        (None, "/app/docs", "a", "docs/?a"),
        (None, "/javascript:x", "", "javascript%3Ax/"),
        (None, "//example.com", "", "example.com/"),
        (None, "/é", "", "%C3%A9/"),
        ("./", "/", "a\r\nX: y\r\n\r\n<p>", "./?a%0D%0AX:%20y%0D%0A%0D%0A%3Cp%3E"),
        ("./", "/", "a\0b", "./?a%00b"),
        ("./", "/", "\xe9\xff", "./?%E9%FF"),
        ("./", "/", "✓", "./??"),
        (None, "/a\r\nX: y", "", "a%0D%0AX%3A%20y/"),
    ],
    ids=ascii,
)  # fmt: skip
@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_a_redirect_is_relative_and_keeps_the_query(
    method: str, location: str | None, path: str, query: str, expected: str
) -> None:
    """RFC 9110 §10.2.2, §15.4.3."""
    response = redirect(location, request(method, query, path), [CACHE, CORS])
    assert response == (302, [("Location", expected), CACHE, CORS, NO_BODY], EMPTY, None)


@pytest.mark.parametrize(
    ("method", "shared", "status", "headers"),
    [
        ("POST", [CACHE, CORS], 405, [CORS, ALLOW, NO_BODY]),
        ("POST", [], 405, [ALLOW, NO_BODY]),
        ("OPTIONS", [CACHE, CORS], 204, [CORS, *PREFLIGHT, ALLOW]),
        ("OPTIONS", [CACHE], 204, [ALLOW]),
    ],
)
def test_a_redirect_responds_to_other_methods_like_a_file(
    method: str, shared: Headers, status: int, headers: Headers
) -> None:
    assert redirect("./", request(method), shared) == (status, headers, EMPTY, None)


def test_a_missing_file_is_a_404_and_an_unavailable_file_a_503() -> None:
    missing = not_found()
    assert (missing.status, missing.representation) == (404, None)
    assert missing.headers == [
        ("Content-Type", "text/plain; charset=utf-8"),
        ("Content-Length", "10"),
    ]
    assert list(missing.body) == [(b"Not Found\n", (0, 0))]
    assert missing.body.length == 10
    assert tuple(unavailable()) == (
        503,
        [("Retry-After", "1"), ("Cache-Control", "no-store"), NO_BODY],
        EMPTY,
        None,
    )
    assert {missing.status, unavailable().status} <= REASONS.keys()


@pytest.mark.parametrize(
    ("method", "fields", "coding"),
    [
        ("GET", {}, "identity"),
        ("HEAD", {}, "identity"),
        ("GET", AS_GZIP, "gzip"),
        ("HEAD", AS_GZIP, "gzip"),
        ("GET", {"if_none_match": ETAG, "if_modified_since": DATE}, "identity"),
        ("GET", {"if_match": '"x"', "if_unmodified_since": DATE}, "identity"),
        ("GET", {"range": "bytes=0-9"}, "identity"),
        ("GET", {"range": "bytes=0-9", "accept_encoding": "gzip, identity"}, "gzip"),
        ("GET", {"range": "bytes=9999-", "if_range": ETAG}, "identity"),
    ],
)
def test_the_page_for_a_missing_url_is_sent_whole_and_without_validators(
    method: str, fields: dict[str, str], coding: str
) -> None:
    """RFC 9110 §13.2.1 and §14.2: only a response with status 200 has conditions and ranges."""
    response = not_found_page(PAIR, request(method, **fields))
    coded = coding == "gzip"
    assert (response.status, response.representation) == (404, PAIR[coded])
    assert response.headers == [
        *[TYPE, CACHE, CORS, VARY],
        *([GZIP] if coded else []),
        ("Content-Length", "300" if coded else "1000"),
    ]
    assert ranges_of(response) == (() if method == "HEAD" else WHOLE_CODED if coded else WHOLE)


MULTIPART = Row("15.3.7.2", request(range="bytes=0-0,2-2"), 206, [])


@pytest.mark.parametrize(
    "make",
    [
        *(lambda row=row: respond(PAIR, row.request) for row in [*ROWS, MULTIPART]),
        lambda: redirect("./", request(), FILE_HEADERS),
        lambda: redirect("./", request("POST"), FILE_HEADERS),
        lambda: redirect("./", request("OPTIONS"), FILE_HEADERS),
        not_found,
        unavailable,
        lambda: not_found_page(PAIR, request()),
    ],
    ids=[
        *map(str, map(row_id, [*ROWS, MULTIPART])),
        *("302", "302 POST", "302 OPTIONS", "404", "503", "404 page"),
    ],
)
def test_two_responses_never_share_a_list_of_headers(make: Callable[[], Response]) -> None:
    """Middleware changes the list in place."""
    first = make()
    before = list(first.headers)
    first.headers.append(("X-Added", "by a middleware"))
    del first.headers[0]
    assert make().headers == before
    lists = [make().headers, make().headers, FILE_HEADERS, *(each.headers for each in PAIR)]
    assert all(one is not other for one, other in combinations(lists, 2))


latin_1 = st.text(st.characters(max_codepoint=0xFF))
likely = st.sampled_from(
    ["gzip", "*", ETAG, GZIP_ETAG, f"W/{ETAG}", DATE, "bytes=0-9", "bytes=0-0,-1", "bytes=2000-"]
)
field_values = st.none() | likely | latin_1
methods = st.sampled_from(["GET"] * 8 + ["HEAD", "OPTIONS", "POST", "get", "", "BREW\r\n"])
requests = st.builds(
    Request, methods, st.builds(RequestFields, *[field_values] * 7), st.text(), latin_1
)


@given(requests, st.sampled_from([PAIR, ALONE]))
def test_every_response_conforms_to_http(request_: Request, file: list[Representation]) -> None:
    response = respond(file, request_)
    event(f"status {response.status}")
    names = [name.lower() for name, _ in response.headers]
    assert response.status in REASONS
    assert len(set(names)) == len(names)
    assert combined_field(response.headers, "Vary") == ("Accept-Encoding" if file is PAIR else None)
    length = combined_field(response.headers, "Content-Length")
    assert response.representation is not None
    if request_.method == "HEAD" and response.status == 200:
        assert (response.body.length, length) == (0, str(response.representation.size))
    else:
        assert length == (None if response.status in (204, 304) else str(response.body.length))
    assert len(body_of(response)) == response.body.length
    assert ("content-range" in names) == (
        response.status == 416 or (response.status == 206 and not response.body.is_multipart)
    )
    located = redirect(None, request_, [])
    assert all(
        re.fullmatch(r"[\x21-\x7e]*", value)
        for name, value in located.headers
        if name == "Location"
    )

"""URL paths below a mount point, and the ``Location`` of a redirect."""

from __future__ import annotations

import re
from urllib.parse import unquote, unquote_to_bytes, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from whitenoise_async.http.paths import (
    add_slash,
    below_mount,
    below_mounts,
    has_encoded_slash,
    restore_slash,
    with_mount,
    with_query,
)
from whitenoise_async.wsgi.environ import decode_path

# The characters of a URI (RFC 3986 §2), and those that browsers leave unescaped in a query.
_SENDABLE = re.compile(r"[\x21-\x7e]*")


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("", ""),
        ("/a.txt", "/a.txt"),
        ("/\xe2\x9c\x93", "/✓"),
        ("/\xc3\xa9", "/é"),
        ("/\xf0\x9f\x98\x80", "/😀"),
        ("/a\0b", "/a\0b"),
        # Not UTF-8: an invalid byte, Latin-1, an overlong form, a surrogate.
        ("/\xff", None),
        ("/\xe9", None),
        ("/\xc0\xaf", None),
        ("/\xed\xa0\x80", None),
        # Not Latin-1, so not from a server.
        ("/✓", "/✓"),
        ("/\udcff", "/\udcff"),
    ],
    ids=ascii,
)
def test_an_environ_path_is_decoded_as_utf_8(value: str, expected: str | None) -> None:
    assert decode_path(value) == expected


@given(st.text())
def test_every_environ_path_is_decoded_as_the_client_sent_it(path: str) -> None:
    assert decode_path(path.encode().decode("latin-1")) == path


MOUNTED = [
    # path, root_path, the path below it, the whole path
    ("/a.txt", "", "/a.txt", "/a.txt"),
    ("/a.txt", "/", "/a.txt", "/a.txt"),
    ("/app/a.txt", "/app", "/a.txt", "/app/a.txt"),
    ("/app/a.txt", "/app/", "/a.txt", "/app/a.txt"),
    ("/a.txt", "/app", "/a.txt", "/app/a.txt"),
    ("/app", "/app", "", "/app"),
    ("/app/", "/app", "/", "/app/"),
    ("/X/a.txt", "/X/", "/a.txt", "/X/a.txt"),
    ("/application/a.txt", "/app", "/application/a.txt", "/app/application/a.txt"),
    ("/app/app/a.txt", "/app", "/app/a.txt", "/app/app/a.txt"),
    ("/a/b/c", "/a/b", "/c", "/a/b/c"),
    ("/é/a.txt", "/é", "/a.txt", "/é/a.txt"),
    ("", "", "", ""),
    ("", "/app", "", "/app"),
    ("//app/a.txt", "/app", "//app/a.txt", "/app//app/a.txt"),
    ("/apiary/a.txt", "/api", "/apiary/a.txt", "/api/apiary/a.txt"),
    ("/apiary/a.txt", "/api/", "/apiary/a.txt", "/api/apiary/a.txt"),
    # Operators write a trailing slash, or leave out the leading one.
    ("/a.txt", "/api/", "/a.txt", "/api/a.txt"),
    ("/a.txt", "api", "/a.txt", "/api/a.txt"),
    ("/a.txt", "api/", "/a.txt", "/api/a.txt"),
    ("/api/a.txt", "api", "/a.txt", "/api/a.txt"),
    ("api", "api", "", "/api"),
    ("/api/a.txt", "api/", "/a.txt", "/api/a.txt"),
    ("/api", "/api/", "", "/api"),
    ("/api/", "/api/", "/", "/api/"),
    ("/", "/", "/", "/"),
    # The server concatenates root_path and the client's path.
    ("/api//a.txt", "/api/", "/a.txt", "/api/a.txt"),
    ("/api//", "/api/", "/", "/api/"),
    ("/api///a.txt", "/api//", "/a.txt", "/api/a.txt"),
    ("api/a.txt", "api", "/a.txt", "/api/a.txt"),
    ("api//a.txt", "api/", "/a.txt", "/api/a.txt"),
    ("//a.txt", "/", "/a.txt", "/a.txt"),
    # root_path has no trailing slash here, so the client sent both slashes.
    ("/api//a.txt", "/api", "//a.txt", "/api//a.txt"),
]


@pytest.mark.parametrize(("path", "root_path", "below", "whole"), MOUNTED)
def test_the_mount_point_is_removed_and_added_once(
    path: str, root_path: str, below: str, whole: str
) -> None:
    assert below_mount(path, root_path) == below
    assert with_mount(path, root_path) == whole
    assert with_mount(whole, root_path) == whole


@pytest.mark.parametrize(
    ("path", "root_path", "outer", "below"),
    [
        # The server's mount point, and one of Starlette's below it.
        ("/api/sub/a.txt", "/api/sub", "/api", "/a.txt"),
        ("/sub/a.txt", "/api/sub", "/api", "/a.txt"),
        ("/sub", "/api/sub", "/api", ""),
        ("/api//sub/a.txt", "/api//sub", "/api/", "/a.txt"),
        ("/sub/a.txt", "/api//sub", "/api/", "/a.txt"),
        ("/subway/a.txt", "/api/sub", "/api", "/subway/a.txt"),
        ("/sub/a.txt", "/api/sub", "", "/sub/a.txt"),
        ("/sub/a.txt", "/api/sub", "/other", "/sub/a.txt"),
        ("/sub/a.txt", "/api/sub", "/foo", "/sub/a.txt"),
        ("apiary/a.txt", "api", "", "apiary/a.txt"),
    ],
)
def test_nested_mount_points_are_removed(path: str, root_path: str, outer: str, below: str) -> None:
    assert below_mounts(path, root_path, outer) == below


@pytest.mark.parametrize(
    ("path_info", "script_name", "expected"),
    [
        ("/a.txt", "", "/a.txt"),
        ("/a.txt", "/api", "/a.txt"),
        ("/a.txt", "/api/", "/a.txt"),
        ("a.txt", "/api/", "/a.txt"),
        ("", "/api/", "/"),
        ("", "/api", ""),
        ("a.txt", "/", "/a.txt"),
        ("*", "", "*"),
    ],
)
def test_a_slash_that_was_removed_with_the_mount_point_is_restored(
    path_info: str, script_name: str, expected: str
) -> None:
    assert restore_slash(path_info, script_name) == expected


@pytest.mark.parametrize(
    ("target", "root_path", "expected"),
    [
        (None, "", False),
        ("", "", False),
        ("/a/b", "", False),
        ("/a%2Fb", "", True),
        ("/a%2fb", "", True),
        (b"/a%2fb", "", True),
        (b"/a/b?c=%2F", "", False),
        ("/a/b?c=%2F", "", False),
        ("/a%2Fb?c", "", True),
        ("/a%252Fb", "", False),
        ("/a%5Cb%2e%00", "", False),
        ("/%2", "", False),
        (b"/\xff%2F", "", True),
        ("/a%2Fb/c", "/a%2Fb", False),
        ("/a%2Fb/c%2Fd", "/a%2Fb", True),
        ("/a%2Fb/c", "/other", True),
    ],
)
def test_an_encoded_slash_in_the_path_is_found(
    target: str | bytes | None, root_path: str, expected: bool
) -> None:
    """RFC 3986 §2.2."""
    assert has_encoded_slash(target, root_path) is expected


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("/docs", "docs/"),
        ("/a/b/docs", "docs/"),
        ("/a.b-c_d~e", "a.b-c_d~e/"),
        ("/javascript:alert(1)", "javascript%3Aalert%281%29/"),
        ("//example.com", "example.com/"),
        ("/\\example.com", "%5Cexample.com/"),
        ("/a?b#c", "a%3Fb%23c/"),
        ("/100%", "100%25/"),
        ("/a b", "a%20b/"),
        ("/é✓", "%C3%A9%E2%9C%93/"),
        ("/a\r\nSet-Cookie: b", "a%0D%0ASet-Cookie%3A%20b/"),
        ("/\0", "%00/"),
        ("/\udcff", "%3F/"),
    ],
    ids=ascii,
)
def test_a_relative_reference_adds_the_slash(path: str, expected: str) -> None:
    """RFC 3986 §4.2."""
    assert add_slash(path) == expected


@given(st.text(min_size=1).filter(lambda name: "/" not in name), st.text())
def test_a_relative_reference_leads_only_to_the_directory(name: str, before: str) -> None:
    reference = add_slash(f"{before}/{name}")
    assert unquote(reference, errors="strict") == f"{name}/"
    parts = urlsplit(reference)
    assert (parts.scheme, parts.netloc, parts.query, parts.fragment) == ("", "", "", "")
    assert _SENDABLE.fullmatch(reference)


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("", "docs/"),
        ("a=1&b=%20", "docs/?a=1&b=%20"),
        ("a=b+c;d", "docs/?a=b+c;d"),
        ("?", "docs/??"),
        ("a[]=/x?y:@!$'()*,|^`{}\\\"~", "docs/?a[]=/x?y:@!$'()*,|^`{}\\\"~"),
        ("100%", "docs/?100%"),
        ("a#b", "docs/?a%23b"),
        ("a b", "docs/?a%20b"),
        ("<a>", "docs/?%3Ca%3E"),
        ("a\r\nSet-Cookie: b", "docs/?a%0D%0ASet-Cookie:%20b"),
        ("a\0b", "docs/?a%00b"),
        ("a\x7f\x1b[0m", "docs/?a%7F%1B[0m"),
        ("\xc3\xa9", "docs/?%C3%A9"),
        ("\xff", "docs/?%FF"),
        ("✓", "docs/??"),
        ("\udcff", "docs/??"),
    ],
    ids=ascii,
)
def test_a_query_is_kept_and_cannot_start_another_header(query: str, expected: str) -> None:
    """RFC 9110 §5.5 limits the characters of a header, RFC 3986 §3.4 those of a query."""
    assert with_query("docs/", query) == expected


@given(st.text(st.characters(max_codepoint=0xFF), min_size=1))
def test_a_redirect_keeps_the_query_byte_for_byte(query: str) -> None:
    location = with_query("./", query)
    assert location.startswith("./?")
    assert _SENDABLE.fullmatch(location)
    assert "#" not in location
    assert unquote_to_bytes(location[3:]) == unquote_to_bytes(query.encode("latin-1"))


@given(st.text())
def test_every_query_can_be_sent(query: str) -> None:
    assert _SENDABLE.fullmatch(with_query("./", query))

"""The requirements on the response to any request."""

from __future__ import annotations

import re
from urllib.parse import unquote, unquote_to_bytes

from tests.fuzzing.inputs import Input
from tests.fuzzing.sites import LISTED, SECRET, Content, Moved, Sites, mount_of, path_text
from tests.helpers.clients import Reply

STATUSES = frozenset({200, 204, 206, 302, 304, 404, 405, 412, 416})

_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9a-z-]+")
_VALUE = re.compile(r"[\x21-\x7e\x80-\xff](?:[\t\x20-\x7e\x80-\xff]*[\x21-\x7e\x80-\xff])?")
# A relative reference of one segment, without a scheme, a host or a backslash.
_LOCATION = re.compile(
    r"(?P<path>\./|/|(?:[A-Za-z0-9._~-]|%[0-9A-F]{2})+/)"
    r"(?:\?(?P<query>[\x21\x22\x24-\x3b\x3d\x3f-\x7e]+))?"
)


def check(sites: Sites, request: Input) -> int:
    """Send ``request`` to every application, and check all responses.

    :returns: the status, which is the same for all.
    :raises Exception: the error of an application, or the ``AssertionError`` of a failed check.
    """
    first, *others = sites.replies(request)
    for other in others:
        assert other == first
    require_sound(request, first)
    for each in (str(sites.root), str(sites.root.parent)):
        assert not any(each in value for _, value in first.headers)
    sites.require_bounds()
    return first.status


def require_sound(request: Input, reply: Reply) -> None:
    """Check a response by its request alone."""
    _require_fields(reply)
    _require_framing(request, reply)
    text = path_text(request)
    listed = None if text is None else LISTED.get(text)
    if listed is None:
        assert reply.status == 404
        assert reply.body in (b"Not Found\n", b"")
        assert [name for name, _ in reply.headers] == ["content-type", "content-length"]
    elif request.method not in ("GET", "HEAD"):
        assert reply.status == (204 if request.method == "OPTIONS" else 405)
        assert reply["allow"] == "GET, HEAD, OPTIONS"
    elif isinstance(listed, Moved):
        _require_redirect(request, reply, listed)
    else:
        _require_content(request, reply, listed)


def _require_fields(reply: Reply) -> None:
    """Require valid headers (RFC 9110 §5), without injected ones."""
    names = [name for name, _ in reply.headers]
    assert len(names) == len(set(names))
    for name, value in reply.headers:
        assert _NAME.fullmatch(name), name
        assert _VALUE.fullmatch(value), value
        assert SECRET.decode() not in value
    assert "x-injected" not in names


def _require_framing(request: Input, reply: Reply) -> None:
    assert reply.status in STATUSES
    assert SECRET not in reply.body
    if reply.status in (204, 304):
        assert "content-length" not in reply
        assert not reply.body
    elif request.method == "HEAD":
        assert reply["content-length"].isdecimal()
        assert not reply.body
    else:
        assert reply["content-length"] == str(len(reply.body))


def _require_redirect(request: Input, reply: Reply, moved: Moved) -> None:
    """Require a redirect to the directory's URL on this site, with the query."""
    assert reply.status == 302
    found = _LOCATION.fullmatch(reply["location"])
    assert found, reply["location"]
    assert unquote_to_bytes(found["query"] or "") == unquote_to_bytes(
        request.query.encode("latin-1")
    )
    whole = mount_of(request).rstrip("/") + (path_text(request) or "")
    if moved.to_parent:
        assert found["path"] == "./"
    else:
        assert unquote(found["path"], errors="strict") == whole.rpartition("/")[2] + "/"


def _require_content(request: Input, reply: Reply, content: Content) -> None:
    assert reply.status in (200, 206, 304, 412, 416)
    whole = _representation(content, reply)
    if reply.status == 200:
        assert reply["content-length"] == str(len(whole))
        assert reply.body == (b"" if request.method == "HEAD" else whole)
    elif reply.status == 206:
        assert request.method == "GET"
        if "content-range" in reply:
            assert reply.body == _range(whole, reply["content-range"])
        else:
            _require_parts(content, reply)
    elif reply.status == 416:
        sizes = [len(each) for each in content if each is not None]
        assert reply["content-range"] in [f"bytes */{size}" for size in sizes]


def _representation(content: Content, described: Reply) -> bytes:
    if "content-encoding" not in described:
        return content.identity
    coding = described["content-encoding"]
    assert coding in ("gzip", "dcz")
    body = content.gzip if coding == "gzip" else content.delta
    assert body is not None
    return body


def _range(whole: bytes, content_range: str) -> bytes:
    found = re.fullmatch(rf"bytes ([0-9]+)-([0-9]+)/{len(whole)}", content_range)
    assert found
    start, stop = int(found[1]), int(found[2]) + 1
    assert start < stop <= len(whole)
    return whole[start:stop]


def _require_parts(content: Content, reply: Reply) -> None:
    """Require the format of RFC 2046 §5.1.1, as in RFC 9110 §14.6."""
    _, found, boundary = reply["content-type"].partition("multipart/byteranges; boundary=")
    assert found
    assert re.fullmatch("[0-9a-f]{32}", boundary)
    first, *parts, last = reply.body.decode("latin-1").split(f"\r\n--{boundary}")
    assert (first, last) == ("", "--\r\n")
    assert 2 <= len(parts) <= 32
    whole, sent = b"", 0
    for part in parts:
        head, _, body = part.partition("\r\n\r\n")
        lines = [line.partition(": ") for line in head.split("\r\n")[1:]]
        described = Reply(206, [(name.lower(), value) for name, _, value in lines], b"")
        _require_fields(described)
        whole = _representation(content, described)
        assert body.encode("latin-1") == _range(whole, described["content-range"])
        sent += len(body)
    assert sent <= len(whole)  # a small request never causes more than the size of the file

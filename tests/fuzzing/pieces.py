"""Pieces of attacks, in the format of :class:`~tests.fuzzing.inputs.Input`."""

from __future__ import annotations

from base64 import b64encode
from itertools import chain

from tests.fuzzing.sites import DICTIONARY, LISTED, Content, entity_tag
from tests.helpers.files import MTIME
from whitenoise_async.http.dates import format_http_date


def wire(text: str) -> str:
    """The bytes that a client sends for ``text``, in the format of :class:`Input`."""
    return text.encode().decode("latin-1")


URLS = [wire(url) for url in LISTED]

SEGMENTS = [
    # Parent folders and absolute paths, plain and encoded again.
    "", ".", "..", "...", "..;", "..;/", "%2e", "%2e%2e", "%252e%252e", "..%2f", "%2f", "%5c",
    "%00", "%c0%ae%c0%ae", "%u002e", "..%00/", "..\\", "..\\..\\", "\\", "\\\\", "/", "//",
    "etc/passwd", "proc/self/environ", "secret.txt", "site-secret", "../site-secret/secret.txt",
    "../secret.txt", "../site.txt", "link", "link/secret.txt", "up", "up/secret.txt", "caf\xe9.txt",
    ".whitenoise_async-record", "stale.css.gz", "app.css.gz",
    # Windows: drives, shares, devices, streams, short names, ignored endings.
    "C:", "C:\\", "c:/", "C|", "\\\\?\\C:\\", "\\\\server\\share", "//./pipe/x", "CON", "NUL",
    "con.txt", "aux.txt", "COM1", "LPT1.css", "CONIN$", "app.css::$DATA", "app.css:stream",
    "docs:$I30:$INDEX_ALLOCATION", "app.css.", "app.css ", "app.css. .", "APP.CSS", "App.css",
    "APP~1.CSS", "DOCS~1", "docs.", "docs ",
    # Look-alikes: dots, slashes, wide and composed characters, characters that fold to ASCII.
    *map(wire, (
        "․․", "．．", "‥", "…", "∕", "／", "⁄", "＼", "﹨", "ａｐｐ．ｃｓｓ", "app．css", "u\u0308",
        "\u212bpp.css", "app.c\u017fs", "\u212a", "\u200bapp.css", "app.css\u200e", "\ufeff",
        "\ufffd", "\U000e0041", "\u0000",
    )),
    # Invalid UTF-8: single bytes, overlong sequences, surrogates, too large, truncated.
    "\xff", "\xfe", "\x80", "\xc0\xae\xc0\xae", "\xc0\xaf", "\xe0\x80\xaf", "\xed\xa0\x80",
    "\xed\xb3\xbf", "\xf4\x90\x80\x80", "\xf8\x88\x80\x80\x80", "\xe2\x9c", "\xc3",
    # Control characters, and characters with a meaning elsewhere.
    "\0", "\r\n", "\r\nX-Injected: yes", "\n", "\r", "\t", "\x0b", "\x1b[2J", "\x7f", "\x85", " ",
    "?", "#", ";", ":", "*", "@", "~", "%", "%%", "%s", "{}", "$HOME", "`id`", "|", "<script>", "'",
    '"', "http://evil.example", "//evil.example", "\\\\evil.example", "/\\evil.example",
    "javascript:alert(1)",
]  # fmt: skip

METHODS = [
    *["GET"] * 12, *["HEAD"] * 3, "OPTIONS", "POST", "PUT", "DELETE", "PATCH", "TRACE", "CONNECT",
    "PROPFIND", "get", "GET ", "GET\r\nX-Injected: yes", "", "\0", "G" * 600, "\xe9", "HEAD\x00",
]  # fmt: skip

QUERIES = [
    "", "a=1", "\r\nX-Injected: yes", "a\nb", "\0", "%0d%0aX-Injected: yes", "#fragment", " ",
    "\xe9", "//evil.example", "\\", "?", "%", "%zz", "<script>alert(1)</script>", "\"'`",
    "\x7f\x80\xff",
]  # fmt: skip

MOUNTS = [
    "", "", "", "/", "/app", "/app/", "/app.css", "/docs", "//evil.example", "/\\evil.example",
    "app", "/a\r\nX-Injected: yes", "/..", "/javascript:x", wire("/é/b"), "/%2e%2e", "///",
]  # fmt: skip

_TAGS = sorted(
    {
        tag
        for content in LISTED.values()
        if isinstance(content, Content)
        for tag in (
            entity_tag(content.identity),
            entity_tag(content.gzip or b"", "-gzip"),
            entity_tag(content.delta or b"", f"-dcz-{DICTIONARY[:8].hex()}"),
        )
    }
)

_DATES = [
    format_http_date(MTIME), format_http_date(MTIME - 1), "Sunday, 13-Sep-20 12:26:41 GMT",
    "Sun Sep 13 12:26:40 2020", "Sun, 31 Feb 2020 12:26:40 GMT", "Thu, 01 Jan 0000 00:00:00 GMT",
    "Fri, 31 Dec 9999 23:59:60 GMT", "Fri, 31 Dec 9999 23:59:61 GMT", "Sun Sep  0 12:26:40 2020",
    "Sun, 13 Sep 2020 24:60:60 GMT", "Saturday, 01-Jan-00 00:00:00 GMT",
    "Monday, 29-Feb-71 00:00:00 GMT",
]  # fmt: skip

_CODING_PIECES = [
    "gzip", "x-gzip", "GZIP", "br", "zstd", "dcz", "dcb", "identity", "*", ";q=", ";Q=", "; q=",
    ";q=0",
    ";q=1.000", ";q=0.5", "0.001", "1e3", "inf", "nan", "-1", "\xb2", ";", ",", ", ", "=", '"', " ",
    "\t",
]  # fmt: skip
_TAG_PIECES = [
    *_TAGS, "W/", '"', "*", ",", ", ", "\\", '"x"', 'W/"', "\x7f", "\x80", "\xff", " ", "\t",
]  # fmt: skip
_RANGE_PIECES = [
    "bytes=", "BYTES=", "bytes", "items=", "=", "-", ",", ", ", "0", "1", "9", "00", "660", "75299",
    "75300", "18446744073709551616", "9" * 30, "0-0", "0-", "-1", "-0", "0-0,", "2-1", "+1", "1_0",
    "\xb2", " ", "\t",
]  # fmt: skip
_DICTIONARY = f":{b64encode(DICTIONARY).decode()}:"
_DICTIONARY_PIECES = [
    _DICTIONARY, ":", "::", "=", "==", ";a", ";a=1", '"', "AAECAwQFBgc", "A" * 43, " ", ",", "\t",
    "+/",
]  # fmt: skip
ANY_PIECES = ["\0", "\r\nX-Injected: yes", "\n", "\xa0", "\x85", "\xff", "%0d%0a"]

PIECES = {
    "Accept-Encoding": _CODING_PIECES,
    "If-Match": _TAG_PIECES,
    "If-None-Match": _TAG_PIECES,
    "If-Range": [*_TAG_PIECES, *_DATES],
    "If-Modified-Since": _DATES,
    "If-Unmodified-Since": _DATES,
    "Range": _RANGE_PIECES,
    "Available-Dictionary": _DICTIONARY_PIECES,
    "Cookie": ["a=b"],
}

# Values that a client might send, which fuzzers may change.
LIKELY = {
    "Accept-Encoding": ["gzip", "gzip, br;q=0.5", "identity;q=0, *", "*;q=0", "gzip, dcz"],
    "If-Match": ["*", *_TAGS],
    "If-None-Match": ["*", *_TAGS],
    "If-Range": [*_TAGS, *_DATES[:2]],
    "If-Modified-Since": _DATES,
    "If-Unmodified-Since": _DATES,
    "Range": ["bytes=0-0", "bytes=1-", "bytes=-5", "bytes=0-0,2-2", "bytes=99999-", "bytes=3-9,-1"],
    "Available-Dictionary": [_DICTIONARY, _DICTIONARY.replace("A", "B")],
    "Cookie": ["a=b"],
}

#: Words that a fuzzer may insert.
WORDS = sorted({*chain(SEGMENTS, METHODS, QUERIES, ANY_PIECES, *PIECES.values())} - {""})

"""The requests that every server must answer, and the site that they are sent to."""

from __future__ import annotations

import gzip
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

import brotli
import django

from tests.helpers.deltas import fields_of, suffix_of, write_delta
from tests.helpers.files import write
from tests.helpers.socket_clients import RawRequest
from whitenoise_async.cli.gzip import main as gzip_command

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

_ADMIN = Path(django.__file__).parent / "contrib" / "admin" / "static" / "admin"
_TEXT = b"body { color: black; background: white }\n"
# Two older ones, and the one that is served.
_RELEASES = [
    b"".join(b"let a%d = %d\n" % (each, number) for each in range(300)) for number in (7, 8, 9)
]
_DATES = (
    "Sun, 13 Sep 2020 12:26:40 GMT",
    "Sunday, 13-Sep-20 12:26:40 GMT",
    "Sun Sep 13 12:26:40 2020",
)
_EARLIER = "Sun, 13 Sep 2020 12:26:39 GMT"
_LATER = "Sun, 13 Sep 2020 12:26:41 GMT"


def make_site(root: Path) -> None:
    shutil.copytree(_ADMIN, root / "admin")
    assert gzip_command(["-q", str(root)]) == 0
    css = write(root / "app.css", _TEXT * 60)
    for suffix, data in (
        (".gz", gzip.compress(_TEXT * 60, mtime=0)),
        (".br", brotli.compress(_TEXT * 60)),
        (".zst", zstd.compress(_TEXT * 60)),
    ):
        write(css.with_name(css.name + suffix), data)
    write(root / "app.0a1b2c3d.js", b"let a = 1\n" * 100, compressed=True)
    release = write(root / "release.js", _RELEASES[2], compressed=True)
    for old in _RELEASES[:2]:
        write_delta(release, old)
    write(root / "empty.txt", b"")
    write(root / "small.txt", b"small")
    write(root / "64k.html", b"<p>" * 21_845 + b"\n", compressed=True)
    write(root / "1m.bin", bytes(range(256)) * 4096)
    write(root / "8m.bin", bytes(range(251)) * 33_421)
    write(root / "docs" / "index.html", b"<title>docs</title>" * 20, compressed=True)
    write(root / "a:b" / "index.html", b"<title>colon</title>")
    write(root / "déjà" / "index.html", b"<title>deja vu</title>")
    write(root / "déjà" / "✓ a.txt", b"checked")
    write(root / "logo.svgz", gzip.compress(b"<svg/>", mtime=0))
    write(root / "packaged.html", b"<p>" * 100, compressed=True, mtime=1)
    write(root / "notes", b"notes")
    write(root / "notes.gz", gzip.compress(b"of something else", mtime=0))
    write(root.parent / "secret.txt", b"not below the root")


#: In header values, ``IDENTITY`` and ``GZIP`` stand for the entity-tags of the file.
PLACEHOLDERS = ("IDENTITY", "GZIP")


def _with(name: str, target: str, *values: str) -> Iterator[RawRequest]:
    """A request for each value of one header."""
    return (RawRequest(target, ((name, value),)) for value in values)


def _negotiation() -> Iterator[RawRequest]:
    for target in ("/app.css", "/64k.html"):
        yield RawRequest(target)
        yield from _with("Accept-Encoding", target, "gzip", "gzip, deflate, br, zstd", "identity")
    yield from _with(
        "Accept-Encoding", "/app.css",
        "br", "zstd", "x-gzip", "GZIP", "deflate", "",
        "gzip;q=0.5, br;q=0.4, zstd;q=0.1", "br;q=0.9, gzip; q=1.0", "gzip;q=0", "gzip;q=0, *",
        "*", "*;q=0", "*;q=0.5, br;q=0", "identity;q=0", "identity;q=0, gzip",
        "identity, gzip;q=0.5",
        "gzip;q=0.001", "gzip;q=2", "gzip;q=", "gzip;x=1", "g zip", "gzip;q=0.0000, br",
        ",, gzip ,",
        "not-gzip", "gzip\xe9", "gzip, gzip;q=0",
    )  # fmt: skip
    yield RawRequest("/app.css", (("Accept-Encoding", "deflate"), ("Accept-Encoding", "gzip")))
    yield RawRequest(
        "/app.css", (("Accept-Encoding", "gzip"), ("Accept-Encoding", "gzip;q=0, br;q=0.2"))
    )
    yield RawRequest("/small.txt", (("Accept-Encoding", "gzip"),))
    yield RawRequest("/logo.svgz", (("Accept-Encoding", "gzip"),))


def _ranges() -> Iterator[RawRequest]:
    for target, size in (("/app.css", 2460), ("/8m.bin", 8_388_671)):
        yield from _with(
            "Range", target,
            "bytes=0-0", "bytes=-1", f"bytes={size - 1}-", "bytes=10-19",
            f"bytes={size - 100}-{size * 9}",
            f"bytes={size}-", "bytes=0-0,-1", "bytes=0-99, 50-149", f"bytes=0-0,{size}-",
        )  # fmt: skip
    yield from _with(
        "Range", "/app.css",
        "bytes=0-", "bytes=-99999", "bytes=-0", "BYTES=5-9", "bytes=5-9,", "bytes= 5-9",
        "bytes=0-1499,1000-2459", "bytes=0-,0-", "bytes=" + ",".join(["0-0"] * 32),
        "bytes=" + ",".join(["0-0"] * 33), "bytes=9-5", "bytes=a-b", "bytes=+1-2", "bytes=1_0-20",
        "bytes=" + "9" * 5000 + "-", "items=0-1", "bytes", "bytes=", "", "bytes=\xb2-3",
    )  # fmt: skip
    for target in ("/64k.html", "/8m.bin"):
        yield from _with("Range", target, "bytes=100-", "bytes=-100", "bytes=65535-65535")
    yield from _with("Range", "/1m.bin", "bytes=1-", "bytes=0-1048574,1048575-1048575")
    yield from _with("Range", "/empty.txt", "bytes=0-0", "bytes=-1", "bytes=0-")
    yield RawRequest("/app.css", (("Range", "bytes=0-9"), ("Accept-Encoding", "gzip")))
    yield RawRequest("/app.css", (("Range", "bytes=0-9,20-29"), ("Accept-Encoding", "gzip")))
    yield RawRequest("/app.css", (("Range", "bytes=0-0"), ("Range", "bytes=2-2")))
    yield RawRequest("/app.css", (("Range", "bytes=0-9"),), "HEAD")
    yield RawRequest("/docs", (("Range", "bytes=0-0"),))
    named = ("Accept-Encoding", "gzip, deflate, br, zstd, identity")
    for value in ("bytes=0-9", "bytes=0-9,20-29", "bytes=99999-", "items=0-9"):
        yield RawRequest("/app.css", (named, ("Range", value)))
    yield RawRequest("/app.css", (named, ("Range", "bytes=0-9")), "HEAD")


def _preconditions() -> Iterator[RawRequest]:
    tags = (
        "IDENTITY", "GZIP", "W/IDENTITY", "*", '"x"', '"a", "b,c", IDENTITY', ' "x" , W/"y"',
        "x", "",
        '"\xe9"', "w/IDENTITY", ", IDENTITY", '"a" IDENTITY',
    )  # fmt: skip
    dates = (*_DATES, _EARLIER, _LATER, "yesterday", "", "Sun, 31 Feb 2020 12:26:40 GMT")
    for name in ("If-None-Match", "If-Match"):
        yield from _with(name, "/app.css", *tags)
    for name in ("If-Modified-Since", "If-Unmodified-Since"):
        yield from _with(name, "/app.css", *dates)
    for value in ("IDENTITY", "GZIP", "W/IDENTITY", '"x"', *_DATES, _EARLIER, _LATER, "garbage"):
        yield RawRequest("/app.css", (("Range", "bytes=5-9"), ("If-Range", value)))
    gzip_too = ("Accept-Encoding", "gzip")
    for name in ("If-None-Match", "If-Match", "If-Range"):
        for value in PLACEHOLDERS:
            yield RawRequest("/app.css", (gzip_too, ("Range", "bytes=5-9"), (name, value)))
    yield RawRequest("/app.css", (("If-None-Match", '"x"'), ("If-Modified-Since", _LATER)))
    yield RawRequest("/app.css", (("If-Match", "IDENTITY"), ("If-Unmodified-Since", _EARLIER)))
    yield RawRequest("/app.css", (("If-Match", "IDENTITY"), ("If-None-Match", "IDENTITY")))
    yield RawRequest("/app.css", (("If-None-Match", '"x"'), ("If-None-Match", "IDENTITY")))
    yield RawRequest("/app.css", (("If-Match", '"x"'), ("Range", "bytes=0-0")))
    yield RawRequest("/8m.bin", (("If-None-Match", "IDENTITY"),))
    yield RawRequest("/empty.txt", (("If-None-Match", "*"),))
    for field in (("If-None-Match", "IDENTITY"), ("If-Modified-Since", _LATER)):
        yield RawRequest("/packaged.html", (field,))
        yield RawRequest("/packaged.html", (gzip_too, field))
    for name in ("If-None-Match", "If-Match"):
        yield RawRequest("/app.css", ((name, '"x"'),), "HEAD")
        yield RawRequest("/app.css", ((name, "IDENTITY"),), "HEAD")
        yield RawRequest("/app.css", ((name, '"x"'),), "OPTIONS")


def _deltas() -> Iterator[RawRequest]:
    target = "/release.js"
    yield from _with("Accept-Encoding", target, "gzip, dcz", "dcz")
    for old in (*_RELEASES, b"other"):
        for accepted in (
            "gzip, deflate, br, zstd, dcb, dcz",
            "dcz;q=0.5, gzip",
            "*",
            "dcz;q=0",
            "gzip",
        ):
            fields = tuple(fields_of(old, accepted).items())
            yield RawRequest(target, fields)
            yield RawRequest("/app.css", fields)
        for method in ("HEAD", "OPTIONS", "POST"):
            yield RawRequest(target, fields, method)
    named = tuple(fields_of(_RELEASES[0]).items())
    for value in ("bytes=0-9", "bytes=0-9,20-29", "bytes=99999-", "bytes=-5"):
        yield RawRequest(target, (*named, ("Range", value)))
    for name in ("If-None-Match", "If-Match"):
        for value in ("*", '"x"', "IDENTITY", "GZIP"):
            yield RawRequest(target, (*named, (name, value)))
    yield RawRequest(target, (*named, ("Range", "bytes=0-9"), ("If-Range", "GZIP")))
    for value in ("", ":x:", "::", "x"):
        yield RawRequest(target, (("Accept-Encoding", "dcz"), ("Available-Dictionary", value)))
    yield RawRequest(target, (*named, named[1]))
    yield RawRequest(f"{target}{suffix_of(_RELEASES[0])}")


def _methods() -> Iterator[RawRequest]:
    files = ("/app.css", "/empty.txt", "/8m.bin", "/docs/", "/docs")
    for target in files:
        yield RawRequest(target, (), "HEAD")
        yield RawRequest(target, (), "OPTIONS")
    yield RawRequest("/app.css", (("Accept-Encoding", "gzip"),), "HEAD")
    preflight = (("Origin", "http://a.example"), ("Access-Control-Request-Method", "GET"))
    yield RawRequest("/app.css", preflight, "OPTIONS")
    yield RawRequest("/app.css", (("Origin", "http://a.example"),))
    for method in ("POST", "PUT", "DELETE", "PATCH", "PROPFIND"):
        yield RawRequest("/app.css", (), method)


def _paths() -> Iterator[RawRequest]:
    files = ("/small.txt", "/empty.txt", "/1m.bin", "/8m.bin", "/app.0a1b2c3d.js", "/notes.gz")
    for target in (*files, quote("/déjà/✓ a.txt"), "/%73mall.txt", "/small.txt?a=1&b=%20"):
        yield RawRequest(target)
    for folder in ("/docs", "/a:b", quote("/déjà")):
        yield RawRequest(folder + "/")
        for target in (folder, folder + "/index.html"):
            yield RawRequest(target)
            yield RawRequest(target + "?a=%20b&c=%C3%A9;d=?/'")
    yield RawRequest("/docs?")


def _passed_through() -> Iterator[RawRequest]:
    for target in ("/", "/missing", "/missing?a=1", "/app.css.gz", "/app.css/", "/docs/missing"):
        yield RawRequest(target)
    yield RawRequest("/missing", (), "HEAD")
    for method in ("POST", "PUT"):
        yield RawRequest("/missing", (), method, b"0123456789" * 6000)


def _hostile() -> Iterator[RawRequest]:
    for target in (
        "/../secret.txt", "/%2e%2e/secret.txt", "/..%2fsecret.txt", "/docs/../../secret.txt",
        "/%2e%2e%5csecret.txt", "/..\\secret.txt", "/docs/../small.txt", "/docs/%2e%2e/small.txt",
        "/./small.txt", "/docs/./index.html", "//small.txt", "/docs//index.html", "//", "/docs//",
        "/%00", "/small.txt%00", "/small.txt%00.css", "/%ff", "/%c0%ae%c0%ae/secret.txt",
        "/%ed%a0%80",
        "/small%0d%0aX:%20y", "/docs?%0d%0aX:%20y", "/small.txt%20", "/SMALL.TXT", "/small.txt;a=1",
        "/%", "/%zz", "/~root", "/C:/small.txt",
        "/" + "a" * 4000, "/" + "a/" * 1500, "/docs/?" + "a" * 4000,
        "/docs%2Findex.html", "/docs%2f", "/docs%2findex.html?a=%2F", "/docs?a=%2F",
        "/small%2etxt", "/docs%5Cindex.html",
        "/%2e%2e/" * 10 + "etc/passwd", "/%252e%252e/secret.txt", "/file:///etc/passwd",
    ):  # fmt: skip
        yield RawRequest(target)


def _bodies() -> Iterator[RawRequest]:
    for target in ("/app.css", "/docs"):
        yield RawRequest(target, (), "POST", b"a=1")
    yield RawRequest("/8m.bin", (), "PUT", b"a" * 60_000)


def _browser(root: Path) -> Iterator[RawRequest]:
    for path in sorted((root / "admin").rglob("*")):
        if path.is_file() and path.suffix != ".gz":
            url = quote("/" + path.relative_to(root).as_posix())
            yield RawRequest(url, (("Accept-Encoding", "gzip, deflate, br, zstd"),))


#: Requests with a body that the middleware never reads. A server must read it or end the
#: connection. In HTTP/1.1 it need not say which (RFC 9112 §9.3).
WITH_UNREAD_BODIES = tuple(_bodies())

#: A request body up to this size arrives in the same packet as the head.
ONE_PACKET = 1000


def all_requests(root: Path) -> tuple[RawRequest, ...]:
    """All requests for the site at ``root``."""
    return (
        *_negotiation(), *_ranges(), *_preconditions(), *_deltas(), *_methods(), *_paths(),
        *_passed_through(), *_hostile(), *WITH_UNREAD_BODIES, *_browser(root),
    )  # fmt: skip

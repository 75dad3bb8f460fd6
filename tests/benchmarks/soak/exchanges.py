"""The requests of the run, each with a check of its response."""

from __future__ import annotations

import random
import re
from collections.abc import Callable, Iterator, Mapping
from functools import lru_cache, partial
from typing import NamedTuple

from tests.benchmarks.soak import changes
from tests.benchmarks.soak.changes import OWN, REPLACED, SHARED, Changes, Versions
from tests.benchmarks.soak.files import PREFIX, File, Site, Text

_HOT = 50  # of the files are requested often


class Reply(NamedTuple):
    status: int
    head: bytes
    body: bytes

    def header(self, name: str) -> str | None:
        found = _header(name).search(self.head)
        return found[1].decode("latin-1") if found else None


@lru_cache
def _header(name: str) -> re.Pattern[bytes]:
    return re.compile(rf"(?i)\r\n{name}: *([^\r]*)\r\n".encode())


#: Returns the fault of a response, if any.
Check = Callable[[Reply], "str | None"]


class Exchange(NamedTuple):
    request: bytes
    check: Check
    is_head: bool = False


def request(url: str, headers: Mapping[str, str] = {}, method: str = "GET") -> bytes:
    lines = [f"{method} {url} HTTP/1.1", "Host: 127.0.0.1"]
    lines += [f"{name}: {value}" for name, value in headers.items()]
    return "\r\n".join([*lines, "", ""]).encode("latin-1")


def first_requests(site: Site, etags: dict[str, str]) -> Iterator[Exchange]:
    """One request for each file, to learn its ETag."""

    def check(file: File, reply: Reply) -> str | None:
        etags[file.url] = reply.header("etag") or ""
        return _whole(file.content, None, reply)

    for file in site.first_asked:
        yield Exchange(request(file.url), partial(check, file))


class Mix:
    """Draws the mixed requests."""

    def __init__(
        self, site: Site, text: Text, changing: Changes, etags: Mapping[str, str], seed: int
    ) -> None:
        self._site, self._text, self._changing, self._etags = site, text, changing, etags
        self._chance = random.Random(seed)
        self._hot = site.many[:_HOT]
        weights: list[tuple[Callable[[], Exchange], int]] = [
            (self._cold, 220),
            (self._hot_one, 160),
            (self._negotiated, 120),
            (self._not_modified, 80),
            (self._failed_condition, 30),
            (self._range, 60),
            (self._several_ranges, 20),
            (self._unsatisfiable, 10),
            (self._range_if_same, 20),
            (self._head, 30),
            (self._other_method, 20),
            (self._passed_on, 50),
            (self._redirected, 10),
            (self._hostile_encoding, 80),
            (self._hostile_headers, 40),
            (self._replaced, 30),
            (self._added, 14),
            (self._large, 6),
        ]
        self._kinds = [kind for kind, weight in weights for _ in range(weight)]

    def draw(self) -> Exchange:
        return self._chance.choice(self._kinds)()

    def _cold(self) -> Exchange:
        file = self._chance.choice(self._site.many)
        return Exchange(request(file.url), partial(_whole, file.content, None))

    def _hot_one(self) -> Exchange:
        file = self._chance.choice(self._hot)
        if file.compressed is None:
            headers, content, coding = {"Accept-Encoding": "gzip, br"}, file.content, None
        else:
            headers, content, coding = {"Accept-Encoding": "gzip"}, file.compressed, "gzip"
        return Exchange(request(file.url, headers), partial(_whole, content, coding))

    def _negotiated(self) -> Exchange:
        file = self._chance.choice(self._site.medium)
        accepted = self._chance.choice(
            ("gzip", "gzip, deflate, br, zstd", "br;q=1, *;q=0.5", "x-gzip", "identity;q=0, *")
        )
        refused = self._chance.choice(("gzip;q=0", "br", "identity", "deflate, gzip;q=0.000"))
        if self._chance.random() < 0.7:
            headers, content, coding = accepted, file.compressed or b"", "gzip"
        else:
            headers, content, coding = refused, file.content, None
        return Exchange(
            request(file.url, {"Accept-Encoding": headers}), partial(_whole, content, coding)
        )

    def _known(self) -> tuple[File, str]:
        file = self._chance.choice(self._chance.choice((self._hot, self._site.medium)))
        return file, self._etags[file.url]

    def _not_modified(self) -> Exchange:
        file, etag = self._known()
        tags = self._chance.choice((etag, f"W/{etag}", f'"other", {etag}', "*"))
        return Exchange(request(file.url, {"If-None-Match": tags}), partial(_empty, 304))

    def _failed_condition(self) -> Exchange:
        file, _ = self._known()
        headers = self._chance.choice(
            (
                {"If-Match": '"other"'},
                {"If-Unmodified-Since": "Sun, 06 Nov 1994 08:49:37 GMT"},
            )
        )
        return Exchange(request(file.url, headers), partial(_empty, 412))

    def _part(self) -> tuple[File, int, int]:
        """A file and a range of it."""
        file = self._chance.choice(self._chance.choice((self._site.medium, self._site.large)))
        length = self._chance.choice((1, 100, 5000, 60_000))
        start = self._chance.randrange(len(file.content) - length)
        return file, start, start + length

    def _range(self) -> Exchange:
        file, start, stop = self._part()
        size = len(file.content)
        spelt = self._chance.choice((f"{start}-{stop - 1}", f"-{stop - start}"))
        if spelt.startswith("-"):
            start, stop = size - (stop - start), size
        headers = {"Range": f"bytes={spelt}"}
        return Exchange(request(file.url, headers), partial(_partial, file.content, start, stop))

    def _range_if_same(self) -> Exchange:
        file, start, stop = self._part()
        headers = {"Range": f"bytes={start}-{stop - 1}"}
        if self._chance.random() < 0.8:
            headers["If-Range"] = self._etags[file.url]
            check: Check = partial(_partial, file.content, start, stop)
        else:
            headers["If-Range"] = '"other"'
            check = partial(_whole, file.content, None)
        return Exchange(request(file.url, headers), check)

    def _several_ranges(self) -> Exchange:
        file, start, stop = self._part()
        spans = [(0, 10), (start, stop), (len(file.content) - 7, len(file.content))]
        spelt = ",".join(f"{first}-{last - 1}" for first, last in spans)
        headers = {"Range": f"bytes={spelt}"}
        check: Check = partial(_multipart, file.content, spans)
        if sum(last - first for first, last in spans) > len(file.content):
            check = partial(_whole, file.content, None)
        return Exchange(request(file.url, headers), check)

    def _unsatisfiable(self) -> Exchange:
        file = self._chance.choice(self._site.medium)
        size = len(file.content)
        headers = {"Range": f"bytes={size + self._chance.randrange(10**6)}-"}
        return Exchange(request(file.url, headers), partial(_unsatisfied, size))

    def _head(self) -> Exchange:
        file = self._chance.choice((*self._hot, *self._site.large, self._site.film))
        check = partial(_head_of, len(file.content))
        return Exchange(request(file.url, method="HEAD"), check, True)

    def _other_method(self) -> Exchange:
        file = self._chance.choice(self._hot)
        method, status = self._chance.choice(
            (("OPTIONS", 204), ("DELETE", 405), ("POST", 405), ("PATCH", 405))
        )
        headers = {"Content-Length": "0"}
        return Exchange(request(file.url, headers, method), partial(_empty, status))

    def _passed_on(self) -> Exchange:
        folder = self._chance.choice(("/", f"/{PREFIX}/", f"/{PREFIX}/many/00/"))
        url = f"{folder}none-{self._chance.randrange(10**9)}"
        return Exchange(request(url), partial(_not_found, url.encode()))

    def _redirected(self) -> Exchange:
        page = self._site.page
        if self._chance.random() < 0.5:
            url = f"/{PREFIX}/pages?q={self._chance.randrange(10**9)}"
            return Exchange(request(url), partial(_empty, 302))
        return Exchange(request(page.url), partial(_whole, page.content, None))

    def _hostile_encoding(self) -> Exchange:
        """Requests that all differ: the response cache must not grow with them."""
        file = self._chance.choice(self._site.medium)
        headers = {"Accept-Encoding": f"gzip;q=0.{self._chance.randrange(1000)}, {self._noise()}"}
        return Exchange(request(file.url, headers), partial(_either, file))

    def _hostile_headers(self) -> Exchange:
        file = self._chance.choice(self._hot)
        # The prefix makes the value invalid as a range and as a list of tags.
        name = self._chance.choice(("Range", "If-None-Match", "If-Modified-Since", "If-Range"))
        headers = {name: f"?{self._noise()}"}
        return Exchange(request(file.url, headers), partial(_whole, file.content, None))

    def _noise(self) -> str:
        noise = self._chance.randbytes(self._chance.choice((8, 60, 400))).decode("latin-1")
        return _CONTROLS.sub("", noise).strip()

    def _replaced(self) -> Exchange:
        name = self._chance.choice((*changes.small_names() * 3, changes.CLIP))
        return self._versioned(changes.url_of(REPLACED, name), self._changing.replaced)

    def _added(self) -> Exchange:
        roots = self._changing.roots
        if self._chance.random() < 0.5:
            name = self._chance.choice(changes.small_names())
            return self._versioned(changes.url_of(SHARED, name), roots)
        number = self._chance.randint(0, roots.oldest())
        url = changes.url_of(OWN, f"{number}.css")
        content = changes.content(self._text, url, number)
        return Exchange(request(url), partial(_whole, content, None))

    def _versioned(self, url: str, versions: Versions) -> Exchange:
        check = partial(self._check_version, url, versions, versions.oldest())
        return Exchange(request(url), check)

    def _check_version(self, url: str, versions: Versions, oldest: int, reply: Reply) -> str | None:
        version = changes.version_of(reply.body)
        if not oldest <= version <= versions.newest:
            return f"version {version}, not {oldest} to {versions.newest} of {url}"
        return _whole(changes.content(self._text, url, version), None, reply)

    def _large(self) -> Exchange:
        file = self._chance.choice(self._site.large)
        return Exchange(request(file.url), partial(_whole, file.content, None))


_CONTROLS = re.compile("[\x00-\x1f\x7f]")


def _status(wanted: int, reply: Reply) -> str | None:
    return None if reply.status == wanted else f"status {reply.status}, not {wanted}"


def _whole(content: bytes, coding: str | None, reply: Reply) -> str | None:
    if reply.status != 200:
        return _status(200, reply)
    if reply.header("content-encoding") != coding:
        return f"not the Content-Encoding {coding}"
    return None if reply.body == content else _other_body(reply, len(content))


def _other_body(reply: Reply, size: int) -> str:
    return f"another body: of {len(reply.body):,} bytes, not {size:,}, or with other ones in it"


def _either(file: File, reply: Reply) -> str | None:
    coding = reply.header("content-encoding")
    wanted = file.compressed if coding == "gzip" else file.content
    return _whole(wanted or b"", "gzip" if coding == "gzip" else None, reply)


def _empty(status: int, reply: Reply) -> str | None:
    return _status(status, reply) or (None if not reply.body else _other_body(reply, 0))


def _partial(content: bytes, start: int, stop: int, reply: Reply) -> str | None:
    if reply.status != 206:
        return _status(206, reply)
    if reply.header("content-range") != f"bytes {start}-{stop - 1}/{len(content)}":
        return "another Content-Range"
    same = len(reply.body) == stop - start and content.startswith(reply.body, start)
    return None if same else _other_body(reply, stop - start)


def _multipart(content: bytes, spans: list[tuple[int, int]], reply: Reply) -> str | None:
    if reply.status != 206:
        return _status(206, reply)
    boundary = (reply.header("content-type") or "").rpartition("boundary=")[2].encode()
    *parts, end = reply.body.split(b"--" + boundary)
    if end != b"--\r\n" or len(parts) != len(spans) + 1:
        return f"not {len(spans)} parts"
    for part, (start, stop) in zip(parts[1:], spans, strict=True):
        headers, _, data = part.partition(b"\r\n\r\n")
        if f"bytes {start}-{stop - 1}/{len(content)}".encode() not in headers:
            return "another Content-Range in a part"
        if data != content[start:stop] + b"\r\n":
            return "other bytes in a part"
    return None


def _unsatisfied(size: int, reply: Reply) -> str | None:
    if reply.header("content-range") != f"bytes */{size}":
        return f"status {reply.status} without the Content-Range of a 416"
    return _empty(416, reply)


def _head_of(size: int, reply: Reply) -> str | None:
    if reply.header("content-length") != str(size):
        return f"not the Content-Length {size}"
    return _empty(200, reply)


def _not_found(path: bytes, reply: Reply) -> str | None:
    if reply.body != b"no such page: " + path:
        return "not the application's response"
    return _status(404, reply)

"""The decision: a file's representations and a request in, the whole answer out, with no I/O."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import NamedTuple

from ..http.fields import RequestFields, combined_field
from ..http.negotiation import choose
from ..http.paths import add_slash, with_query
from ..http.preconditions import Outcome, evaluate, range_applies
from ..http.ranges import ByteRange, parse_range, planned_length, unsatisfied_range
from .representation import Headers, Representation

ALLOWED_METHODS = "GET, HEAD, OPTIONS"

#: Reason phrases (RFC 9110 §15) of every status that an answer can have. The standard library's
#: changed between Python versions.
REASONS = {
    200: "OK",
    204: "No Content",
    206: "Partial Content",
    302: "Found",
    304: "Not Modified",
    404: "Not Found",
    405: "Method Not Allowed",
    412: "Precondition Failed",
    416: "Range Not Satisfiable",
    503: "Service Unavailable",
}

# These, and all that begin so, decide who may read a response: CORS (Fetch standard), Resource
# Timing, Cross-Origin-Resource-Policy. Browsers want them on every response, whatever its status.
_ACCESS_PREFIX = "access-control-"
_ACCESS_FIELDS = frozenset({"timing-allow-origin", "cross-origin-resource-policy"})
# What an answer that is not the representation still has to say.
_EVERY_ANSWER_FIELDS = _ACCESS_FIELDS.union(["vary", "accept-ranges"])
# RFC 9110 §15.4.5 wants no other metadata of the representation. Accept-Ranges (§14.3) is none: it
# says what requests the resource takes.
_NOT_MODIFIED_FIELDS = _EVERY_ANSWER_FIELDS.union(
    ["cache-control", "content-location", "etag", "expires"]
)
# What the parts of a multipart answer say of themselves instead of the whole (RFC 9110 §15.3.7.2).
_PART_FIELDS = ("Content-Type", "Content-Encoding")

# "*" does not cover Authorization, and is the name of a field and nothing else for a request with
# credentials (Fetch §4.8, CORS-preflight fetch). Then what we read is named, and that suffices.
_ALLOWED_FIELDS = "*, Authorization"
_ALLOWED_FIELDS_BY_NAME = ", ".join(
    [_ALLOWED_FIELDS, *(name.replace("_", "-").title() for name in RequestFields._fields)]
)

# A day, the most that any browser keeps a preflight's answer.
_PREFLIGHT_MAX_AGE = "86400"

_NO_BODY = ("Content-Length", "0")


class Request(NamedTuple):
    """What an answer depends on. Adapters make it."""

    method: str
    fields: RequestFields
    path: str = "/"  # whole, with the mount point
    query: str = ""  # Latin-1 text, without "?"


class Response(NamedTuple):
    """An answer: status, header fields (the receiver's own list), and the plan of its body.

    The plan is a sequence of literal bytes and of ranges of ``representation``'s file; an answer
    for a file names the representation that was selected even when it sends nothing of it.
    """

    status: int
    headers: Headers
    body: Sequence[bytes | ByteRange] = ()
    representation: Representation | None = None

    @property
    def length(self) -> int:
        """Length of the body in bytes."""
        return planned_length(self.body)

    def literal_body(self) -> bytes:
        """The body, for a plan without ranges."""
        return b"".join(part for part in self.body if isinstance(part, bytes))


def respond(representations: Sequence[Representation], request: Request) -> Response:
    """Answer ``request`` for the file that has these ``representations`` (identity first)."""
    fields = request.fields
    chosen = _select(representations, request)
    if (other := _respond_to_method(request.method, chosen.headers)) is not None:
        return other._replace(representation=chosen)
    outcome = evaluate(fields, chosen.etag, chosen.last_modified)
    if outcome is Outcome.FAILED:
        headers = _only(chosen.headers, _EVERY_ANSWER_FIELDS)
        return Response(412, [*headers, _NO_BODY], (), chosen)
    if outcome is Outcome.NOT_MODIFIED:
        return Response(304, _only(chosen.headers, _NOT_MODIFIED_FIELDS), (), chosen)
    if request.method == "HEAD":
        return Response(200, list(chosen.headers), (), chosen)
    ranges = _ranges(fields, chosen)
    if ranges is None:
        whole = ByteRange(0, chosen.size)
        return Response(200, list(chosen.headers), (whole,), chosen)
    if not ranges:
        return _not_satisfiable(chosen)
    return _partial(chosen, ranges) if len(ranges) == 1 else _multipart(chosen, ranges)


def redirect(
    location: str | None, request: Request, headers: Sequence[tuple[str, str]]
) -> Response:
    """Answer with a relative redirect that keeps the query.

    :param location: a relative reference, or ``None`` to add a slash to the request's path.
    :param headers: further fields, caching and CORS among them.
    """
    if (other := _respond_to_method(request.method, headers)) is not None:
        return other
    target = with_query(add_slash(request.path) if location is None else location, request.query)
    return Response(302, [("Location", target), *headers, _NO_BODY])


def redirect_headers(
    shared: Sequence[tuple[str, str]], described: Sequence[tuple[str, str]]
) -> Headers:
    """The fields of a redirect to a file.

    :param shared: those that the options ask for; the redirect has its caching from them.
    :param described: the file's, among them those that say who may read a response for it.
    """
    access = _only(shared, _ACCESS_FIELDS)
    return [*(field for field in shared if field not in access), *_only(described, _ACCESS_FIELDS)]


def unavailable(described: Sequence[tuple[str, str]] = ()) -> Response:
    """Answer for a file that cannot be opened now: descriptors, memory or a disk have run out.

    :param described: fields, among them those that say who may read a response for the file.
    """
    headers = [("Retry-After", "1"), ("Cache-Control", "no-store")]
    return Response(503, [*headers, *_only(described, _ACCESS_FIELDS), _NO_BODY])


def not_found() -> Response:
    """Answer where there is neither a file nor an application."""
    body = b"Not Found\n"
    headers = [("Content-Type", "text/plain; charset=utf-8"), ("Content-Length", str(len(body)))]
    return Response(404, headers, (body,))


def _respond_to_method(method: str, headers: Sequence[tuple[str, str]]) -> Response | None:
    """The answer to a method other than GET and HEAD; ``None`` for these two."""
    if method in ("GET", "HEAD"):
        return None
    always = _only(headers, _EVERY_ANSWER_FIELDS)
    if method != "OPTIONS":
        return Response(405, [*always, ("Allow", ALLOWED_METHODS), _NO_BODY])
    if combined_field(always, "Access-Control-Allow-Origin") is not None:
        credentials = combined_field(always, "Access-Control-Allow-Credentials") == "true"
        allowed = _ALLOWED_FIELDS_BY_NAME if credentials else _ALLOWED_FIELDS
        preflight = [
            ("Access-Control-Allow-Methods", ALLOWED_METHODS),
            ("Access-Control-Allow-Headers", allowed),
            ("Access-Control-Max-Age", _PREFLIGHT_MAX_AGE),
        ]
        # A hook may have set its own.
        always += [field for field in preflight if combined_field(always, field[0]) is None]
    return Response(204, [*always, ("Allow", ALLOWED_METHODS)])


def _select(representations: Sequence[Representation], request: Request) -> Representation:
    fields, whole = request.fields, representations[0]
    wants_range = (
        request.method == "GET"
        and fields.range is not None
        and parse_range(fields.range, whole.size) is not None
    )
    candidates = [(each.coding, each.size) for each in representations]
    return representations[choose(candidates, fields.accept_encoding, prefer_identity=wants_range)]


def _ranges(fields: RequestFields, chosen: Representation) -> list[ByteRange] | None:
    if fields.range is None or not range_applies(
        fields.if_range, chosen.etag, chosen.last_modified
    ):
        return None
    return parse_range(fields.range, chosen.size)


def _not_satisfiable(chosen: Representation) -> Response:
    headers = _only(chosen.headers, _EVERY_ANSWER_FIELDS)
    headers += [("Content-Range", unsatisfied_range(chosen.size)), _NO_BODY]
    return Response(416, headers, (), chosen)


def _partial(chosen: Representation, ranges: Sequence[ByteRange]) -> Response:
    (part,) = ranges
    headers = [
        *_except(chosen.headers, "content-length"),
        ("Content-Range", part.content_range(chosen.size)),
        ("Content-Length", str(part.length)),
    ]
    return Response(206, headers, (part,), chosen)


def _multipart(chosen: Representation, ranges: Sequence[ByteRange]) -> Response:
    """RFC 9110 §14.6. Coding and media type are the parts'; neither is the multipart body's."""
    described = "".join(
        f"{name}: {value}\r\n"
        for name in _PART_FIELDS
        if (value := combined_field(chosen.headers, name)) is not None
    )
    boundary = _boundary(chosen, ranges)
    body: list[bytes | ByteRange] = []
    for part in ranges:
        fields = f"{described}Content-Range: {part.content_range(chosen.size)}\r\n"
        # CRLF before the first one too, as nginx and Apache send it: zsync searches for it.
        body += [f"\r\n--{boundary}\r\n{fields}\r\n".encode("latin-1"), part]
    body.append(f"\r\n--{boundary}--\r\n".encode("latin-1"))
    kept = _except(chosen.headers, "content-length", *(name.lower() for name in _PART_FIELDS))
    response = Response(206, kept, body, chosen)
    kept += [
        ("Content-Type", f"multipart/byteranges; boundary={boundary}"),
        ("Content-Length", str(response.length)),
    ]
    return response


def _boundary(chosen: Representation, ranges: Sequence[ByteRange]) -> str:
    """The same for the same answer, and with its 128 bits in no file by chance."""
    return hashlib.sha256(f"{chosen.etag} {ranges}".encode()).hexdigest()[:32]


def _only(headers: Sequence[tuple[str, str]], names: frozenset[str]) -> Headers:
    """The fields with these names, and those of CORS."""
    return [
        (name, value)
        for name, value in headers
        if name.lower() in names or name.lower().startswith(_ACCESS_PREFIX)
    ]


def _except(headers: Sequence[tuple[str, str]], *names: str) -> Headers:
    return [field for field in headers if field[0].lower() not in names]

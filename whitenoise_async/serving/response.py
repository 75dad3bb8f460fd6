"""A pure function from representations and a request to status, headers and body plan."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from ..files.codings import DCZ
from ..files.content import sha256
from ..http.fields import RequestFields, combined_field
from ..http.negotiation import choose
from ..http.paths import add_slash, with_query
from ..http.preconditions import Outcome, evaluate, range_applies
from ..http.ranges import ByteRange, parse_range, unsatisfied_range
from .body_plan import EMPTY, BodyPart, BodyPlan
from .representation import Headers, Representation

ALLOWED_METHODS = "GET, HEAD, OPTIONS"

#: The reason phrases (RFC 9110 §15) of every status that is sent. The standard library's phrases
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

# These headers, and all with this prefix, control who may read a response: CORS (Fetch standard),
# Resource Timing, Cross-Origin-Resource-Policy. Browsers expect them whatever the status is.
_ACCESS_PREFIX = "access-control-"
_ACCESS_NAMES = frozenset({"timing-allow-origin", "cross-origin-resource-policy"})
# A response without the representation has these headers of it.
_ALWAYS_SENT = _ACCESS_NAMES.union(["vary", "accept-ranges"])
# RFC 9110 §15.4.5 allows no other metadata of the representation. Accept-Ranges (§14.3) describes
# the resource, so it may stay.
_NOT_MODIFIED_NAMES = _ALWAYS_SENT.union(["cache-control", "content-location", "etag", "expires"])
# In a multipart response, each part has these headers instead (RFC 9110 §15.3.7.2).
_PART_NAMES = ("Content-Type", "Content-Encoding")

# "*" does not cover Authorization, and a request with credentials takes it literally (Fetch §4.8,
# CORS-preflight fetch). Such a response names the request headers that affect it.
_ALLOWED_HEADERS = "*, Authorization"
_ALLOWED_HEADERS_BY_NAME = ", ".join(
    [_ALLOWED_HEADERS, *(name.replace("_", "-").title() for name in RequestFields._fields)]
)

# A day, the longest time that any browser caches the response to a preflight request.
_PREFLIGHT_MAX_AGE = "86400"

_NO_BODY = ("Content-Length", "0")


class Request:
    """The parts of a request on which a response depends."""

    __slots__ = ("fields", "method", "path", "query")

    def __init__(
        self, method: str, fields: RequestFields, path: str = "/", query: str = ""
    ) -> None:
        """
        :param path: the whole path, with the mount point.
        :param query: Latin-1 text, without ``?``.
        """
        self.method = method
        self.fields = fields
        self.path = path
        self.query = query


class Response(NamedTuple):
    """Status, headers (a new list) and body plan of a response.

    A response for a file names the representation that was selected, even if it sends no byte of
    it.
    """

    status: int
    headers: Headers
    body: BodyPlan = EMPTY
    representation: Representation | None = None


def respond(representations: Sequence[Representation], request: Request) -> Response:
    """Respond to ``request`` for the file with these ``representations`` (identity first)."""
    fields = request.fields
    selected = _select(representations, request)
    if (other := _respond_to_method(request.method, selected.headers)) is not None:
        return other._replace(representation=selected)
    outcome = evaluate(fields, selected.etag, selected.last_modified)
    if outcome is Outcome.FAILED:
        return _failed_precondition(selected)
    if outcome is Outcome.NOT_MODIFIED:
        return Response(304, _only(selected.headers, _NOT_MODIFIED_NAMES), EMPTY, selected)
    if request.method == "HEAD":
        return Response(200, list(selected.headers), EMPTY, selected)
    ranges = None if fields.range is None else _ranges(fields.range, fields.if_range, selected)
    if ranges is None:
        return Response(
            200, list(selected.headers), BodyPlan.of_file(selected.state.size), selected
        )
    if not ranges:
        return _not_satisfiable(selected)
    return _partial(selected, ranges) if len(ranges) == 1 else _multipart(selected, ranges)


def not_found_page(representations: Sequence[Representation], request: Request) -> Response:
    """Respond with the page of these ``representations`` to a GET or HEAD for a missing URL.

    Preconditions and ranges are ignored (RFC 9110 §13.2.1): they are for a response that would have
    status 200. So the page needs no validators.
    """
    coding_only = RequestFields(accept_encoding=request.fields.accept_encoding)
    selected = _select(
        representations, Request(request.method, coding_only, request.path, request.query)
    )
    headers = _except(selected.headers, "accept-ranges", "etag", "last-modified")
    body = EMPTY if request.method == "HEAD" else BodyPlan.of_file(selected.size)
    return Response(404, headers, body, selected)


def redirect(
    location: str | None, request: Request, headers: Sequence[tuple[str, str]]
) -> Response:
    """Respond with a relative redirect that keeps the query.

    :param location: a relative reference, or ``None`` to add a slash to the request's path.
    :param headers: more headers, among them those for caching and CORS.
    """
    if (other := _respond_to_method(request.method, headers)) is not None:
        return other
    target = with_query(add_slash(request.path) if location is None else location, request.query)
    return Response(302, [("Location", target), *headers, _NO_BODY])


def redirect_headers(
    shared: Sequence[tuple[str, str]], file_headers: Sequence[tuple[str, str]]
) -> Headers:
    """The headers of a redirect to a file.

    :param shared: the headers that the options ask for, among them those for caching.
    :param file_headers: the file's headers; those that control who may read it are kept.
    """
    access = _only(shared, _ACCESS_NAMES)
    kept = [header for header in shared if header not in access]
    return [*kept, *_only(file_headers, _ACCESS_NAMES)]


def unavailable(file_headers: Sequence[tuple[str, str]] = ()) -> Response:
    """Respond for a file that cannot be opened now: descriptors, memory or a disk have run out.

    :param file_headers: headers, among them those that control who may read the file.
    """
    headers = [("Retry-After", "1"), ("Cache-Control", "no-store")]
    return Response(503, [*headers, *_only(file_headers, _ACCESS_NAMES), _NO_BODY])


def not_found() -> Response:
    """Respond if there is neither a file nor an application."""
    body = b"Not Found\n"
    headers = [("Content-Type", "text/plain; charset=utf-8"), ("Content-Length", str(len(body)))]
    return Response(404, headers, BodyPlan.of_bytes(body))


def wrong_hash(method: str, shared: Sequence[tuple[str, str]]) -> Response:
    """Respond to a hashed URL whose hash the file does not have.

    It belongs to an older or a newer release. A cache must not keep this answer: the next request
    may reach a server that has that release.

    :param shared: the headers of every file.
    """
    response = not_found()
    headers = [*shared, ("Cache-Control", "no-store"), *response.headers]
    return Response(404, headers, EMPTY if method == "HEAD" else response.body)


def _respond_to_method(method: str, headers: Sequence[tuple[str, str]]) -> Response | None:
    """The response to a method other than GET and HEAD; ``None`` for these two."""
    if method in ("GET", "HEAD"):
        return None
    always = _only(headers, _ALWAYS_SENT)
    if method != "OPTIONS":
        return Response(405, [*always, ("Allow", ALLOWED_METHODS), _NO_BODY])
    if combined_field(always, "Access-Control-Allow-Origin") is not None:
        credentials = combined_field(always, "Access-Control-Allow-Credentials") == "true"
        allowed = _ALLOWED_HEADERS_BY_NAME if credentials else _ALLOWED_HEADERS
        preflight = [
            ("Access-Control-Allow-Methods", ALLOWED_METHODS),
            ("Access-Control-Allow-Headers", allowed),
            ("Access-Control-Max-Age", _PREFLIGHT_MAX_AGE),
        ]
        # A hook may have set its own value.
        always += [header for header in preflight if combined_field(always, header[0]) is None]
    return Response(204, [*always, ("Allow", ALLOWED_METHODS)])


def _select(representations: Sequence[Representation], request: Request) -> Representation:
    if len(representations) == 1:
        return representations[0]
    fields, identity = request.fields, representations[0]
    wants_range = (
        request.method == "GET"
        and fields.range is not None
        and parse_range(fields.range, identity.size) is not None
    )
    accepted, dictionary = fields.accept_encoding, None
    if fields.available_dictionary is not None:
        from ..http.dictionaries import usable_dictionary  # few clients have a dictionary

        dictionary = usable_dictionary(accepted, fields.available_dictionary)
    usable = [each for each in representations if each.dictionary in (None, dictionary)]
    candidates = [(DCZ if each.dictionary else each.coding, each.size) for each in usable]
    return usable[choose(candidates, accepted, prefer_identity=wants_range)]


def _ranges(value: str, if_range: str | None, selected: Representation) -> list[ByteRange] | None:
    if not range_applies(if_range, selected.etag, selected.last_modified):
        return None
    return parse_range(value, selected.size)


def _failed_precondition(selected: Representation) -> Response:
    headers = [*_only(selected.headers, _ALWAYS_SENT), _NO_BODY]
    return Response(412, headers, EMPTY, selected)


def _not_satisfiable(selected: Representation) -> Response:
    headers = _only(selected.headers, _ALWAYS_SENT)
    headers += [("Content-Range", unsatisfied_range(selected.size)), _NO_BODY]
    return Response(416, headers, EMPTY, selected)


def _partial(selected: Representation, ranges: Sequence[ByteRange]) -> Response:
    (part,) = ranges
    headers = [
        *_except(selected.headers, "content-length"),
        ("Content-Range", part.content_range(selected.size)),
        ("Content-Length", str(part.length)),
    ]
    return Response(206, headers, BodyPlan.of_range(part, selected.size), selected)


def _multipart(selected: Representation, ranges: Sequence[ByteRange]) -> Response:
    """RFC 9110 §14.6: the parts have a media type and a coding, the multipart body has neither."""
    part_headers = "".join(
        f"{name}: {value}\r\n"
        for name in _PART_NAMES
        if (value := combined_field(selected.headers, name)) is not None
    )
    boundary = _boundary(selected, ranges)
    parts = []
    for part in ranges:
        lines = f"{part_headers}Content-Range: {part.content_range(selected.size)}\r\n"
        # A CRLF before the first boundary too, as nginx and Apache send it: zsync searches for it.
        parts.append(BodyPart(f"\r\n--{boundary}\r\n{lines}\r\n".encode("latin-1"), part))
    parts.append(BodyPart(f"\r\n--{boundary}--\r\n".encode("latin-1"), ByteRange(0, 0)))
    plan = BodyPlan(parts)
    headers = _except(selected.headers, "content-length", *(name.lower() for name in _PART_NAMES))
    headers += [
        ("Content-Type", f"multipart/byteranges; boundary={boundary}"),
        ("Content-Length", str(plan.length)),
    ]
    return Response(206, headers, plan, selected)


def _boundary(selected: Representation, ranges: Sequence[ByteRange]) -> str:
    """The same for the same response. Its 128 bits occur in no file by chance."""
    return sha256(f"{selected.etag} {ranges}".encode()).hexdigest()[:32]


def _only(headers: Sequence[tuple[str, str]], names: frozenset[str]) -> Headers:
    """The headers with these names, and those of CORS."""
    return [
        (name, value)
        for name, value in headers
        if name.lower() in names or name.lower().startswith(_ACCESS_PREFIX)
    ]


def _except(headers: Sequence[tuple[str, str]], *names: str) -> Headers:
    return [header for header in headers if header[0].lower() not in names]

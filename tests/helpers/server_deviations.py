"""Responses in which a server deviates from the middleware's response, and why."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from tests.helpers.clients import Reply
from tests.helpers.expected_responses import ExpectedResponses
from tests.helpers.socket_clients import RawRequest

#: Returns a server's response where it deviates from ours, else ``None``.
Deviation = Callable[[RawRequest, Reply, ExpectedResponses], "Reply | None"]

#: Stands for headers and a body that the server writes itself.
OWN_WORDS = b"..."


def refuses_itself(status: int, *targets: str) -> Deviation:
    """The server responds with this status and does not call the middleware."""
    own = Reply(status, [], OWN_WORDS)
    return lambda request, ours, core: own if request.target in targets else None


def reads_path_as(targets: Mapping[str, str]) -> Deviation:
    """The server passes some paths on as others."""

    def deviation(request: RawRequest, ours: Reply, core: ExpectedResponses) -> Reply | None:
        other = targets.get(request.target)
        return None if other is None else core(request._replace(target=other))

    return deviation


def adds_header(name: str, value: str, *statuses: int) -> Deviation:
    """The server adds a header to responses with these statuses."""

    def deviation(request: RawRequest, ours: Reply, core: ExpectedResponses) -> Reply | None:
        if ours.status not in statuses:
            return None
        return Reply(ours.status, sorted([*ours.headers, (name, value)]), ours.body)

    return deviation


def drops_a_length_of_0(request: RawRequest, ours: Reply, core: ExpectedResponses) -> Reply | None:
    """The server drops ``Content-Length: 0`` from responses to HEAD."""
    headers = [field for field in ours.headers if field != ("content-length", "0")]
    if request.method != "HEAD" or headers == ours.headers:
        return None
    return Reply(ours.status, headers, ours.body)


# These servers decode the path and do not pass on how the client sent it.
_DECODED = reads_path_as(
    {
        "/docs%2Findex.html": "/docs/index.html",
        "/docs%2f": "/docs/",
        "/docs%2findex.html?a=%2F": "/docs/index.html?a=%2F",
    }
)

_NO_UTF_8 = ("/%ff", "/%c0%ae%c0%ae/secret.txt", "/%ed%a0%80")

# Apache normalizes a path (RFC 3986 §6.2.2.3) or refuses it. mod_wsgi merges slashes.
_APACHE: tuple[Deviation, ...] = (
    refuses_itself(
        400,
        *("/../secret.txt", "/%2e%2e/secret.txt", "/docs/../../secret.txt", "/%", "/%zz"),
        f"{'/%2e%2e/' * 10}etc/passwd",
    ),
    refuses_itself(404, "/%00", "/small.txt%00", "/small.txt%00.css"),
    reads_path_as(
        {
            "/docs/../small.txt": "/small.txt",
            "/docs/%2e%2e/small.txt": "/small.txt",
            "/./small.txt": "/small.txt",
            "//small.txt": "/small.txt",
            "/docs/./index.html": "/docs/index.html",
            "/docs//index.html": "/docs/index.html",
            "/docs//": "/docs/",
        }
    ),
    drops_a_length_of_0,
)

DEVIATIONS: dict[str, tuple[Deviation, ...]] = {
    # It refuses paths that are not UTF-8, and invalid escapes.
    "anycorn-trio": (refuses_itself(400, *_NO_UTF_8, "/%", "/%zz"),),
    # It removes dot segments that are not escaped (RFC 3986 §6.2.2.3).
    "uwsgi": (
        reads_path_as(
            {
                "/docs/../small.txt": "/small.txt",
                "/./small.txt": "/small.txt",
                "/docs/./index.html": "/docs/index.html",
            }
        ),
    ),
    **dict.fromkeys(("mod_wsgi-embedded", "mod_wsgi-daemon"), _APACHE),
    # It reduces several leading slashes to one, since "//host" would lead to another host.
    "waitress": (reads_path_as({"//small.txt": "/small.txt"}),),
    "wsgiref": (
        reads_path_as({"//small.txt": "/small.txt"}),
        _DECODED,
        # It adds a length of 0 to responses that have no body.
        adds_header("content-length", "0", 204, 304),
    ),
    # a2wsgi decodes a path as UTF-8 and fails if that is not possible.
    "a2wsgi-in-gunicorn": (refuses_itself(500, *_NO_UTF_8), _DECODED),
    "a2wsgi-in-uvicorn": (_DECODED,),
    "granian-wsgi": (_DECODED,),
}


def deviating_response(
    server: str, request: RawRequest, ours: Reply, core: ExpectedResponses
) -> Reply | None:
    """The response to expect of ``server``, ``None`` if it does not deviate from ours."""
    replies = (deviation(request, ours, core) for deviation in DEVIATIONS.get(server, ()))
    return next((reply for reply in replies if reply is not None), None)

"""The answers in which servers deviate from what we say, by themselves, and why."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from tests.helpers.clients import Reply
from tests.helpers.expected_responses import ExpectedResponses
from tests.helpers.socket_clients import RawRequest

#: Gives a server's answer where it is not ours, and ``None`` where it is.
Deviation = Callable[[RawRequest, Reply, ExpectedResponses], "Reply | None"]

#: The status is the server's own, and so are its words.
OWN_WORDS = b"..."


def refuses_itself(status: int, *targets: str) -> Deviation:
    """It answers with a status of its own; we are not asked."""
    own = Reply(status, [], OWN_WORDS)
    return lambda request, ours, core: own if request.target in targets else None


def reads_path_as(targets: Mapping[str, str]) -> Deviation:
    """It hands one path to us as another."""

    def answer(request: RawRequest, ours: Reply, core: ExpectedResponses) -> Reply | None:
        other = targets.get(request.target)
        return None if other is None else core(request._replace(target=other))

    return answer


def adds_header(name: str, value: str, *statuses: int) -> Deviation:
    """It adds a field to our answers."""

    def answer(request: RawRequest, ours: Reply, core: ExpectedResponses) -> Reply | None:
        if ours.status not in statuses:
            return None
        return Reply(ours.status, sorted([*ours.headers, (name, value)]), ours.body)

    return answer


def drops_a_length_of_0(request: RawRequest, ours: Reply, core: ExpectedResponses) -> Reply | None:
    """It does not pass on a length of 0 for HEAD."""
    headers = [field for field in ours.headers if field != ("content-length", "0")]
    if request.method != "HEAD" or headers == ours.headers:
        return None
    return Reply(ours.status, headers, ours.body)


# They do not say how the client sent the path, which they decode.
_DECODED = reads_path_as(
    {
        "/docs%2Findex.html": "/docs/index.html",
        "/docs%2f": "/docs/",
        "/docs%2findex.html?a=%2F": "/docs/index.html?a=%2F",
    }
)

_NO_UTF_8 = ("/%ff", "/%c0%ae%c0%ae/secret.txt", "/%ed%a0%80")

# Apache normalizes a path (RFC 3986 §6.2.2.3), or refuses it; mod_wsgi merges slashes.
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
    # It refuses paths that are no UTF-8, and escapes that are none.
    "anycorn-trio": (refuses_itself(400, *_NO_UTF_8, "/%", "/%zz"),),
    # RFC 3986 §6.2.2.3, dot segments that stand in a path as they are.
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
    # Where a path begins with several slashes, one is left: "//host" would lead elsewhere.
    "waitress": (reads_path_as({"//small.txt": "/small.txt"}),),
    "wsgiref": (
        reads_path_as({"//small.txt": "/small.txt"}),
        _DECODED,
        # An empty body has the length 0 to it, even where there is none to speak of.
        adds_header("content-length", "0", 204, 304),
    ),
    # a2wsgi decodes a path as UTF-8 and has no answer to one that is none.
    "a2wsgi-in-gunicorn": (refuses_itself(500, *_NO_UTF_8), _DECODED),
    "a2wsgi-in-uvicorn": (_DECODED,),
    "granian-wsgi": (_DECODED,),
}


def deviating_response(
    server: str, request: RawRequest, ours: Reply, core: ExpectedResponses
) -> Reply | None:
    """The answer to expect of ``server`` where it is not ours."""
    answers = (deviation(request, ours, core) for deviation in DEVIATIONS.get(server, ()))
    return next((answer for answer in answers if answer is not None), None)

"""The responses to expect, computed by ``respond`` alone: no adapter, no cache, files read anew."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path
from urllib.parse import unquote

from tests.helpers.clients import Reply
from tests.helpers.requests_table import PLACEHOLDERS
from tests.helpers.server_apps import OPTIONS, application_body
from tests.helpers.socket_clients import RawRequest
from whitenoise_async import WhiteNoise
from whitenoise_async.files.open_file import UnavailableError
from whitenoise_async.http.fields import RequestFields
from whitenoise_async.http.paths import has_encoded_slash
from whitenoise_async.registry.walked import Listed
from whitenoise_async.serving.etags import make_tags
from whitenoise_async.serving.representation import represent
from whitenoise_async.serving.response import Request, Response, redirect, redirect_headers, respond
from whitenoise_async.serving.snapshot import StaticFile


class ExpectedResponses:
    """The responses for the files below a root."""

    def __init__(self, root: Path) -> None:
        self._middleware = WhiteNoise(None, root, **OPTIONS)  # used to look up files only

    def fill(self, request: RawRequest) -> RawRequest:
        """Replace the placeholders by the entity-tags of the file."""
        fields = request.fields
        for placeholder in PLACEHOLDERS:
            if any(placeholder in value for _, value in fields):
                tag = self(RawRequest(request.target, (("Accept-Encoding", placeholder.lower()),)))[
                    "etag"
                ]
                fields = tuple((name, value.replace(placeholder, tag)) for name, value in fields)
        return request._replace(fields=fields)

    def __call__(self, request: RawRequest) -> Reply:
        path, _, query = request.target.partition("?")
        if has_encoded_slash(path):
            return _applications(request)
        try:
            url = unquote(path, errors="strict")
        except UnicodeDecodeError:
            return _applications(request)
        listed = self._middleware._registry.look_up(url)
        if listed is None:
            return _applications(request)
        try:
            response = self._respond(listed, Request(request.method, _fields(request), url, query))
        except UnavailableError:  # a variant that does not match its original
            return _applications(request)
        headers = sorted((name.lower(), value) for name, value in response.headers)
        return Reply(response.status, headers, _body(response))

    def _respond(self, listed: Listed, request: Request) -> Response:
        if not isinstance(listed, StaticFile):
            described = self._middleware._describe(listed.file)
            headers = redirect_headers(self._middleware._shared, described)
            return redirect(listed.location, request, headers)
        with closing(listed.open_forms()) as forms:
            states = [(file.path, coding, file.state) for coding, file in forms.files.items()]
            tags = make_tags("mtime")(listed.path, listed.url, list(forms.files.values()))
        return respond(represent(states, self._middleware._describe(listed), tags), request)


def _fields(request: RawRequest) -> RequestFields:
    lines: dict[str, list[str]] = {}
    for name, value in request.fields:
        lines.setdefault(name.lower().replace("-", "_"), []).append(value.strip(" \t"))
    joined = {name: ", ".join(values) for name, values in lines.items()}
    return RequestFields(**{name: joined.get(name) for name in RequestFields._fields})


def _body(response: Response) -> bytes:
    if response.representation is None or not response.body:
        return response.literal_body()
    content = Path(response.representation.path).read_bytes()
    return b"".join(
        part if isinstance(part, bytes) else content[part.start : part.stop]
        for part in response.body
    )


def _applications(request: RawRequest) -> Reply:
    body = application_body(request.method, request.body)
    headers = [("content-length", str(len(body))), ("content-type", "text/plain")]
    return Reply(200, headers, b"" if request.method == "HEAD" else body)

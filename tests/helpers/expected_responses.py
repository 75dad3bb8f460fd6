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
from whitenoise_async.files.errors import UnavailableError
from whitenoise_async.http.fields import RequestFields
from whitenoise_async.http.paths import has_encoded_slash
from whitenoise_async.registry.entries import Entry, Redirect, StaticFile
from whitenoise_async.serving.etags import make_tag_source
from whitenoise_async.serving.file_headers import FileHeaders, Hook, shared_headers
from whitenoise_async.serving.open_variants import OpenVariants
from whitenoise_async.serving.response import Request, Response, redirect, redirect_headers, respond
from whitenoise_async.serving.snapshot import ServedFile


class ExpectedResponses:
    """The responses for the files below a root."""

    def __init__(self, root: Path) -> None:
        self._middleware = WhiteNoise(None, root, **OPTIONS)
        options = self._middleware.resolved_options
        self._headers = FileHeaders(
            options.media_types,
            options.charset,
            shared_headers(options.allow_all_origins, options.nosniff),
            Hook("is_immutable_file", self._middleware.is_immutable_file),
            options.add_headers,
            options.max_age,
        )

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
        entry = self._middleware.registry.look_up(url)
        if entry is None:
            return _applications(request)
        try:
            response = self._respond(entry, Request(request.method, _fields(request), url, query))
        except UnavailableError:  # the variant of another file
            return _applications(request)
        headers = sorted((name.lower(), value) for name, value in response.headers)
        return Reply(response.status, headers, _body(response))

    def _respond(self, entry: Entry, request: Request) -> Response:
        if isinstance(entry, Redirect):
            headers = redirect_headers(
                self._headers.shared_by(entry.file), self._headers.make(entry.file)
            )
            return redirect(entry.location, request, headers)
        assert isinstance(entry, StaticFile)
        with closing(OpenVariants(entry)) as variants:
            tag_source = make_tag_source("mtime")
            snapshot = ServedFile(entry).take_snapshot(variants, self._headers, tag_source)
        return respond(snapshot.representations, request)


def _fields(request: RawRequest) -> RequestFields:
    lines: dict[str, list[str]] = {}
    for name, value in request.fields:
        lines.setdefault(name.lower().replace("-", "_"), []).append(value.strip(" \t"))
    joined = {name: ", ".join(values) for name, values in lines.items()}
    return RequestFields(**{name: joined.get(name) for name in RequestFields._fields})


def _body(response: Response) -> bytes:
    if response.representation is None or not response.body.file_length:
        return response.body.literal
    content = Path(response.representation.path).read_bytes()
    return b"".join(
        part.literal + content[part.range.start : part.range.stop] for part in response.body
    )


def _applications(request: RawRequest) -> Reply:
    body = application_body(request.method, request.body)
    headers = [("content-length", str(len(body))), ("content-type", "text/plain")]
    return Reply(200, headers, b"" if request.method == "HEAD" else body)

"""What the decision core says to a request: no adapter, nothing kept, the files read again."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path
from urllib.parse import unquote

from tests.helpers.asks import PLACEHOLDERS
from tests.helpers.clients import Reply
from tests.helpers.served import OPTIONS, application_body
from tests.helpers.wire import Ask
from whitenoise_async import WhiteNoise
from whitenoise_async.files.errors import UnavailableError
from whitenoise_async.http.fields import RequestFields
from whitenoise_async.http.paths import has_encoded_slash
from whitenoise_async.registry.entries import Entry, StaticFile
from whitenoise_async.serving.etags import make_tag_source
from whitenoise_async.serving.file_headers import FileHeaders, Hook, shared_headers
from whitenoise_async.serving.open_variants import OpenVariants
from whitenoise_async.serving.representation import make_representations
from whitenoise_async.serving.response import Request, Response, redirect, redirect_headers, respond


class Expected:
    """The answers for the files below a root."""

    def __init__(self, root: Path) -> None:
        self._middleware = WhiteNoise(None, root, **OPTIONS)
        options = self._middleware.resolved_options
        self._headers = FileHeaders(
            options.media_types,
            options.charset,
            shared_headers(options.max_age, allow_all_origins=options.allow_all_origins),
            Hook("is_immutable_file", self._middleware.is_immutable_file),
            options.add_headers,
        )

    def fill(self, ask: Ask) -> Ask:
        """Put the entity-tags of the file in their placeholders' place."""
        fields = ask.fields
        for placeholder in PLACEHOLDERS:
            if any(placeholder in value for _, value in fields):
                tag = self(Ask(ask.target, (("Accept-Encoding", placeholder.lower()),)))["etag"]
                fields = tuple((name, value.replace(placeholder, tag)) for name, value in fields)
        return ask._replace(fields=fields)

    def __call__(self, ask: Ask) -> Reply:
        path, _, query = ask.target.partition("?")
        if has_encoded_slash(path):
            return _applications(ask)
        try:
            url = unquote(path, errors="strict")
        except UnicodeDecodeError:
            return _applications(ask)
        entry = self._middleware.registry.look_up(url)
        if entry is None:
            return _applications(ask)
        try:
            response = self._respond(entry, Request(ask.method, _fields(ask), url, query))
        except UnavailableError:  # the variant of another file
            return _applications(ask)
        headers = sorted((name.lower(), value) for name, value in response.headers)
        return Reply(response.status, headers, _body(response))

    def _respond(self, entry: Entry, request: Request) -> Response:
        if not isinstance(entry, StaticFile):
            headers = redirect_headers(self._headers.shared, self._headers.make(entry.file))
            return redirect(entry.location, request, headers)
        with closing(OpenVariants(entry)) as variants:
            files = list(variants.files.values())
            states = [(file.path, coding, file.state) for coding, file in variants.files.items()]
            tags = make_tag_source("mtime").tags(entry.path, entry.url, files)
        return respond(make_representations(states, self._headers.make(entry), tags), request)


def _fields(ask: Ask) -> RequestFields:
    lines: dict[str, list[str]] = {}
    for name, value in ask.fields:
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


def _applications(ask: Ask) -> Reply:
    body = application_body(ask.method, ask.body)
    headers = [("content-length", str(len(body))), ("content-type", "text/plain")]
    return Reply(200, headers, b"" if ask.method == "HEAD" else body)

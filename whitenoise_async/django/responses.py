"""Makes Django's responses, with a body that suits the server of the request."""

from __future__ import annotations

from collections.abc import AsyncGenerator, ItemsView, Iterable, Iterator
from contextlib import aclosing

from django.core.handlers.asgi import ASGIHandler, ASGIRequest
from django.http import FileResponse, HttpRequest, HttpResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase, ResponseHeaders

from ..asgi.file_stream import FileStream
from ..files.open_file import OpenFile
from ..http.fields import RequestFields
from ..serving.body_plan import BodyPlan
from ..serving.representation import Headers
from ..serving.responder import Reply
from ..serving.response_cache import EncodedResponse, RawFields
from ..wsgi.bodies import PIECE_SIZE, FileBody, WholeFile
from ..wsgi.environ import CONNECTION_CLOSE, WSGI_FORMAT, hides_errors

# Keeps Django from computing a default Content-Type, which would not be sent.
_NO_CONTENT_TYPE = ""


#: A header as Django's mapping of headers stores it: by the name in lower case.
Line = tuple[str, tuple[str, str]]


class DjangoFormat:
    """Headers are encoded for :class:`_Headers`; those of a request are as under WSGI."""

    def encode(self, headers: Headers) -> list[Line]:
        """Join the values of headers that appear more than once (RFC 9110 §5.3)."""
        joined: dict[str, tuple[str, str]] = {}
        for name, value in headers:
            before = joined.get(name.lower())
            joined[name.lower()] = (name, value if before is None else f"{before[1]}, {value}")
        return list(joined.items())

    def read_fields(self, raw: RawFields) -> RequestFields:
        """Decode the headers of a request."""
        return WSGI_FORMAT.read_fields(raw)


class _Headers(ResponseHeaders):
    """Django's headers, without a check of each.

    The headers were checked before. Django's check takes longer than everything that this package
    does for a small file.
    """

    def __init__(self, lines: Iterable[Line]) -> None:
        self._store = dict(lines)

    def items(self) -> ItemsView[str, str]:
        """The names and values. Django's own view makes three calls for each."""
        return dict(self._store.values()).items()


class _Pieces(Iterator[bytes]):
    """A body of at most one piece, for ``for`` and ``async for``."""

    def __init__(self, content: bytes) -> None:
        self._pieces = iter([content] if content else [])

    def __next__(self) -> bytes:
        return next(self._pieces)

    def __aiter__(self) -> _Pieces:
        return self

    async def __anext__(self) -> bytes:
        for piece in self._pieces:
            return piece
        raise StopAsyncIteration


class _ContentResponse(HttpResponse):
    """A body in memory that also has ``streaming_content``.

    Code that was written for WhiteNoise, mostly tests, reads ``streaming_content`` of every file.
    Django sends ``content``, which is faster.
    """

    is_async = False

    @property
    def streaming_content(self) -> _Pieces:
        """The body from its beginning."""
        return _Pieces(self.content)

    @streaming_content.setter
    def streaming_content(self, pieces: Iterable[bytes]) -> None:
        self.content = b"".join(pieces)

    def __aiter__(self) -> _Pieces:
        return self.streaming_content


class _WholeFileResponse(FileResponse):
    """Django's response for a whole file: servers with ``wsgi.file_wrapper`` use sendfile."""

    block_size = PIECE_SIZE

    def __init__(self, file: WholeFile, status: int) -> None:
        self._close_file = file.close  # Django's handler replaces it with ``self.close``
        super().__init__(file, status=status)

    def close(self) -> None:
        """Close the file as well.

        :raises BrokenBodyError: if the file does, so that the server cuts the connection. Django
            ignores errors of the objects that a response closes.
        """
        try:
            self._close_file()
        finally:
            super().close()

    def set_headers(self, filelike: object) -> None:
        """Do nothing: the headers are complete."""


class _Streamed:
    """A body for an event loop, and the file that it is read from."""

    def __init__(self, file: OpenFile, plan: BodyPlan) -> None:
        self._stream = FileStream(file)
        self._plan = plan

    async def __aiter__(self) -> AsyncGenerator[bytes, None]:
        try:
            # Django would split larger pieces, and keep each in memory until it is sent.
            max_size = ASGIHandler.chunk_size
            async with aclosing(self._stream.pieces(self._plan, max_size)) as pieces:
                async for piece in pieces:
                    yield piece
        finally:
            await self._stream.close()

    def close(self) -> None:
        """Close the file if the response was not read to its end."""
        self._stream.close_blocking()


def make_response(reply: Reply[Line], request: HttpRequest, *, is_shared: bool) -> HttpResponseBase:
    """Make the response for ``reply``; closing it closes the file.

    :param is_shared: whether other responses may use the file's descriptor. If so, it is not given
        to a server, which would read from the descriptor's own position.
    """
    encoded, body, file = reply
    if file is None:
        response: HttpResponseBase = _ContentResponse(body, _NO_CONTENT_TYPE, encoded.status)
    else:
        try:
            response = _file_response(file, encoded, request, is_shared=is_shared)
        except BaseException:
            file.close()
            raise
    # Replace Django's default headers: a 304 has no Content-Type.
    response.headers = _Headers(encoded.headers)
    if file is not None and hides_errors(request.META):
        name, value = CONNECTION_CLOSE
        response.headers[name] = value
    return response


def _file_response(
    file: OpenFile, encoded: EncodedResponse[Line], request: HttpRequest, *, is_shared: bool
) -> HttpResponseBase:
    plan, status = encoded.plan, encoded.status
    if isinstance(request, ASGIRequest):
        return StreamingHttpResponse(_Streamed(file, plan), status=status)
    # Servers pass the whole file to sendfile.
    is_sendable = file.is_local and plan.is_whole_file and not is_shared
    if is_sendable and not hides_errors(request.META):
        return _WholeFileResponse(WholeFile(file), status)
    return StreamingHttpResponse(FileBody(file, plan), status=status)

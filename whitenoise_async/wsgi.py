"""The WSGI adapter (PEP 3333): translates, and moves bytes."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing
from typing import TYPE_CHECKING

from .base import BaseWhiteNoise
from .files import CHUNK_SIZE, BrokenBodyError, OpenFile
from .http.fields import OWS, RequestFields
from .http.paths import decode_environ_path
from .http.ranges import ByteRange
from .responses import REASONS, Request, Response, not_found
from .static_file import Answer

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment

_ENVIRON_KEYS = tuple(f"HTTP_{name.upper()}" for name in RequestFields._fields)


def _standalone(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
    """The application where there is none."""
    response = not_found()
    _start(response, start_response)
    return [] if environ["REQUEST_METHOD"] == "HEAD" else _literals(response)


class WhiteNoise(BaseWhiteNoise):
    """Wraps a WSGI application and serves its static files.

    A request for a listed file is served; every other request goes to the application untouched.
    """

    _application_kind = "a WSGI application"
    _application_parameters = ("environ", "start_response")
    _application_is_async = False
    _standalone = staticmethod(_standalone)

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Answer one request, or have the application answer it."""
        url = decode_environ_path(environ.get("PATH_INFO", ""))
        listed = None if url is None else self.find(url)
        answer = None if listed is None else self.answer(listed, _request(environ))
        if answer is None:
            result: Iterable[bytes] = self.application(environ, start_response)
            return result
        _start(answer.response, start_response)
        return _body(answer, environ)


def _request(environ: WSGIEnvironment) -> Request:
    values = (environ.get(key) for key in _ENVIRON_KEYS)
    fields = RequestFields(*(value if value is None else value.strip(OWS) for value in values))
    path = environ.get("SCRIPT_NAME", "") + environ.get("PATH_INFO", "")
    query = environ.get("QUERY_STRING", "")
    return Request(environ["REQUEST_METHOD"], fields, decode_environ_path(path) or "/", query)


def _start(response: Response, start_response: StartResponse) -> None:
    start_response(f"{response.status} {REASONS[response.status]}", response.headers)


def _body(answer: Answer, environ: WSGIEnvironment) -> Iterable[bytes]:
    response, file = answer
    if file is None:
        return _literals(response)
    wrapper = environ.get("wsgi.file_wrapper")
    # Servers give a wrapped file's descriptor to sendfile, some of them from its beginning to its
    # end whatever Content-Length says: they get it for whole files alone.
    if wrapper is not None and response.body == (ByteRange(0, file.state.size),):
        wrapped: Iterable[bytes] = wrapper(_WholeFile(file), CHUNK_SIZE)
        return wrapped
    return _Parts(file, response.body)


def _literals(response: Response) -> list[bytes]:
    return [part for part in response.body if isinstance(part, bytes)]


class _Parts:
    """A body by its plan, read as it is sent."""

    def __init__(self, file: OpenFile, plan: Sequence[bytes | ByteRange]) -> None:
        self._file = file
        self._plan = plan

    def __iter__(self) -> Iterator[bytes]:
        for part in self._plan:
            if isinstance(part, bytes):
                yield part
            else:
                self._file.file.seek(part.start)
                reader = _Bounded(self._file, part.length)
                yield from iter(lambda: reader.read(CHUNK_SIZE), b"")  # noqa: B023

    def close(self) -> None:
        """PEP 3333 has servers call this when the answer is done or given up."""
        self._file.close()


class _Bounded:
    """So many bytes of a file from where it stands: never more, an error where there are fewer."""

    def __init__(self, file: OpenFile, length: int) -> None:
        self._file = file
        self._left = length

    def read(self, size: int = -1) -> bytes:
        """Read up to ``size`` bytes, all that are left if negative; nothing at the end."""
        wanted = self._left if size < 0 else min(size, self._left)
        left, self._left = self._left, 0  # after an error there is nothing more to say
        try:
            data = self._file.file.read(wanted)
        except OSError as error:
            raise BrokenBodyError(self._file.path, str(error)) from error
        if len(data) < wanted:
            raise BrokenBodyError(self._file.path)
        if left and wanted == left and (fault := self._file.fault()):
            raise BrokenBodyError(self._file.path, fault)
        self._left = left - wanted
        return data


class _WholeFile(_Bounded):
    """What ``wsgi.file_wrapper`` is given: a file no longer than it was when it was opened."""

    def __init__(self, file: OpenFile) -> None:
        super().__init__(file, file.state.size)

    def fileno(self) -> int:
        """The descriptor, for sendfile."""
        return self._file.file.fileno()

    def close(self) -> None:
        """Close the file.

        :raises BrokenBodyError: where a server that used the descriptor may have sent less than it
            promised, or something else. Gunicorn's sendfile stops at the end of the file without a
            word, and would go on with the next answer.
        """
        left, self._left = self._left, 0
        with closing(self._file):
            if left and (fault := self._file.fault()):
                raise BrokenBodyError(self._file.path, fault)

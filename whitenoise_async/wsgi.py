"""The WSGI adapter (PEP 3333): translates, and moves bytes."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, cast

from .base import BaseWhiteNoise
from .decisions import Decision, RawFields
from .files import BrokenBodyError, FileSystemError, OpenFile
from .http.fields import OWS, RequestFields
from .http.paths import decode_environ_path
from .http.ranges import ByteRange
from .representations import Headers
from .responses import REASONS, not_found

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment

_KEYS = tuple(f"HTTP_{name.upper()}" for name in RequestFields._fields)
_STATUS_LINES = {status: f"{status} {reason}" for status, reason in REASONS.items()}

# Bytes that are read and handed on at a time, where the server does not send the file itself.
PIECE_SIZE = 256 * 1024


def _standalone(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
    """The application where there is none."""
    response = not_found()
    start_response(_STATUS_LINES[response.status], response.headers)
    return [] if environ["REQUEST_METHOD"] == "HEAD" else [response.literal_body()]


class WhiteNoise(BaseWhiteNoise[tuple[str, str]]):
    """Wraps a WSGI application and serves its static files.

    A request for a listed file is served; every other request goes to the application untouched.
    """

    _application_kind = "a WSGI application"
    _application_parameters = ("environ", "start_response")
    _application_is_async = False
    _keeps_files_open = False
    _standalone = staticmethod(_standalone)

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Answer one request, or have the application answer it."""
        url = decode_environ_path(environ.get("PATH_INFO", ""))
        listed = None if url is None else self._find(url)
        if listed is not None:
            method, fields = environ["REQUEST_METHOD"], _relevant(environ)
            answer = self._answer_at_once(listed, method, fields) or self._answer(
                listed, method, fields, *_target(environ)
            )
            if answer is not None:
                decision, body, file = answer
                if file is not None:
                    return _answer_from(file, decision, environ, start_response)
                # A list of its own for each answer: middlewares change it in place.
                start_response(_STATUS_LINES[decision.status], decision.headers.copy())
                return [body] if body else []
        result: Iterable[bytes] = self.application(environ, start_response)
        return result

    @staticmethod
    def _encode(headers: Headers) -> Headers:
        return headers

    @staticmethod
    def _read_fields(raw: RawFields) -> RequestFields:
        values = cast("tuple[str | None, ...]", raw)
        return RequestFields(*(value if value is None else value.strip(OWS) for value in values))


def _relevant(environ: WSGIEnvironment) -> RawFields:
    """The fields on which an answer depends."""
    return tuple(map(environ.get, _KEYS))


def _target(environ: WSGIEnvironment) -> tuple[str, str]:
    """The request's path, or the mount point where there is none, and its query."""
    path = environ.get("PATH_INFO") or environ.get("SCRIPT_NAME", "").rstrip("/")
    return decode_environ_path(path) or "/", environ.get("QUERY_STRING", "")


def _answer_from(
    file: OpenFile,
    decision: Decision[tuple[str, str]],
    environ: WSGIEnvironment,
    start_response: StartResponse,
) -> Iterable[bytes]:
    wrapper: Callable[..., Iterable[bytes]] | None = environ.get("wsgi.file_wrapper")
    try:
        start_response(_STATUS_LINES[decision.status], decision.headers.copy())
        # Servers give a wrapped file's descriptor to sendfile, some of them from its beginning to
        # its end whatever Content-Length says: they get it for whole files alone.
        if wrapper is not None and decision.whole:
            return wrapper(_WholeFile(file), PIECE_SIZE)
        return _Parts(file, decision.plan)
    except BaseException:  # the server has nothing that it could close
        file.close()
        raise


class _Parts:
    """A body by its plan, read as it is sent."""

    def __init__(self, file: OpenFile, plan: Sequence[bytes | ByteRange]) -> None:
        self._file = file
        self._plan = plan
        self._is_open = True

    def __iter__(self) -> Iterator[bytes]:
        for part in self._plan:
            if isinstance(part, bytes):
                yield part
            else:
                reader = _Bounded(self._file, part)
                yield from iter(lambda: reader.read(PIECE_SIZE), b"")  # noqa: B023

    def close(self) -> None:
        """Close the file, when the answer is done or given up. Some servers do it twice."""
        if self._is_open:
            self._is_open = False
            self._file.close()


class _Bounded:
    """A range of a file: never more of it, and an error where there is less."""

    def __init__(self, file: OpenFile, part: ByteRange) -> None:
        self._file = file
        self._offset, self._stop = part

    def read(self, size: int = -1) -> bytes:
        """Read up to ``size`` bytes, all that are left if negative; nothing at the end."""
        offset, stop = self._offset, self._stop
        wanted = stop - offset if size < 0 else min(size, stop - offset)
        if not wanted:  # what was sent whole must not fail
            return b""
        self._offset = stop  # after an error there is nothing more to say
        try:
            data = self._file.read_fully(offset, wanted)
        except FileSystemError as error:
            raise BrokenBodyError(self._file.path, error.reason) from error
        if len(data) < wanted:
            raise BrokenBodyError(self._file.path)
        if stop == offset + wanted and (fault := self._file.fault()):
            raise BrokenBodyError(self._file.path, fault)
        self._offset = offset + wanted
        return data


class _WholeFile(_Bounded):
    """What ``wsgi.file_wrapper`` is given: a file no longer than it was when it was opened."""

    def __init__(self, file: OpenFile) -> None:
        super().__init__(file, ByteRange(0, file.state.size))
        self._is_open = True

    def fileno(self) -> int:
        """The descriptor, for sendfile."""
        return self._file.fileno()

    def tell(self) -> int:
        """Where it stands: mod_wsgi fails at what has a descriptor and does not say so."""
        return self._offset

    def close(self) -> None:
        """Close the file.

        :raises BrokenBodyError: where a server that used the descriptor may have sent less than it
            promised, or something else. Gunicorn's sendfile stops at the end of the file without a
            word, and would go on with the next answer.
        """
        if not self._is_open:
            return
        self._is_open = False
        unread = self._offset < self._stop
        try:
            if unread and (fault := self._file.fault()):
                raise BrokenBodyError(self._file.path, fault)
        finally:
            self._file.close()

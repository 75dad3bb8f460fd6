"""What both adapters share: the options, the hooks, and the registry's owner."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar, Generic
from wsgiref.headers import Headers as HookHeaders
from wsgiref.util import is_hop_by_hop

from .applications import is_async, kind_of, takes
from .files.open_file import FileSystemError, UnavailableError, read_state
from .http.fields import OWS, RequestFields, is_field_value, is_token
from .http.media_types import content_type
from .options import Options, apply_keywords, resolve
from .overrides import OF_APPLICATIONS, uncalled_override
from .registry.walked import Listed, LiveRegistry, Registry, WalkedRegistry, make_root
from .serving.representation import Headers
from .serving.responder import Answer, Answers
from .serving.response import Request, Response, redirect, redirect_headers, unavailable
from .serving.response_cache import Decision, Line, RawFields
from .serving.snapshot import Sought, StaticFile
from .support.logs import error_rate_limited, warn_once

if TYPE_CHECKING:
    from typing_extensions import Unpack

    from .options import OptionKeywords

# Ten years: what is said of a file that never changes.
_FOREVER = "max-age=315360000, public, immutable"


class BaseWhiteNoise(Options, Generic[Line]):
    """Static files of an application: which there are, and how a request for one is answered.

    Options are keyword arguments, or attributes of a subclass; see :class:`Options`.
    """

    #: How the application is called, for the check of what was given as one.
    _application_parameters: ClassVar[tuple[str, ...]]
    _application_is_async: ClassVar[bool]
    _application_kind: ClassVar[str]
    #: How the applications of the other interface are called, and which class wraps these.
    _other_kind: ClassVar[tuple[tuple[str, ...], str] | None] = None
    #: What answers in the place of an application that is ``None``.
    _standalone: ClassVar[Callable[..., Any]]
    #: Whether the adapter's servers are never handed a descriptor that others read from as well.
    _keeps_files_open: bool
    #: Header field lines in the form that the adapter's servers take.
    _encode: Callable[[Headers], list[Line]]
    #: The request fields, from the form in which the adapter has them.
    _read_fields: Callable[[RawFields], RequestFields]

    def __init__(
        self,
        application: Callable[..., Any] | None,
        root: str | os.PathLike[str] | None = None,
        prefix: str | None = None,
        **options: Unpack[OptionKeywords],
    ) -> None:
        """
        :param application: what answers every request that is not for a listed file; ``None``
            answers them with 404.
        :param root: a folder of static files, as for :meth:`add_files`.
        :param prefix: where they are served, as for :meth:`add_files`.
        :raises TypeError: for an unknown option, a value of the wrong type, or a subclass with a
            method of WhiteNoise's that is never called here.
        :raises ValueError: for a value out of range.
        """
        uncalled = uncalled_override(type(self), OF_APPLICATIONS)
        if uncalled is not None:
            raise TypeError(uncalled)
        self._check_application(application)
        self.application = self._standalone if application is None else self._adapt(application)
        apply_keywords(self, options)
        if is_async(self.is_immutable_file):
            raise TypeError("is_immutable_file must not be async: it is called in a thread")
        self._options = resolve(self)
        self._shared = self._shared_headers()
        self._answers = Answers(
            self._options, self._describe, self._encode, self._read_fields, self._keeps_files_open
        )
        self._registry = self._make_registry()
        if root is not None:
            self._registry.add(make_root(root, prefix, False))
        # For the adapters, which call them for every request.
        self._find: Callable[[str], Listed | Sought | None]
        self._find = Sought if self._options.autorefresh else self._registry.look_up
        self._answer_at_once = self._answers.at_once

    def add_files(
        self, root: str | os.PathLike[str], prefix: str | None = None, followlinks: bool = False
    ) -> None:
        """Serve the files below a folder. They win over files added earlier for the same URL.

        :param root: the folder; a relative one counts from the current directory of this moment. A
            ``UserWarning`` names one that is no directory.
        :param prefix: what their URL paths begin with; slashes around it mean nothing.
        :param followlinks: whether to follow links to directories. Links to files always work.
        """
        self._registry.add(make_root(root, prefix, followlinks))

    def find(self, url: str) -> StaticFile | None:
        """The file that ``url`` is served from, with its absolute ``path``. Blocks on the disk.

        :param url: the URL path, decoded, below the mount point, without a query.
        :returns: ``None`` for every other URL: one of the application, a variant, a redirect, or a
            file that was removed.
        :raises FileSystemError: where the system fails at the file.
        """
        found = self._registry.look_up(url)
        if not isinstance(found, StaticFile):
            return None
        try:
            found.open_forms().close()
        except UnavailableError:
            return None
        return found

    def _add_names(
        self, root: str | os.PathLike[str], prefix: str | None, names: Iterable[str]
    ) -> None:
        """Serve the files of these names below a folder, which is not walked.

        :param names: paths below ``root``, with ``/`` between names, as a walk would find them:
            pre-compressed siblings among them. Of one that is not there the request finds out.
        """
        self._registry.add(make_root(root, prefix, True), names)

    def _make_registry(self) -> Registry:
        kind = LiveRegistry if self._options.autorefresh else WalkedRegistry
        return kind(self._options.index_file, self._options.exclude)

    def _listed_files(self) -> Mapping[str, tuple[str, ...]] | None:
        """The paths of the files that are served, and the suffixes of each one's siblings.

        :returns: ``None`` with ``autorefresh``, which lists nothing.
        """
        return self._registry.files()

    def is_immutable_file(self, static_file: StaticFile, url: str) -> bool:
        """Whether the file never changes under its URL, so that it may be cached for good.

        A hook for subclasses; by default it asks ``immutable_file_test``.

        :param static_file: ``static_file.path`` is the file's absolute path.
        :param url: the URL path, decoded, below the mount point.
        """
        test = self._options.is_immutable
        return test is not None and bool(test(static_file.path, url))

    def _answer(
        self, sought: Listed | Sought, method: str, fields: RawFields, path: str, query: str
    ) -> Answer[Line] | None:
        """Answer a request for what was found. Blocks on the disk.

        :param fields: what the adapter has read of the request.
        :param path: the whole path, with the mount point.
        :param query: Latin-1 text, without ``?``.
        :returns: ``None`` where there is no file any more: then it is the application's turn.
        """
        try:
            listed = self._registry.look_up(sought.url) if isinstance(sought, Sought) else sought
            if listed is None:
                return None
            if isinstance(listed, StaticFile):
                return self._answers.from_disk(listed, method, fields)
            read_state(listed.path)
            request = Request(method, RequestFields(), path, query)
            headers = redirect_headers(self._shared, listed.file.described(self._describe))
            return self._plain(redirect(listed.location, request, headers))
        except UnavailableError as error:
            if not error.gone:
                warn_once(str(error))
            return None
        except FileSystemError as error:
            return self._unavailable(error, sought)
        except MemoryError as error:
            return self._unavailable(FileSystemError(sought.path, error), sought)

    def _unavailable(self, error: FileSystemError, sought: Listed | Sought) -> Answer[Line]:
        error_rate_limited(str(error))
        # No hook runs here: this may be on the event loop.
        return self._plain(unavailable(sought.description or self._shared))

    def _plain(self, response: Response) -> Answer[Line]:
        return Decision(response, self._encode), response.literal_body(), None

    def _check_application(self, application: Any) -> None:
        if application is None:
            return
        if callable(application) and self._fits(application):
            return
        message = (
            f"{type(self).__name__}() must be given {self._application_kind}, called as"
            f" ({', '.join(self._application_parameters)}), or None; got {application!r}"
        )
        if self._other_kind is not None and kind_of(application) == self._other_kind[0]:
            message += f"; {self._other_kind[1]}() takes this one"
        raise TypeError(message)

    @staticmethod
    def _adapt(application: Callable[..., Any]) -> Callable[..., Any]:
        """The callable that runs ``application`` for the adapter."""
        return application

    @classmethod
    def _fits(cls, application: Callable[..., Any]) -> bool:
        """Whether ``application`` may be called as the adapter calls it."""
        if is_async(application) and not cls._application_is_async:
            return False
        return takes(application, *cls._application_parameters)

    def _shared_headers(self) -> list[tuple[str, str]]:
        """The fields that files and redirects have in common."""
        headers = []
        if self._options.max_age is not None:
            headers.append(("Cache-Control", f"max-age={self._options.max_age}, public"))
        if self._options.allow_all_origins:
            headers.append(("Access-Control-Allow-Origin", "*"))
        return headers

    def _describe(self, static_file: StaticFile) -> Sequence[tuple[str, str]]:
        """The fields that are the same for all representations of a file. Runs the hooks."""
        path, url = static_file.path, static_file.url
        media_type = self._options.media_types.media_type(path)
        headers = HookHeaders([("Content-Type", content_type(media_type, self._options.charset))])
        for name, value in self._shared:
            headers[name] = value
        overridden = type(self).is_immutable_file is not BaseWhiteNoise.is_immutable_file
        hook = "is_immutable_file" if overridden else "immutable_file_test"
        try:
            if self.is_immutable_file(static_file, url):
                headers["Cache-Control"] = _FOREVER
            hook = "add_headers_function"
            if self._options.add_headers is not None:
                self._options.add_headers(headers, path, url)
            return [_checked(name, value) for name, value in headers.items()]
        except Exception:
            error_rate_limited(f"{hook} failed for {path}")
            raise


def _checked(name: str, value: str) -> tuple[str, str]:
    """Refuse what no server could send: better here, by name, than in the server's own words."""
    value = value.strip(OWS)
    if not is_token(name):
        raise ValueError(f"add_headers_function set a field with an invalid name: {name!r}")
    if not is_field_value(value):
        raise ValueError(
            f"add_headers_function set {name} to {value!r}, which cannot be sent:"
            " a value is Latin-1 text without control characters"
        )
    if is_hop_by_hop(name) and name.lower() != "transfer-encoding":  # which is dropped later
        raise ValueError(
            f"add_headers_function set {name}, which is the server's to set:"
            " it is about the connection"
        )
    return name, value

"""The base class of both adapters: options, hooks, roots, one registry and one responder."""

from __future__ import annotations

import os
import warnings
from collections.abc import Callable, Iterable, Mapping
from contextlib import closing
from typing import TYPE_CHECKING, Any, ClassVar, Generic

from .applications import accepts, detect_interface, is_async
from .files.errors import UnavailableError
from .options import Options, ResolvedOptions, apply_keywords, resolve
from .overrides import UNCALLED_APPLICATION_METHODS, find_uncalled_override
from .registry.entries import Fallback, NotFoundPage, StaticFile
from .registry.interface import Registry, RegistryOptions, Root, Substitutes, make_root
from .registry.live import LiveRegistry
from .registry.walked import WalkedRegistry
from .serving.etags import make_tag_source
from .serving.file_headers import FileHeaders, Hook, shared_headers
from .serving.open_variants import OpenVariants
from .serving.responder import Limits, Responder
from .serving.response_cache import Line, WireFormat
from .support.logs import error_rate_limited, printable

if TYPE_CHECKING:
    from typing_extensions import Unpack

    from .options import OptionKeywords


#: Wraps an application: called with the application, the registry and the responder.
Wrapper = Callable[..., Callable[..., Any]]


class BaseWhiteNoise(Options, Generic[Line]):
    """The static files of an application.

    Options are keyword arguments, or attributes of a subclass; see :class:`Options`.
    """

    #: The parameters that the adapter passes to the application, to check its signature.
    _application_parameters: ClassVar[tuple[str, ...]]
    _application_is_async: ClassVar[bool]
    _application_kind: ClassVar[str]
    #: The parameters of the other interface's applications, and the class that wraps these.
    _other_kind: ClassVar[tuple[tuple[str, ...], str] | None] = None
    #: Answers if the application is ``None``.
    _standalone: ClassVar[Callable[..., Any]]
    #: Sends the fallback in place of an application's 404.
    _fallback_application: ClassVar[Wrapper]
    #: Sends the page for missing URLs. ``None`` if there is always an application.
    _not_found_application: ClassVar[Wrapper | None] = None
    #: How the adapter's servers represent headers.
    _wire_format: ClassVar[WireFormat[Any]]
    #: Whether responses may share the descriptor of an open file. A server that gets a descriptor
    #: must have one of its own: PEP 3333 lets it read from the current position.
    _shares_descriptors: bool

    def __init__(
        self,
        application: Callable[..., Any] | None,
        root: str | os.PathLike[str] | None = None,
        prefix: str | None = None,
        **options: Unpack[OptionKeywords],
    ) -> None:
        """
        :param application: answers every request that is not for a listed file. ``None`` answers
            them with 404.
        :param root: a folder of static files, as for :meth:`add_files`. ``None`` adds none.
        :param prefix: the beginning of their URL paths, as for :meth:`add_files`.
        :raises TypeError: for an unknown option, a value of the wrong type, an application of
            another interface, or a subclass with a method of WhiteNoise's that is never called
            here. The message names the replacement.
        :raises ValueError: for a value out of range, for a ``prefix`` that is a URL, and for
            ``not_found`` with an application.
        """
        uncalled = find_uncalled_override(type(self), UNCALLED_APPLICATION_METHODS)
        if uncalled is not None:
            raise TypeError(uncalled)
        self._check_application(application)
        self.application = self._standalone if application is None else self._adapt(application)
        resolved = self.resolved_options = self._resolve(options)
        self.registry = self._make_registry()
        self.responder = self._make_responder()
        if resolved.not_found is not None:
            if application is not None or self._not_found_application is None:
                raise ValueError(
                    "not_found must be None with an application, which answers with its own 404;"
                    f" got {resolved.not_found!r}"
                )
            self._wrap_application(self._not_found_application)
        if resolved.fallback is not None:
            self._wrap_application(self._fallback_application)
        if root is not None:
            added = make_root(root, prefix, False)
            self._add(added)
            self._warn_of_missing(added)

    def add_files(
        self, root: str | os.PathLike[str], prefix: str | None = None, followlinks: bool = False
    ) -> None:
        """Serve the files below a folder. They win over files added earlier for the same URL.

        :param root: the folder. A relative path is resolved now. A ``UserWarning`` names a root
            that is not a directory.
        :param prefix: the beginning of the files' URL paths. Slashes around it make no difference.
        :param followlinks: whether to follow links to directories. Links to files always work.
        :raises TypeError: for an argument of the wrong type.
        :raises ValueError: if ``prefix`` is a URL.
        """
        self._add(make_root(root, prefix, followlinks))

    def add_listed_files(
        self, root: str | os.PathLike[str], prefix: str | None, names: Iterable[str]
    ) -> None:
        """Serve files of known names below a folder, which is not walked.

        :param root: the folder, as for :meth:`add_files`.
        :param prefix: the beginning of the files' URL paths, as for :meth:`add_files`.
        :param names: paths below ``root``, with ``/`` between names, as a walk would find them,
            variants included. A missing file is noticed when it is requested.
        """
        self._add(make_root(root, prefix, True), names)

    def _warn_of_missing(self, root: Root) -> None:
        """Warn if the constructor's root, which exists, has none of the files it should have."""
        for kind, name in self._substitutes().items():
            is_missing = self.registry.find_substitute_nowait(kind, root.prefix) is None
            if is_missing and os.path.isdir(root.path):
                # Two frames up is the caller of the constructor.
                path = os.path.join(root.path, name)
                warnings.warn(
                    printable(f"No file at: {path}, the value of {kind.option}"), stacklevel=3
                )

    def _resolve(self, options: Mapping[str, object]) -> ResolvedOptions:
        try:
            apply_keywords(self, options)
            if is_async(self.is_immutable_file):
                raise TypeError("is_immutable_file must not be async: it is called in a thread")
            return resolve(self)
        except (TypeError, ValueError) as error:
            if self._hides_errors():
                error_rate_limited(str(error))
            raise

    @staticmethod
    def _hides_errors() -> bool:
        """Whether the caller of the constructor may hide an error, so that it must be logged."""
        return False

    def _add(self, root: Root, names: Iterable[str] | None = None) -> None:
        self.registry.add(root, names)
        self.responder.forget_replaced()

    def find(self, url: str) -> StaticFile | None:
        """The file that ``url`` is served from. Blocks on the disk.

        :param url: the URL path, decoded, below the mount point, without a query.
        :returns: the file, whose ``path`` is absolute. ``None`` for every other URL: one of the
            application, a variant, a redirect, or a file that was removed.
        :raises FileSystemError: if the system fails.
        """
        entry = self.registry.look_up(url)
        if not isinstance(entry, StaticFile):
            return None
        try:
            with closing(OpenVariants(entry)):
                return entry
        except UnavailableError:
            return None

    def listed_files(self) -> Mapping[str, tuple[str, ...]] | None:
        """The files that are served: their absolute paths, and the suffixes of their variants.

        :returns: a mapping such as ``{"/srv/static/app.css": (".gz", ".br")}``. ``None`` with
            ``autorefresh``, which lists nothing in advance.
        """
        return self.registry.files()

    def is_immutable_file(self, static_file: StaticFile, url: str) -> bool:
        """Whether the file never changes under its URL, so that it may be cached permanently.

        A hook for subclasses. By default it calls ``immutable_file_test``. With ``autorefresh``,
        it is not called, and no file is immutable.

        :param static_file: ``static_file.path`` is the file's absolute path.
        :param url: the URL path, decoded, below the mount point.
        :returns: whether to send ``Cache-Control: max-age=315360000, public, immutable``
            (RFC 8246). A subclass may return any value that is true or false.
        """
        test = self.resolved_options.is_immutable
        return test is not None and bool(test(static_file.path, url))

    def _immutable_hook(self) -> Hook | None:
        if self.resolved_options.autorefresh:
            return None  # an edit must show, also in a file with a hash in its name
        if type(self).is_immutable_file is not BaseWhiteNoise.is_immutable_file:
            return Hook("is_immutable_file", self.is_immutable_file)
        if self.resolved_options.is_immutable is None:
            return None
        return Hook("immutable_file_test", self.is_immutable_file)

    def _make_responder(self) -> Responder[Line]:
        options = self.resolved_options
        file_headers = FileHeaders(
            options.media_types,
            options.charset,
            shared_headers(options.allow_all_origins, options.nosniff),
            self._immutable_hook(),
            options.add_headers,
            options.max_age,
        )
        limits = Limits(
            options.check_interval,
            options.max_cached_file_size,
            options.max_cache_size,
            self._shares_descriptors,
            keep_anything=not options.autorefresh,
        )
        tag_source = make_tag_source(options.etag, options.default_etag)
        return Responder(self.registry, file_headers, tag_source, self._wire_format, limits)

    def _wrap_application(self, wrapper: Wrapper) -> None:
        self.application = wrapper(self.application, self.registry, self.responder)

    def _make_registry(self) -> Registry:
        kind = LiveRegistry if self.resolved_options.autorefresh else WalkedRegistry
        return kind(self._registry_options())

    def _registry_options(self) -> RegistryOptions:
        options = self.resolved_options
        substitutes = self._substitutes()
        return RegistryOptions(options.index_file, options.exclude, options.clean_urls, substitutes)

    def _substitutes(self) -> Substitutes:
        """The files that are sent where there is no file, by their kind."""
        options = self.resolved_options
        names = {Fallback: options.fallback, NotFoundPage: options.not_found}
        return {kind: name for kind, name in names.items() if name is not None}

    def _check_application(self, application: Any) -> None:
        if application is None:
            return
        if callable(application) and self._fits(application):
            return
        message = (
            f"{type(self).__name__}() must be given {self._application_kind}, called as"
            f" ({', '.join(self._application_parameters)}), or None; got {application!r}"
        )
        if self._other_kind is not None and detect_interface(application) == self._other_kind[0]:
            message += f"; {self._other_kind[1]}() wraps this one"
        raise TypeError(message)

    @staticmethod
    def _adapt(application: Callable[..., Any]) -> Callable[..., Any]:
        """Return a callable that the adapter can call in place of ``application``."""
        return application

    @classmethod
    def _fits(cls, application: Callable[..., Any]) -> bool:
        """Whether ``application`` can be called as the adapter calls it."""
        if is_async(application) and not cls._application_is_async:
            return False
        return accepts(application, *cls._application_parameters)

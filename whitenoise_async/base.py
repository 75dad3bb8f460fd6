"""The base class of both adapters: options, hooks, roots, one site and one responder."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING, Any, ClassVar, Generic

from .applications import accepts, detect_interface, is_async
from .assets.site import Site, make_registry, open_store, with_store
from .options import Options, apply_keywords, is_set, require_known, resolve
from .overrides import UNCALLED_APPLICATION_METHODS, find_uncalled_override
from .registry.entries import StaticFile
from .registry.interface import Registry, Root, make_root
from .serving.file_headers import Hook
from .serving.response_cache import Line, WireFormat
from .support.logs import error_rate_limited

if TYPE_CHECKING:
    from typing_extensions import Unpack

    from .assets.assets import Assets
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
        *,
        assets: Assets | None = None,
        **options: Unpack[OptionKeywords],
    ) -> None:
        """
        :param application: answers every request that is not for a listed file. ``None`` answers
            them with 404.
        :param root: a folder of static files, as for :meth:`add_files`. ``None`` adds none.
        :param prefix: the beginning of their URL paths, as for :meth:`add_files`.
        :param assets: the files and options to serve, in place of ``root`` and ``options``.
        :raises TypeError: for an unknown option, a value of the wrong type, an application of
            another interface, a root or an option next to ``assets``, or a subclass with a method
            of WhiteNoise's that is never called here. The message names the replacement.
        :raises ValueError: for a value out of range, for a ``prefix`` that is a URL, and for
            ``not_found`` with an application.
        """
        uncalled = find_uncalled_override(type(self), UNCALLED_APPLICATION_METHODS)
        if uncalled is not None:
            raise TypeError(uncalled)
        self._check_application(application)
        self.application = self._standalone if application is None else self._adapt(application)
        try:
            if assets is None:
                site = self._make_site(options, prefix)
            else:
                require_known(self, options)
                given = {"root": root, "prefix": prefix}
                names = [name for name, value in given.items() if value is not None]
                site = self._site_of(assets, [*names, *options])
        except (TypeError, ValueError) as error:
            if self._hides_errors():
                error_rate_limited(str(error))
            raise
        self.site = site
        self._assets = assets
        self.resolved_options, self.registry = site.options, site.registry
        self.responder = site.make_responder(
            self._wire_format, shares_descriptors=self._shares_descriptors
        )
        self._wrap_application(has_application=application is not None)
        if root is not None:
            added = make_root(root, prefix, False)
            self._add(added)
            site.warn_of_missing(added)

    @property
    def assets(self) -> Assets:
        """The URLs of the files, with hashes: those that were passed, or the wrapper's own."""
        if self._assets is None:
            # Not at the top: applications that do not need it start faster.
            from .assets.assets import Assets

            self._assets = Assets.of_site(self.site)
        return self._assets

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

    def _make_site(self, options: Mapping[str, object], prefix: str | None) -> Site:
        apply_keywords(self, options)
        if is_async(self.is_immutable_file):
            raise TypeError("is_immutable_file must not be async: it is called in a thread")
        # The hook and the methods of subclasses read it.
        resolved = self.resolved_options = resolve(self)
        kept = open_store(resolved, prefix)
        registry = self._adapt_registry(with_store(self._make_registry(), kept))
        return Site(resolved, self._immutable_hook(), registry, kept)

    def _site_of(self, assets: object, given: Iterable[str]) -> Site:
        """The site of ``assets``.

        :param given: the names of other arguments, which would have no effect.
        """
        from .assets.assets import Assets

        if not isinstance(assets, Assets):
            raise TypeError(f"assets must be an Assets object or None, got {assets!r}")
        names = [
            *given,
            *(each for each in Options.__annotations__ if is_set(self, each, BaseWhiteNoise)),
        ]
        start = f"{type(self).__name__}() with assets takes no"
        if names:
            raise TypeError(f"{start} {names[0]}: pass it to Assets()")
        if type(self).is_immutable_file is not BaseWhiteNoise.is_immutable_file:
            raise TypeError(f"{start} is_immutable_file: pass immutable_file_test to Assets()")
        return assets.site

    @staticmethod
    def _hides_errors() -> bool:
        """Whether the caller of the constructor may hide an error, so that it must be logged."""
        return False

    def _add(self, root: Root, names: Iterable[str] | None = None) -> None:
        self.site.add(root, names)

    def find(self, url: str) -> StaticFile | None:
        """The file that ``url`` is served from. Blocks on the disk.

        :param url: the URL path, decoded, below the mount point, without a query.
        :returns: the file, whose ``path`` is absolute. ``None`` for every other URL: one of the
            application, a variant, a redirect, or a file that was removed.
        :raises FileSystemError: if the system fails.
        """
        return self.site.find(url)

    def listed_files(self) -> Mapping[str, tuple[str, ...]] | None:
        """The files that are served: their absolute paths, and the suffixes of their variants.

        :returns: a mapping such as ``{"/srv/static/app.css": (".gz", ".br")}``. ``None`` with
            ``autorefresh``, which lists nothing in advance.
        """
        return self.registry.files()

    def is_immutable_file(self, static_file: StaticFile, url: str) -> bool:
        """Whether the file never changes under its URL, so that it may be cached permanently.

        A hook for subclasses. By default it calls ``immutable_file_test``. Hashed URLs leave such
        a name as it is. With ``autorefresh``, that is all: no file is immutable.

        :param static_file: ``static_file.path`` is the file's absolute path.
        :param url: the URL path, decoded, below the mount point.
        :returns: whether to send ``Cache-Control: max-age=315360000, public, immutable``
            (RFC 8246). A subclass may return any value that is true or false.
        """
        test = self.resolved_options.is_immutable
        return test is not None and bool(test(static_file.path, url))

    def _immutable_hook(self) -> Hook | None:
        if type(self).is_immutable_file is not BaseWhiteNoise.is_immutable_file:
            return Hook("is_immutable_file", self.is_immutable_file)
        if self.resolved_options.is_immutable is None:
            return None
        return Hook("immutable_file_test", self.is_immutable_file)

    def _wrap_application(self, *, has_application: bool) -> None:
        """Let the application's 404 be replaced, as the options say."""
        options = self.resolved_options
        wrappers: list[Wrapper] = []
        if options.not_found is not None:
            if has_application or self._not_found_application is None:
                raise ValueError(
                    "not_found must be None with an application, which answers with its own 404;"
                    f" got {options.not_found!r}"
                )
            wrappers.append(self._not_found_application)
        if options.fallback is not None:
            wrappers.append(self._fallback_application)
        for wrapper in wrappers:
            self.application = wrapper(self.application, self.registry, self.responder)

    def _make_registry(self) -> Registry:
        return make_registry(self.resolved_options)

    def _adapt_registry(self, registry: Registry) -> Registry:
        """Return a registry for the URLs that the adapter has."""
        return registry

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

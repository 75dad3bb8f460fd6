"""The static files of one site: the options, the registry, and the hashes of files."""

from __future__ import annotations

import os
import warnings
from collections.abc import Iterable, Iterator
from contextlib import closing, contextmanager, suppress
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any

from ..files.errors import UnavailableError
from ..http.media_types import essence_of
from ..options import ResolvedOptions
from ..registry.entries import Fallback, NotFoundPage, StaticFile, StoredFile
from ..registry.hashed_urls import has_hash
from ..registry.interface import Registry, RegistryOptions, Root, Substitutes
from ..registry.live import LiveRegistry
from ..registry.walked import WalkedRegistry
from ..serving.etags import make_tag_source
from ..serving.file_headers import FileHeaders, Hook, shared_headers
from ..serving.responder import Limits, Responder
from ..serving.response_cache import Line, WireFormat
from ..support.logs import printable
from .source import AssetSource

if TYPE_CHECKING:
    from ..releases.kept_files import KeptFiles
    from ..serving.source import Source
    from .found_file import FoundFile
    from .hashed_files import HashedFiles
    from .hashes import Hashes
    from .small_files import SmallFiles


class Site:
    """The files below all roots, with the options that apply to them. Adapters may share it."""

    def __init__(
        self,
        options: ResolvedOptions,
        is_immutable_file: Hook | None,
        registry: Registry,
        kept: KeptFiles | None = None,
    ) -> None:
        """
        :param is_immutable_file: says which files never change; ``None`` says it of none.
        :param kept: the files of a store, which ``registry`` finds too.
        """
        self.options = options
        self.registry = registry
        #: The latest first.
        self.roots: tuple[Root, ...] = ()
        if kept is not None and is_immutable_file is None:
            # As for the files of the store: a replica that lists a file sends the same headers.
            is_immutable_file = Hook("immutable_file_test", lambda file, url: has_hash(url))
        self._is_immutable_file = is_immutable_file
        #: Seconds until a file is checked again; ``None`` for never.
        self.check_interval = 0 if options.autorefresh else options.check_interval
        # Empty until it is needed: ``dict.setdefault`` makes all threads use the same object.
        self._hashed_files: dict[None, HashedFiles] = {}
        self.source = AssetSource(registry, self._get_hashed_files)
        self._kept = kept
        #: Files that pages asked for, by name. A new root may have other ones.
        self.found: dict[str, FoundFile] = {}
        self._responders: list[Responder[Any]] = []
        # The mount point of the request that is being answered, as the server gives it.
        self._mount: ContextVar[str] = ContextVar("whitenoise_async_mount", default="")
        #: The mount point if a request has none: Django's FORCE_SCRIPT_NAME.
        self.script_name = ""

    def media_type(self, path: str) -> str:
        """The ``type/subtype`` of the file at ``path``, in lower case."""
        return essence_of(self.options.media_types.media_type(path))

    @property
    def hashes(self) -> Hashes:
        """The hashes in the URLs of files."""
        return self._get_hashed_files().hashes

    def compress_small_files(self) -> SmallFiles:
        """Compress small files that have no variants, in memory, when they are first requested.

        Call it before the first request.
        """
        # Not at the top: only the folder command needs it.
        from .small_files import SmallFiles

        options = self.options
        # With autorefresh, responders keep nothing.
        cache_size = options.max_cache_size if options.autorefresh else 0
        small_files = SmallFiles(options.max_cached_file_size, cache_size)
        self.source.small_files = small_files
        return small_files

    def make_responder(
        self, wire_format: WireFormat[Line], *, shares_descriptors: bool
    ) -> Responder[Line]:
        """Make the responder of an adapter.

        :param shares_descriptors: whether responses may share the descriptor of an open file.
        """
        options = self.options
        file_headers = FileHeaders(
            options.media_types,
            options.charset,
            shared_headers(options.allow_all_origins, options.nosniff),
            # With autorefresh, an edit must show, also in a file with a hash in its name.
            None if options.autorefresh else self._is_immutable_file,
            options.add_headers,
            options.max_age,
            hashed_are_immutable=not options.autorefresh,
        )
        limits = Limits(
            options.check_interval,
            options.max_cached_file_size,
            options.max_cache_size,
            shares_descriptors,
            keep_anything=not options.autorefresh,
        )
        tag_source = make_tag_source(options.etag, options.default_etag)
        source: Source = self.source
        if self._kept is not None:
            from ..releases.store_source import StoreSource

            source = StoreSource(source, self._kept)
        responder = Responder(self.registry, source, file_headers, tag_source, wire_format, limits)
        self._responders.append(responder)
        return responder

    @property
    def mount(self) -> str:
        """The mount point of the request that is being answered; empty for none."""
        return self._mount.get() or self.script_name

    @contextmanager
    def mounted_at(self, mount: str) -> Iterator[None]:
        """Set the mount point while a request is answered.

        :param mount: ``SCRIPT_NAME`` or ``root_path``.
        """
        token = self._mount.set(mount)
        try:
            yield
        finally:
            # A task that was abandoned is ended by the garbage collector, in another context.
            with suppress(ValueError):
                self._mount.reset(token)

    def add(self, root: Root, names: Iterable[str] | None = None) -> None:
        """Add a root, which wins over earlier ones; see :meth:`Registry.add`."""
        self.roots = (root, *self.roots)
        self.registry.add(root, names)
        # Not cleared: a thread may be about to enter a file of the other roots.
        self.found = {}
        for responder in self._responders:
            responder.forget_replaced()

    def warn_of_missing(self, root: Root) -> None:
        """Warn if the constructor's root, which exists, has none of the files it should have."""
        for kind, name in _substitutes(self.options).items():
            is_missing = self.registry.find_substitute_nowait(kind, root.prefix) is None
            if is_missing and os.path.isdir(root.path):
                # Two frames up is the caller of the constructor.
                path = os.path.join(root.path, name)
                warnings.warn(
                    printable(f"No file at: {path}, the value of {kind.option}"), stacklevel=3
                )

    def find(self, url: str) -> StaticFile | None:
        """The file that ``url`` is served from. Blocks on the disk.

        :raises FileSystemError: if the system fails.
        """
        entry = self.registry.look_up(url)
        if not isinstance(entry, StaticFile):
            return None
        if isinstance(entry, StoredFile):
            return entry
        try:
            with closing(self.source.open(entry, compress=False)):
                return entry
        except UnavailableError:
            return None

    def _get_hashed_files(self) -> HashedFiles:
        made = self._hashed_files.get(None)
        return made or self._hashed_files.setdefault(None, self._make_hashed_files())

    def _make_hashed_files(self) -> HashedFiles:
        # Not at the top: applications without hashed URLs start faster.
        from .compressor import MemoryCompressor
        from .contents import Contents
        from .hashed_files import HashedFiles

        options = self.options
        contents = Contents(
            self.media_type, options.charset, self.check_interval, options.max_cached_file_size
        )
        compressor = MemoryCompressor(
            is_enabled=not options.autorefresh and options.max_cache_size > 0
        )
        return HashedFiles(contents, self.registry, self._has_hashed_name, compressor)

    def _has_hashed_name(self, file: StaticFile) -> bool:
        test = self._is_immutable_file
        return test is not None and bool(test.call(file, file.url))


def open_store(options: ResolvedOptions, prefix: str | None) -> KeptFiles | None:
    """The files of the store, below ``prefix``; ``None`` without the option.

    :raises TypeError: for a prefix of the wrong type.
    :raises ValueError: for a store that cannot be used.
    """
    if options.store is None:
        return None
    # Not at the top: applications without a store start faster.
    from ..releases.replica import kept_files

    return kept_files(options, options.store, prefix)


def with_store(registry: Registry, kept: KeptFiles | None) -> Registry:
    """A registry that finds the files of a store too."""
    if kept is None:
        return registry
    from ..releases.store_registry import StoreRegistry

    return StoreRegistry(registry, kept)


def make_registry(options: ResolvedOptions) -> Registry:
    """Make the registry that the options ask for, without roots."""
    kind = LiveRegistry if options.autorefresh else WalkedRegistry
    return kind(registry_options(options))


def registry_options(options: ResolvedOptions) -> RegistryOptions:
    """The options that concern the registry."""
    return RegistryOptions(
        options.index_file, options.exclude, options.clean_urls, _substitutes(options)
    )


def _substitutes(options: ResolvedOptions) -> Substitutes:
    """The files that are sent where there is no file, by their kind."""
    names = {Fallback: options.fallback, NotFoundPage: options.not_found}
    return {kind: name for kind, name in names.items() if name is not None}

"""The storages of ``STORAGES["staticfiles"]``: what is collected is compressed, and hashed."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from urllib.parse import unquote, urlsplit

from django.contrib.staticfiles.storage import ManifestStaticFilesStorage, StaticFilesStorage
from django.contrib.staticfiles.utils import matches_patterns
from django.core.exceptions import ImproperlyConfigured

from ..overrides import OF_STORAGES, uncalled_override
from ..support.locks import locked
from .atomic_storage import WholeFilesStorage
from .collecting import keep_files_until_replaced
from .compression import Compression, Processed, known_options
from .errors import CommandError
from .missing_references import Converter, MissingReferences, undecodable
from .settings import StorageConfiguration, storage_configuration

keep_files_until_replaced()

#: Of each name that was collected, the storage that it came from and its path there.
Sources = dict[str, tuple[Any, str]]


class CompressedFilesStorage(WholeFilesStorage):
    """A storage in a local folder in which our engine can compress."""

    def __init__(self, *args: Any, compress: object = None, **kwargs: Any) -> None:
        """
        :param compress: options of :func:`whitenoise_async.compress_tree`.
        :raises ImproperlyConfigured: for an unknown option, or a subclass with a method of
            WhiteNoise's that is never called here.
        """
        uncalled = uncalled_override(type(self), OF_STORAGES)
        if uncalled is not None:
            raise ImproperlyConfigured(uncalled)
        self._options = known_options(compress)
        super().__init__(*args, **kwargs)

    def _compression(self, configuration: StorageConfiguration, *exclude: str) -> Compression:
        return Compression(
            self, self._options, configuration.skip_compress_extensions, exclude=exclude
        )


class CompressedStaticFilesStorage(CompressedFilesStorage, StaticFilesStorage):
    """Compresses what ``collectstatic`` collects."""

    def post_process(
        self, paths: Sources, dry_run: bool = False, **options: Any
    ) -> Iterator[Processed]:
        """Compress all that is in the folder; yields what was written."""
        if not dry_run:
            yield from self._compression(storage_configuration()).run()


class CompressedManifestStaticFilesStorage(CompressedFilesStorage, ManifestStaticFilesStorage):
    """Puts the hash of its content into the name of each file, and compresses them.

    Who serves them can let browsers keep them for good.
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._begin({})
        strict = storage_configuration().manifest_strict
        if strict is not None:
            self.manifest_strict = strict

    def _begin(self, paths: Sources) -> None:
        self._sources = {self.clean_name(name): source for name, source in paths.items()}
        self._missing = MissingReferences()

    def post_process(
        self, paths: Sources, dry_run: bool = False, **options: Any
    ) -> Iterator[Processed]:
        """Hash what was collected, write the manifest, and compress all that is in the folder."""
        if dry_run:
            return
        configuration = storage_configuration()
        compression = self._compression(configuration, f"/{self.manifest_name}")
        self._begin(paths)
        # What one run removes, another one would miss.
        with locked(compression.root, lambda: None):
            yield from self._hashed(paths, configuration.keep_only_hashed_files, **options)
        yield from compression.run()

    def _hashed(
        self, paths: Sources, keep_only_hashed_files: bool, **options: Any
    ) -> Iterator[Processed]:
        try:
            with self.replacing() as to_remove:
                for name, hashed_name, processed in super().post_process(paths, **options):
                    if isinstance(processed, UnicodeDecodeError):
                        raise processed  # as Django 4.2 does
                    if isinstance(processed, Exception):
                        self._missing.require_none()
                        raise CommandError(f"{name}: {processed}")
                    yield name, hashed_name, processed
            for each in to_remove:
                self.delete(each)
            if keep_only_hashed_files:
                self._remove_originals()
        except UnicodeDecodeError as error:
            names = ", ".join(undecodable(paths, self._has_references))
            raise CommandError(f"Not UTF-8, and references are looked for: {names}") from error
        except OSError as error:
            raise CommandError(str(error)) from error

    def _has_references(self, name: str) -> bool:
        return bool(matches_patterns(name, self._patterns))

    def _remove_originals(self) -> None:
        """Remove the originals that have a copy under another name."""
        copies = {name: self.hashed_files[self.hash_key(name)] for name in self._sources}
        for name in copies.keys() - set(copies.values()):
            if self.exists(copies[name]):
                self.delete(name)

    def url_converter(self, name: str, *args: Any, **kwargs: Any) -> Converter:
        """The same, but that what is not there is told of at the end, and all together."""
        return self._missing.noting(
            self.clean_name(name), super().url_converter(name, *args, **kwargs)
        )

    def hashed_name(self, name: str, content: Any = None, filename: str | None = None) -> str:
        """The same, of a collected file as it was collected from.

        Another run, which keeps only hashed files, may have removed the original meanwhile.
        """
        source = None
        if content is None and filename is None:
            source = self._sources.get(urlsplit(unquote(name)).path.strip())
        if source is None:
            return str(super().hashed_name(name, content, filename))
        storage, path = source
        with storage.open(path) as original:
            return str(super().hashed_name(name, original))

    def save_manifest(self) -> None:
        """Write the manifest, which is what a server goes by, if all is as it should be."""
        self._missing.require_none()
        super().save_manifest()

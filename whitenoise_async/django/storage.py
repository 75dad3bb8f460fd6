"""Storages for ``STORAGES["staticfiles"]`` that compress the collected files, and hash them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from urllib.parse import unquote, urlsplit

from django.contrib.staticfiles.storage import ManifestStaticFilesStorage, StaticFilesStorage
from django.contrib.staticfiles.utils import matches_patterns
from django.core.exceptions import ImproperlyConfigured

from ..overrides import UNCALLED_STORAGE_METHODS, find_uncalled_override
from ..support.locks import locked
from .atomic_storage import AtomicStorage
from .collecting import keep_files_until_replaced
from .compression import Compression, Processed, check_options
from .errors import CommandError
from .missing_references import Converter, MissingReferences, files_not_utf8
from .settings import StorageConfiguration, storage_configuration

keep_files_until_replaced()

#: For each collected name the storage of its source, and the path in that storage.
Sources = dict[str, tuple[Any, str]]


class CompressedFilesStorage(AtomicStorage):
    """A storage in a local folder, whose files can be compressed."""

    def __init__(self, *args: Any, compress: object = None, **kwargs: Any) -> None:
        """
        :param compress: options of :func:`whitenoise_async.compress_tree`.
        :raises ImproperlyConfigured: for an unknown option, or a subclass that overrides a method
            of WhiteNoise's that is never called.
        """
        uncalled = find_uncalled_override(type(self), UNCALLED_STORAGE_METHODS)
        if uncalled is not None:
            raise ImproperlyConfigured(uncalled)
        self._options = check_options(compress)
        super().__init__(*args, **kwargs)

    def _compression(self, configuration: StorageConfiguration, *exclude: str) -> Compression:
        return Compression(
            self, self._options, configuration.skip_compress_extensions, exclude=exclude
        )


class CompressedStaticFilesStorage(CompressedFilesStorage, StaticFilesStorage):
    """Compresses the files that ``collectstatic`` collects."""

    def post_process(
        self, paths: Sources, dry_run: bool = False, **options: Any
    ) -> Iterator[Processed]:
        """Compress all files in the folder; yields the variants that were written."""
        if not dry_run:
            yield from self._compression(storage_configuration()).run()


class CompressedManifestStaticFilesStorage(CompressedFilesStorage, ManifestStaticFilesStorage):
    """Adds the hash of its content to the name of each file, and compresses the files.

    Browsers may then cache them permanently.
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._start_run({})
        strict = storage_configuration().manifest_strict
        if strict is not None:
            self.manifest_strict = strict

    def _start_run(self, paths: Sources) -> None:
        self._sources = {self.clean_name(name): source for name, source in paths.items()}
        self._missing = MissingReferences()

    def post_process(
        self, paths: Sources, dry_run: bool = False, **options: Any
    ) -> Iterator[Processed]:
        """Hash the collected files, write the manifest, and compress all files in the folder."""
        if dry_run:
            return
        configuration = storage_configuration()
        compression = self._compression(configuration, f"/{self.manifest_name}")
        self._start_run(paths)
        # Two runs at once would remove files that the other needs.
        with locked(compression.root, lambda: None):
            yield from self._hash_files(paths, configuration.keep_only_hashed_files, **options)
        yield from compression.run()

    def _hash_files(
        self, paths: Sources, keep_only_hashed_files: bool, **options: Any
    ) -> Iterator[Processed]:
        try:
            with self.replacing() as to_remove:
                for name, hashed_name, processed in super().post_process(paths, **options):
                    if isinstance(processed, UnicodeDecodeError):
                        raise processed  # Django 4.2 raises it itself
                    if isinstance(processed, Exception):
                        self._missing.require_none()
                        raise CommandError(f"{name}: {processed}")
                    yield name, hashed_name, processed
            for each in to_remove:
                self.delete(each)
            if keep_only_hashed_files:
                self._remove_originals()
        except UnicodeDecodeError as error:
            names = ", ".join(files_not_utf8(paths, self._has_references))
            raise CommandError(f"Files with references must be UTF-8: {names}") from error
        except OSError as error:
            raise CommandError(str(error)) from error

    def _has_references(self, name: str) -> bool:
        return bool(matches_patterns(name, self._patterns))

    def _remove_originals(self) -> None:
        """Remove the originals that have a hashed copy."""
        copies = {name: self.hashed_files[self.hash_key(name)] for name in self._sources}
        for name in copies.keys() - set(copies.values()):
            if self.exists(copies[name]):
                self.delete(name)

    def url_converter(self, name: str, *args: Any, **kwargs: Any) -> Converter:
        """Return Django's converter, changed to report missing files together, at the end."""
        return self._missing.recording(
            self.clean_name(name), super().url_converter(name, *args, **kwargs)
        )

    def hashed_name(self, name: str, content: Any = None, filename: str | None = None) -> str:
        """Return the hashed name of a file, computed from the source that it was collected from.

        With ``WHITENOISE_KEEP_ONLY_HASHED_FILES``, another run may have removed the collected
        original.
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
        """Write the manifest, unless a reference leads to a missing file: servers rely on it."""
        self._missing.require_none()
        super().save_manifest()

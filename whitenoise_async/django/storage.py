"""Storages for ``STORAGES["staticfiles"]`` that compress the collected files, and hash them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from typing import Any
from urllib.parse import unquote, urlsplit

from django.contrib.staticfiles.storage import (
    ManifestFilesMixin,
    ManifestStaticFilesStorage,
    StaticFilesStorage,
)
from django.contrib.staticfiles.utils import matches_patterns
from django.core.exceptions import ImproperlyConfigured

from ..overrides import UNCALLED_STORAGE_METHODS, find_uncalled_override
from ..support.locks import locked
from .atomic_storage import AtomicStorage
from .built_files import built_files
from .collecting import keep_files_until_replaced
from .compression import Compression, Processed, check_options
from .errors import CommandError, TooManyPassesError
from .missing_references import Converter, MissingReferences, ReferenceRefusedError, files_not_utf8
from .patterns import with_spaces_around_urls
from .settings import StorageConfiguration, storage_configuration

keep_files_until_replaced()

#: For each collected name the storage of its source, and the path in that storage.
Sources = dict[str, tuple[Any, str]]

#: The names of a file that cannot be processed, or of several, and the error.
Failed = tuple[str, None, Exception]


@dataclass
class Run:
    """The state of a storage while it hashes files. All names have the form of URLs."""

    sources: Sources
    #: The files whose names a build tool has hashed.
    built: frozenset[str] = frozenset()
    missing: MissingReferences = field(default_factory=MissingReferences)
    #: The names that were removed and not written again.
    removed: set[str] = field(default_factory=set)


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

    patterns = with_spaces_around_urls(ManifestStaticFilesStorage.patterns)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._run = Run({})
        strict = storage_configuration().manifest_strict
        if strict is not None:
            self.manifest_strict = strict

    def post_process(
        self, paths: Sources, dry_run: bool = False, **options: Any
    ) -> Iterator[Processed | Failed]:
        """Hash the collected files, write the manifest, and compress all files in the folder.

        :returns: an iterator of the processed files. As with Django's storage, it yields an error
            for a missing file, and goes on if the caller ignores the error.
        """
        if dry_run:
            return
        configuration = storage_configuration()
        compression = self._compression(configuration, f"/{self.manifest_name}")
        run = self._run = Run(
            {self.clean_name(name): source for name, source in paths.items()},
            built_files(self, map(self.clean_name, paths)),
            MissingReferences(tolerate=configuration.manifest_missing == "warn"),
        )
        finish = partial(self._finish, run, configuration.keep_only_hashed_files)
        # Two runs at once would remove files that the other needs.
        with locked(compression.root, lambda: None):
            processed, failed = self._hash_files(run, paths, options)
            if not failed:
                yield from processed  # before the manifest, as Django does
                finish()
        if failed:
            # The caller may raise an error, and keep this generator: the lock must be free.
            yield from failed
            yield from processed
            with locked(compression.root, lambda: None):
                finish()
        yield from compression.run()

    def _hash_files(
        self, run: Run, paths: Sources, options: Mapping[str, Any]
    ) -> tuple[list[Processed], list[Failed]]:
        """Write the hashed copies, but no manifest: it must not refer to missing files."""
        processed: list[Processed] = [(name, name, False) for name in sorted(run.built)]
        failed: list[Failed] = []
        self.hashed_files = {self.hash_key(name): name for name in run.built}
        others = {
            name: source for name, source in paths.items() if self.clean_name(name) not in run.built
        }
        with (
            self._named_errors(paths),
            self.replacing(keep_same=True) as run.removed,
            self._recording(run),
        ):
            # Not that of ``ManifestFilesMixin``, which also writes the manifest.
            hashing = super(ManifestFilesMixin, self).post_process(others, **options)
            for name, hashed_name, outcome in hashing:
                if isinstance(outcome, UnicodeDecodeError):
                    raise outcome  # Django 4.2 raises it itself
                if not isinstance(outcome, Exception):
                    processed.append((name, hashed_name, outcome))
                elif not isinstance(outcome, ReferenceRefusedError):
                    failed.append((name, None, TooManyPassesError(f"{name}: {outcome}")))
        missing: list[Failed] = [(name, None, error) for name, error in run.missing.report()]
        return processed, missing + failed

    @contextmanager
    def _recording(self, run: Run) -> Iterator[None]:
        """Record the references that ``url_converter`` refuses, while files are hashed.

        The attribute hides the method, also that of a subclass: a subclass may accept a reference
        that Django refuses.
        """
        url_converter = self.url_converter

        def recording(name: str, *args: Any, **kwargs: Any) -> Converter:
            return run.missing.recording(
                self.clean_name(name), url_converter(name, *args, **kwargs)
            )

        self.__dict__["url_converter"] = recording
        try:
            yield
        finally:
            del self.__dict__["url_converter"]

    @contextmanager
    def _named_errors(self, paths: Sources) -> Iterator[None]:
        """Convert errors to a ``CommandError`` that names the file."""
        try:
            yield
        except UnicodeDecodeError as error:
            names = ", ".join(files_not_utf8(paths, self._has_references))
            raise CommandError(f"Files with references must be UTF-8: {names}") from error
        except OSError as error:
            raise CommandError(str(error)) from error

    def _has_references(self, name: str) -> bool:
        return bool(matches_patterns(name, self._patterns))

    def _finish(self, run: Run, keep_only_hashed_files: bool) -> None:
        """Write the manifest, then remove the files that it has made unnecessary."""
        with self._named_errors({}):
            with self.replacing() as replaced:
                self.save_manifest()
            for each in run.removed | replaced:
                self.delete(each)
            if keep_only_hashed_files:
                self._remove_originals(run)

    def _remove_originals(self, run: Run) -> None:
        """Remove the originals that have a hashed copy."""
        copies = {name: self.hashed_files[self.hash_key(name)] for name in run.sources}
        for name in copies.keys() - set(copies.values()):
            if self.exists(copies[name]):
                self.delete(name)

    def hashed_name(self, name: str, content: Any = None, filename: str | None = None) -> str:
        """Return the hashed name of a file, computed from the source that it was collected from.

        With ``WHITENOISE_KEEP_ONLY_HASHED_FILES``, another run may have removed the collected
        original. A file whose name a build tool has hashed keeps its name.
        """
        path = urlsplit(unquote(name)).path.strip()
        if path in self._run.built:
            return name
        source = None
        if content is None and filename is None:
            source = self._run.sources.get(path)
        if source is None:
            return str(super().hashed_name(name, content, filename))
        storage, path = source
        with storage.open(path) as original:
            return str(super().hashed_name(name, original))

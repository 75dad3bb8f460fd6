"""Reads a build: the files of a folder, their digests, and the headers that they get."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from typing import NamedTuple

from ..files.codings import DCZ, Coding, is_delta, split_variant
from ..files.content import digest_of, new_digest, pieces_of_file
from ..files.draft import permissions
from ..files.folder import Folder, parent_of
from ..files.open_file import OpenFile
from ..files.variant_check import coding_of, variant_mismatch
from ..options import Options, apply_keywords, resolve
from ..registry.directory import Directory, Rules
from ..registry.entries import StaticFile
from ..registry.hashed_urls import has_hash
from ..registry.sensitive_names import SensitiveFiles, sensitive_files
from ..serving.file_headers import FileHeaders, Hook
from ..support.globs import compile_globs
from ..support.name_hashes import splitter_of_hashed
from .errors import PublishError, naming
from .manifest import NAME

#: The headers that an object in a bucket can have. For others, it has only metadata, which clients
#: do not understand.
HEADERS = ("Content-Type", "Cache-Control", "Content-Encoding")

_PAGES = (".html", ".htm", ".xhtml")


class BuiltFile(NamedTuple):
    """A file of a build."""

    path: str  # below the build, with ``/`` between names
    size: int  # bytes
    digest: str
    is_hashed: bool  # whether its name contains a hash of the content
    headers: Mapping[str, str]
    original: str | None = None  # the path of the file that it is a variant of
    mode: int = 0o644
    mtime_ns: int = 0
    #: For a delta that a run made: the releases whose file is the dictionary.
    against: tuple[int, ...] = ()
    #: The releases for which a delta was made, or was found not to save enough.
    compared: tuple[int, ...] = ()

    @property
    def tag(self) -> str:
        """A short digest of the headers."""
        return tag_of(self.headers)

    @property
    def page(self) -> str:
        """The path of the file that clients ask for: that of the original for a variant."""
        return self.original or self.path


class _DefaultOptions(Options):
    """The options of a middleware that is given none. Only a subclass can have hooks."""


class BuildRules:
    """Which files a build has, and their headers: those of responses with default options."""

    def __init__(self, immutable: str | None = None, exclude: tuple[str, ...] = ()) -> None:
        """
        :param immutable: the option ``immutable_file_test``: a build tool or a regular expression.
            ``None`` finds names with twelve hexadecimal digits before the extension.
        :param exclude: glob patterns of files to leave out.
        :raises ValueError: if ``immutable`` is neither, or a pattern is empty.
        """
        #: ``None`` excludes nothing.
        self.exclude = compile_globs("exclude", exclude)
        options = _DefaultOptions()
        apply_keywords(options, {"immutable_file_test": immutable or _has_hash})
        resolved = resolve(options)
        assert resolved.is_immutable is not None
        self._is_immutable = test = resolved.is_immutable
        #: Splits the path of a hashed file at its hash.
        self.split = splitter_of_hashed(immutable)
        hook = Hook("immutable_file_test", lambda file, url: test(file.path, url))
        self._headers = FileHeaders(
            resolved.media_types, resolved.charset, (), hook, None, resolved.max_age
        )

    def headers(self, root: str, path: str) -> tuple[dict[str, str], bool]:
        """The headers of the file ``path`` below ``root``, and whether its name has a hash."""
        url, at = f"/{path}", os.path.join(root, *path.split("/"))
        file = StaticFile(at, url, below=path.rpartition("/")[0] and f"{path.rpartition('/')[0]}/")
        headers = {name: value for name, value in self._headers.make(file) if name in HEADERS}
        return headers, bool(self._is_immutable(at, url))


class Build:
    """The files that a release consists of."""

    def __init__(self, path: str, rules: BuildRules) -> None:
        """List and read the files. They are those that the middleware would serve.

        :param path: the folder.
        :raises PublishError: if a file cannot be read, or has the name of the manifest.
        """
        self.path = path
        #: By path.
        self.files: dict[str, BuiltFile] = {}
        #: Entries that are left out, with the reason.
        self.skipped: list[str] = []
        #: Files that are probably not meant to be public, with a pattern that excludes each.
        self.sensitive: SensitiveFiles = {}
        self._rules = rules
        with naming(path, "listed"), Folder.opened(path) as root:
            for below, names in self._walk():
                self.sensitive.update(sensitive_files(below, names))
                for name in sorted(names):
                    self._add(root, below + name, names)
        if NAME in self.files:
            raise PublishError(
                f"{os.path.join(path, NAME)} cannot be published: the store has its list of"
                " releases under this name"
            )

    @property
    def size(self) -> int:
        """Bytes of all files."""
        return sum(file.size for file in self.files.values())

    def pieces(self, file: BuiltFile) -> Iterator[bytes]:
        """The content of a file.

        :raises PublishError: at the end, if it has changed since the build was read.
        """
        path, digest = os.path.join(self.path, file.path), new_digest()
        with naming(path, "read"), Folder.opened(self.path) as root, _opened(root, file.path) as at:
            for piece in pieces_of_file(at):
                digest.update(piece)
                yield piece
        if digest.hexdigest() != file.digest:
            raise PublishError(f"{path} cannot be published: it was changed during this run")

    def _walk(self) -> Iterator[tuple[str, set[str]]]:
        waiting = [Directory(os.path.abspath(self.path), Rules(False, self._rules.exclude))]
        while waiting:
            directory = waiting.pop()
            files, directories = directory.scan(self._skip)
            yield directory.below, files
            waiting.extend(directories.values())

    def _skip(self, path: str, reason: str | OSError) -> None:
        if isinstance(reason, OSError):
            raise PublishError(f"{path} cannot be read: {reason.strerror}")
        self.skipped.append(f"{path}: {reason}")

    def _add(self, root: Folder, path: str, names: set[str]) -> None:
        with naming(os.path.join(self.path, path), "read"), _opened(root, path) as file:
            coding = self._coding_of(root, path, file, names)
            original = path.removesuffix(coding.suffix) if coding is not None else None
            headers, is_hashed = self._rules.headers(os.path.abspath(self.path), original or path)
            if coding is not None:
                headers["Content-Encoding"] = DCZ if is_delta(coding.token) else coding.token
            status = os.fstat(file.fileno())
            self.files[path] = BuiltFile(
                path,
                file.state.size,
                digest_of(pieces_of_file(file)),
                is_hashed,
                headers,
                original,
                permissions(status),
                status.st_mtime_ns,
            )

    def _coding_of(self, root: Folder, path: str, file: OpenFile, names: set[str]) -> Coding | None:
        """The coding of a variant; ``None`` for a file that is not the variant of another one."""
        if (parts := split_variant(path)) is None or parts[0].rpartition("/")[2] not in names:
            return None
        coding = coding_of(parts[1], file)
        with _opened(root, parts[0]) as opened:
            return coding if variant_mismatch(coding, file, opened) is None else None


def is_page(path: str) -> bool:
    """Whether a file is a page, by its name."""
    return path.endswith(_PAGES)


def tag_of(headers: Mapping[str, str]) -> str:
    """A short digest of headers."""
    lines = "\n".join(f"{name}: {headers[name]}" for name in sorted(headers))
    return hashlib.sha256(lines.encode()).hexdigest()[:8]


def _has_hash(path: str, url: str) -> bool:
    return has_hash(url)


@contextmanager
def _opened(root: Folder, path: str) -> Iterator[OpenFile]:
    with parent_of(root, path) as (folder, name), closing(folder.open_file(name)) as file:
        yield file

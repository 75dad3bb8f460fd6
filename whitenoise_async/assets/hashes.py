"""Computes the hashes of files, and follows the references of style sheets to other files."""

from __future__ import annotations

import hashlib
import posixpath
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING
from urllib.parse import quote, unquote

from ..files.errors import UnavailableError
from ..registry.entries import HashedFile, Redirect, StaticFile
from ..registry.hashed_urls import HASH_LENGTH, hashed_url
from ..registry.interface import Registry
from ..support.logs import warn_once
from . import stylesheets
from .contents import Content, Contents

if TYPE_CHECKING:
    from .stylesheets import Reference

#: The version of the rewriting, which is part of a style sheet's hash: a new version changes the
#: bytes that are sent, and so must change the URL.
_REWRITING = 1

#: A style sheet that is rewritten, or a file that one refers to, and its content.
Reached = dict[str, tuple[StaticFile, Content]]


class Hashes:
    """The hashes in the URLs of files. Threads may share it.

    The hash of a style sheet covers its own bytes and all files that it reaches. So references in a
    circle are no problem: every hash is computed from original bytes only.
    """

    def __init__(
        self,
        contents: Contents,
        registry: Registry,
        has_hashed_name: Callable[[StaticFile], bool],
    ) -> None:
        """
        :param registry: finds the files that a style sheet refers to.
        :param has_hashed_name: whether a build tool has put a hash into the name of a file. Such a
            file keeps its URL.
        """
        self._contents = contents
        self._registry = registry
        self.has_hashed_name = has_hashed_name

    def hash_of(self, file: StaticFile) -> str:
        """The hash of a file. Blocks on the disk if the file must be checked.

        :returns: twelve hexadecimal digits of SHA-256.
        :raises UnavailableError: if there is no such file.
        :raises FileSystemError: if the system fails.
        """
        content = self._contents.current(file)
        return self.combine(file, content, self.reached_from(file, content))

    def combine(self, file: StaticFile, content: Content, reached: Reached) -> str:
        """The hash of a file with this content that reaches these other files."""
        if not self._contents.is_style_sheet(file.path):
            return content.digest.hex()[:HASH_LENGTH]
        digest = hashlib.sha256(content.digest)
        for url, (_, other) in sorted(reached.items()):
            digest.update(b"%b\0%b" % (url.encode("utf-8", "surrogateescape"), other.digest))
        version = _REWRITING if stylesheets.is_tokenizer_installed() else 0
        digest.update(b"%d" % version)
        return digest.hexdigest()[:HASH_LENGTH]

    def reached_from(self, file: StaticFile, content: Content) -> Reached:
        """The files that a style sheet refers to, and those that these refer to, by plain URL."""
        reached: Reached = {}
        waiting = [(file, content)]
        while waiting:
            sheet, its_content = waiting.pop()
            for _, target, target_content in self._targets(sheet, its_content):
                if target.url not in reached:
                    reached[target.url] = target, target_content
                    waiting.append((target, target_content))
        return reached

    def rewrite(self, file: StaticFile, content: Content, data: bytes) -> bytes:
        """Return the bytes of a style sheet with hashed URLs in place of plain ones.

        The new URLs are relative if the old ones were, so they are right below every mount point.

        :param data: the bytes that ``content`` was read from.
        """
        text, encoding = self._contents.decode(data)
        replaced = []
        for reference, target, _ in self._targets(file, content):
            if not self.has_hashed_name(target):
                path, rest = _split(reference)
                folder, slash, name = path.rpartition("/")
                hashed = quote(hashed_url(unquote(name), self.hash_of(target)))
                replaced.append((reference, f"{folder}{slash}{hashed}{rest}"))
        return stylesheets.encode(stylesheets.replace_references(text, replaced), encoding)

    def _targets(
        self, file: StaticFile, content: Content
    ) -> Iterator[tuple[Reference, StaticFile, Content]]:
        """The references of a style sheet that lead to listed files."""
        for reference in content.references or ():
            target = self._target(file, reference)
            if target is None:
                continue
            try:
                yield reference, target, self._contents.current(target)
            except UnavailableError as error:
                _warn_of_missing(file, reference, error.reason)

    def _target(self, file: StaticFile, reference: Reference) -> StaticFile | None:
        parts = stylesheets.split_url(reference.url)
        if parts is None or not parts[0]:
            return None
        path = unquote(parts[0], errors="surrogateescape")
        url = posixpath.normpath(posixpath.join(posixpath.dirname(file.plain_url), path))
        entry = self._registry.look_up(url)
        target = entry.file if isinstance(entry, Redirect) else entry
        if target is None or isinstance(target, HashedFile):
            _warn_of_missing(file, reference, "there is no such file")
            return None
        return target


def _split(reference: Reference) -> tuple[str, str]:
    parts = stylesheets.split_url(reference.url)
    assert parts is not None  # it has led to a file
    return parts


def _warn_of_missing(file: StaticFile, reference: Reference, reason: str) -> None:
    warn_once(f"{file.path}, line {reference.line}: {reference.url} gets no hash: {reason}")

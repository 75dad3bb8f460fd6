"""Collects references to missing files in style sheets and scripts, and reports them together."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from re import Match
from typing import Any

from django.core.exceptions import SuspiciousFileOperation

from ..support.logs import package_logger, printable
from .errors import MissingReferencesError
from .references import References, is_source_map, url_of

Converter = Callable[[Match[str]], str]

#: The errors of Django's converter: for a missing file, an invalid URL, or a file elsewhere.
_REFUSALS = (ValueError, SuspiciousFileOperation)


class ReferenceRefusedError(ValueError):
    """Ends the conversion of one pattern in one file; the reference itself is recorded."""


class MissingReferences:
    """References to missing files, each once: Django processes some files several times."""

    def __init__(self, *, tolerate: bool = False) -> None:
        """:param tolerate: warn about a missing file, unless it is a source map: always warn."""
        self._tolerate = tolerate
        self._tolerated: set[str] = set()
        self._refused: dict[str, set[str]] = {}

    def recording(self, name: str, convert: Converter) -> Converter:
        """Wrap the storage's converter of references, to record those that it refuses.

        :param name: the file that contains the references.
        :param convert: raises a ``ValueError`` for a missing file or an invalid URL, and a
            ``SuspiciousFileOperation`` for a file outside the storage.
        :returns: a converter that raises :class:`ReferenceRefusedError` instead, unless the missing
            file is tolerated. Then the reference stays as it is.
        """
        references = References(name)

        def converter(match: Match[str]) -> str:
            if not references.include(match):
                return match[0]
            try:
                return convert(match)
            except _REFUSALS as error:
                kind = "source map" if is_source_map(match) else "file"
                if self._tolerate or kind == "source map":
                    self._tolerated.add(f"{name}: the {kind} {url_of(match)} is missing")
                    return match[0]
                # Django goes on with the next pattern, so look for further ones of this pattern.
                for each in match.re.finditer(match.string, match.start()):
                    if references.include(each) and not _succeeds(convert, each):
                        self._refused.setdefault(name, set()).add(url_of(each))
                raise ReferenceRefusedError from error

        return converter

    def report(self) -> Iterator[tuple[str, MissingReferencesError]]:
        """Log a warning for each tolerated reference; yields each other file with an error.

        An error lists the references of its file and of the files after it, so that the first
        error lists all.
        """
        for message in sorted(self._tolerated):
            package_logger().warning(message)
        names = sorted(self._refused)
        for number, name in enumerate(names):
            lines = [
                printable(f"{each}: {url}")
                for each in names[number:]
                for url in sorted(self._refused[each])
            ]
            yield printable(name), MissingReferencesError(lines)


def _succeeds(convert: Converter, match: Match[str]) -> bool:
    try:
        convert(match)
    except _REFUSALS:
        return False
    return True


def files_not_utf8(
    paths: Mapping[str, tuple[Any, str]], has_references: Callable[[str], bool]
) -> list[str]:
    """The names of the files that may contain references but are not UTF-8."""
    return [
        name for name, source in paths.items() if has_references(name) and not _is_utf8(*source)
    ]


def _is_utf8(storage: Any, path: str) -> bool:
    with storage.open(path) as file:
        try:
            file.read().decode()
        except UnicodeDecodeError:
            return False
    return True

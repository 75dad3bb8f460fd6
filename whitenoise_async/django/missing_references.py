"""Collects references to missing files in style sheets and scripts, and reports them together."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from re import Match
from typing import Any

from django.core.exceptions import SuspiciousFileOperation
from django.core.management.base import CommandError

from ..support.logs import printable

Converter = Callable[[Match[str]], str]


class MissingReferences:
    """References to missing files, each once: Django processes some files several times."""

    def __init__(self) -> None:
        self._found: set[tuple[str, str]] = set()

    def recording(self, name: str, convert: Converter) -> Converter:
        """Wrap Django's converter of references, to record the references that it refuses.

        ``convert`` raises a ``ValueError`` for a missing file or an invalid URL, and a
        ``SuspiciousFileOperation`` for a file outside the storage.

        :param name: the file that contains the references.
        """

        def converter(match: Match[str]) -> str:
            try:
                return convert(match)
            except (ValueError, SuspiciousFileOperation):
                self._found.add((name, match["url"]))
                return match[0]

        return converter

    def require_none(self) -> None:
        """Raise an error if a reference was recorded.

        :raises CommandError: that names each reference.
        """
        if self._found:
            lines = [printable(f"{name}: {reference}") for name, reference in sorted(self._found)]
            raise CommandError("These references lead to missing files:\n  " + "\n  ".join(lines))


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

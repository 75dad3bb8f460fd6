"""References of style sheets and scripts that lead to no file: gathered, and told all at once."""

from __future__ import annotations

from collections.abc import Callable
from re import Match
from typing import Any

from django.core.exceptions import SuspiciousFileOperation
from django.core.management.base import CommandError

from ..support.logs import printable

Converter = Callable[[Match[str]], str]


class MissingReferences:
    """Which file holds which reference; a file is gone through several times."""

    def __init__(self) -> None:
        self._found: set[tuple[str, str]] = set()

    def noting(self, name: str, convert: Converter) -> Converter:
        """A converter of the references in the file ``name`` that notes what ``convert`` refuses.

        It raises a ``ValueError`` for a file that is not there, or for what is no URL, and the
        other for one out of the tree.
        """

        def converter(match: Match[str]) -> str:
            try:
                return convert(match)
            except (ValueError, SuspiciousFileOperation):
                self._found.add((name, match["url"]))
                return match[0]

        return converter

    def require_none(self) -> None:
        """Refuse to go on with what was noted.

        :raises CommandError: naming each reference.
        """
        if self._found:
            lines = [printable(f"{name}: {reference}") for name, reference in sorted(self._found)]
            raise CommandError("These references lead to no file:\n  " + "\n  ".join(lines))


def undecodable(paths: dict[str, tuple[Any, str]], is_text: Callable[[str], bool]) -> list[str]:
    """The files that are not UTF-8, of those in which references are looked for."""
    return [name for name, source in paths.items() if is_text(name) and not _is_utf8(*source)]


def _is_utf8(storage: Any, path: str) -> bool:
    with storage.open(path) as file:
        try:
            file.read().decode()
        except UnicodeDecodeError:
            return False
    return True

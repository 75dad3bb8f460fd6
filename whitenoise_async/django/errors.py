"""The errors that end ``collectstatic``."""

from __future__ import annotations

from collections.abc import Iterable

from django.core.management import base

from ..support.logs import OneLineError


class CommandError(OneLineError, base.CommandError):
    """Django's error, on one line even if a file name contains line breaks."""


class MissingReferencesError(base.CommandError, ValueError):
    """Lists references to missing files, one on each line.

    Subclasses of storages may expect a ``ValueError``, which Django's storage yields.
    """

    def __init__(self, references: Iterable[str]) -> None:
        """:param references: printable lines, each with a file and its reference."""
        super().__init__("\n  ".join(["These references lead to missing files:", *references]))


class TooManyPassesError(CommandError, RuntimeError):
    """Names files that refer to each other. Django's storage yields a ``RuntimeError``."""

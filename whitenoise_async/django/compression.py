"""Compresses the collected files, and reports errors the way ``collectstatic`` does."""

from __future__ import annotations

import os
from collections.abc import Collection, Iterator, Mapping
from typing import Any, cast

from django.core.exceptions import ImproperlyConfigured

from ..compression import Action, CompressionError, Report, compress_tree
from ..compression.settings import SettingKeywords, Settings
from ..support.logs import package_logger
from .errors import CommandError

#: A file, the file that was made from it, and whether it was made in this run.
Processed = tuple[str, str, bool]

_WHERE = "OPTIONS['compress'] of the staticfiles storage"


def check_options(given: object) -> SettingKeywords:
    """Check the names in a storage's option ``compress``.

    The values are checked when files are compressed: a server may have no encoders installed.

    :raises ImproperlyConfigured: for an unknown name.
    """
    if given is None:
        return {}
    if not isinstance(given, Mapping):
        raise ImproperlyConfigured(f"{_WHERE} must be a dictionary of options, got {given!r}")
    known = SettingKeywords.__annotations__
    for name in given:
        if name not in known:
            raise ImproperlyConfigured(
                f"{_WHERE} has an unknown option {name!r}; the options are {', '.join(known)}"
            )
    return cast("SettingKeywords", given)


class Compression:
    """Compresses the folder of a storage. The options are checked before any file is written."""

    def __init__(
        self,
        storage: Any,
        options: SettingKeywords,
        skip_extensions: Collection[str] | None,
        exclude: Collection[str] = (),
    ) -> None:
        """
        :param options: the options of the storage; they take precedence over ``skip_extensions``.
        :param exclude: more patterns, in addition to those in ``options``.
        :raises ImproperlyConfigured: for an option with a wrong value, or a storage without a
            folder on this machine.
        """
        self.root = _root_of(storage)
        try:
            Settings(**options)
        except (TypeError, ValueError) as error:
            raise ImproperlyConfigured(f"{_WHERE}: {error}") from error
        excluded = [*options.get("exclude", ()), *exclude]
        self._options: SettingKeywords = {**options, "exclude": excluded}
        self._options.setdefault("skip_extensions", skip_extensions)
        # ``collectstatic --link`` creates links that lead out of the folder.
        self._options.setdefault("follow_links", True)

    def run(self) -> Iterator[Processed]:
        """Bring the variants up to date; yields those that were written.

        :raises CommandError: for a file that cannot be read or written; the message names it.
        """
        if not os.path.isdir(self.root):
            return  # nothing was collected
        try:
            report = compress_tree(self.root, **self._options)
        except CompressionError as error:
            raise CommandError(str(error)) from error
        for line in (*report.warnings, *report.left_alone_lines()):
            package_logger().warning(line)
        _raise_failures(report)
        for each in report.outcomes:
            if each.action is Action.WRITTEN:
                yield each.path, each.variant, True


def _root_of(storage: Any) -> str:
    try:
        return cast("str", storage.path(""))
    except NotImplementedError:
        raise ImproperlyConfigured(
            f"{type(storage).__name__} does not keep its files in a local folder, so they"
            " cannot be compressed"
        ) from None


def _raise_failures(report: Report) -> None:
    if report.failures:
        more = len(report.failures) - 1
        # On a full disk every file fails, with the same reason.
        raise CommandError(report.failures[0].reason + (f"; {more} more failed" if more else ""))

"""The variants of what ``collectstatic`` collected: made by our engine, told in Django's words."""

from __future__ import annotations

import os
from collections.abc import Collection, Iterator, Mapping
from typing import Any, cast

from django.core.exceptions import ImproperlyConfigured

from ..compression import Action, CompressionError, Report, compress_tree, make_settings
from ..compression.settings import SettingKeywords
from ..support.logs import logger
from .errors import CommandError

#: A name, the name of what was made of it, and whether it was made now.
Processed = tuple[str, str, bool]

_WHERE = "OPTIONS['compress'] of the staticfiles storage"


def known_options(given: object) -> SettingKeywords:
    """What a storage was given as ``compress``, once each name in it is one that there is.

    The values are looked at by who compresses: a server may have less installed.

    :raises ImproperlyConfigured: naming what there is not.
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
    """What is compressed, in which folder and how; checked before anything is done."""

    def __init__(
        self,
        storage: Any,
        options: SettingKeywords,
        skip_extensions: Collection[str] | None,
        exclude: Collection[str] = (),
    ) -> None:
        """
        :param options: those of the storage, which win over ``skip_extensions``.
        :param exclude: patterns besides those in ``options``.
        :raises ImproperlyConfigured: naming an option that cannot be what it is, or where the
            storage has no folder on this machine.
        """
        self.root = _root_of(storage)
        try:
            make_settings(**options)
        except (TypeError, ValueError) as error:
            raise ImproperlyConfigured(f"{_WHERE}: {error}") from error
        excluded = [*options.get("exclude", ()), *exclude]
        self._options: SettingKeywords = {**options, "exclude": excluded}
        self._options.setdefault("skip_extensions", skip_extensions)
        # ``collectstatic --link`` makes links that lead out of the folder.
        self._options.setdefault("follow_links", True)

    def run(self) -> Iterator[Processed]:
        """Bring the variants up to date; yields those that were written.

        :raises CommandError: naming the file, where one cannot be read or written.
        """
        if not os.path.isdir(self.root):
            return  # nothing was collected
        try:
            report = compress_tree(self.root, **self._options)
        except CompressionError as error:
            raise CommandError(str(error)) from error
        for line in (*report.warnings, *report.left_alone_lines()):
            logger.warning(line)
        _require_done(report)
        for each in report.outcomes:
            if each.action is Action.WRITTEN:
                yield each.path, each.variant, True


def _root_of(storage: Any) -> str:
    try:
        return cast("str", storage.path(""))
    except NotImplementedError:
        raise ImproperlyConfigured(
            f"{type(storage).__name__} keeps its files on another machine: only what is in a"
            " local folder can be compressed"
        ) from None


def _require_done(report: Report) -> None:
    if report.failures:
        more = len(report.failures) - 1
        # On a full disk all fail, and the first tells why.
        raise CommandError(report.failures[0].reason + (f"; {more} more failed" if more else ""))

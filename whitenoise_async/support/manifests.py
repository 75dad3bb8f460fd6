"""Reads the JSON manifests of build tools, and again when a build has changed them."""

from __future__ import annotations

import os
import stat
from collections.abc import Callable
from functools import lru_cache
from typing import Any, TypeVar

Parsed = TypeVar("Parsed")

_WEB_APP_KEYS = frozenset({"display", "icons", "name", "short_name", "start_url"})


def read_manifest(path: str, parse: Callable[[Any], Parsed]) -> Parsed | None:
    """Return what ``parse`` makes of a manifest. The result is kept until the file changes.

    :param parse: a function that is called with the content of the file, decoded from JSON. It must
        be the same object at each call, or equal.
    :returns: ``None`` if there is no file ``path``.
    :raises OSError: if the file cannot be read.
    :raises ValueError: if it is not JSON in UTF-8. ``parse`` may raise other errors.
    :raises RecursionError: if the JSON is nested too deeply.
    """
    try:
        state = os.stat(path)
    except (FileNotFoundError, NotADirectoryError):
        return None
    if not stat.S_ISREG(state.st_mode):
        return None
    parsed: Parsed = _read(path, parse, state.st_mtime_ns, state.st_size)
    return parsed


@lru_cache(maxsize=64)
def _read(path: str, parse: Callable[[Any], Any], mtime_ns: int, size: int) -> Any:
    """Read a manifest. Its date and size are arguments, so that it is read again after a build."""
    import json  # most sites have no manifest

    with open(path, encoding="utf-8") as file:
        return parse(json.load(file))


def is_web_app_manifest(content: dict[str, Any]) -> bool:
    """Whether this is a web app manifest. Its file may have the name of a build tool's manifest."""
    return not _WEB_APP_KEYS.isdisjoint(content)

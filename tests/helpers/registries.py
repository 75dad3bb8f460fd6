"""Registries of both kinds, and descriptions of the entries that they find."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from whitenoise_async.registry.entries import Entry, Redirect, StaticFile
from whitenoise_async.registry.interface import Registry, make_root
from whitenoise_async.registry.live import LiveRegistry
from whitenoise_async.registry.walked import WalkedRegistry

KINDS = (WalkedRegistry, LiveRegistry)


def add(registry: Registry, root: Path, prefix: str | None = None, links: bool = False) -> None:
    """Add a root. With ``links``, links to directories are followed."""
    registry.add(make_root(root, prefix, links))


def path_of(entry: Entry | None) -> str | None:
    """The path of the file to which an entry leads."""
    if isinstance(entry, Redirect):
        return entry.file.path
    return entry.path if isinstance(entry, StaticFile) else None


def describe(entry: Entry | None) -> Any:
    """Everything that an entry says, for comparisons. ``None`` for no entry."""
    if isinstance(entry, Redirect):
        return entry.location, describe(entry.file)
    if isinstance(entry, StaticFile):
        return entry.path, entry.url, entry.suffixes, entry.is_variant
    return entry

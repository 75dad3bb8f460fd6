"""Changes ``collectstatic``, for our storages: an old file stays until the new one is complete.

Django's command removes a file before it copies or links the new one. The storage only sees a call
of ``delete``, and cannot tell whether a new file follows. So methods of the command are replaced.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from functools import wraps
from itertools import chain
from typing import Any

from django.conf import STATICFILES_STORAGE_ALIAS
from django.contrib.staticfiles.management.commands.collectstatic import Command
from django.core.files.storage import storages
from django.utils.module_loading import import_string

from ..support.logs import printable
from .atomic_storage import AtomicStorage
from .errors import CommandError

_Method = Callable[..., Any]


def keep_files_until_replaced() -> None:
    """Replace methods of Django's command."""
    # If ``handle`` is what imports the storage, only ``collect`` is replaced before its call.
    for name in ("handle", "collect"):
        setattr(Command, name, _without_traceback(getattr(Command, name)))
    for ours in (clear_dir, delete_file, link_file):
        setattr(Command, ours.__name__, _for_our_storages(getattr(Command, ours.__name__), ours))


def _without_traceback(djangos: _Method) -> _Method:
    """End the command with a message of one line after an ``OSError``, with our storages."""

    @wraps(djangos)
    def method(command: Any, *arguments: Any, **options: Any) -> Any:
        try:
            return djangos(command, *arguments, **options)
        except OSError as error:
            if not _is_ours(command):
                raise
            raise CommandError(str(error)) from error

    return method


def _is_ours(command: Any) -> bool:
    try:
        return isinstance(command.storage, AtomicStorage)
    except OSError:  # raised by its constructor, which reads the manifest
        kind = import_string(storages.backends[STATICFILES_STORAGE_ALIAS]["BACKEND"])
        return issubclass(kind, AtomicStorage)


def _for_our_storages(djangos: _Method, ours: _Method) -> _Method:
    @wraps(djangos)
    def method(command: Any, *arguments: Any) -> Any:
        if isinstance(command.storage, AtomicStorage):
            return ours(djangos, command, *arguments)
        return djangos(command, *arguments)

    return method


def delete_file(djangos: _Method, command: Any, path: str, name: str, source: Any) -> Any:
    """Decide whether a file will be replaced, but keep it for now."""
    with command.storage.replacing():
        return djangos(command, path, name, source)


def link_file(djangos: _Method, command: Any, path: str, name: str, source: Any) -> None:
    """Replace a file with a link in one step."""
    if command.dry_run or name in command.symlinked_files:
        djangos(command, path, name, source)
    elif command.delete_file(path, name, source):
        target = source.path(path)
        command.log(printable(f"Linking '{target}'"))
        command.storage.link(target, name)
        command.symlinked_files.append(name)


def clear_dir(djangos: _Method, command: Any, path: str) -> None:
    """Remove links to folders and dangling links first, then clear the folder as Django does.

    Django would remove the files in a folder that a link leads to.
    """
    storage = command.storage
    if not command.dry_run and storage.exists(path):
        for entry in chain(*storage.listdir(path)):
            name = os.path.join(path, entry)
            if os.path.islink(storage.path(name)) and not os.path.isfile(storage.path(name)):
                storage.delete(name)
    djangos(command, path)

"""The record of a compressed tree: which variants are ours, and what they were made from.

It holds digests and no dates. So it stays valid when the tree is copied, and it is the same for the
same content.
"""

from __future__ import annotations

import json
import os
from contextlib import closing
from typing import Any, NamedTuple

from ..files.codings import WORKING_PREFIX, coding_named
from ..files.draft import Draft
from ..files.errors import UnavailableError
from ..files.folder import Folder, check_path_below, is_trusted
from .errors import CompressionError, naming

NAME = f"{WORKING_PREFIX}compress.json"

_FORMAT = 2

# Errors that a malformed record may cause.
_MALFORMED = (ValueError, TypeError, KeyError, AttributeError, RecursionError)


class Made(NamedTuple):
    """The result of compressing one original with one encoder."""

    of: str  # digest of the original
    by: str  # the encoder's identity
    size: int  # bytes, compressed
    digest: str | None  # of the variant; None if it did not save enough


class Record:
    """The results for each file below a root. Threads may add to it."""

    def __init__(self, folder: Folder) -> None:
        """Read the record of the root ``folder``.

        :raises CompressionError: if it cannot be read, or is not a record.
        """
        #: By path below the root, and then by encoding.
        self.files: dict[str, dict[str, Made]] = {}
        #: Why a record was ignored.
        self.warnings: list[str] = []
        self._folder = folder
        self._path = folder.path_of(NAME)
        self._saved = self._read()
        if self._saved is not None:
            try:
                self.files = _from_json(json.loads(self._saved))
            except _MALFORMED as error:
                raise CompressionError(
                    self._path,
                    f"{self._path} is not a record of compressed files; remove it, and the next run"
                    " compresses everything again",
                ) from error

    def get(self, path: str, encoding: str) -> Made | None:
        """The result for a file in an encoding."""
        return self.files.get(path, {}).get(encoding)

    def put(self, path: str, encoding: str, made: Made) -> None:
        """Add or replace a result."""
        self.files.setdefault(path, {})[encoding] = made

    def forget(self, path: str, encoding: str) -> None:
        """Remove a result."""
        del self.files[path][encoding]
        if not self.files[path]:
            del self.files[path]

    def save(self) -> None:
        """Write the record if it has changed; remove it if it is empty."""
        content = {"format": _FORMAT, "files": self.files}
        data = json.dumps(content, sort_keys=True, separators=(",", ":")).encode()
        if not self.files:
            if self._saved is not None:
                with naming(self._path, "removed"):
                    self._folder.unlink(NAME)
        elif data != self._saved:
            with naming(self._path, "written"), Draft(self._folder, NAME) as draft:
                draft.write(data)
                getattr(os, "sync", lambda: None)()  # variants reach the disk before the record
                draft.sync()
                draft.publish(0o644)

    def _read(self) -> bytes | None:
        """The content. Root ignores another user's record, because files are removed by it."""
        with naming(self._path, "read"):
            try:
                if is_trusted(self._folder.status_of(NAME)):
                    with closing(self._folder.open_file(NAME)) as file:
                        if is_trusted(os.fstat(file.fileno())):
                            return file.read_fully(0, file.state.size)
            except FileNotFoundError:
                return None
            except UnavailableError as error:
                if error.gone:
                    return None
                raise
        self.warnings.append(f"{self._path} is ignored: it belongs to another user than root")
        return None


def _from_json(content: Any) -> dict[str, dict[str, Made]]:
    if content["format"] != _FORMAT:
        raise ValueError(content["format"])
    return {
        check_path_below(path): {token: _made(token, values) for token, values in made.items()}
        for path, made in content["files"].items()
    }


def _made(encoding: str, values: Any) -> Made:
    of, by, size, digest = values
    coding_named(encoding)  # raises a KeyError for an unknown one
    if isinstance(digest, str | None) and type(of) is type(by) is str and type(size) is int:
        return Made(of, by, size, digest)
    raise TypeError(values)

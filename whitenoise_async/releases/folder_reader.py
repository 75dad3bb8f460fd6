"""Reads a store in a folder, for the middleware."""

from __future__ import annotations

import os
from contextlib import closing

from ..files.errors import UnavailableError
from ..files.open_file import OpenFile, open_file, open_in
from ..files.state import state_or_none
from ..registry.entries import StoredContent
from .manifest import NAME
from .reader import ManifestRead


class FolderReader:
    """Reads the files below a folder. No link to a folder below it is followed."""

    def __init__(self, root: str) -> None:
        """:param root: the folder, absolute. It may not exist yet."""
        self.name = root
        self.root = root

    def read_manifest(self, revision: object) -> ManifestRead | None:
        """Read the manifest, if its file has changed."""
        path = os.path.join(self.root, NAME)
        # Before the file is opened: a folder that is not there has no state either.
        state = state_or_none(path)
        if state is not None and state == revision:
            return None
        try:
            file = open_file(path)
        except UnavailableError as error:
            if error.gone:
                return ManifestRead(None, None)
            raise
        with closing(file):
            return ManifestRead(file.state, file.read_fully(0, file.state.size))

    def path_of(self, below: str) -> str:
        """The absolute path of a file."""
        return os.path.join(self.root, *below.split("/"))

    def open(self, path: str, content: StoredContent) -> OpenFile:
        """Open a file, if it has the size of its content."""
        file = open_in(self.root, path)
        if file.state.size != content.size:
            file.close()
            raise UnavailableError(path, f"{NAME} has another size for it")
        return file

    reopen = open

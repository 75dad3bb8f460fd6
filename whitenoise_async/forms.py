"""A file and its pre-compressed siblings, open together: the moment that an answer speaks of."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from .codings import CODINGS, Coding
from .files import OpenFile, UnavailableError, open_file, state_if_any
from .http.negotiation import IDENTITY
from .logs import warn_once
from .representations import FileState


class Forms:
    """The open files of one URL by content coding, identity first.

    ``rejected`` has the siblings that are not served: their paths, and the states in which they
    were not, ``None`` for one that was not there.
    """

    def __init__(
        self,
        path: str,
        suffixes: Sequence[str],
        open_: Callable[[str], OpenFile] = open_file,
    ) -> None:
        """Open the file ``path``, and its siblings with ``suffixes`` that are its compression.

        :raises UnavailableError: when there is no such file.
        :raises FileSystemError: when the system fails.
        """
        self._open = open_
        self.files = {IDENTITY: open_(path)}
        self.rejected: list[tuple[str, FileState | None]] = []
        try:
            for coding in CODINGS:
                if coding.suffix in suffixes:
                    self._add(coding, path + coding.suffix)
        except BaseException:
            self.close()
            raise

    def _add(self, coding: Coding, path: str) -> None:
        original = self.files[IDENTITY]
        try:
            sibling = self._open(path)
        except UnavailableError as error:
            if not error.gone:
                warn_once(str(error))
            # Asked only of one that was there: what came after the opening has not been checked.
            self.rejected.append((path, None if error.gone else state_if_any(path)))
            return
        self.files[coding.token] = sibling
        fault = coding.fault(sibling, original)
        if fault is not None:
            warn_once(f"{path} is not served: {fault}")
            self.rejected.append((path, sibling.state))
            self.take(coding.token).close()

    def take(self, coding: str) -> OpenFile:
        """Hand over a file, which :meth:`close` then leaves open."""
        return self.files.pop(coding)

    def close(self) -> None:
        """Close every file that was not taken."""
        for file in self.files.values():
            file.close()

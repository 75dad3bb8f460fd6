"""A file and its pre-compressed siblings, open together: the moment that an answer speaks of."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import closing

from ..files.codings import CODINGS, Coding
from ..files.open_file import OpenFile, UnavailableError, open_file, state_if_any
from ..http.negotiation import IDENTITY
from ..support.logs import warn_once
from .representation import FileState


class Forms:
    """The open files of one URL by content coding, identity first.

    ``rejected`` has other files on which this depends, which are not served here: their paths and
    states, ``None`` for one that was not there.
    """

    def __init__(
        self,
        path: str,
        suffixes: Sequence[str],
        open_: Callable[[str], OpenFile] = open_file,
        *,
        is_variant: bool = False,
    ) -> None:
        """Open the file ``path``, and its variants with ``suffixes`` that are smaller than it.

        :param is_variant: whether ``path`` has the name of another file's variant.
        :raises UnavailableError: when there is no such file, or it is the variant of another one.
        :raises FileSystemError: when the system fails.
        """
        self._open = open_
        self.files = {IDENTITY: open_(path)}
        self.rejected: list[tuple[str, FileState | None]] = []
        try:
            for coding in CODINGS:
                if is_variant and path.endswith(coding.suffix):
                    self._require_unrelated(coding, path.removesuffix(coding.suffix))
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
        if fault is not None or sibling.state.size >= original.state.size:
            self.rejected.append((path, sibling.state))
            self.take(coding.token).close()

    def _require_unrelated(self, coding: Coding, path: str) -> None:
        """Refuse to serve the file under its own URL if it is the compression of ``path``."""
        file = self.files[IDENTITY]
        try:
            original = self._open(path)
        except UnavailableError as error:
            if not error.gone:
                raise
            self.rejected.append((path, None))
            return
        with closing(original):
            if coding.fault(file, original) is None:
                raise UnavailableError(file.path, f"it is {path}, compressed", gone=True)
            self.rejected.append((path, original.state))

    def take(self, coding: str) -> OpenFile:
        """Hand over a file, which :meth:`close` then leaves open."""
        return self.files.pop(coding)

    def close(self) -> None:
        """Close every file that was not taken."""
        for file in self.files.values():
            file.close()

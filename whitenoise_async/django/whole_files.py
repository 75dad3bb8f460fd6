"""Files of a local storage that appear whole, under the name that was asked for, or not at all."""

from __future__ import annotations

import os
from contextlib import suppress
from typing import Any

from django.core.files.storage import FileSystemStorage

from ..codings import WORKING_PREFIX
from .errors import CommandError


class WholeFilesStorage(FileSystemStorage):
    """Writes each file beside its place first.

    Of one that is cut off by a full disk or a signal, the next ``collectstatic`` would think that
    it is the file: it looks at names and dates. And two at once would make each other choose other
    names, under which nobody asks for anything.
    """

    def get_available_name(self, name: str, max_length: int | None = None) -> str:
        """The name itself: what has it is replaced."""
        return name

    def _save(self, name: str, content: Any) -> str:
        draft = os.path.join(os.path.dirname(name), f"{WORKING_PREFIX}{os.urandom(8).hex()}.new")
        path, beside = self.path(name), self.path(draft)
        try:
            super()._save(draft, content)
            os.replace(beside, path)
        except OSError as error:
            raise CommandError(f"{path} cannot be written: {error.strerror or error}") from error
        finally:
            with suppress(OSError):
                os.unlink(beside)
        return name.replace("\\", "/")

"""What lies under two names is compressed once: Django keeps a copy with a hash in its name."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from contextlib import suppress

from .drafts import new_digest, pieces_of
from .encoders import WHOLE
from .folders import Folder, parent_of
from .record import Made


class Twins:
    """Variants that a run has written of contents that may come again. Threads share it."""

    def __init__(self, sizes: Iterable[int] = ()) -> None:
        """Begin with none.

        :param sizes: bytes of each file that is compressed; two that differ in it are not the same.
        """
        self._sizes = {size for size, count in Counter(sizes).items() if count > 1}
        self._written: dict[tuple[str, str], tuple[str, Made]] = {}

    def add(self, path: str, size: int, made: Made) -> None:
        """Note the variant at ``path``, below the root, of a file of ``size`` bytes."""
        if size in self._sizes and made.size <= WHOLE:
            self._written[made.of, made.by] = path, made

    def find(self, root: Folder, of: str, by: str) -> bytes | None:
        """The variant of a content by an encoder, if there is one that is as it was written."""
        if (of, by) in self._written:
            path, made = self._written[of, by]
            with suppress(OSError):
                with parent_of(root, path) as (folder, name):
                    content = b"".join(pieces_of(folder, name))
                digest = new_digest()
                digest.update(content)
                if digest.hexdigest() == made.digest:
                    return content
        return None

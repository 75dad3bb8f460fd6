"""Compresses content in memory."""

from __future__ import annotations

from functools import cached_property
from io import BytesIO
from typing import TYPE_CHECKING

from ..files.content import pieces_of
from ..serving.long_work import SHORT_COMPRESSION, require_allowed

if TYPE_CHECKING:
    from ..compression.settings import Settings

# For each coding, the level after which the time grows faster than the gain. Bootstrap's style
# sheet (280 KB) takes 40 ms with brotli at 9, and 1,000 ms at 11 for 14 % less.
_LEVELS = {"gzip": 9, "br": 9, "zstd": 12}


class MemoryCompressor:
    """Compresses content with the encodings that are installed."""

    def __init__(self, *, is_enabled: bool) -> None:
        """:param is_enabled: whether to compress at all. Without a cache it would be repeated."""
        self._is_enabled = is_enabled

    @cached_property
    def _settings(self) -> Settings:
        # Most applications never need it, and its import takes as long as that of the package.
        from ..compression.settings import Settings

        installed = [each.token for each in Settings().encoders]
        return Settings(encodings=installed, levels={each: _LEVELS[each] for each in installed})

    def selects(self, path: str) -> bool:
        """Whether the ``compress`` command compresses a file of this name by default."""
        return self._is_enabled and self._settings.selects(path)

    def compress(self, content: bytes) -> dict[str, bytes]:
        """Compress ``content``.

        :returns: by coding, the variants that save enough, by the rule of the ``compress`` command.
        :raises LongWorkError: if the content is not short, where that is forbidden.
        """
        if not self._is_enabled:
            return {}
        size = len(content)
        require_allowed(size, SHORT_COMPRESSION)
        settings = self._settings
        made = {
            each.token: b"".join(each.compress(pieces_of(BytesIO(content).read), size))
            for each in settings.encoders
        }
        return {
            token: data for token, data in made.items() if settings.saves_enough(size, len(data))
        }

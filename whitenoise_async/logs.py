"""The package's logger."""

from __future__ import annotations

import logging
from functools import lru_cache

logger = logging.getLogger("whitenoise_async")


@lru_cache(maxsize=1024)
def warn_once(message: str) -> None:
    """Log ``message`` as a warning, unless it is among the last that were logged.

    A file that is requested a thousand times a second has its fault named once; the bound keeps the
    memory of it small.
    """
    logger.warning(message)

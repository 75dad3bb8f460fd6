"""What a forked process has to make anew: of all threads it has only the one that forked."""

from __future__ import annotations

import os
from collections.abc import Callable


def at_fork(in_child: Callable[[], None]) -> None:
    """Call ``in_child`` in every process that is forked from this one, where processes fork."""
    register: Callable[..., None] | None = getattr(os, "register_at_fork", None)
    if register is not None:
        register(after_in_child=in_child)

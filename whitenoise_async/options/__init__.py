"""The options: their declaration, hooks among them, and their check."""

from __future__ import annotations

from .declaration import (
    OptionKeywords,
    Options,
    apply_keywords,
    is_set,
    require_known,
    set_option,
)
from .documentation import describe, describe_options, option_meanings
from .hooks import HOOKS, KnowsUrls, has_method
from .resolved import ResolvedOptions, resolve

__all__ = [
    "HOOKS",
    "KnowsUrls",
    "OptionKeywords",
    "Options",
    "ResolvedOptions",
    "apply_keywords",
    "describe",
    "describe_options",
    "has_method",
    "is_set",
    "option_meanings",
    "require_known",
    "resolve",
    "set_option",
]

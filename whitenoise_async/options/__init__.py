"""The options: their declaration, hooks among them, and their check."""

from __future__ import annotations

from .declaration import OptionKeywords, Options, apply_keywords, is_set, set_option
from .documentation import describe_options
from .hooks import HOOKS, has_method
from .resolved import ResolvedOptions, resolve

__all__ = [
    "HOOKS",
    "OptionKeywords",
    "Options",
    "ResolvedOptions",
    "apply_keywords",
    "describe_options",
    "has_method",
    "is_set",
    "resolve",
    "set_option",
]

"""The options: their declaration, hooks among them, and their check."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..support.lazy import lazy_attributes
from .declaration import Options, apply_keywords, is_set, require_known, set_option
from .documentation import describe, describe_options, option_meanings
from .hooks import HOOKS, KnowsUrls, has_method
from .resolved import ResolvedOptions, resolve

if TYPE_CHECKING:
    from .keywords import OptionKeywords

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

# Only type checkers and tests need the class.
__getattr__ = lazy_attributes(__name__, {"OptionKeywords": ".keywords"})

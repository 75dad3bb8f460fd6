"""Finds and replaces the references of a style sheet to other files."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ...support.lazy import lazy_attributes

if TYPE_CHECKING:
    from .encoding import decode, encode
    from .errors import StyleSheetError
    from .references import Reference, find_references, replace_references
    from .tokens import is_tokenizer_installed
    from .urls import split_url

__all__ = [
    "Reference",
    "StyleSheetError",
    "decode",
    "encode",
    "find_references",
    "is_tokenizer_installed",
    "replace_references",
    "split_url",
]

_MODULES = {
    "Reference": ".references",
    "StyleSheetError": ".errors",
    "decode": ".encoding",
    "encode": ".encoding",
    "find_references": ".references",
    "is_tokenizer_installed": ".tokens",
    "replace_references": ".references",
    "split_url": ".urls",
}

# Servers start before a style sheet is requested, and most applications have no hashed URLs.
__getattr__ = lazy_attributes(__name__, _MODULES)

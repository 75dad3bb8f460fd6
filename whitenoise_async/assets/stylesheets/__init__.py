"""Finds and replaces the references of a style sheet to other files."""

from __future__ import annotations

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

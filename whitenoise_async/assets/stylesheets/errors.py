"""The error of style sheets that are served unchanged."""

from __future__ import annotations


class StyleSheetError(ValueError):
    """A style sheet cannot be decoded or tokenized. The message says why."""

"""Variants of static files, compressed beforehand: made, kept up to date, checked, removed."""

from .encoders import EncodingError
from .errors import CompressionError
from .report import Action, Failure, Outcome, Report, Totals, Watcher
from .trees import check_tree, clean_tree, compress_tree

__all__ = [
    "Action",
    "CompressionError",
    "EncodingError",
    "Failure",
    "Outcome",
    "Report",
    "Totals",
    "Watcher",
    "check_tree",
    "clean_tree",
    "compress_tree",
]

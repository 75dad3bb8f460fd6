"""Variants of static files, compressed beforehand: made, kept up to date, checked, removed."""

from .encoders import ENCODINGS, EncodingError
from .errors import CompressionError
from .report import Action, Failure, LeftAlone, Outcome, Report, Totals, Watcher
from .settings import DEFAULT_EXCLUDED, DEFAULT_MIN_SAVING, DEFAULT_MIN_SIZE, Settings
from .trees import check_tree, clean_tree, compress_tree

__all__ = [
    "DEFAULT_EXCLUDED",
    "DEFAULT_MIN_SAVING",
    "DEFAULT_MIN_SIZE",
    "ENCODINGS",
    "Action",
    "CompressionError",
    "EncodingError",
    "Failure",
    "LeftAlone",
    "Outcome",
    "Report",
    "Settings",
    "Totals",
    "Watcher",
    "check_tree",
    "clean_tree",
    "compress_tree",
]

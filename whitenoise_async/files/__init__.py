"""Opens, stats and reads files; content codings; checks whether a variant matches its original."""

from .open_file import BrokenBodyError

__all__ = ["BrokenBodyError"]

"""Opens, stats and reads files; content codings; checks whether a variant matches its original."""

from .errors import BrokenBodyError

__all__ = ["BrokenBodyError"]

"""Names of files that are probably not meant to be public, such as ``.env`` and ``.git``."""

from __future__ import annotations

from collections.abc import Collection
from fnmatch import fnmatchcase

from ..files.codings import SUFFIXES, original_of

#: Paths below a root, each with a pattern that excludes it.
SensitiveFiles = dict[str, str]

#: Patterns, as the option ``exclude`` takes them.
PATTERNS = (
    *(".git", ".hg", ".svn", ".bzr", "CVS", ".git-credentials"),
    *(".env*", ".htpasswd", ".htaccess", ".netrc", ".pgpass", ".pypirc", ".npmrc"),
    *(".ssh", ".aws", ".gnupg", "id_rsa", "id_dsa", "id_ecdsa", "id_ed25519"),
    *("*.pem", "*.key", "*.p12", "*.pfx", "*.ppk", "*.jks", "*.keystore", "*.kdbx"),
    *("*.sqlite3", "*.sqlite", "*.db", "*.sql"),
    *("*~", "#*#", ".#*", "*.bak", "*.orig", "*.rej", "*.swp", "*.swo"),
    *("__pycache__", "*.pyc", ".venv", ".idea", ".vscode", ".DS_Store"),
)

# A tree may have 100,000 names. These checks reject most of them in a sixth of a microsecond.
_ENDINGS = tuple(each.rpartition("*")[2] for each in PATTERNS if "*" in each[:-1])
_BEGINNINGS = tuple(each[:-1] for each in PATTERNS if each.endswith("*"))
_NAMES = frozenset(each for each in PATTERNS if "*" not in each)

# The parts between the dots of names that match a pattern without "~" and "#" contain one of these.
_PARTS = frozenset("" if each[0] == "." else each.removeprefix("*.") for each in PATTERNS)


def sensitive_files(folder: str, names: Collection[str]) -> SensitiveFiles:
    """The files of one folder that are probably not meant to be public.

    If the folder itself is sensitive, or one above it, only that folder is returned.

    :param folder: its path below the root, with a slash at the end; empty for the root.
    :param names: the names of its files.
    """
    parents = folder.split("/")
    for number, parent in enumerate(parents):
        if names and (pattern := _pattern_for(parent)):
            return {"/".join(parents[: number + 1]) + "/": pattern}
    # Nothing is done for each name here: 0.2 µs for each were a quarter of a start.
    text = ".".join(names)
    if "~" not in text and "#" not in text and _PARTS.isdisjoint(text.split(".")):
        return {}
    # The test of `_pattern_for`, without a call for each of the names.
    originals = {name: original_of(name) or name for name in names if name.endswith(SUFFIXES)}
    suspects = [
        name
        for name in {*names}.difference(originals).union(originals.values())
        if name.endswith(_ENDINGS) or name.startswith(_BEGINNINGS) or name in _NAMES
    ]
    patterns = {name: pattern for name in suspects if (pattern := _pattern_for(name))}
    if not patterns:
        return {}
    found = {name: patterns.get(originals.get(name, name)) for name in names}
    return {folder + name: pattern for name, pattern in found.items() if pattern}


def is_sensitive_name(name: str) -> bool:
    """Whether a file or folder of this name, or the original of a variant, is sensitive."""
    return _pattern_for(original_of(name) or name) is not None


def _pattern_for(name: str) -> str | None:
    if name.endswith(_ENDINGS) or name.startswith(_BEGINNINGS) or name in _NAMES:
        return next((each for each in PATTERNS if fnmatchcase(name, each)), None)
    return None

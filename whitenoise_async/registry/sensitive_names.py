"""Names of what is hardly meant to be public: what a folder has that was copied with all it had."""

from __future__ import annotations

from collections.abc import Sequence
from fnmatch import fnmatchcase

from ..files.codings import SUFFIXES

#: Paths below a root, and for each a pattern that keeps it out.
Mistakes = dict[str, str]

#: As the option ``exclude`` takes them.
PATTERNS = (
    *(".git", ".hg", ".svn", ".bzr", "CVS", ".git-credentials"),
    *(".env*", ".htpasswd", ".htaccess", ".netrc", ".pgpass", ".pypirc", ".npmrc"),
    *(".ssh", ".aws", ".gnupg", "id_rsa", "id_dsa", "id_ecdsa", "id_ed25519"),
    *("*.pem", "*.key", "*.p12", "*.pfx", "*.ppk", "*.jks", "*.keystore", "*.kdbx"),
    *("*.sqlite3", "*.sqlite", "*.db", "*.sql"),
    *("*~", "#*#", ".#*", "*.bak", "*.orig", "*.rej", "*.swp", "*.swo"),
    *("__pycache__", "*.pyc", ".venv", ".idea", ".vscode", ".DS_Store"),
)

# A tree may have 100,000 names: most are told by these in a sixth of a microsecond.
_ENDINGS = tuple(each.rpartition("*")[2] for each in PATTERNS if "*" in each[:-1])
_BEGINNINGS = tuple(each[:-1] for each in PATTERNS if each.endswith("*"))
_NAMES = frozenset(each for each in PATTERNS if "*" not in each)


def mistakes_among(folder: str, names: Sequence[str] | set[str]) -> Mistakes:
    """The files of one folder that look as if nobody meant to publish them.

    In a folder that is a mistake as a whole it is that folder that is named.

    :param folder: its path below the root, with a slash at its end; empty for the root.
    :param names: of files in it.
    """
    parents = folder.split("/")
    for number, parent in enumerate(parents):
        if names and (pattern := _pattern_for(parent)):
            return {"/".join(parents[: number + 1]) + "/": pattern}
    found: Mistakes = {}
    for name in names:
        plain = name.rpartition(".")[0] if name.endswith(SUFFIXES) else name
        if pattern := _pattern_for(plain):
            found[folder + name] = pattern
    return found


def _pattern_for(name: str) -> str | None:
    if name.endswith(_ENDINGS) or name.startswith(_BEGINNINGS) or name in _NAMES:
        return next((each for each in PATTERNS if fnmatchcase(name, each)), None)
    return None

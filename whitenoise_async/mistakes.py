"""Names of what is hardly meant to be public: what a folder has that was copied with all it had."""

from __future__ import annotations

from collections.abc import Iterable

#: Paths below a root, and for each a glob pattern that keeps it out.
Mistakes = dict[str, str]

# Version control, keys and programs' own.
_FOLDERS = frozenset(
    [
        *(".git", ".hg", ".svn", ".bzr", "CVS"),
        *(".ssh", ".aws", ".gnupg"),
        *("__pycache__", ".venv", ".idea", ".vscode"),
    ]
)
_NAMES = frozenset(
    [
        *(".git", ".htpasswd", ".htaccess", ".netrc", ".pgpass", ".pypirc", ".npmrc"),
        *("id_rsa", "id_dsa", "id_ecdsa", "id_ed25519", ".git-credentials", ".DS_Store"),
    ]
)
_BEGINNINGS = (".env", ".#")
_ENDINGS = (
    *(".pem", ".key", ".p12", ".pfx", ".ppk", ".jks", ".keystore", ".kdbx"),
    *(".sqlite3", ".sqlite", ".db", ".sql"),
    *("~", "#", ".bak", ".orig", ".rej", ".swp", ".swo"),
    ".pyc",
)


def mistakes_among(folder: str, names: Iterable[str]) -> Mistakes:
    """The files of one folder that look as if nobody meant to publish them.

    In a folder that is a mistake as a whole it is that folder that is named.

    :param folder: its path below the root, with a slash at its end; empty for the root.
    :param names: of files in it.
    """
    found: Mistakes = {}
    if not _FOLDERS.isdisjoint(parents := folder.split("/")):
        place = next(i for i, name in enumerate(parents) if name in _FOLDERS)
        if any(True for _ in names):
            found["/".join(parents[: place + 1]) + "/"] = parents[place]
        return found
    for name in names:
        if name.endswith(_ENDINGS):
            ending = next(each for each in _ENDINGS if name.endswith(each))
            found[folder + name] = f"*{ending}"
        elif name.startswith(_BEGINNINGS):
            beginning = next(each for each in _BEGINNINGS if name.startswith(each))
            found[folder + name] = f"{beginning}*"
        elif name in _NAMES:
            found[folder + name] = name
    return found

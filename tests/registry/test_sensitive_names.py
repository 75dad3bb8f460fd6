"""Names of files that are probably not meant to be public."""

from __future__ import annotations

import pytest

from whitenoise_async.registry.directory import is_excluded
from whitenoise_async.registry.sensitive_names import is_sensitive_name, sensitive_files
from whitenoise_async.support.globs import Globs

SENSITIVE = [
    (".env", ".env*"),
    (".env.production", ".env*"),
    (".envrc", ".env*"),
    (".htpasswd", ".htpasswd"),
    (".git", ".git"),
    ("id_rsa", "id_rsa"),
    ("id_ed25519", "id_ed25519"),
    ("server.key", "*.key"),
    ("server.pem", "*.pem"),
    ("db.sqlite3", "*.sqlite3"),
    ("app.js~", "*~"),
    ("app.js.bak", "*.bak"),
    (".app.js.swp", "*.swp"),
    (".#app.js", ".#*"),
    ("#app.js#", "#*#"),
    ("dump.sql", "*.sql"),
    ("module.pyc", "*.pyc"),
    ("dump.sql.gz", "*.sql"),
    *((name, name) for name in [".hg", ".svn", ".bzr", "CVS", ".git-credentials", ".htaccess"]),
    *((name, name) for name in [".netrc", ".pgpass", ".pypirc", ".npmrc", ".ssh", ".aws"]),
    *((name, name) for name in [".gnupg", "id_dsa", "id_ecdsa", "__pycache__", ".venv"]),
    *((name, name) for name in [".idea", ".vscode", ".DS_Store"]),
    *((f"a.{ending}", f"*.{ending}") for ending in ["p12", "pfx", "ppk", "jks", "keystore"]),
    *((f"a.{ending}", f"*.{ending}") for ending in ["kdbx", "sqlite", "db", "orig", "rej", "swo"]),
    ("prod.db.zst", "*.db"),
    ("server.key.br", "*.key"),
]


@pytest.mark.parametrize(("name", "pattern"), SENSITIVE)
@pytest.mark.parametrize("folder", ["", "js/", "deep/er/"])
def test_a_sensitive_file_is_named_with_the_pattern_that_excludes_it(
    folder: str, name: str, pattern: str
) -> None:
    assert sensitive_files(folder, ["app.js", name]) == {folder + name: pattern}
    assert is_excluded(Globs([pattern]), folder, name, folder=False)


@pytest.mark.parametrize(
    "name",
    [
        *("app.js", "environment.js", "env", "monkey", "id_rsa.pub", "keys.html", "a.sqlite3.html"),
        *(
            "security.txt",
            "index.html",
            ".nojekyll",
            "sitemap.xml",
            "app.js.map",
            "git",
            "a.db.js",
            "issue#",
            "app.js.gz",
        ),
    ],
)
def test_names_that_sites_use_are_not_sensitive(name: str) -> None:
    assert sensitive_files("", [name]) == {}
    assert sensitive_files(".well-known/", [name]) == {}
    assert not is_sensitive_name(name)


@pytest.mark.parametrize("folder", [".git", ".hg", ".svn", "__pycache__", ".ssh"])
def test_a_sensitive_folder_is_named_instead_of_its_files(folder: str) -> None:
    expected = {f"{folder}/": folder}
    assert is_sensitive_name(folder)
    assert sensitive_files(f"{folder}/", ["HEAD", "id_rsa"]) == expected
    assert sensitive_files(f"{folder}/objects/ab/", ["cdef"]) == expected
    assert sensitive_files(f"sub/{folder}/objects/", ["cdef"]) == {f"sub/{folder}/": folder}
    assert sensitive_files(f"{folder}/empty/", []) == {}
    assert Globs([folder]).match_path(f"sub/{folder}/objects/cdef")


def test_a_variant_is_as_sensitive_as_its_original() -> None:
    assert is_sensitive_name(".env.gz")
    assert is_sensitive_name(".htpasswd.gz")
    assert not is_sensitive_name("app.js.gz")

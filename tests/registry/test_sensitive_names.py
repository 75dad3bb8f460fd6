"""Names of what is hardly meant to be public."""

from __future__ import annotations

import pytest

from whitenoise_async.registry.directory import is_excluded
from whitenoise_async.registry.sensitive_names import sensitive_files
from whitenoise_async.support.globs import Globs

ALARMING = [
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
    ("prod.db.zst", "*.db"),
    ("server.key.br", "*.key"),
]


@pytest.mark.parametrize(("name", "pattern"), ALARMING)
@pytest.mark.parametrize("folder", ["", "js/", "deep/er/"])
def test_a_file_that_is_not_meant_to_be_public_is_named_with_what_keeps_it_out(
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
def test_what_sites_have_is_no_mistake(name: str) -> None:
    assert sensitive_files("", [name]) == {}
    assert sensitive_files(".well-known/", [name]) == {}


@pytest.mark.parametrize("folder", [".git", ".hg", ".svn", "__pycache__", ".ssh"])
def test_of_a_folder_that_is_a_mistake_the_folder_is_named(folder: str) -> None:
    expected = {f"{folder}/": folder}
    assert sensitive_files(f"{folder}/", ["HEAD", "id_rsa"]) == expected
    assert sensitive_files(f"{folder}/objects/ab/", ["cdef"]) == expected
    assert sensitive_files(f"sub/{folder}/objects/", ["cdef"]) == {f"sub/{folder}/": folder}
    assert sensitive_files(f"{folder}/empty/", []) == {}
    assert Globs([folder]).match_path(f"sub/{folder}/objects/cdef")

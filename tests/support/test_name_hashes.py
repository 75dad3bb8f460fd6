"""Names are split at their hashes."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.helpers.files import write
from whitenoise_async.support.name_hashes import split_any, splitter


@pytest.mark.parametrize(
    ("path", "parts"),
    [
        ("/js/app.3f2a9c1b7d04.js", ("/js/app.", ".js")),
        ("/assets/index-BcD12_-x.js", ("/assets/index-", ".js")),
        ("/main.1a2b3c4d5e6f7a8b9c0d.bundle.js", ("/main.", ".bundle.js")),
        ("/LICENSE.3f2a9c1b7d04", ("/LICENSE.", "")),
        ("/chunk-QX7AB2CD.js", ("/chunk-", ".js")),
        ("/a.3f2a9c1b7d04.css.map", ("/a.", ".css.map")),
        ("/3f2a9c1b.deadbeef.js", ("/3f2a9c1b.", ".js")),
        ("/app.js", None),
        ("/a-12345678/app.js", None),
        ("/app.1234567.js", None),
    ],
)
def test_a_hashed_name_is_split_at_the_hash(path: str, parts: tuple[str, str] | None) -> None:
    assert split_any(path) == parts


@pytest.mark.parametrize(
    ("path", "parts"),
    [
        ("js/app.3f2a9c1b7d04.js", ("/js/app.", ".js")),
        ("jquery.min.0123456789ab.js", ("/jquery.min.", ".js")),
        ("LICENSE.3f2a9c1b7d04", ("/LICENSE.", "")),
        ("app.3f2a9c1b.js", None),
        ("app.js", None),
    ],
)
def test_by_default_a_hash_has_twelve_hexadecimal_digits(
    path: str, parts: tuple[str, str] | None
) -> None:
    assert splitter("/root", None)(path) == parts


@pytest.mark.parametrize(
    ("expression", "path", "parts"),
    [
        (r"-[\w-]{8}\.js$", "assets/index-BcD12_-x.js", ("/assets/index-", ".js")),
        (r"\.[0-9a-f]{8}\.", "index.deadbeef.js", ("/index.", ".js")),
        (r"\.([0-9a-f]{8})\.", "index.deadbeef.js", ("/index.", ".js")),
        (r"^/assets/.*_(\d{3})", "assets/app_123.js", ("/assets/app_", ".js")),
        (r"(y)?\.[0-9a-f]{8}\.", "index.deadbeef.js", ("/index.", ".js")),
        # These matches are not hashes in names.
        (r"^/assets/", "assets/index.deadbeef.js", None),
        (r"-", "assets/a-.js", None),
        (r"^/assets/.*", "assets/app.js", None),
    ],
)
def test_the_match_of_an_expression_or_its_first_group_is_the_hash(
    expression: str, path: str, parts: tuple[str, str] | None
) -> None:
    assert splitter("/root", expression)(path) == parts


def test_the_names_of_a_build_tool_are_those_in_its_manifest(tmp_path: Path) -> None:
    manifest = {"src/main.js": {"file": "assets/main-a1b2c3d4.js", "src": "src/main.js"}}
    write(tmp_path / ".vite" / "manifest.json", json.dumps(manifest).encode())
    split = splitter(str(tmp_path), "vite")
    assert split("assets/main-a1b2c3d4.js") == ("/assets/main-", ".js")
    assert split("assets/date-20240131.js") is None


@pytest.mark.parametrize(
    ("value", "message"),
    [
        ("vit", "immutable must be a regular expression or the name of a build tool, got 'vit'; "),
        ("(", r"immutable must be a regular expression or the name of a build tool, got '\(': "),
    ],
)
def test_an_unknown_tool_and_an_invalid_expression_are_refused(value: str, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        splitter("/root", value)

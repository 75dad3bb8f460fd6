"""Glob patterns of paths below a root."""

from __future__ import annotations

import pytest

from whitenoise_async.globs import matches_any


@pytest.mark.parametrize(
    ("path", "pattern", "expected"),
    [
        # Without a slash: any name, a file's or a folder's.
        ("app.js", "*.js", True),
        ("deep/down/app.js", "*.js", True),
        ("app.js", "app.js", True),
        ("deep/app.js", "app.js", True),
        ("app.js", "app", False),
        ("app.json", "*.js", False),
        ("js/app.css", "js", True),
        ("deep/js/down/app.css", "j?", True),
        ("js/app.css", "s", False),
        ("js/app.css", "js*app.css", False),
        ("app.js", "?pp.[jt]s", True),
        ("app.ts", "?pp.[!j]s", True),
        ("app.js", "?pp.[!j]s", False),
        ("app.JS", "*.js", False),
        ("app.js", "*", True),
        (".hidden", "*", True),
        # With a slash: the whole path, of which * matches any part.
        ("js/app.js", "js/*", True),
        ("js/deep/app.js", "js/*", True),
        ("js/deep/app.js", "js/*.js", True),
        ("other/js/app.js", "js/*", False),
        ("other/js/app.js", "*/js/*", True),
        ("js/app.js", "*/js/*", False),
        ("app.js", "/app.js", True),
        ("deep/app.js", "/app.js", False),
        ("js/app.js", "/js/*", True),
        ("js/app.js", "//js/*", False),
        ("js/app.js", "/js", True),
        ("js/app.js", "js/app", False),
        ("js/deep/app.js", "js/deep", True),
        ("js/deeper/app.js", "js/deep", False),
        ("app.js", "./app.js", True),
        ("deep/app.js", "./app.js", False),
        # With one at the end alone: below any folder of that name.
        ("js/app.js", "js/", True),
        ("deep/js/down/app.js", "js/", True),
        ("deep/js/down/app.js", "j?/", True),
        ("js", "js/", False),
        ("jss/app.js", "js/", False),
        ("js/app.js", "/js/", True),
        ("deep/js/app.js", "/js/", False),
        ("deep/js/app.js", "deep/js/", True),
        ("deep/js", "deep/js/", False),
        # A folder's own path.
        ("js/", "js", True),
        ("js/", "js/", True),
        ("js/", "js/*", True),
        ("js/", "/js", True),
        ("js/", "*.js", False),
        ("js/", "js/*.js", False),
        ("js/deep/", "js/", True),
        # What names may hold.
        ("a\nb.js", "a*.js", True),
        ("a\n", "a", False),
        ("\udcff.js", "*.js", True),
        ("[x].js", "[[]x].js", True),
        ("✓.js", "?.js", True),
        ("app.js", "", False),
    ],
)
def test_a_pattern_is_one_for_the_name_or_with_a_slash_for_the_path(
    path: str, pattern: str, expected: bool
) -> None:
    assert matches_any(path, [pattern]) is expected


@pytest.mark.parametrize(
    ("patterns", "expected"),
    [([], False), (["*.css"], False), (["*.css", "*.js"], True), (["*.js", "*.css"], True)],
)
def test_one_pattern_that_matches_is_enough(patterns: list[str], expected: bool) -> None:
    assert matches_any("app.js", patterns) is expected

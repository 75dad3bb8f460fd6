"""Glob patterns for paths below a root."""

from __future__ import annotations

import pytest

from whitenoise_async.support.globs import FirstMatch, Globs, compile_globs


@pytest.mark.parametrize(
    ("path", "pattern", "expected"),
    [
        # Without a slash: the name of any file or folder.
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
        # With a slash: the whole path; * matches slashes too.
        ("js/app.js", "js/*", True),
        ("js/deep/app.js", "js/*", True),
        ("js/deep/app.js", "js/*.js", True),
        ("other/js/app.js", "js/*", False),
        ("other/js/app.js", "*/js/*", True),
        ("js/app.js", "*/js/*", False),
        ("app.js", "/app.js", True),
        ("deep/app.js", "/app.js", False),
        ("js/app.js", "/js/*", True),
        ("js/app.js", "//js/*", True),
        ("js/app.js", "/js", True),
        ("js/app.js", "js/app", False),
        ("js/deep/app.js", "js/deep", True),
        ("js/deeper/app.js", "js/deep", False),
        ("app.js", "./app.js", True),
        ("deep/app.js", "./app.js", False),
        # With a slash only at the end: everything below a folder of that name.
        ("js/app.js", "js/", True),
        ("deep/js/down/app.js", "js/", True),
        ("deep/js/down/app.js", "j?/", True),
        ("js", "js/", False),
        ("jss/app.js", "js/", False),
        ("js/app.js", "/js/", True),
        ("deep/js/app.js", "/js/", False),
        ("deep/js/app.js", "deep/js/", True),
        ("deep/js", "deep/js/", False),
        # The path of a folder itself.
        ("js/", "js", True),
        ("js/", "js/", True),
        ("js/", "js/*", True),
        ("js/", "/js", True),
        ("js/", "*.js", False),
        ("js/", "js/*.js", False),
        ("js/deep/", "js/", True),
        # Unusual characters in names.
        ("a\nb.js", "a*.js", True),
        ("a\n", "a", False),
        ("\udcff.js", "*.js", True),
        ("[x].js", "[[]x].js", True),
        ("✓.js", "?.js", True),
    ],
)
def test_a_pattern_matches_the_name_or_with_a_slash_the_path(
    path: str, pattern: str, expected: bool
) -> None:
    assert match(path, [pattern]) is expected


@pytest.mark.parametrize(
    ("path", "pattern", "expected"),
    [
        (".env", "**/.env", True),
        ("a/b/.env", "**/.env", True),
        ("a/b.env", "**/.env", False),
        ("js/app.js", "**/js/", True),
        ("a/js/app.js", "**/js/*.js", True),
        ("js/app.js", "**/js/*.js", True),
        ("ajs/app.js", "**/js/*.js", False),
        ("js", "**/js/", False),
        ("vendor/a/b.js", "vendor/**", True),
        ("a/vendor/b.js", "vendor/**", False),
        ("a/b.js", "a/**/b.js", True),
        ("a/x/y/b.js", "a/**/b.js", True),
        ("ab.js", "a/**/b.js", False),
        ("a/b.js", "**/**/b.js", True),
        ("a/b.js", "/**/b.js", True),
        ("a/b", "**", True),
    ],
)
def test_two_stars_match_any_number_of_folders(path: str, pattern: str, expected: bool) -> None:
    assert match(path, [pattern]) is expected


def match(path: str, patterns: list[str]) -> bool:
    """Match ``path``. One that ends in a slash is the path of a folder."""
    globs = Globs(patterns)
    if path.endswith("/"):
        below, _, name = path[:-1].rpartition("/")
        parents = bool(below) and match(below + "/", patterns)
        found = parents or globs.match(below and below + "/", name, folder=True)
        assert globs.match_folder(path) is found
        return found
    found = globs.match_path(path)
    folder, slash, name = path.rpartition("/")
    below = folder + slash
    if not globs.match_folder(below):
        # All files of a folder at once give the same result.
        assert globs.matching(below, [name]) == ({name} if found else set())
        assert globs.may_match(below, [name]) or not found
    return found


@pytest.mark.parametrize(
    ("patterns", "below", "expected"),
    [
        (["*.map", "*.psd"], "", {"a.map", "a.psd"}),
        (["*.map", "b.*"], "x/", {"a.map", "b.css"}),
        (["*.none", "b.css"], "x/", {"b.css"}),
        (["*", "*.map"], "", {"a.map", "a.psd", "b.css", "c.map.gz"}),
        (["x/*.map", "*.psd"], "x/", {"a.map", "a.psd"}),
        (["folder/*.map"], "", set()),
        (["folder/"], "", set()),
        ([], "", set()),
    ],
)
def test_all_files_of_a_folder_are_matched_at_once(
    patterns: list[str], below: str, expected: set[str]
) -> None:
    names = ["a.map", "a.psd", "b.css", "c.map.gz"]
    globs = Globs(patterns)
    assert globs.matching(below, names) == expected
    assert globs.may_match(below, names) is bool(expected)


def test_a_suffix_may_follow_an_ending_but_no_other_pattern() -> None:
    names = ["a.map", "a.map.gz", "a.map.br", "a.map.gz.br", "b.css.gz"]
    expected = {"a.map", "a.map.gz", "a.map.br"}
    assert Globs(["*.map", "b.css"]).matching("", names, [".gz", ".br"]) == expected


@pytest.mark.parametrize(
    ("pattern", "name", "expected"),
    [("*.map", "a.map.gz", True), ("*.map", "a.css", False), ("[ab].x", "c.y", True)],
)
def test_no_file_can_match_without_the_text_of_a_pattern(
    pattern: str, name: str, expected: bool
) -> None:
    assert Globs([pattern]).may_match("", [name]) is expected


@pytest.mark.parametrize(
    ("path", "pattern", "expected"),
    [
        ("js/app.js", "*.js", True),
        ("chart.js/README.md", "*.js", False),
        ("chart.js/README.md", "chart.js/", True),
        ("chart.js/README.md", "chart.js", False),
        ("chart.js/README.md", "/chart.js", True),
        ("a/chart.js/README.md", "/chart.js", False),
        ("app.js", "chart.js/", False),
    ],
)
def test_match_file_ignores_folders_with_the_name(path: str, pattern: str, expected: bool) -> None:
    assert bool(Globs([pattern]).match_file(path)) is expected


@pytest.mark.parametrize("pattern", ["", "/", "//"])
def test_an_empty_pattern_is_refused(pattern: str) -> None:
    with pytest.raises(ValueError, match="exclude must be patterns such as"):
        compile_globs("exclude", ["*.map", pattern])


@pytest.mark.parametrize(
    ("patterns", "expected"),
    [(["*.css"], False), (["*.css", "*.js"], True), (["*.js", "*.css"], True)],
)
def test_one_matching_pattern_is_enough(patterns: list[str], expected: bool) -> None:
    assert match("app.js", patterns) is expected


@pytest.mark.parametrize(
    ("path", "expected"),
    [("a.html", 1), ("docs/a.html", 1), ("docs/a.css", 2), ("old.html/a.js", 1), ("a.js", 9)],
)
def test_the_value_of_the_first_matching_pattern_counts(path: str, expected: int) -> None:
    assert FirstMatch(9, {"*.html": 1, "/docs": 2, "a.html": 3}).find(path) == expected
    assert FirstMatch(9).find(path) == 9

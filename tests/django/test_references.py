"""Which matches of the storage's patterns are references."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from django.contrib.staticfiles.storage import HashedFilesMixin

from whitenoise_async.django import CompressedManifestStaticFilesStorage
from whitenoise_async.django.references import References, is_source_map, url_of

PATTERNS = (
    *CompressedManifestStaticFilesStorage.patterns,
    HashedFilesMixin._js_module_import_aggregation_patterns,
)


def matches(name: str, text: str) -> Iterator[re.Match[str]]:
    for extension, patterns in PATTERNS:
        if name.endswith(extension[1:]):
            for each in patterns:
                pattern = each if isinstance(each, str) else each[0]
                yield from re.finditer(pattern, text, re.IGNORECASE)


def urls(name: str, text: str) -> list[str]:
    references = References(name)
    return [url_of(each) for each in matches(name, text) if references.include(each)]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("a { b: url(c.png) }", ["c.png"]),
        ("url('a.png') url( \"b.png\" ) @import 'c.css';", ["a.png", "b.png", "c.css"]),
        ("@import url(a.css); @import url( 'b.css' );", ["a.css", "b.css"]),
        ("/* url(a.png) @import 'b.css'; */", []),
        ("/* a */ url(b.png) /* c */", ["b.png"]),
        ("a { content: 'url(b.png)' } c { d: \"@import 'e'\" }", []),
        ("@import /* a */ url(b.css);", ["b.css"]),
        ("a {}\n/*# sourceMappingURL=a.map */\nb {}", ["a.map"]),
        ("a {}\n/*# sourceMappingURL=a.map */\n", ["a.map"]),
        ("/* a\n/*# sourceMappingURL=a.map */\nb {}", []),
    ],
)
def test_references_in_a_style_sheet(text: str, found: list[str]) -> None:
    assert urls("a.css", text) == found


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("import { a } from './b.js';", ["./b.js"]),
        ("export { a } from '/b.js';", ["/b.js"]),
        ("import './a.js'; import('./b.js');", ["./a.js", "./b.js"]),
        ("import a from 'lodash'; import('lodash'); import'b';", []),
        ("// import './a.js';\n/* import './b.js'; */", []),
        ("a = \"import './b.js';\"; `import './c.js';`", []),
        ("`${import('./a.js')}`", ["./a.js"]),
        ("export function a() {} // from './b.js';", []),
        ("export {a}; /* b from './c.js'; */", []),
        ("let a;\n//# sourceMappingURL=a.js.map", ["a.js.map"]),
        ("let a;\n//# sourceMappingURL=a.js.map\nlet b;", ["a.js.map"]),
        ("a = `\n//# sourceMappingURL=a.js.map\n`", []),
        ("/*\n//# sourceMappingURL=a.js.map\n*/", []),
    ],
)
@pytest.mark.parametrize("name", ["a.js", "a.min.js"])
def test_references_in_a_script(name: str, text: str, found: list[str]) -> None:
    assert urls(name, text) == found


@pytest.mark.parametrize("name", ["a.html", "without extension", "a.css", "a.js"])
@pytest.mark.parametrize("pattern", ["(?P<matched>src=(?P<url>.*))", "src=(.*)"])
def test_each_match_of_another_pattern_is_a_reference(name: str, pattern: str) -> None:
    (match,) = re.finditer(pattern, "/* src=a.png")
    assert References(name).include(match)


def test_in_other_files_each_match_is_a_reference() -> None:
    (match,) = re.finditer(r"(?P<matched>url\((?P<url>.*)\))", "/* url(a.png)")
    assert References("a.html").include(match)
    assert References("a.js").include(match)
    assert not References("a.css").include(match)


def test_without_a_group_the_whole_match_is_the_url() -> None:
    (match,) = re.finditer("src=(.*)", "src=a.png ")
    assert url_of(match) == "src=a.png"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("//# sourceMappingURL=a.map", True),
        ("//@ sourceMappingURL=a.map", True),
        ("/*# sourceMappingURL=a.map */", True),
        ("url(sourceMappingURL=a.map)", False),
        ("url(a.map)", False),
    ],
)
def test_source_maps_are_recognized(text: str, expected: bool) -> None:
    (match,) = re.finditer(".+", text)
    assert is_source_map(match) is expected

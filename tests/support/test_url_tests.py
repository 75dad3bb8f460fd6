"""Which URLs have the name of a file with a hash."""

from __future__ import annotations

import re

import pytest

from whitenoise_async.support.build_tools import TOOLS
from whitenoise_async.support.url_tests import of_tool, searching


def test_a_pattern_is_searched_in_the_url() -> None:
    test = searching(re.compile(r"-[0-9a-f]{8}\."))
    assert test.is_hashed is test.may_be_hashed
    assert test.is_hashed("/static/a-0123abcd.js") is True
    assert test.is_hashed("/static/a.js") is False


@pytest.mark.parametrize(
    ("tool", "url", "is_hashed", "may_be_hashed"),
    [
        ("vite", "/static/assets/index-DiwrgTda.js", True, True),
        ("vite", "/static/assets/index-d1wrgtda.js", False, True),
        ("vite", "/static/index-DiwrgTda.js", False, True),
        ("vite", "/static/assets/index-DiwrgTda.html", False, False),
        ("vite", "/static/assets/index.js", False, False),
        ("webpack", "/dist/main.0a1b2c3d4e5f6a7b8c9d.js", True, True),
        ("webpack", "/dist/main.0a1b2c3d.js", False, True),
        ("esbuild", "/out/app-ABCDEF23.js", True, True),
        ("parcel", "/dist/app.0a1b2c3d.js", True, True),
        ("django", "/static/app.0a1b2c3d4e5f.css", True, True),
        ("django", "/static/app.012345678901.css", False, True),
    ],
)
def test_a_tool_has_a_form_and_folders(
    tool: str, url: str, is_hashed: bool, may_be_hashed: bool
) -> None:
    assert tool in TOOLS
    test = of_tool(tool)
    assert (test.is_hashed(url), test.may_be_hashed(url)) == (is_hashed, may_be_hashed)

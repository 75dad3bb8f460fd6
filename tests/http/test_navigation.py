"""Navigations, by the headers and the path of a request."""

from __future__ import annotations

import pytest

from whitenoise_async.http.navigation import NAVIGATION_FIELDS, is_navigation, is_page_path

# A browser's, when it opens a page.
BROWSER = "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,*/*;q=0.8"


@pytest.mark.parametrize(
    ("accept", "sec_fetch_mode", "expected"),
    [
        (BROWSER, None, True),
        (BROWSER, "navigate", True),
        ("*/*", " navigate ", True),
        (None, "navigate", True),
        # A script that accepts HTML, for example to insert it into the page.
        ("text/html", "cors", False),
        (BROWSER, "no-cors", False),
        (BROWSER, "navigate, cors", False),
        (BROWSER, "", False),
        (BROWSER, "\xa0navigate", False),  # only spaces and tabs are optional whitespace
        (None, None, False),
        ("", None, False),
        ("*/*", None, False),
        ("text/*", None, False),
        ("application/json, */*", None, False),
        ("text/htmlx", None, False),
        ("\xa0text/html", None, False),
        ("TEXT/HTML", None, True),
        ("image/png , text/html;level=1 ; q=0.1", None, True),
        ("text/html;q=0", None, False),
        ("text/html; Q=0.000", None, False),
        ("text/html;q=2", None, False),
        ("text/html;q=0, text/html;level=1", None, True),
        (", ".join(["a/b"] * 99 + ["text/html"]), None, True),
        (", ".join(["a/b"] * 100 + ["text/html"]), None, False),
    ],
)
def test_a_navigation_is_declared_or_accepts_html(
    accept: str | None, sec_fetch_mode: str | None, expected: bool
) -> None:
    assert is_navigation(accept, sec_fetch_mode) is expected


def test_the_headers_that_decide_are_named() -> None:
    """Vary names them."""
    assert NAVIGATION_FIELDS == ("Accept", "Sec-Fetch-Mode")


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("", True),
        ("/", True),
        ("/users/7", True),
        ("/users/7/", True),
        ("/v1.2/users", True),
        ("/and so on...", True),
        ("/assets/index-ABCDEFGH.js", False),
        ("/favicon.ico", False),
        ("/MAKEFILE.X", False),
        ("/users/john.doe", False),
        ("/.env", False),
        ("/.git/config", False),
        ("/.well-known/change-password", False),
        ("/..", False),
    ],
)
def test_a_page_has_no_extension_and_no_hidden_folder(path: str, expected: bool) -> None:
    assert is_page_path(path) is expected

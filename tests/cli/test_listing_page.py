"""The HTML page that lists the entries of a folder."""

from __future__ import annotations

from html.parser import HTMLParser

import pytest

from whitenoise_async.cli.listing_page import Listed, render

# 2026-11-30 12:00:00 UTC
NOON = 1796040000.5


class Page(HTMLParser):
    """The links of a page, the texts of its cells, and its elements."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.links: list[str] = []
        self.rows: list[list[str]] = []
        self.tags: list[str] = []
        self.text = ""
        self.feed(html)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        if tag == "tr":
            self.rows.append([])
        elif tag in ("td", "th"):
            self.rows[-1].append("")
        self.links += [value or "" for name, value in attrs if name == "href"]

    def handle_data(self, data: str) -> None:
        if self.rows and self.rows[-1] and data.strip():
            self.rows[-1][-1] += data
        self.text += data


def test_a_row_has_a_name_a_size_and_a_date() -> None:
    page = Page(render("/", [Listed("a.txt", 1234, NOON)], has_parent=False))
    assert page.rows == [["Name", "Size", "Changed (UTC)"], ["a.txt", "1.2 kB", "2026-11-30 12:00"]]
    assert page.links == ["a.txt"]
    assert {"title", "main", "h1", "table"} <= set(page.tags)


def test_folders_come_first_and_have_a_slash_and_no_size() -> None:
    entries = [Listed(name, 1, 0) for name in ("b", "C", "a")]
    entries += [Listed(name, None, 0) for name in ("z", "Y")]
    page = Page(render("/x/", entries, has_parent=True))
    assert page.links == ["../", "Y/", "z/", "a", "b", "C"]
    assert [row[1] for row in page.rows[1:]] == ["", "", "", "1 B", "1 B", "1 B"]


@pytest.mark.parametrize(
    ("name", "link", "text"),
    [
        ("a b", "a%20b", "a b"),
        ("<b>&amp;\"'", "%3Cb%3E%26amp%3B%22%27", "<b>&amp;\"'"),
        ("100%#1?.txt", "100%25%231%3F.txt", "100%#1?.txt"),
        ("javascript:alert(1)", "javascript%3Aalert%281%29", "javascript:alert(1)"),
        ("\\evil", "%5Cevil", "\\evil"),
        ("ä.whl", "%C3%A4.whl", "ä.whl"),
        ("x-1+local.whl", "x-1%2Blocal.whl", "x-1+local.whl"),
        ("\x1b[31m\n", "%1B%5B31m%0A", "\\x1b[31m\\n"),
        ("\u202ecod.exe", "%E2%80%AEcod.exe", "\\u202ecod.exe"),
    ],
)
def test_names_are_escaped(name: str, link: str, text: str) -> None:
    page = Page(render(f"/{name}/", [Listed(name, 0, 0)], has_parent=False))
    assert page.links == [link]
    assert page.rows[1][0] == text
    assert f"Index of /{text}/" in page.text
    assert "b" not in page.tags


@pytest.mark.parametrize(
    ("size", "shown"),
    [
        *[(0, "0 B"), (999, "999 B"), (1000, "1.0 kB"), (999_949, "999.9 kB")],
        *[(999_950, "1.0 MB"), (2_500_000, "2.5 MB"), (10**9, "1.0 GB"), (10**12, "1.0 TB")],
        (123_456 * 10**12, "123456.0 TB"),
    ],
)
def test_sizes(size: int, shown: str) -> None:
    assert Page(render("/", [Listed("a", size, 0)], has_parent=False)).rows[1][1] == shown


@pytest.mark.parametrize("seconds", [1e12, 1e20, float("inf")])
def test_a_date_that_python_cannot_represent_is_left_out(seconds: float) -> None:
    assert Page(render("/", [Listed("a", 0, seconds)], has_parent=False)).rows[1][2] == ""

"""The element of an import map: the same for the same map, and safe in HTML."""

from __future__ import annotations

import json
import re
from html.parser import HTMLParser
from typing import Any

import pytest

from whitenoise_async.assets.import_map import import_map_element
from whitenoise_async.assets.markup import Markup


class Scripts(HTMLParser):
    """Collects the attributes and the text of each script."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.found: list[tuple[dict[str, str | None], str]] = []
        self.others: list[str] = []
        self.feed(html)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag == "script":
            self.found.append((dict(attrs), ""))
        else:
            self.others.append(tag)

    def handle_data(self, data: str) -> None:
        attributes, text = self.found.pop()
        self.found.append((attributes, text + data))


def read(html: str) -> dict[str, Any]:
    """The map in the only script of ``html``."""
    scripts = Scripts(html)
    ((attributes, text),) = scripts.found
    assert not scripts.others
    assert attributes["type"] == "importmap"
    content: dict[str, Any] = json.loads(text)
    return content


def test_an_element_has_the_map_and_the_nonce() -> None:
    made = import_map_element({"/a.js": "/a.0f.js"}, {"/a.0f.js": "sha384-x/+="}, "n")
    assert isinstance(made, Markup)
    assert made == (
        '<script type="importmap" nonce="n">'
        '{"imports":{"/a.js":"/a.0f.js"},"integrity":{"/a.0f.js":"sha384-x/+="}}</script>'
    )
    assert "nonce" not in import_map_element({"/a.js": "/a.0f.js"}, {})


def test_an_empty_map_has_no_element() -> None:
    assert import_map_element({}, {}, "n") == ""
    assert isinstance(import_map_element({}, {}), Markup)


def test_the_order_of_the_mappings_does_not_matter() -> None:
    urls = [f"/{name}.js" for name in "cabed"]
    imports = {url: url.replace(".", ".0f.") for url in urls}
    integrity = dict.fromkeys(imports.values(), "sha384-x")
    made = import_map_element(imports, integrity)
    backwards = [dict(reversed(each.items())) for each in (imports, integrity)]
    assert import_map_element(backwards[0], backwards[1]) == made
    assert list(read(made)["imports"]) == sorted(urls)


@pytest.mark.parametrize(
    "text", ["</script><img>", "<!--<script>", "]]>", "&amp;", "\u2028", "\u2029", "ü", "\\", '"']
)
def test_no_character_ends_the_script_or_changes_the_map(text: str) -> None:
    url = f"/{text}.js"
    made = import_map_element({url: url}, {url: text}, nonce=text)
    content = read(made)
    assert content == {"imports": {url: url}, "integrity": {url: text}}
    _, _, written = made.partition(">")
    assert not re.search("[<>&\u2028\u2029]", written.removesuffix("</script>"))
    assert written.isascii()


def test_modules_find_a_url_as_browsers_spell_it() -> None:
    given = "/static/%40lit/a%20%2b%20b%3D%25%2F%27.js"
    browsers = "/static/@lit/a%20+%20b=%25%2F'.js"
    content = read(import_map_element({given: "/a.0f.js"}, {}))
    assert content["imports"] == {given: "/a.0f.js", browsers: "/a.0f.js"}


def test_all_characters_that_browsers_leave_are_found() -> None:
    left = "!$&'()*+,:;=@~"
    encoded = "".join(f"%{ord(each):02X}" for each in left)
    assert set(read(import_map_element({f"/{encoded}": "/a.js"}, {}))["imports"]) == {
        f"/{encoded}",
        f"/{left}",
    }

"""The files of an entry in a Vite manifest, and their tags."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
from django.template import Context, Engine
from jinja2 import Environment

from tests.helpers.docs_pages import DOCS
from tests.helpers.files import write
from whitenoise_async.assets.markup import Markup
from whitenoise_async.assets.vite import ViteChunk, ViteTags, find_entry

Files = tuple[str, tuple[str, ...], tuple[str, ...]]

# Two entries with shared chunks, a style sheet, a script without imports, and an image.
MANIFEST = {
    "_shared-Dk3_aW0q.js": {
        "file": "assets/shared-Dk3_aW0q.js",
        "name": "shared",
        "css": ["assets/shared-Qe-81vLp.css"],
        "imports": ["_base-x.js"],
    },
    "_base-x.js": {
        "file": "assets/base-x.js",
        "css": ["assets/base-x.css", "assets/edit-w2R_9Kbd.css"],
        "imports": ["_shared-Dk3_aW0q.js"],  # chunks may import each other
    },
    "later.js": {"file": "assets/later-Fh6vEj5T.js", "src": "later.js", "isDynamicEntry": True},
    "pages/list.js": {
        "file": "assets/list-X1c-7NsO.mjs",
        "src": "pages/list.js",
        "isEntry": True,
        "imports": ["_shared-Dk3_aW0q.js", "_base-x.js"],
        "dynamicImports": ["later.js"],
    },
    "pages/edit.js": {
        "file": "assets/edit-C4uY0ZtM.js",
        "src": "pages/edit.js",
        "isEntry": True,
        "imports": ["_base-x.js", "pages/list.js"],
        "css": ["assets/edit-w2R_9Kbd.css"],
        "assets": ["assets/logo-b4jzg5kz.png"],
    },
    "style.css": {"file": "assets/style-DctRM7zk.css", "src": "style.css", "isEntry": True},
    "logo.png": {"file": "assets/logo-b4jzg5kz.png", "src": "logo.png"},
}


def write_manifest(root: Path, content: Any = MANIFEST, name: str = ".vite/manifest.json") -> str:
    write(root.joinpath(*name.split("/")), json.dumps(content).encode())
    return str(root)


@pytest.mark.parametrize("name", [".vite/manifest.json", "manifest.json"])
@pytest.mark.parametrize(
    ("entry", "expected"),
    [
        ("later.js", ("assets/later-Fh6vEj5T.js", (), ())),
        ("style.css", ("", ("assets/style-DctRM7zk.css",), ())),
        (
            "pages/list.js",
            (
                "assets/list-X1c-7NsO.mjs",
                ("assets/base-x.css", "assets/edit-w2R_9Kbd.css", "assets/shared-Qe-81vLp.css"),
                ("assets/base-x.js", "assets/shared-Dk3_aW0q.js"),
            ),
        ),
        (
            "pages/edit.js",
            (
                "assets/edit-C4uY0ZtM.js",
                ("assets/edit-w2R_9Kbd.css", "assets/shared-Qe-81vLp.css", "assets/base-x.css"),
                (
                    *("assets/shared-Dk3_aW0q.js", "assets/base-x.js"),
                    "assets/list-X1c-7NsO.mjs",
                ),
            ),
        ),
    ],
)
def test_an_entry_has_its_files_once_in_the_order_of_vites_guide(
    name: str, entry: str, expected: Files, tmp_path: Path
) -> None:
    root = write_manifest(tmp_path, name=name)
    assert find_entry([root], entry) == ViteChunk(*expected, root)


def test_a_style_sheet_comes_after_the_style_sheets_that_it_needs(tmp_path: Path) -> None:
    chunk = {"file": "a.css", "css": ["b.css"], "imports": ["c.css"]}
    imported = {"file": "c.css", "css": ["d.css"]}
    root = write_manifest(tmp_path, {"a.css": chunk, "c.css": imported})
    # A style sheet is never preloaded as a module.
    assert find_entry([root], "a.css") == ViteChunk("", ("b.css", "d.css", "a.css"), (), root)


def test_the_manifest_of_the_example_is_read() -> None:
    root = str(DOCS / "examples" / "vite" / "dist")
    assert find_entry([root], "index.html") == ViteChunk(
        "assets/index-BBQbRehi.js", ("assets/index-DctRM7zk.css",), (), root
    )


def test_the_first_root_whose_manifest_lists_the_entry_decides(tmp_path: Path) -> None:
    first = write_manifest(tmp_path / "first", {"a.js": {"file": "1.js"}})
    second = write_manifest(tmp_path / "second", {n: {"file": "2.js"} for n in ("a.js", "b.js")})
    roots = [str(tmp_path), first, second]
    found = [find_entry(roots, name) for name in ("a.js", "b.js")]
    assert [(each.script, each.root) for each in found] == [("1.js", first), ("2.js", second)]


def test_the_folder_of_newer_versions_comes_first(tmp_path: Path) -> None:
    write_manifest(tmp_path, {"a.js": {"file": "old.js"}}, "manifest.json")
    root = write_manifest(tmp_path, {"a.js": {"file": "new.js"}})
    assert find_entry([root], "a.js").script == "new.js"


def test_a_new_build_is_noticed(tmp_path: Path) -> None:
    for name in ("first.js", "another.js"):
        root = write_manifest(tmp_path, {"a.js": {"file": name}})
        assert find_entry([root], "a.js").script == name


def test_a_web_app_manifest_is_no_manifest_of_vite(tmp_path: Path) -> None:
    root = write_manifest(tmp_path, {"name": "App", "icons": []}, "manifest.json")
    with pytest.raises(FileNotFoundError, match=r"^no Vite manifest for"):
        find_entry([root], "a.js")


def test_an_error_names_the_manifests_that_were_tried(tmp_path: Path) -> None:
    roots = [str(tmp_path / "a"), str(tmp_path / "b")]
    tried = [
        str(Path(root, *name))
        for root in roots
        for name in ((".vite", "manifest.json"), ("manifest.json",))
    ]
    expected = f"no Vite manifest for 'main.js'; tried {', '.join(tried)}"
    with pytest.raises(FileNotFoundError, match=f"^{re.escape(expected)}$"):
        find_entry(roots, "main.js")


@pytest.mark.parametrize(
    ("entry", "hint"),
    [
        ("pages/edt.js", "did you mean 'pages/edit.js'?"),
        ("x", "the entries are later.js, pages/list.js, pages/edit.js, style.css, other.js"),
        ("logo.png", "the entries are later.js, pages/list.js, pages/edit.js, style.css, other.js"),
    ],
)
def test_an_error_names_the_nearest_entry(entry: str, hint: str, tmp_path: Path) -> None:
    roots = [
        write_manifest(tmp_path / "a"),
        write_manifest(tmp_path / "b", {"other.js": {"file": "other.js"}}),
    ]
    paths = ", ".join(str(Path(root, ".vite", "manifest.json")) for root in roots)
    expected = f"{paths}: no entry {entry!r}; {hint}"
    with pytest.raises(FileNotFoundError, match=f"^{re.escape(expected)}$"):
        find_entry(roots, entry)


def test_a_manifest_without_sources_suggests_chunks(tmp_path: Path) -> None:
    root = write_manifest(tmp_path, {"_a.js": {"file": "a.js"}})
    assert find_entry([root], "_a.js").script == "a.js"
    with pytest.raises(FileNotFoundError, match=r"no entry 'x'; the entries are _a\.js$"):
        find_entry([root], "x")


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"{", "Expecting property name"),
        (b"\xff", "invalid start byte"),
        (b"[" * 100_000, "recursion"),
        (b"[]", "it must contain an object"),
        (b"{}", "it lists no script and no style sheet"),
        (b'{"a.js": "b.js"}', "'a.js' must be an object with a file"),
        (b'{"a.js": {"file": 5}}', "'a.js' must be an object with a file"),
        (
            b'{"a.js": {"file": "b.js", "css": "b.css"}}',
            "'css' of 'a.js' must be a list of strings",
        ),
        (
            b'{"a.js": {"file": "b.js", "imports": [1]}}',
            "'imports' of 'a.js' must be a list of strings",
        ),
        (
            b'{"a.js": {"file": "b.js", "imports": ["c.js"]}}',
            "'a.js' imports 'c.js', which is not listed",
        ),
    ],
)
def test_a_malformed_manifest_is_an_error_that_says_why(
    content: bytes, reason: str, tmp_path: Path
) -> None:
    path = write(tmp_path / ".vite" / "manifest.json", content)
    with pytest.raises(ValueError, match=re.escape(reason)) as raised:
        find_entry([str(tmp_path)], "a.js")
    assert str(raised.value).startswith(f"{path} is not a Vite manifest: ")


def test_tags_have_the_order_of_vites_guide() -> None:
    tags = ViteTags("/s.js?a&b", ("/a.css", "/b.css"), ("/i.js",), None)
    assert isinstance(str(tags), Markup)
    assert (
        str(tags)
        == tags.__html__()
        == (
            '<link rel="stylesheet" href="/a.css">\n'
            '<link rel="stylesheet" href="/b.css">\n'
            '<script type="module" src="/s.js?a&amp;b"></script>\n'
            '<link rel="modulepreload" href="/i.js">'
        )
    )


def test_every_tag_has_the_nonce() -> None:
    tags = ViteTags("/s.js", ("/a.css",), ("/i.js",), "n")
    assert str(tags) == (
        '<link rel="stylesheet" href="/a.css" nonce="n">\n'
        '<script type="module" src="/s.js" nonce="n"></script>\n'
        '<link rel="modulepreload" href="/i.js" nonce="n">'
    )


def test_a_style_sheet_alone_has_no_script() -> None:
    tags = ViteTags("", ("/a.css",), (), None)
    assert str(tags) == '<link rel="stylesheet" href="/a.css">'


def test_template_engines_insert_tags_unchanged() -> None:
    tags = ViteTags("/s.js", (), (), None)
    for text in (
        Engine().from_string("{{ tags }}").render(Context({"tags": tags})),
        Environment(autoescape=True).from_string("{{ tags }}").render(tags=tags),
        Environment().from_string("{{ tags }}").render(tags=tags),
        f"{tags}",
    ):
        assert text == '<script type="module" src="/s.js"></script>'

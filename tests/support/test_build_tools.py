"""The files that build tools made, by their manifests, or by their folders and names."""

from __future__ import annotations

import json
import os
import re
from pathlib import Path
from typing import Any

import pytest

from tests.helpers.clients import ADAPTERS, client_of
from tests.helpers.docs_pages import DOCS
from tests.helpers.files import write
from whitenoise_async.support.build_tools import TOOLS, built_by

# Names as each tool writes them by default, and the folder into which it writes.
HASHED = {
    "vite": ("assets", ["index-Cb7VVZN9.js", "index-IxDAZphs.css", "lazy-Settings-W-uHfR5V.js"]),
    "webpack": ("dist", ["main.8aaa6826b99fbb259c9e.css", "89b54f89ad6c2e0260d1.png"]),
    "esbuild": ("dist", ["index-NDMA2A75.js", "logo-2Z2HXF7A.png", "chunk-EMMPVGLW.js"]),
    "parcel": ("dist", ["p.4c5b29d3.css", "lazy-Settings.fd19cba4.js", "bg.adfe2205.png"]),
    "django": ("staticfiles", ["base.96c479cedf7a.css", "LICENSE.27e20196a850"]),
}
# Names that people choose.
PLAIN = [
    *("index.html", "app.js", "app.css", "app-settings.js", "jquery-3.7.1.js"),
    *("report.20240131.pdf", "backup.202401311200.csv", "20240131120000000000.pdf"),
    *("index-Cb7VVZN9.js.map", "main.8aaa6826b99fbb259c9e.css.map", "p.4c5b29d3.css.map"),
    *("index-Cb7VVZN9.html", "index-NDMA2A75.html", "page.4c5b29d3.html"),
]
LOOKALIKES = ["photo-IMG_1234.jpg", "google-OpenSans.ttf", "LICENSE-OVERVIEW.txt"]

VITE = {
    "index.html": {
        "file": "assets/index-Cb7VVZN9.js",
        "name": "index",
        "src": "index.html",
        "css": ["assets/index-IxDAZphs.css"],
        "assets": ["assets/logo-b4jzg5kz.png"],
    },
    "_shared-DLSY8vss.js": {"file": "assets/shared-DLSY8vss.js", "name": "shared"},
    "src/app-Settings.js": {"file": "assets/app-Settings.js", "src": "src/app-Settings.js"},
    "_vendor-Settings.js": {"file": "assets/vendor-Settings.js", "name": "vendor-Settings"},
}
WEBPACK = {"main.js": "main.372c9483.js", "logo.png": "img/89b54f89ad6c2e0260d1.png"}
ESBUILD = {
    "inputs": {"src/index.js": {}, "src/img/logo.png": {}, "src/app-SETTINGS.js": {}},
    "outputs": {
        "dist/index-NDMA2A75.js": {"entryPoint": "src/index.js"},
        "dist/img/logo-2Z2HXF7A.png": {},
        "dist/app-SETTINGS.js": {},
    },
}


def is_built(tool: str, root: Path, name: str, prefix: str = "/") -> bool:
    return built_by(tool)(os.path.join(root, *name.split("/")), prefix + name)


@pytest.mark.parametrize("tool", TOOLS)
def test_without_a_manifest_hashed_names_in_the_output_folder_are_immutable(
    tool: str, tmp_path: Path
) -> None:
    folder, names = HASHED[tool]
    for name in names:
        for path in (f"{folder}/{name}", f"{folder}/js/{name}", f"site/{folder}/{name}"):
            assert is_built(tool, tmp_path, path)
            assert is_built(tool, tmp_path, path, "/static/")
        assert is_built(tool, tmp_path / folder, name, "/static/")
        assert not is_built(tool, tmp_path, name)
        assert not is_built(tool, tmp_path, f"media/{name}")
    for name in PLAIN:
        assert not is_built(tool, tmp_path, f"{folder}/{name}")


@pytest.mark.parametrize("tool", TOOLS)
@pytest.mark.parametrize("name", LOOKALIKES)
def test_a_name_that_only_looks_hashed_is_not_immutable_outside_the_output_folder(
    tool: str, name: str, tmp_path: Path
) -> None:
    (folder, _) = HASHED[tool]
    for path in (name, f"photos/{name}", f"my-{folder}/{name}", f"{folder}.old/{name}"):
        assert not is_built(tool, tmp_path, path)
    # Nor does a folder above the root count.
    assert not is_built(tool, tmp_path / folder / "project" / "media", name, "/media/")


@pytest.mark.parametrize(
    ("tool", "manifest", "content", "listed", "others"),
    [
        *(
            pytest.param(
                "vite",
                path,
                VITE,
                [
                    *("assets/index-Cb7VVZN9.js", "assets/index-IxDAZphs.css"),
                    *("assets/logo-b4jzg5kz.png", "assets/shared-DLSY8vss.js"),
                ],
                ["assets/app-Settings.js", "assets/vendor-Settings.js", "assets/lazy-W-uHfR5V.js"],
                id=path,
            )
            for path in (".vite/manifest.json", "manifest.json")
        ),
        *(
            pytest.param(
                "webpack",
                path,
                content,
                ["main.372c9483.js", "img/89b54f89ad6c2e0260d1.png"],
                ["244.4b8178adf528dd105cc1.js", "js/main.372c9483.js", "main.js"],
                id=f"{path} {number}",
            )
            for path in ("manifest.json", "assets-manifest.json")
            for number, content in enumerate(
                [
                    WEBPACK,
                    {key: f"https://cdn.example/x/{value}" for key, value in WEBPACK.items()},
                    {key: {"src": value, "integrity": ""} for key, value in WEBPACK.items()}
                    | {"entrypoints": {"main": {"assets": {"js": ["main.372c9483.js"]}}}},
                ]
            )
        ),
        pytest.param(
            "esbuild",
            "meta.json",
            ESBUILD,
            ["index-NDMA2A75.js", "img/logo-2Z2HXF7A.png"],
            ["app-SETTINGS.js", "chunk-EMMPVGLW.js", "logo-2Z2HXF7A.png"],
            id="meta.json",
        ),
        pytest.param(
            "parcel",
            "parcel-manifest.json",
            {"index.html": "/index.html", "layout.css": "/css/layout.f955332a.css"},
            ["css/layout.f955332a.css"],
            ["layout.f955332b.css", "index.html"],
            id="parcel-manifest.json",
        ),
        pytest.param(
            "django",
            "staticfiles.json",
            {"paths": {"css/base.css": "css/base.96c479cedf7a.css"}, "version": "1.1", "hash": ""},
            ["css/base.96c479cedf7a.css"],
            ["base.96c479cedf7a.css", "css/jquery.0a1b2c3d4e5f.js"],
            id="staticfiles.json",
        ),
    ],
)
def test_a_manifest_decides_where_there_is_one(
    tool: str, manifest: str, content: Any, listed: list[str], others: list[str], tmp_path: Path
) -> None:
    """Whatever the folder is called, and in the output folder too."""
    for root in (tmp_path / "public", tmp_path / "dist", tmp_path / "staticfiles"):
        write(root / manifest, json.dumps(content).encode())
        for prefix in ("/", "/static/", f"/{root.name}/"):
            for name in listed:
                assert is_built(tool, root, name, prefix), name
            for name in [*others, *LOOKALIKES, *(f"assets/{each}" for each in LOOKALIKES)]:
                assert not is_built(tool, root, name, prefix), name


@pytest.mark.parametrize(
    ("tool", "manifest", "content", "root", "name"),
    [
        ("vite", ".vite/manifest.json", VITE, "assets", "index-Cb7VVZN9.js"),
        ("esbuild", "meta.json", ESBUILD, "dist", "index-NDMA2A75.js"),
    ],
)
def test_a_manifest_may_be_in_the_folder_above_the_root(
    tool: str, manifest: str, content: Any, root: str, name: str, tmp_path: Path
) -> None:
    write(tmp_path / manifest, json.dumps(content).encode())
    assert is_built(tool, tmp_path / root, name, "/static/")
    assert not is_built(tool, tmp_path / root, LOOKALIKES[0], "/static/")


def test_a_new_build_is_noticed(tmp_path: Path) -> None:
    manifest = write(tmp_path / "manifest.json", json.dumps(WEBPACK).encode())
    assert not is_built("webpack", tmp_path, "main.000000000000.js")
    manifest.write_text(json.dumps({"main.js": "main.00000000000f.js"}))
    assert is_built("webpack", tmp_path, "main.00000000000f.js")
    assert not is_built("webpack", tmp_path, "main.372c9483.js")


@pytest.mark.parametrize(
    ("tool", "content"),
    [
        ("vite", {"name": "My app", "icons": []}),
        ("vite", {"index.html": "assets/index-Cb7VVZN9.js"}),
        ("webpack", {"name": "My app", "icons": [{"src": "icon.png"}]}),
        ("webpack", {"short_name": "My app"}),
        ("webpack", ["main.js"]),
        ("esbuild", {"outputs": []}),
        ("esbuild", {"title": "Meta"}),
    ],
)
def test_another_file_with_the_name_of_a_manifest_is_ignored(
    tool: str, content: Any, tmp_path: Path
) -> None:
    folder, (name, *_) = HASHED[tool]
    write(tmp_path / TOOLS[tool].manifests[-1], json.dumps(content).encode())
    write(tmp_path / folder / TOOLS[tool].manifests[0] / "a", b"")  # a folder
    assert is_built(tool, tmp_path, f"{folder}/{name}")


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"{", "Expecting property name"),
        (b"\xff", "invalid start byte"),
        (b'{"a": {"file": "a.js", "css": 5}}', "iterable"),
        (b"[" * 100_000, "recursion"),
    ],
)
def test_a_broken_manifest_makes_no_file_immutable(
    content: bytes, reason: str, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    path = write(tmp_path / ".vite" / "manifest.json", content)
    for _ in range(2):
        assert not is_built("vite", tmp_path, "assets/index-Cb7VVZN9.js")
    (message,) = caplog.messages
    assert message.startswith(f"{path} is not a readable manifest of vite, so no file is immutable")
    assert reason in message


def test_an_unreadable_manifest_makes_no_file_immutable(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def stat(path: str) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("whitenoise_async.support.build_tools.os.stat", stat)
    assert not is_built("vite", tmp_path, "assets/index-Cb7VVZN9.js")
    (message,) = caplog.messages
    assert message.endswith(": Permission denied")


def test_a_file_that_is_served_at_another_name_is_not_immutable(tmp_path: Path) -> None:
    test = built_by("vite")
    path = str(tmp_path / "assets" / "index-Cb7VVZN9.js")
    assert test(path, "/assets/index-Cb7VVZN9.js")
    assert test(path, "assets/index-Cb7VVZN9.js")
    for url in ("/assets/", "/assets/other-Cb7VVZN9.js", ""):
        assert not test(path, url)


def test_a_root_may_be_the_root_of_the_file_system() -> None:
    root = os.path.abspath(os.sep)
    assert built_by("vite")(os.path.join(root, "assets", "a-Cb7VVZN9.js"), "/assets/a-Cb7VVZN9.js")


@pytest.mark.parametrize(
    ("word", "hint"),
    [
        ("vit", "did you mean 'vite'?"),
        ("Vite", "did you mean 'vite'?"),
        ("web-pack", "did you mean 'webpack'?"),
        ("immutable", "the tools are vite, webpack, esbuild, parcel, django"),
    ],
)
@pytest.mark.parametrize("as_attribute", [False, True])
def test_a_plain_word_that_names_no_tool_is_refused(
    adapter: str, word: str, hint: str, as_attribute: bool
) -> None:
    options: Any = {"immutable_file_test": word}
    mine = type("Mine", (ADAPTERS[adapter],), options if as_attribute else {})
    expected = (
        "immutable_file_test must be a callable, a regular expression or the name of a build tool,"
        f" got {word!r}; {hint}"
    )
    with pytest.raises(ValueError, match=f"^{re.escape(expected)}$"):
        mine(None, **({} if as_attribute else options))


def test_the_option_takes_the_name_of_a_tool(adapter: str, tmp_path: Path) -> None:
    for name in ("assets/index-Cb7VVZN9.js", "photos/photo-IMG_1234.jpg"):
        write(tmp_path / name, b"")
    application = ADAPTERS[adapter](None, tmp_path, "static", immutable_file_test="vite")
    get = client_of(adapter)(application)
    assert "immutable" in get("/static/assets/index-Cb7VVZN9.js")["cache-control"]
    assert "immutable" not in get("/static/photos/photo-IMG_1234.jpg")["cache-control"]


def test_the_documentation_names_each_tool_with_its_folders_and_manifests() -> None:
    page = (DOCS / "caching.md").read_text("utf-8")
    for name, tool in TOOLS.items():
        (row,) = [line for line in page.splitlines() if line.startswith(f'| `"{name}"` |')]
        for each in (*tool.folders, *tool.manifests):
            assert f"`{each}" in row, each

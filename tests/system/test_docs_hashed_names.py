"""The tests of docs/caching.md for names with a hash recognize these, and no others."""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest

from tests.helpers.docs_pages import DOCS, blocks_of
from whitenoise_async import WhiteNoise

SETUP = Path(__file__).parents[1] / "page_setup" / "caching.py"

# Names from builds of 600 modules with each tool.
HASHED = {
    "vite": [
        "assets/index-CY_PVgSV.js",
        "assets/index-C02IySAr.css",
        "assets/lazy--rj2cZ0A.js",
        "assets/logo-CY3PiNDd.png",
        "assets/page238-D5mOmNgw.js",
    ],
    "rollup": ["app-Cz4lzqMs.js", "page80-YUFsfOy_.js"],
    "webpack": [
        "main.55afbefe2542ab6209c1.css",
        "src_page257_js.04c81d560c2429201bab.js",
        "6904fb11e4f151511bc7.png",
    ],
    "esbuild": ["app-EQDM3GXX.js", "chunk-EMMPVGLW.js", "logo-7T5AJWLJ.png"],
    "parcel": ["logo.8df8dc98.png", "page495.f86accc7.js"],
    "django": ["admin/css/base.96c479cedf7a.css", "admin/img/LICENSE.2c54f4e1ca1c"],
    "servestatic": ["css/app.b05dff2bb378.css", "a.min.009520053b00.js"],
}
PLAIN = [
    "jquery-3.7.1.min.js",
    "app-settings.js",
    "link-Carousel.js",
    "bootstrap.bundle.js",
    "chacha20-poly1305.js",
    "css-any-link.js",
    "report.20240131.pdf",
    "backup.202401311200.csv",
    "index.html",
    "favicon.ico",
    # Source maps have the hash of their script.
    "assets/page238-D5mOmNgw.js.map",
    "src_page257_js.04c81d560c2429201bab.js.map",
    "page495.f86accc7.js.map",
]
# Names that only a list of the build can tell from those with a hash.
LOOK_HASHED = {
    "vite": ["photo-IMG_1234.jpg", "google-OpenSans.ttf"],
    "esbuild": ["LICENSE-OVERVIEW.txt"],
}


@pytest.fixture
def page(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """The names that the code of the page defines."""
    monkeypatch.chdir(tmp_path)
    defined: dict[str, Any] = {}
    blocks = [each.text for each in blocks_of(DOCS / "caching.md") if each.language == "python"]
    for text in [SETUP.read_text("utf-8"), *blocks]:
        if not text.startswith(">>>"):
            exec(text, defined)
    return defined


def immutable(page: dict[str, Any], names: Iterable[str], application: WhiteNoise) -> set[str]:
    """The names of the files that are sent as immutable."""
    replies = {name: page["get"](application, f"/{name}") for name in names}
    return {
        name for name, reply in replies.items() if "immutable" in reply.headers["cache-control"]
    }


def test_a_pattern_matches_the_hashed_names_of_its_tool(page: dict[str, Any]) -> None:
    assert page["HASHES"].keys() == HASHED.keys()
    for tool, pattern in page["HASHES"].items():
        for name in HASHED[tool]:
            assert re.search(pattern, f"/static/{name}"), (tool, name)


def test_a_pattern_matches_no_plain_name(page: dict[str, Any]) -> None:
    for tool, pattern in page["HASHES"].items():
        for name in PLAIN:
            assert not re.search(pattern, f"/static/{name}"), (tool, name)


def test_the_page_says_which_plain_names_a_pattern_mistakes(page: dict[str, Any]) -> None:
    text = (DOCS / "caching.md").read_text("utf-8")
    for tool, names in LOOK_HASHED.items():
        for name in names:
            assert re.search(page["HASHES"][tool], f"/static/{name}"), (tool, name)
            assert f"`{name}`" in text


def test_vite_s_manifest_names_what_is_immutable(page: dict[str, Any]) -> None:
    folder = Path("dist").resolve()
    application = WhiteNoise(None, folder, immutable_file_test="vite")
    names = [f"assets/{path.name}" for path in (folder / "assets").iterdir()]
    assert immutable(page, names, application) == {
        "assets/index-BFfpb9gF.js",
        "assets/index-CQ7CxT2y.css",
        "assets/worker-mcvvyaWX.js",
        "assets/bg-BVV0u32a.png",
        "assets/lazy-Dy39-i7N.js",
    }
    assert len(names) == 8  # with a source map, and two from the public folder


@pytest.mark.parametrize(
    ("tool", "folder", "expected"),
    [
        ("esbuild", "out", {"lazy-TMMUWLUV.js", "big-MHRP3T3V.png"}),
        ("django", "root", {"base.27e20196a850.css"}),
    ],
)
def test_the_manifests_of_other_tools_name_what_is_immutable(
    page: dict[str, Any], tool: str, folder: str, expected: set[str]
) -> None:
    root = Path(folder).resolve()
    application = WhiteNoise(None, root, immutable_file_test=tool)
    assert immutable(page, [path.name for path in root.iterdir()], application) == expected


@pytest.mark.parametrize("kind", ["callable", "subclass"])
def test_another_list_names_what_is_immutable(page: dict[str, Any], kind: str) -> None:
    root = Path("webpacked").resolve()
    application = page["webpacked"] if kind == "callable" else page["Built"](None, root)
    assert immutable(page, [path.name for path in root.iterdir()], application) == {
        "main.d67425efc6ddf9f867d6.js",
        "5c487c5ebb631b0ab243.png",
    }

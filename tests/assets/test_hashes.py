"""The hashes in URLs: which files a style sheet reaches, and how its references are rewritten."""

from __future__ import annotations

import gzip
from collections.abc import Iterable, Mapping
from pathlib import Path
from urllib.parse import quote, unquote, urljoin

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.helpers.assets import digits_of, get_asset, hash_of, replace, rewritten
from tests.helpers.clients import ADAPTERS, client_of
from tests.helpers.examples import some
from tests.helpers.files import write
from whitenoise_async import Assets, WhiteNoise
from whitenoise_async.assets import stylesheets
from whitenoise_async.assets.stylesheets import find_references


def urls_in(assets: Assets, name: str) -> list[str]:
    return [each.url for each in find_references(rewritten(assets, name))]


def test_every_file_but_a_style_sheet_is_hashed_alone(tmp_path: Path) -> None:
    for name in ("a.js", "b.png", "LICENSE", "empty.txt"):
        write(tmp_path / name, b"" if name == "empty.txt" else b"url(b.png) in " + name.encode())
    assets = Assets(tmp_path)
    for name in ("a.js", "b.png", "LICENSE", "empty.txt"):
        assert hash_of(assets, name) == digits_of((tmp_path / name).read_bytes())


def test_a_style_sheet_without_references_has_a_hash_of_its_own_kind(tmp_path: Path) -> None:
    write(tmp_path / "a.css", b"a {}")
    assert hash_of(Assets(tmp_path), "a.css") != digits_of(b"a {}")


ODD_NAMES = [
    "a b.png", "it's.png", 'say "hi".png', "ü.png", "文件.png", "a#b.png", "a?b.png", "a%20b.png",
    "50%.png", "a(b).png", "a;b,c.png", "a:b.png", "a&b<c>.png", "{a}.png", "a\nb.png",
    "é.png", "-a.png", ".hidden", "no-extension", "a..png", "a.b.c.png",
]  # fmt: skip


@pytest.mark.parametrize("name", ODD_NAMES)
@pytest.mark.parametrize("folder", ["", "a b#c?d%41é/"])
def test_every_name_can_be_referred_to(
    adapter: str, tmp_path: Path, name: str, folder: str
) -> None:
    write(tmp_path / "static" / folder / name, name.encode())
    write(
        tmp_path / "static" / "css" / "a.css",
        f'a {{ src: url("../{quote(folder + name)}") }}'.encode(),
    )
    assets = Assets(tmp_path / "static", "files")
    get = client_of(adapter)(ADAPTERS[adapter](None, assets=assets))
    sheet = get_asset(get, assets, "css/a.css")
    (reference,) = find_references(sheet.body.decode())
    url = urljoin(assets.url("css/a.css"), reference.url)
    assert url == assets.url(folder + name)
    reply = get(unquote(url))
    assert (reply.status, reply.body) == (200, name.encode())
    assert "immutable" in reply["cache-control"]


@pytest.mark.parametrize(
    ("reference", "expected"),
    [
        ("x.png", "x.HASH.png"),
        ("./x.png", "./x.HASH.png"),
        ("../css/x.png", "../css/x.HASH.png"),
        ("../other/../css/./x.png", "../other/../css/./x.HASH.png"),
        ("%78.png", "x.HASH.png"),
        ("x.png?v=1#a", "x.HASH.png?v=1#a"),
        ("x.png#", "x.HASH.png#"),
        ("../root.png", "../root.HASH.png"),
    ],
)
def test_a_reference_stays_relative(tmp_path: Path, reference: str, expected: str) -> None:
    write(tmp_path / "css" / "x.png", b"x")
    write(tmp_path / "root.png", b"x")
    write(tmp_path / "css" / "a.css", f"a {{ b: url({reference}) }}".encode())
    assets = Assets(tmp_path)
    assert urls_in(assets, "css/a.css") == [expected.replace("HASH", digits_of(b"x"))]


def test_a_reference_to_a_page_or_an_index_file_gets_a_hash(tmp_path: Path) -> None:
    for name in ("docs/index.html", "about.html"):
        write(tmp_path / name, name.encode())
    write(tmp_path / "a.css", b'a { b: url(docs/index.html#x) url(about.html) url("about") }')
    assets = Assets(tmp_path, index_file=True, clean_urls=True)
    index, about = digits_of(b"docs/index.html"), digits_of(b"about.html")
    assert urls_in(assets, "a.css") == [
        f"docs/index.{index}.html#x", f"about.{about}.html", f"about.{about}",
    ]  # fmt: skip
    get = client_of("wsgi")(WhiteNoise(None, assets=assets))
    for url in urls_in(assets, "a.css"):
        assert get("/" + url.partition("#")[0]).status == 200


def test_a_name_that_a_build_tool_hashed_stays_and_counts(tmp_path: Path) -> None:
    """The rewritten bytes depend on it, so the URL does too."""
    write(tmp_path / "x.0a1b2c3d.png", b"x")
    write(tmp_path / "y.png", b"y")
    write(tmp_path / "a.css", b"a { b: url(x.0a1b2c3d.png) url(y.png) }")
    plain, kept = Assets(tmp_path), Assets(tmp_path, immutable_file_test=r"\.[0-9a-f]{8}\.")
    y = f"y.{digits_of(b'y')}.png"
    assert urls_in(plain, "a.css") == [f"x.0a1b2c3d.{digits_of(b'x')}.png", y]
    assert urls_in(kept, "a.css") == ["x.0a1b2c3d.png", y]
    assert plain.url("a.css") != kept.url("a.css")


def test_references_in_a_circle_are_rewritten(tmp_path: Path) -> None:
    write(tmp_path / "a.css", b'@import "b.css"; @import "a.css";')
    write(tmp_path / "b.css", b'@import "a.css"; @import "c.css";')
    write(tmp_path / "c.css", b"c {}")
    assets = Assets(tmp_path)
    a, b, c = (f"{name}.{hash_of(assets, name + '.css')}.css" for name in "abc")
    assert urls_in(assets, "a.css") == [b, a]
    assert urls_in(assets, "b.css") == [a, c]
    assert urls_in(assets, "c.css") == []


def test_two_prefixes_of_one_folder_are_two_sites(tmp_path: Path) -> None:
    write(tmp_path / "x.png", b"x")
    write(tmp_path / "a.css", b"a { b: url(x.png) }")
    assets = Assets(tmp_path, "one")
    assets.add_files(tmp_path, "two")
    assert hash_of(assets, "/one/a.css") != hash_of(assets, "/two/a.css")
    assert urls_in(assets, "/one/a.css") == urls_in(assets, "/two/a.css")


@pytest.mark.parametrize("content", [b"\xff\xfe\xfd { }", b"a { b: url(\xff.png) url(x.png) }"])
def test_bytes_that_are_no_utf_8_survive(tmp_path: Path, content: bytes) -> None:
    write(tmp_path / "x.png", b"x")
    write(tmp_path / "a.css", content)
    assets = Assets(tmp_path)
    get = client_of("wsgi")(WhiteNoise(None, assets=assets))
    reply = get_asset(get, assets, "a.css")
    hashed = b"x.%b.png" % digits_of(b"x").encode()
    assert reply.body == content.replace(b"x.png", hashed)


def test_without_a_tokenizer_style_sheets_are_served_unchanged(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    write(tmp_path / "x.png", b"x")
    write(tmp_path / "a.css", b"a { b: url(x.png) }")
    url = Assets(tmp_path).url("a.css")
    monkeypatch.setattr(stylesheets, "is_tokenizer_installed", lambda: False)
    assets = Assets(tmp_path, check_interval=0)
    assert assets.url("a.css") != url
    assert rewritten(assets, "a.css") == "a { b: url(x.png) }"
    assert caplog.messages == [
        "URLs in style sheets get no hashes without tinycss2:"
        " pip install 'whitenoise_async[assets]'"
    ]


def test_a_variant_on_the_disk_is_replaced_by_one_of_the_rewritten_bytes(
    adapter: str, tmp_path: Path
) -> None:
    write(tmp_path / "x.png", b"x")
    sheet = b"a { b: url(x.png) }" * 50
    write(tmp_path / "a.css", sheet, compressed=True)
    assets = Assets(tmp_path)
    get = client_of(adapter)(ADAPTERS[adapter](None, assets=assets))
    plain = get_asset(get, assets, "a.css")
    coded = get_asset(get, assets, "a.css", {"Accept-Encoding": "gzip"})
    assert coded["content-encoding"] == "gzip"
    assert gzip.decompress(coded.body) == plain.body != sheet
    assert gzip.decompress(get("/a.css", {"Accept-Encoding": "gzip"}).body) == sheet


NAMES = [*(f"{name}.css" for name in "abcd"), "sub/e.css", "x.png"]
graphs = st.fixed_dictionaries(
    {name: st.lists(st.sampled_from(NAMES), max_size=3) for name in NAMES}
)


def write_graph(root: Path, links: Mapping[str, Iterable[str]]) -> None:
    for name, targets in links.items():
        up = "../" * name.count("/")
        text = "".join(f'@import "{up}{each}";\n' for each in targets)
        write(root / name, f"/* {name} */\n{text if name.endswith('.css') else ''}".encode())


def reached(links: Mapping[str, Iterable[str]], name: str) -> set[str]:
    found: set[str] = set()
    waiting = [name]
    while waiting:
        each = waiting.pop()
        targets = set(links[each]) if each.endswith(".css") else set()
        waiting += targets - found
        found |= targets
    return found


@settings(max_examples=some(40))
@given(links=graphs, changed=st.sampled_from(NAMES))
def test_a_change_changes_exactly_the_urls_of_the_sheets_that_reach_it(
    tmp_path_factory: pytest.TempPathFactory, links: Mapping[str, list[str]], changed: str
) -> None:
    first, second = tmp_path_factory.mktemp("first"), tmp_path_factory.mktemp("second")
    write_graph(first, links)
    write_graph(second, links)
    assets = Assets(first, check_interval=0)
    before = {name: assets.url(name) for name in NAMES}
    assert before == {name: Assets(second).url(name) for name in reversed(NAMES)}
    affected = {name for name in NAMES if changed in {name, *reached(links, name)}}
    replace(first / changed, (first / changed).read_bytes() + b"/* changed */")
    after = {name: assets.url(name) for name in NAMES}
    assert {name for name in NAMES if after[name] != before[name]} == affected
    get = client_of("wsgi")(WhiteNoise(None, assets=assets))
    for name in NAMES:
        body = get(after[name]).body.decode()
        found = [urljoin(after[name], each.url) for each in find_references(body)]
        assert found == [after[each] for each in links[name] if name.endswith(".css")]

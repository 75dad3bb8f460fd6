"""The hashes in URLs: which files a style sheet reaches, and how its references are rewritten."""

from __future__ import annotations

import gzip
import os
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import quote, unquote, urljoin

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.helpers.assets import digits_of, get_asset, hash_of, replace
from tests.helpers.clients import ADAPTERS, client_of
from tests.helpers.examples import some
from tests.helpers.files import write
from whitenoise_async import Assets, WhiteNoise
from whitenoise_async.assets import stylesheets
from whitenoise_async.assets.contents import Contents
from whitenoise_async.assets.stylesheets import find_references
from whitenoise_async.files.errors import FileSystemError, UnavailableError
from whitenoise_async.files.open_file import OpenFile
from whitenoise_async.registry.entries import HashedFile, StaticFile
from whitenoise_async.serving.source import WrongHashError


def rewritten(assets: Assets, name: str) -> str:
    """The style sheet at its hashed URL."""
    reply = get_asset(client_of("wsgi")(WhiteNoise(None, assets=assets)), assets, name)
    assert reply.status == 200
    return reply.body.decode("utf-8", "surrogateescape")


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


@pytest.mark.parametrize(
    "reference",
    [
        "missing.png", "../x.png", "../../css/x.png", "x.png/", "X.PNG", ".//x.png", "/css/x.png",
        "//host/x.png", "https://host/x.png", "data:,x", "#x", "?x", "x%2Fy.png", "%ff.png", "docs",
        "x%252Epng", "x.0123456789ab.png", "excluded.png",
    ],
)  # fmt: skip
def test_every_other_reference_stays_as_it_is(tmp_path: Path, reference: str) -> None:
    """A reference above the top may lead to another application of the server."""
    write(tmp_path / "css" / "x.png", b"x")
    write(tmp_path / "css" / "excluded.png", b"x")
    write(tmp_path / "css" / "docs" / "index.html", b"docs")
    write(tmp_path / "x.png.txt", b"x")
    sheet = f"a {{ b: url({reference}) }}"
    write(tmp_path / "css" / "a.css", sheet.encode())
    assets = Assets(tmp_path, exclude=["excluded.png"], index_file=True)
    assert rewritten(assets, "css/a.css") == sheet


def test_a_missing_file_is_reported_once_with_the_line(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    lines = [b"a {}", b"/* url(x) */", b"b { c: url(missing.png) }", b"d { e: url(missing.png) }"]
    path = write(tmp_path / "a.css", b"\n".join(lines))
    assets = Assets(tmp_path, check_interval=0)
    for _ in range(3):
        assets.url("a.css")
        rewritten(assets, "a.css")
    assert caplog.messages == [f"{path}, line 3: missing.png gets no hash: there is no such file"]


@pytest.mark.parametrize("break_it", [Path.unlink, lambda path: replace_by_fifo(path)])
def test_a_file_that_cannot_be_opened_is_like_a_missing_one(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, break_it: Any
) -> None:
    sheet = b"a { b: url(x.png) }"
    image = write(tmp_path / "x.png", b"x")
    write(tmp_path / "a.css", sheet)
    assets = Assets(tmp_path, check_interval=0)
    before = hash_of(assets, "a.css")
    break_it(image)
    assert hash_of(assets, "a.css") != before
    assert rewritten(assets, "a.css") == sheet.decode()
    assert any("a.css, line 1: x.png gets no hash: it " in each for each in caplog.messages)


def replace_by_fifo(path: Path) -> None:
    path.unlink()
    os.mkfifo(path)


def test_a_file_that_appears_meanwhile_is_reached_by_all_references_or_by_none(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Otherwise the hash is right, but a reference stays as it is."""
    write(tmp_path / "about.html", b"about")
    write(tmp_path / "a.css", b'@import "b.css"; a { b: url(about) url(about.html) url(about) }')
    write(tmp_path / "b.css", b"b { b: url(about) }")
    assets = Assets(tmp_path, clean_urls=True, check_interval=0)
    file = assets.site.registry.look_up(assets.url("a.css"))
    assert isinstance(file, HashedFile)
    real = Contents.current
    failed: list[StaticFile] = []

    def fail_once(self: Contents, target: StaticFile) -> Any:
        if target.url == "/about" and not failed:
            failed.append(target)
            raise UnavailableError(target.path, "test")
        return real(self, target)

    monkeypatch.setattr(Contents, "current", fail_once)
    with pytest.raises(WrongHashError):
        assets.site.source.open(file)
    assert failed
    assert rewritten(assets, "a.css").count(digits_of(b"about")) == 3


def test_a_fault_of_the_disk_is_not_taken_for_a_missing_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    image = write(tmp_path / "x.png", b"x")
    write(tmp_path / "a.css", b"a { b: url(x.png) }")
    read = OpenFile.read

    def fail(file: OpenFile, offset: int, size: int) -> bytes:
        if file.path == str(image):
            raise FileSystemError(file.path, OSError(5, "Input/output error"))
        return read(file, offset, size)

    monkeypatch.setattr(OpenFile, "read", fail)
    with pytest.raises(FileSystemError, match="Input/output error"):
        Assets(tmp_path).url("a.css")


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


def test_a_style_sheet_may_refer_to_a_file_of_another_root(tmp_path: Path) -> None:
    write(tmp_path / "css" / "a.css", b"a { b: url(../img/x.png) }")
    write(tmp_path / "images" / "x.png", b"x")
    assets = Assets(tmp_path / "css", "static/css")
    assert urls_in(assets, "a.css") == ["../img/x.png"]
    assets.add_files(tmp_path / "images", "static/img")
    assert urls_in(assets, "a.css") == [f"../img/x.{digits_of(b'x')}.png"]


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

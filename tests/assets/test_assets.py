"""What pages and templates ask for: URLs, integrity values, import maps and preloads."""

from __future__ import annotations

import errno
import hashlib
import json
import os
import re
import threading
from base64 import b64encode
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import anyio
import pytest

from tests.helpers.assets import IMMUTABLE, WRONG, Fork, digits_of, get_asset, hash_of, replace
from tests.helpers.clients import ADAPTERS, client_of
from tests.helpers.files import write
from whitenoise_async import ASGIWhiteNoise, Assets, WhiteNoise
from whitenoise_async.assets.lookup import Lookup
from whitenoise_async.assets.source import AssetSource
from whitenoise_async.files.errors import FileSystemError
from whitenoise_async.files.open_file import OpenFile

SHEET = b"a { b: url(x.png) }\n"


@pytest.fixture
def root(tmp_path: Path) -> Path:
    write(tmp_path / "css" / "site.css", SHEET)
    write(tmp_path / "css" / "x.png", b"x")
    write(tmp_path / "js" / "app.js", b"app")
    write(tmp_path / "robots.txt", b"robots")
    return tmp_path


def sri(content: bytes) -> str:
    return f"sha384-{b64encode(hashlib.sha384(content).digest()).decode()}"


def test_the_url_has_the_hash_of_the_content(adapter: str, root: Path) -> None:
    assets = Assets(root, "static")
    assert assets.url("js/app.js") == f"/static/js/app.{digits_of(b'app')}.js"
    assert re.fullmatch(r"/static/css/site\.[0-9a-f]{12}\.css", assets.url("css/site.css"))
    get = client_of(adapter)(ADAPTERS[adapter](None, assets=assets))
    for name in ("js/app.js", "css/site.css", "robots.txt"):
        reply = get_asset(get, assets, name)
        assert (reply.status, reply["cache-control"]) == (200, IMMUTABLE)
        assert get(f"/static/{name}")["cache-control"] == "max-age=60, public"


def test_a_whole_path_is_a_name_too(root: Path) -> None:
    assets = Assets(root, "static")
    assert assets.url("/static/js/app.js") == assets.url("js/app.js")
    with pytest.raises(FileNotFoundError):
        assets.url("/js/app.js")


@pytest.mark.parametrize("autorefresh", [False, True])
def test_the_last_of_two_roots_with_one_name_counts(tmp_path: Path, autorefresh: bool) -> None:
    for number in (1, 2, 3):
        write(tmp_path / str(number) / "a.js", str(number).encode())
    write(tmp_path / "1" / "only.js", b"only")
    assets = Assets(tmp_path / "1", autorefresh=autorefresh)
    assert hash_of(assets, "a.js") == digits_of(b"1")
    assets.add_files(tmp_path / "2")
    assert hash_of(assets, "a.js") == digits_of(b"2")
    assets.add_files(tmp_path / "3", "other")
    assert assets.url("a.js") == f"/other/a.{digits_of(b'3')}.js"
    assert assets.url("/a.js") == f"/a.{digits_of(b'2')}.js"
    assert hash_of(assets, "only.js") == digits_of(b"only")


NAMES = ["a b.js", "it's.js", 'a"b.js', "ü.js", "a#b.js", "a?b.js", "a%20b.js", "<b>.js", ".env.js"]


@pytest.mark.parametrize("name", NAMES)
def test_every_name_is_quoted(adapter: str, tmp_path: Path, name: str) -> None:
    write(tmp_path / name, b"a")
    assets = Assets(tmp_path, "é")
    url = assets.url(name)
    assert re.fullmatch(r"[!-~]+", url)
    assert not re.search("[\"'<>#? ]", url)
    get = client_of(adapter)(ADAPTERS[adapter](None, assets=assets))
    assert get(unquote(url)).body == b"a"


def test_a_name_that_is_not_utf_8_has_no_url(tmp_path: Path) -> None:
    (Path(os.fsdecode(os.fsencode(tmp_path) + b"/\xff.js"))).write_bytes(b"a")
    with pytest.raises(FileNotFoundError):
        Assets(tmp_path).url("\udcff.js")


@pytest.mark.parametrize(
    ("name", "hint"),
    [
        ("site.css", "did you mean 'css/site.css'?"),
        ("css/sit.css", "did you mean 'css/site.css'?"),
        ("../css/site.css", "did you mean 'css/site.css'?"),
        ("zzz", "no file below ROOT has a similar name"),
        ("", "no file below ROOT has a similar name"),
        ("css", "no file below ROOT has a similar name"),
        (f"js/app.{WRONG}.js", "no file below ROOT has a similar name"),
    ],
)
@pytest.mark.parametrize("autorefresh", [False, True])
def test_an_unknown_name_is_an_error_with_the_nearest_one(
    root: Path, autorefresh: bool, name: str, hint: str
) -> None:
    assets = Assets(root, "static", autorefresh=autorefresh)
    with pytest.raises(FileNotFoundError) as caught:
        assets.url(name)
    hint = hint.replace("ROOT", str(root))
    assert str(caught.value) == f"There is no static file {name!r}; {hint}"


def test_an_unknown_name_without_a_root_is_an_error_that_says_so() -> None:
    with pytest.raises(FileNotFoundError, match="no static file 'a'; no root was added"):
        Assets().url("a")


@pytest.mark.parametrize("name", [None, 3, b"a.js", Path("a.js")])
def test_a_name_of_another_type_is_an_error(name: Any) -> None:
    with pytest.raises(TypeError, match="name must be the path of a file below a root, got"):
        Assets().url(name)


def test_excluded_files_have_no_url(root: Path) -> None:
    assets = Assets(root, exclude=["*.js"])
    with pytest.raises(FileNotFoundError, match=r"no static file 'js/app\.js'"):
        assets.url("js/app.js")


@pytest.mark.parametrize(
    "base_url", ["https://cdn.example", "https://cdn.example/", "//cdn.example", ""]
)
def test_a_base_url_precedes_the_mount_point(root: Path, base_url: str) -> None:
    assets = Assets(root, "static", base_url=base_url)
    rest = f"js/app.{digits_of(b'app')}.js"
    assert assets.url("js/app.js") == f"{base_url.rstrip('/')}/static/{rest}"
    with assets.site.mounted_at("/app"):
        assert assets.url("js/app.js") == f"{base_url.rstrip('/')}/app/static/{rest}"


@pytest.mark.parametrize(
    ("base_url", "error"),
    [
        (3, TypeError), (b"https://cdn.example", TypeError), ("cdn.example", ValueError),
        ("https://", ValueError), ("/static", ValueError), ("https://a/?b", ValueError),
        ("https://a b", ValueError), ('https://a"', ValueError), ("ftp://a", ValueError),
    ],
)  # fmt: skip
def test_a_base_url_of_another_form_is_refused(base_url: Any, error: type[Exception]) -> None:
    with pytest.raises(error, match="base_url must be"):
        Assets(base_url=base_url)


@pytest.mark.parametrize(
    ("mount", "expected"),
    [
        ("/app", "/app"), ("/app/", "/app"), ("app", "/app"), ("/", ""),
        ("//evil.example", "/evil.example"),
        ("/a b/ü", "/a%20b/%C3%BC"), ("/a?b#c\"'<", "/a%3Fb%23c%22%27%3C"), ("/\udcff", "/%FF"),
    ],
)  # fmt: skip
def test_the_mount_point_is_quoted(root: Path, mount: str, expected: str) -> None:
    assets = Assets(root)
    with assets.site.mounted_at(mount):
        assert assets.url("robots.txt") == f"{expected}/robots.{digits_of(b'robots')}.txt"


def test_a_changed_file_gets_another_url(root: Path) -> None:
    assets = Assets(root, check_interval=0)
    sheet, script = assets.url("css/site.css"), assets.url("js/app.js")
    replace(root / "css" / "x.png", b"y")
    assert assets.url("css/site.css") != sheet
    assert assets.url("js/app.js") == script
    replace(root / "js" / "app.js", b"app2")
    assert hash_of(assets, "js/app.js") == digits_of(b"app2")


@pytest.mark.parametrize("autorefresh", [False, True])
def test_a_file_that_changes_between_url_and_request_is_not_sent_under_the_old_hash(
    adapter: str, root: Path, autorefresh: bool
) -> None:
    app = ADAPTERS[adapter](None, root, autorefresh=autorefresh, check_interval=0)
    get = client_of(adapter)(app)
    for was_requested in (False, True):
        for name, changed in (("js/app.js", "js/app.js"), ("css/site.css", "css/x.png")):
            url = app.assets.url(name)
            if was_requested:
                assert get(url).status == 200
            replace(root / changed, (root / changed).read_bytes() + b"!")
            for _ in range(2):
                reply = get(url)
                assert (reply.status, reply.body) == (404, b"Not Found\n")
                assert reply["cache-control"] == "no-store"
            assert get_asset(get, app.assets, name).status == 200


@pytest.mark.parametrize(("interval", "later"), [(0, 0.0), (1, 1.0), (5, 5.0), (None, None)])
def test_a_file_is_checked_when_the_interval_is_over(
    root: Path, monkeypatch: pytest.MonkeyPatch, interval: float | None, later: float | None
) -> None:
    now = 1000.0
    for name in ("assets", "contents", "lookup"):
        monkeypatch.setattr(f"whitenoise_async.assets.{name}.monotonic", lambda: now)
    assets = Assets(root, check_interval=interval)
    before = assets.url("js/app.js")
    replace(root / "js" / "app.js", b"new")
    if interval != 0:
        now += 0.9
        assert assets.url("js/app.js") == before
        now += 10**6 if later is None else later - 0.9
    assert (assets.url("js/app.js") != before) is (interval is not None)


def test_with_autorefresh_an_edit_shows_at_once_and_nothing_is_immutable(
    adapter: str, root: Path
) -> None:
    app = ADAPTERS[adapter](None, root, autorefresh=True, immutable_file_test=r"/robots\.")
    get = client_of(adapter)(app)
    for content in (b"one", b"second"):
        replace(root / "css" / "x.png", content)
        reply = get_asset(get, app.assets, "css/site.css")
        assert reply.body == SHEET.replace(b"x.png", b"x.%b.png" % digits_of(content).encode())
        assert reply["cache-control"] == "max-age=0, public"
        assert "vary" not in reply
    write(root / "later.js", b"later")
    assert get_asset(get, app.assets, "later.js").body == b"later"
    (root / "later.js").unlink()
    with pytest.raises(FileNotFoundError):
        app.assets.url("later.js")


def test_a_style_sheet_of_20_mb_is_sent_as_it_is(
    adapter: str, root: Path, caplog: pytest.LogCaptureFixture
) -> None:
    large = SHEET * 1_000_000
    path = write(root / "css" / "large.css", large)
    write(root / "css" / "b.css", b'@import "large.css";')
    app = ADAPTERS[adapter](None, root)
    reply = get_asset(client_of(adapter)(app), app.assets, "css/large.css")
    assert (reply.body == large, reply["cache-control"]) == (True, IMMUTABLE)
    assert hash_of(app.assets, "css/b.css")
    assert app.responder.content_cache.size == 0
    assert caplog.messages == [
        f"URLs in {path} get no hashes: it has 20,000,000 bytes, more than"
        " max_cached_file_size, 1,048,576"
    ]


def test_a_removed_file_has_no_url(root: Path) -> None:
    path = root / "js" / "app.js"
    path.unlink()
    assets = Assets(root, check_interval=0)
    write(root / "a.js", b"a")
    listed = Assets(root, check_interval=0, immutable_file_test=r"/robots\.")
    (root / "a.js").unlink()
    (root / "robots.txt").unlink()
    with pytest.raises(FileNotFoundError, match=r"no static file 'js/app\.js'"):
        assets.url("js/app.js")
    for name in ("a.js", "robots.txt"):
        for call in (listed.url, listed.integrity):
            with pytest.raises(FileNotFoundError, match=f"{name} is not served: it was removed"):
                call(name)


def test_a_file_that_became_a_fifo_has_no_url(root: Path) -> None:
    assets = Assets(root)
    (root / "robots.txt").unlink()
    os.mkfifo(root / "robots.txt")
    with pytest.raises(FileNotFoundError, match="it is not a regular file"):
        assets.url("robots.txt")


def test_a_fault_of_the_disk_is_an_error_of_its_own(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assets = Assets(root)

    def fail(*_: Any) -> bytes:
        raise FileSystemError(str(root), OSError(errno.EIO, os.strerror(errno.EIO)))

    monkeypatch.setattr(OpenFile, "read", fail)
    with pytest.raises(FileSystemError, match="Input/output error"):
        assets.url("robots.txt")
    assets.prepare_sync()
    monkeypatch.undo()
    assert hash_of(assets, "robots.txt") == digits_of(b"robots")


def test_a_file_that_is_written_all_the_time_keeps_its_plain_url(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assets = Assets(root)
    read = OpenFile.read

    def append(file: OpenFile, offset: int, size: int) -> bytes:
        with open(file.path, "ab") as writer:
            writer.write(b"more")
        return read(file, offset, size)

    monkeypatch.setattr(OpenFile, "read", append)
    assert assets.url("robots.txt") == "/robots.txt"
    with pytest.raises(FileNotFoundError, match=r"robots\.txt changes while it is read"):
        assets.integrity("robots.txt")


def test_an_error_of_a_hook_reaches_the_page(root: Path) -> None:
    def fail(path: str, url: str) -> bool:
        if url == "/robots.txt":
            raise RuntimeError("hook")
        return False

    assets = Assets(root, immutable_file_test=fail)
    with pytest.raises(RuntimeError, match="hook"):
        assets.url("robots.txt")
    assert hash_of(assets, "js/app.js") == digits_of(b"app")


def test_a_name_that_a_build_tool_hashed_is_left_as_it_is(adapter: str, root: Path) -> None:
    write(root / "app.0a1b2c3d.js", b"one")
    assets = Assets(root, immutable_file_test=r"\.[0-9a-f]{8}\.", check_interval=0)
    assert assets.url("app.0a1b2c3d.js") == "/app.0a1b2c3d.js"
    assert assets.integrity("app.0a1b2c3d.js") == sri(b"one")
    get = client_of(adapter)(ADAPTERS[adapter](None, assets=assets))
    assert get("/app.0a1b2c3d.js")["cache-control"] == IMMUTABLE
    replace(root / "app.0a1b2c3d.js", b"two")
    assert assets.integrity("app.0a1b2c3d.js") == sri(b"two")


def test_a_hook_of_a_subclass_says_which_names_stay(adapter: str, root: Path) -> None:
    def is_immutable_file(self: Any, static_file: Any, url: str) -> bool:
        return url.endswith(".txt") and static_file.path == str(root / "robots.txt")

    mine: Any = type("Mine", (ADAPTERS[adapter],), {"is_immutable_file": is_immutable_file})
    app = mine(None, root)
    assert app.assets.url("robots.txt") == "/robots.txt"
    assert app.assets.url("js/app.js") == f"/js/app.{digits_of(b'app')}.js"


def test_a_variant_has_no_url_but_a_file_with_the_name_of_one_has(
    adapter: str, tmp_path: Path
) -> None:
    write(tmp_path / "a.txt", b"text" * 100, compressed=True)
    write(tmp_path / "notes", b"notes")
    write(tmp_path / "notes.gz", b"\x1f\x8b is something else")
    write(tmp_path / "a.tar.gz", b"archive")
    assets = Assets(tmp_path)
    get = client_of(adapter)(ADAPTERS[adapter](None, assets=assets))
    with pytest.raises(FileNotFoundError, match=r"did you mean 'a.txt'"):
        assets.url("a.txt.gz")
    digits = digits_of((tmp_path / "a.txt.gz").read_bytes())
    assert get(f"/a.txt.{digits}.gz").status == 404
    for name in ("notes.gz", "a.tar.gz"):
        stem, content = name.removesuffix(".gz"), (tmp_path / name).read_bytes()
        assert assets.url(name) == f"/{stem}.{digits_of(content)}.gz"
        assert get_asset(get, assets, name).body == content


@pytest.mark.parametrize("autorefresh", [False, True])
def test_pages_have_hashed_urls_and_folders_have_plain_ones(
    adapter: str, tmp_path: Path, autorefresh: bool
) -> None:
    write(tmp_path / "docs" / "index.html", b"index")
    write(tmp_path / "about.html", b"about")
    assets = Assets(tmp_path, index_file=True, clean_urls=True, autorefresh=autorefresh)
    get = client_of(adapter)(ADAPTERS[adapter](None, assets=assets))
    index, about = digits_of(b"index"), digits_of(b"about")
    expected = {
        "docs/index.html": f"/docs/index.{index}.html",
        "docs/": "/docs/",
        "about.html": f"/about.{about}.html",
        "about": f"/about.{about}",
    }
    for name, url in expected.items():
        assert assets.url(name) == url
        assert get(url).status == 200
        assert ("immutable" in get(url)["cache-control"]) is (name != "docs/" and not autorefresh)
    with pytest.raises(FileNotFoundError):
        assets.url("docs")


def test_the_integrity_is_that_of_the_bytes_that_are_sent(adapter: str, root: Path) -> None:
    assets = Assets(root, check_interval=0)
    get = client_of(adapter)(ADAPTERS[adapter](None, assets=assets))
    for _ in range(2):
        for name in ("css/site.css", "js/app.js", "robots.txt"):
            for _ in range(2):
                assert assets.integrity(name) == sri(get_asset(get, assets, name).body)
        replace(root / "css" / "x.png", b"another")
        replace(root / "robots.txt", b"others")
    with pytest.raises(FileNotFoundError, match=r"did you mean 'js/app.js'"):
        assets.integrity("app.js")


def test_the_integrity_is_computed_once(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assets = Assets(root, check_interval=0, immutable_file_test=r"/robots\.")
    opened = []
    real = AssetSource.open

    def record(self: Any, entry: Any, *, compress: bool = True) -> Any:
        opened.append((entry.path, compress))
        return real(self, entry, compress=compress)

    monkeypatch.setattr(AssetSource, "open", record)
    for _ in range(3):
        for name in ("css/site.css", "robots.txt"):
            assets.integrity(name)
    assert opened == [(str(root / "css/site.css"), False), (str(root / "robots.txt"), False)]


def test_the_integrity_of_a_file_that_is_replaced_meanwhile_is_computed_again(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assets = Assets(root)
    assets.url("js/app.js")
    replace(root / "js" / "app.js", b"newer")
    assert assets.integrity("js/app.js") == sri(b"newer")
    assert hash_of(assets, "js/app.js") == digits_of(b"newer")


def test_a_file_that_is_removed_meanwhile_has_no_integrity(root: Path) -> None:
    assets = Assets(root)
    assets.url("js/app.js")
    (root / "js" / "app.js").unlink()
    with pytest.raises(FileNotFoundError, match=r"app\.js is not served: it was removed"):
        assets.integrity("js/app.js")


def test_url_and_integrity_of_a_preload_are_of_the_same_bytes(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assets = Assets(root, check_interval=0)
    compute = Lookup._compute_integrity
    contents = [b"second", b"third"]

    def change_after(self: Lookup, file: Any) -> str | None:
        made = compute(self, file)
        replace(root / "js" / "app.js", contents.pop(0))
        return made

    monkeypatch.setattr(Lookup, "_compute_integrity", change_after)
    (link,) = assets.preload("js/app.js")
    assert f"app.{digits_of(b'app')}.js" in link
    assert sri(b"app") in link
    made = str(assets.import_map("js/app.js"))
    assert f"app.{digits_of(b'second')}.js" in made
    assert sri(b"second") in made


def test_the_import_map_has_all_scripts_or_the_named_ones(root: Path) -> None:
    write(root / "js" / "b.mjs", b"b")
    write(root / "js" / "c.0a1b2c3d.js", b"c")
    assets = Assets(root, "static", immutable_file_test=r"\.[0-9a-f]{8}\.")
    with assets.site.mounted_at("/app"):
        made = str(assets.import_map(nonce="n"))
        named = str(assets.import_map("js/b.mjs"))
    b = f"/app/static/js/b.{digits_of(b'b')}.mjs"
    assert f'"/app/static/js/b.mjs":"{b}"' in made.replace(": ", ":")
    assert made.count("c.0a1b2c3d.js") == 1  # its integrity only
    assert 'nonce="n"' in made
    assert "site" not in made
    assert b in named
    assert "app.js" not in named
    with pytest.raises(FileNotFoundError):
        assets.import_map("js/missing.js")


def test_a_script_that_was_removed_is_not_in_the_import_map(root: Path) -> None:
    assets = Assets(root)
    write(root / "js" / "b.js", b"b")
    assets.add_files(root)
    (root / "js" / "b.js").unlink()
    made = str(assets.import_map())
    assert "js/app.js" in made
    assert "js/b.js" not in made
    with pytest.raises(FileNotFoundError):
        assets.import_map("js/b.js")


def test_preload_has_a_value_for_each_file(root: Path) -> None:
    assets = Assets(root, base_url="https://cdn.example")
    style, script = assets.preload("css/site.css", "js/app.js")
    assert style.startswith(f"<{assets.url('css/site.css')}>; rel=preload; as=style")
    assert script.startswith(f"<{assets.url('js/app.js')}>; rel=preload; as=script; ")
    assert "crossorigin" in style
    assert assets.preload() == []


def test_a_vite_entry_has_the_urls_of_its_build_below_the_mount_point(tmp_path: Path) -> None:
    manifest = {
        "src/a.js": {"file": "assets/a-1.js", "css": ["assets/a-1.css"], "imports": ["_b.js"]},
        "_b.js": {"file": "assets/b-1.js"},
        "src/c.css": {"file": "assets/c 1.css"},
    }
    write(tmp_path / "dist" / ".vite" / "manifest.json", json.dumps(manifest).encode())
    assets = Assets(tmp_path / "dist", "static", base_url="https://cdn.example")
    assets.add_files(write(tmp_path / "other" / "x", b"").parent, "other")
    with assets.site.mounted_at("/app"):
        script, style = assets.vite("src/a.js", nonce="n"), assets.vite("src/c.css")
    url = "https://cdn.example/app/static/assets"
    assert script == (f"{url}/a-1.js", (f"{url}/a-1.css",), (f"{url}/b-1.js",), "n")
    assert style == ("", (f"{url}/c%201.css",), (), None)
    with pytest.raises(FileNotFoundError, match=r"no entry 'src/d.js'; did you mean"):
        assets.vite("src/d.js")


def test_all_hashes_can_be_computed_ahead(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for prepare in (Assets.prepare_sync, lambda assets: anyio.run(assets.prepare)):
        assets = Assets(root, "static", check_interval=None)
        write(root / "removed.js", b"removed")
        assets.add_files(root, "more")
        (root / "removed.js").unlink()
        prepare(assets)
        with monkeypatch.context() as patch:
            patch.setattr(OpenFile, "read", None)
            for name in ("css/site.css", "js/app.js", "css/x.png", "robots.txt"):
                assert hash_of(assets, name)


def test_threads_and_event_loops_share_the_assets(root: Path) -> None:
    assets = Assets(root, check_interval=0)
    wsgi, asgi = WhiteNoise(None, assets=assets), ASGIWhiteNoise(None, assets=assets)
    clients = [client_of("wsgi")(wsgi), client_of("asyncio")(asgi), client_of("trio")(asgi)]
    names = ["css/site.css", "js/app.js", "css/x.png", "robots.txt"]
    expected = {name: Assets(root).integrity(name) for name in names}
    together = threading.Barrier(6)

    def work(number: int) -> None:
        get = clients[number % 3]
        together.wait()
        for name in names[number % 4 :] + names[: number % 4]:
            reply = get_asset(get, assets, name, {"Accept-Encoding": "identity"})
            assert sri(reply.body) == expected[name] == assets.integrity(name)
            assert get(f"/js/app.{WRONG}.js").status == 404

    with ThreadPoolExecutor(6) as pool:
        list(pool.map(work, range(6)))


def test_a_forked_process_gives_the_same_urls(root: Path, fork: Fork) -> None:
    assets = Assets(root, check_interval=0)
    before = assets.url("css/site.css")

    def child() -> None:
        assert assets.url("css/site.css") == before
        assert hash_of(assets, "js/app.js") == digits_of(b"app")
        get = client_of("wsgi")(WhiteNoise(None, assets=assets))
        assert get_asset(get, assets, "css/site.css").status == 200

    assert fork(child) == 0


def test_a_root_that_is_no_folder_is_reported_where_it_was_passed(tmp_path: Path) -> None:
    with pytest.warns(UserWarning, match="No directory at: ") as caught:
        assets = Assets(tmp_path / "missing")
    assert [each.filename for each in caught] == [__file__]
    with pytest.warns(UserWarning, match="No directory at: ") as caught:
        assets.add_files(tmp_path / "missing")
    assert [each.filename for each in caught] == [__file__]
    with pytest.warns(UserWarning, match="the value of fallback") as caught:
        Assets(tmp_path, fallback="index.html")
    assert [each.filename for each in caught] == [__file__]

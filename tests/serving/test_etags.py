"""Option ``etag``: what the ETag of a file is made of."""

from __future__ import annotations

import hashlib
import os
import threading
from pathlib import Path
from typing import Any

import anyio
import pytest

from tests.faults.injection import until
from tests.helpers.clients import ADAPTERS, Serve, client_of, make_call, scope_of
from tests.helpers.files import MTIME, write
from whitenoise_async import ASGIWhiteNoise
from whitenoise_async.asgi.worker_threads import MAX_LONG, statistics
from whitenoise_async.files.open_file import OpenFile, open_file
from whitenoise_async.serving import etags as tags
from whitenoise_async.serving.etags import ContentDigests

TEXT = b"body { color: black }\n" * 100
GZIP = {"Accept-Encoding": "gzip"}


def digest(content: bytes) -> str:
    return hashlib.blake2b(content, digest_size=16).hexdigest()


@pytest.fixture
def reads(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The files of which a digest is made."""
    made: list[str] = []
    real = tags._digest

    def counted(representation: OpenFile) -> str:
        made.append(representation.path)
        return real(representation)

    monkeypatch.setattr(tags, "_digest", counted)
    return made


@pytest.mark.parametrize("autorefresh", [False, True])
@pytest.mark.parametrize("size", [0, 100, 3_000_000])
def test_of_the_same_content_the_tag_is_the_same_whatever_its_date(
    serve: Serve, tmp_path: Path, autorefresh: bool, size: int
) -> None:
    """As on two replicas whose images were built apart."""
    content = os.urandom(size)
    for replica, mtime in (("one", MTIME), ("two", MTIME + 1000)):
        write(tmp_path / replica / "a.bin", content, mtime=mtime)
    one, two = (
        serve(tmp_path / replica, etag="content", autorefresh=autorefresh)
        for replica in ("one", "two")
    )
    reply = one("/a.bin")
    assert reply["etag"] == f'"{digest(content)}"'
    assert two("/a.bin", {"If-None-Match": reply["etag"]}).status == 304
    assert serve(tmp_path / "one")("/a.bin")["etag"] != serve(tmp_path / "two")("/a.bin")["etag"]


def test_each_representation_has_that_of_its_own_bytes(serve: Serve, tmp_path: Path) -> None:
    path = write(tmp_path / "a.css", TEXT, compressed=True)
    get = serve(tmp_path, etag="content")
    coded = get("/a.css", GZIP)
    assert get("/a.css")["etag"] == f'"{digest(TEXT)}"'
    assert coded["etag"] == f'"{digest(coded.body)}-gzip"'
    assert coded.body == path.with_name("a.css.gz").read_bytes()
    assert get("/a.css", {**GZIP, "If-None-Match": f'"{digest(TEXT)}"'}).status == 200


@pytest.mark.parametrize("autorefresh", [False, True])
def test_it_is_worked_out_once_for_a_state(
    serve: Serve, tmp_path: Path, reads: list[str], autorefresh: bool
) -> None:
    path = write(tmp_path / "a.css", TEXT)
    get = serve(tmp_path, etag="content", autorefresh=autorefresh, check_interval=0)
    for _ in range(3):
        assert get("/a.css")["etag"] == f'"{digest(TEXT)}"'
        assert get("/a.css", {"Range": "bytes=0-3"}).status == 206
    assert reads == [str(path)]
    changed = TEXT[::-1]
    write(tmp_path / "new", changed).replace(path)  # of the same size and date
    for _ in range(3):
        assert get("/a.css")["etag"] == f'"{digest(changed)}"'
    assert reads == [str(path)] * 2


def test_of_what_changes_while_it_is_read_the_tag_is_not_kept(tmp_path: Path) -> None:
    path = write(tmp_path / "a.bin", b"a" * 10)
    made = ContentDigests()
    representation = open_file(str(path))
    write(path, b"b" * 20)
    assert made(str(path), "/a.bin", [representation]) == [None]
    assert not made._kept
    representation.close()
    representation = open_file(str(path))
    assert made(str(path), "/a.bin", [representation]) == [digest(b"b" * 20)]
    representation.close()


def test_what_is_kept_has_a_bound_the_least_recently_used_out_first(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, reads: list[str]
) -> None:
    monkeypatch.setattr(tags, "_MAX_KEPT", 2)
    made = ContentDigests()
    paths = {name: str(write(tmp_path / name, name.encode())) for name in "abc"}
    for name in "abacab":
        representation = open_file(paths[name])
        assert made(representation.path, f"/{name}", [representation]) == [digest(name.encode())]
        representation.close()
    assert [Path(path).name for path in reads] == ["a", "b", "c", "b"]
    assert len(made._kept) == 2


def hold_back(monkeypatch: pytest.MonkeyPatch, name: str) -> threading.Event:
    """Have the digest of a file wait until the event is set."""
    go_on = threading.Event()
    real = tags._digest

    def slow(representation: OpenFile) -> str:
        if representation.path.endswith(name):
            go_on.wait(60)
        return real(representation)

    monkeypatch.setattr(tags, "_digest", slow)
    return go_on


@pytest.mark.parametrize("backend", ["asyncio", "trio"])
@pytest.mark.parametrize("options", [{"etag": "content"}, {}], ids=["content", "constant dates"])
def test_small_files_never_wait_for_the_digests_of_large_ones(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, backend: str, options: Any
) -> None:
    """As of files of gigabytes, which a hundred clients want at once after a deployment."""
    films = [f"{number}.bin" for number in range(MAX_LONG + 2)] * 10
    small = ["0.txt", "1.txt", "2.txt"] * 2
    for name in {*films, *small}:
        size = 2 * 1024 * 1024 if name in films else 5
        write(tmp_path / name, bytes(size), mtime=1)
    app = ASGIWhiteNoise(None, tmp_path, check_interval=0, **options)
    go_on = hold_back(monkeypatch, ".bin")
    sent: list[str] = []

    async def ask(name: str) -> None:
        async def send(message: Any) -> None:
            sent.extend([name] if message.get("status") == 200 else [])

        await app(scope_of(make_call(f"/{name}")), never, send)

    async def never() -> Any:
        await anyio.sleep_forever()

    async def main() -> None:
        async with anyio.create_task_group() as group:
            for name in films:
                group.start_soon(ask, name)
            await until(lambda: statistics() == (MAX_LONG, len(films) - MAX_LONG))
            for name in small:
                await ask(name)
            assert sent == small
            go_on.set()
        assert len(sent) == len(films) + len(small)

    anyio.run(main, backend=backend)


def test_a_disk_fault_while_it_is_read_is_a_503(
    serve: Serve, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(tmp_path / "a.css", TEXT)
    get = serve(tmp_path, etag="content")

    def fail(*_: Any) -> bytes:
        raise OSError(5, "Input/output error")

    with monkeypatch.context() as patch:
        patch.setattr("whitenoise_async.files.open_file.read_at", fail)
        assert get("/a.css").status == 503
    assert get("/a.css")["etag"] == f'"{digest(TEXT)}"'


def test_a_callable_says_it_and_is_asked_again_when_the_file_has_changed(
    serve: Serve, tmp_path: Path
) -> None:
    path = write(tmp_path / "a.css", TEXT, compressed=True)
    asked: list[tuple[str, str]] = []

    def etag(path: str, url: str) -> str:
        asked.append((path, url))
        return f"release-{len(asked)}"

    get = serve(tmp_path, "static", etag=etag, check_interval=0)
    assert get("/static/a.css")["etag"] == '"release-1"'
    assert get("/static/a.css", GZIP)["etag"] == '"release-1-gzip"'
    write(path, TEXT * 2, compressed=True, mtime=MTIME + 5)
    assert get("/static/a.css")["etag"] == '"release-2"'
    assert asked == [(str(path), "/static/a.css")] * 2


@pytest.mark.parametrize("how", ["keyword", "function", "method"])
def test_it_may_be_a_keyword_or_an_attribute_of_a_subclass(
    adapter: str, tmp_path: Path, how: str
) -> None:
    write(tmp_path / "a.css", TEXT)
    base: Any = ADAPTERS[adapter]

    def plain(path: str, url: str) -> str:
        return url.strip("/")

    def method(self: Any, path: str, url: str) -> str:
        return url.strip("/")

    if how == "keyword":
        made = base(None, tmp_path, etag=plain)
    else:
        kind = type("Ours", (base,), {"etag": plain if how == "function" else method})
        made = kind(None, tmp_path)
    assert client_of(adapter)(made)("/a.css")["etag"] == '"a.css"'
    kind = type("Content", (base,), {"etag": "content"})
    assert client_of(adapter)(kind(None, tmp_path))("/a.css")["etag"] == f'"{digest(TEXT)}"'


async def waits(path: str, url: str) -> str:
    return "never"


@pytest.mark.parametrize(
    ("value", "error"),
    [
        ("inode", ValueError),
        ("", ValueError),
        (None, TypeError),
        (True, TypeError),
        (lambda path: "a", TypeError),
        (waits, TypeError),
    ],
)
def test_any_other_value_is_refused(serve: Serve, value: Any, error: type[Exception]) -> None:
    with pytest.raises(error, match="etag must"):
        serve(etag=value)


@pytest.mark.parametrize("made", ['a"b', "", "a b", "a\r\nb", "ü", None, 3, b"a"])
def test_what_a_callable_returns_that_is_no_tag_is_an_error_that_names_the_file(
    serve: Serve, tmp_path: Path, caplog: pytest.LogCaptureFixture, made: Any
) -> None:
    path = write(tmp_path / "a.css", TEXT)
    get = serve(tmp_path, etag=lambda path, url: made)
    for _ in range(2):
        with pytest.raises(ValueError, match=f"for {path}: what stands between the quotes"):
            get("/a.css")
    assert caplog.messages == [f"etag failed for {path}"]

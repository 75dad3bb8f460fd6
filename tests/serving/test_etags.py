"""The opaque tags of ETags: content digests, and the option ``etag``."""

from __future__ import annotations

import hashlib
import os
import threading
from contextlib import closing
from pathlib import Path
from typing import Any

import anyio
import pytest

from tests.helpers.clients import ADAPTERS, Serve, client_of, make_call, scope_of
from tests.helpers.files import MTIME, write
from tests.helpers.waiting import until_async
from whitenoise_async import ASGIWhiteNoise
from whitenoise_async.asgi.worker_threads import MAX_LONG, statistics
from whitenoise_async.files.memory_file import MemoryFile
from whitenoise_async.files.open_file import OpenFile, open_file
from whitenoise_async.files.state import read_state
from whitenoise_async.registry.entries import StaticFile
from whitenoise_async.serving import etags
from whitenoise_async.serving.etags import ContentDigests, make_tag_source
from whitenoise_async.serving.long_work import LongWorkError, without_long_work

TEXT = b"body { color: black }\n" * 100
GZIP = {"Accept-Encoding": "gzip"}


def digest(content: bytes) -> str:
    return hashlib.blake2b(content, digest_size=16).hexdigest()


@pytest.fixture
def digested(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The paths of the files whose digests are computed."""
    made: list[str] = []
    real = etags.compute_digest

    def counted(file: OpenFile) -> str:
        made.append(file.path)
        return real(file)

    monkeypatch.setattr(etags, "compute_digest", counted)
    return made


@pytest.mark.parametrize("autorefresh", [False, True])
@pytest.mark.parametrize("size", [0, 100, 3_000_000])
def test_the_same_content_has_the_same_tag_whatever_its_date_is(
    serve: Serve, tmp_path: Path, autorefresh: bool, size: int
) -> None:
    """Two replicas may run images that were built separately."""
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


def test_each_representation_has_the_digest_of_its_own_bytes(serve: Serve, tmp_path: Path) -> None:
    path = write(tmp_path / "a.css", TEXT, compressed=True)
    get = serve(tmp_path, etag="content")
    coded = get("/a.css", GZIP)
    assert get("/a.css")["etag"] == f'"{digest(TEXT)}"'
    assert coded["etag"] == f'"{digest(coded.body)}-gzip"'
    assert coded.body == path.with_name("a.css.gz").read_bytes()
    assert get("/a.css", {**GZIP, "If-None-Match": f'"{digest(TEXT)}"'}).status == 200


@pytest.mark.parametrize("autorefresh", [False, True])
def test_a_digest_is_computed_once_for_each_state(
    serve: Serve, tmp_path: Path, digested: list[str], autorefresh: bool
) -> None:
    path = write(tmp_path / "a.css", TEXT)
    get = serve(tmp_path, etag="content", autorefresh=autorefresh, check_interval=0)
    for _ in range(3):
        assert get("/a.css")["etag"] == f'"{digest(TEXT)}"'
        assert get("/a.css", {"Range": "bytes=0-3"}).status == 206
    assert digested == [str(path)]
    changed = TEXT[::-1]
    write(tmp_path / "new", changed).replace(path)  # of the same size and date
    for _ in range(3):
        assert get("/a.css")["etag"] == f'"{digest(changed)}"'
    assert digested == [str(path)] * 2


def test_a_file_that_changes_while_it_is_read_has_no_digest(tmp_path: Path) -> None:
    path = write(tmp_path / "a.bin", b"a" * 10)
    digests = ContentDigests()
    file = open_file(str(path))
    write(path, b"b" * 20)
    assert digests.tags(StaticFile(str(path), "/a.bin"), [file], [False]) == [None]
    assert not digests
    file.close()
    file = open_file(str(path))
    assert digests.tags(StaticFile(str(path), "/a.bin"), [file], [False]) == [digest(b"b" * 20)]
    file.close()


def test_a_file_is_read_only_up_to_the_size_that_it_had_when_it_was_opened(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A log file may grow faster than it is read."""
    path = write(tmp_path / "a.log", b"a" * 10)
    offsets: list[int] = []
    read = OpenFile.read

    def read_and_grow(file: OpenFile, offset: int, size: int) -> bytes:
        offsets.append(offset)
        with path.open("ab") as log:
            log.write(b"b")
        return read(file, offset, size)

    with closing(open_file(str(path))) as file:
        monkeypatch.setattr(OpenFile, "read", read_and_grow)
        assert ContentDigests().tags(StaticFile(str(path), "/a.log"), [file], [False]) == [None]
    assert offsets == [0]


def test_the_number_of_digests_is_bounded_least_recently_used_out_first(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, digested: list[str]
) -> None:
    monkeypatch.setattr(etags, "MAX_DIGESTS", 2)
    digests = ContentDigests()
    paths = {name: str(write(tmp_path / name, name.encode())) for name in "abc"}

    def make_tags(names: str) -> None:
        for name in names:
            with closing(open_file(paths[name])) as file:
                entry = StaticFile(file.path, f"/{name}")
                content = Path(file.path).read_bytes()
                assert digests.tags(entry, [file], [False]) == [digest(content)]

    make_tags("abacab")
    assert [Path(path).name for path in digested] == ["a", "b", "c", "b"]
    assert len(digests) == 2
    digested.clear()
    write(tmp_path / "a", b"changed")
    make_tags("acab")
    assert [Path(path).name for path in digested] == ["a", "c", "b"]
    assert len(digests) == 2


def test_no_more_digests_are_kept_than_files_of_a_large_site() -> None:
    assert etags.MAX_DIGESTS == 4096


def test_content_in_memory_has_the_digest_of_its_own_bytes(tmp_path: Path) -> None:
    """The state of what was made of one file says only how long it is."""
    state = read_state(str(write(tmp_path / "a.css", b"original")))
    digests = ContentDigests()
    for content in (b"one", b"two"):
        made = [MemoryFile(content, str(tmp_path / "a.css"), state)] * 2
        entry = StaticFile(str(tmp_path / "a.css"), "/a.css")
        expected = hashlib.blake2b(content, digest_size=16).hexdigest()
        assert digests.tags(entry, made, [True, True]) == [expected] * 2
    assert len(digests) == 0


@pytest.mark.parametrize(("size", "is_long"), [(1_048_576, False), (1_048_577, True)])
def test_digests_of_more_than_a_mebibyte_may_be_forbidden(
    tmp_path: Path, size: int, is_long: bool
) -> None:
    content = os.urandom(size)
    with closing(open_file(str(write(tmp_path / "a.bin", content)))) as file:
        digests = ContentDigests()

        def make_tags() -> list[str | None]:
            return digests.tags(StaticFile(file.path, "/a.bin"), [file], [False])

        if is_long:
            with pytest.raises(LongWorkError):
                without_long_work(make_tags)
            assert not digests
        else:
            assert without_long_work(make_tags) == [digest(content)]
        assert make_tags() == [digest(content)]  # the ban has ended
        assert without_long_work(make_tags) == [digest(content)]  # no computation is needed
        digests.reset_after_fork()
        assert make_tags() == [digest(content)]


def test_a_forked_process_makes_tags_while_a_thread_of_the_parent_holds_the_lock(
    tmp_path: Path, fork: Any
) -> None:
    path = str(write(tmp_path / "a.css", TEXT))
    entry, digests = StaticFile(path, "/a.css"), ContentDigests()

    def make_tags_in_child() -> None:
        with closing(open_file(path)) as file:
            assert digests.tags(entry, [file], [False]) == [digest(TEXT)]

    class ForksWhenAskedForItsPath:
        def __getattr__(self, name: str) -> Any:
            if name == "path" and not statuses:
                statuses.append(fork(make_tags_in_child))
            return getattr(file, name)

    statuses: list[int] = []
    forking: Any = ForksWhenAskedForItsPath()
    with closing(open_file(path)) as file:
        assert digests.tags(entry, [forking], [False]) == [digest(TEXT)]
    assert statuses == [0]


def hold_back(monkeypatch: pytest.MonkeyPatch, name: str) -> threading.Event:
    """Make the digests of some files wait until the event is set."""
    go_on = threading.Event()
    real = etags.compute_digest

    def slow(file: OpenFile) -> str:
        if file.path.endswith(name):
            go_on.wait(60)
        return real(file)

    monkeypatch.setattr(etags, "compute_digest", slow)
    return go_on


@pytest.mark.parametrize("backend", ["asyncio", "trio"])
@pytest.mark.parametrize("options", [{"etag": "content"}, {}], ids=["content", "constant dates"])
def test_small_files_never_wait_for_the_digests_of_large_ones(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, backend: str, options: Any
) -> None:
    """After a deployment, many clients may request files of gigabytes at the same time."""
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
            await until_async(lambda: statistics() == (MAX_LONG, len(films) - MAX_LONG))
            for name in small:
                await ask(name)
            assert sent == small
            go_on.set()
        assert len(sent) == len(films) + len(small)

    anyio.run(main, backend=backend)


def test_a_disk_error_during_a_digest_is_a_503(
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


def test_a_callable_is_called_again_when_the_file_has_changed(serve: Serve, tmp_path: Path) -> None:
    path = write(tmp_path / "a.css", TEXT, compressed=True)
    calls: list[tuple[str, str]] = []

    def etag(path: str, url: str) -> str:
        calls.append((path, url))
        return f"release-{len(calls)}"

    get = serve(tmp_path, "static", etag=etag, check_interval=0)
    assert get("/static/a.css")["etag"] == '"release-1"'
    assert get("/static/a.css", GZIP)["etag"] == '"release-1-gzip"'
    write(path, TEXT * 2, compressed=True, mtime=MTIME + 5)
    assert get("/static/a.css")["etag"] == '"release-2"'
    assert calls == [(str(path), "/static/a.css")] * 2


def test_last_modified_is_sent_with_the_tag_of_a_callable(serve: Serve, tmp_path: Path) -> None:
    write(tmp_path / "a.css", TEXT)
    reply = serve(tmp_path, etag=lambda path, url: "tag")("/a.css")
    assert reply["last-modified"] == "Sun, 13 Sep 2020 12:26:40 GMT"
    assert "last-modified" not in serve(tmp_path, etag="content")("/a.css")


@pytest.mark.parametrize("how", ["keyword", "function", "method"])
def test_the_option_may_be_a_keyword_or_an_attribute_of_a_subclass(
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


async def async_etag(path: str, url: str) -> str:
    return "never"


@pytest.mark.parametrize(
    ("value", "error"),
    [
        ("inode", ValueError),
        ("", ValueError),
        (None, TypeError),
        (True, TypeError),
        (lambda path: "a", TypeError),
        (async_etag, TypeError),
    ],
)
def test_any_other_value_is_refused(serve: Serve, value: Any, error: type[Exception]) -> None:
    with pytest.raises(error, match="etag must"):
        serve(etag=value)


@pytest.mark.parametrize("made", ['a"b', "", "a b", "a\r\nb", "ü", None, 3, b"a"])
def test_an_invalid_tag_of_a_callable_is_an_error_that_names_the_file(
    serve: Serve, tmp_path: Path, caplog: pytest.LogCaptureFixture, made: Any
) -> None:
    path = write(tmp_path / "a.css", TEXT)
    get = serve(tmp_path, etag=lambda path, url: made)
    for _ in range(2):
        with pytest.raises(ValueError, match="etag returned") as caught:
            get("/a.css")
        assert str(caught.value) == (
            f"etag returned {made!r} for {path}, but must return a str that can stand between the"
            " quotes of an ETag: without quotes, white space and control characters"
        )
    assert caplog.messages == [f"etag raised ValueError for {path}; the request fails"]


@pytest.mark.parametrize("default", ["content", "mtime"])
def test_a_default_is_used_if_a_callable_returns_none(tmp_path: Path, default: str) -> None:
    path = write(tmp_path / "a.css", TEXT)
    source = make_tag_source(lambda path, url: "tag" if url == "/a.css" else None, default)
    file = open_file(str(path))
    entries = [StaticFile(str(path), url) for url in ("/a.css", "/b.css")]
    dated = [default == "mtime"] * 2
    tags = [list(source.tags(entry, [file, file], dated)) for entry in entries]
    file.close()
    assert tags == [["tag", "tag"], [digest(TEXT) if default == "content" else None] * 2]

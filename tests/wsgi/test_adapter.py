"""The WSGI adapter: how it passes bodies to the server (PEP 3333)."""

from __future__ import annotations

import errno
import os
import threading
import wsgiref.simple_server
import wsgiref.util
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from wsgiref.validate import validator

import httpx
import pytest

from tests.helpers.clients import call_wsgi, environ_of, make_call
from tests.helpers.files import write
from whitenoise_async import WhiteNoise
from whitenoise_async.files.errors import BrokenBodyError
from whitenoise_async.serving import responder
from whitenoise_async.wsgi.bodies import PIECE_SIZE

CONTENT = os.urandom(3 * PIECE_SIZE + 5)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return write(tmp_path / "a.bin", CONTENT)


def start(app: Any, url: str = "/a.bin", wrapper: Any = None, **headers: str) -> Any:
    """The body as the application returns it."""
    environ = environ_of(make_call(url, {k.replace("_", "-"): v for k, v in headers.items()}))
    if wrapper is not None:
        environ["wsgi.file_wrapper"] = wrapper
    return app(environ, lambda status, headers, exc_info=None: None)


def read_all(body: Any) -> bytes:
    try:
        return b"".join(body)
    finally:
        body.close()


class Wrapper:
    """A file wrapper, as servers with sendfile provide it."""

    def __init__(self, file: Any, size: int) -> None:
        self.file = file
        self.size = size
        self.close = file.close

    def __iter__(self) -> Iterator[bytes]:
        return iter(lambda: self.file.read(self.size), b"")


def test_a_whole_file_is_passed_to_the_wrapper_of_the_server_with_its_descriptor(
    path: Path,
) -> None:
    body = start(WhiteNoise(None, path.parent, max_cached_file_size=0), wrapper=Wrapper)
    assert isinstance(body, Wrapper)
    descriptor = body.file.fileno()
    assert os.path.samestat(os.fstat(descriptor), path.stat())
    assert os.lseek(descriptor, 0, os.SEEK_CUR) == 0
    assert read_all(body) == CONTENT
    with pytest.raises(OSError, match="Bad file descriptor"):
        os.fstat(descriptor)


def test_a_wrapped_file_reports_its_position(path: Path) -> None:
    """A server may call ``tell``, as mod_wsgi does for a file with a descriptor."""
    body = start(WhiteNoise(None, path.parent, max_cached_file_size=0), wrapper=Wrapper)
    assert body.file.tell() == os.lseek(body.file.fileno(), 0, os.SEEK_CUR) == 0
    next(iter(body))
    assert body.file.tell() == PIECE_SIZE
    body.close()


@pytest.mark.parametrize("headers", [{}, {"Range": "bytes=5-9"}, {"Range": "bytes=5-9,20-29"}])
def test_mod_wsgi_receives_pieces_and_closes_the_connection(
    path: Path, headers: dict[str, str]
) -> None:
    """Otherwise it keeps the connection open after a truncated body."""
    app = WhiteNoise(None, path.parent, max_cached_file_size=0)
    call = make_call("/a.bin", headers)
    here = call_wsgi(app, call, **{"mod_wsgi.version": (4, 9, 4), "wsgi.file_wrapper": Wrapper})
    elsewhere = call_wsgi(app, call, **{"wsgi.file_wrapper": Wrapper})
    assert here.headers == [*elsewhere.headers, ("connection", "close")]
    assert here.body == elsewhere.body


@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_mod_wsgi_keeps_the_connection_if_no_file_is_read(path: Path, method: str) -> None:
    app = WhiteNoise(None, path.parent, max_cached_file_size=0 if method == "HEAD" else 10**7)
    got = call_wsgi(app, make_call("/a.bin", method=method), **{"mod_wsgi.version": (4, 9, 4)})
    assert "connection" not in got


def test_a_checked_variant_is_passed_from_its_beginning(tmp_path: Path) -> None:
    write(tmp_path / "a.txt", b"text" * 1000, compressed=True)
    app = WhiteNoise(None, tmp_path, max_cached_file_size=0)
    for _ in range(2):
        body = start(app, "/a.txt", Wrapper, accept_encoding="gzip")
        assert os.lseek(body.file.fileno(), 0, os.SEEK_CUR) == 0
        assert read_all(body) == (tmp_path / "a.txt.gz").read_bytes()


def test_the_wrapped_file_is_never_longer_than_its_content_length(path: Path) -> None:
    body = start(WhiteNoise(None, path.parent, max_cached_file_size=0), wrapper=Wrapper)
    with path.open("ab") as file:
        file.write(b"more")
    assert body.file.read() == CONTENT
    assert body.file.read() == b""
    body.close()


def test_part_of_a_file_is_not_passed_to_the_wrapper(path: Path) -> None:
    """Some servers send a wrapped file from its beginning to its end."""
    app = WhiteNoise(None, path.parent, max_cached_file_size=0)
    body = start(app, wrapper=Wrapper, range="bytes=5-200004")
    assert not isinstance(body, Wrapper)
    assert read_all(body) == CONTENT[5:200005]
    whole = start(app, wrapper=Wrapper, range="bytes=0-")
    assert isinstance(whole, Wrapper)
    whole.close()


def test_without_a_wrapper_a_file_is_sent_in_pieces(path: Path) -> None:
    body = start(WhiteNoise(None, path.parent, max_cached_file_size=0))
    assert [len(piece) for piece in body] == [PIECE_SIZE] * 3 + [5]
    body.close()


def test_a_body_that_the_server_abandons_is_closed(path: Path) -> None:
    body = start(WhiteNoise(None, path.parent, max_cached_file_size=0))
    next(iter(body))
    before = set(os.listdir("/proc/self/fd"))
    body.close()
    assert len(set(os.listdir("/proc/self/fd"))) == len(before) - 1


@pytest.mark.parametrize("wrapper", [None, Wrapper, wsgiref.util.FileWrapper])
@pytest.mark.parametrize("left", [0, 1, PIECE_SIZE + 1])
def test_a_file_truncated_in_mid_stream_is_an_error(
    path: Path, wrapper: Any, left: int, caplog: pytest.LogCaptureFixture
) -> None:
    body = start(WhiteNoise(None, path.parent, max_cached_file_size=0), wrapper=wrapper)
    pieces = iter(body)
    received = [next(pieces)]
    os.truncate(path, left)
    with pytest.raises(BrokenBodyError, match=r"a\.bin was sent in part"):
        received.extend(pieces)
    body.close()
    assert CONTENT.startswith(b"".join(received))
    expected = f"{path} was sent in part: the file was truncated; the connection is cut"
    assert caplog.messages == [expected]


def test_a_file_truncated_while_the_server_sends_it_by_descriptor_is_an_error(path: Path) -> None:
    """Sendfile ends at the end of the file without an error."""
    body = start(WhiteNoise(None, path.parent, max_cached_file_size=0), wrapper=Wrapper)
    descriptor = body.file.fileno()
    os.truncate(path, 10)
    with pytest.raises(BrokenBodyError):
        body.close()
    with pytest.raises(OSError, match="Bad file descriptor"):
        os.fstat(descriptor)


@pytest.mark.parametrize("wrapper", [None, Wrapper])
def test_a_file_overwritten_in_mid_stream_is_never_sent_to_its_end(
    path: Path, wrapper: Any
) -> None:
    body = start(WhiteNoise(None, path.parent, max_cached_file_size=0), wrapper=wrapper)
    pieces = iter(body)
    received = [next(pieces)]
    write(path, bytes(len(CONTENT)), mtime=1)
    with pytest.raises(BrokenBodyError, match="the file was overwritten"):
        received.extend(pieces)
    body.close()
    assert len(b"".join(received)) < len(CONTENT)


def test_a_body_may_be_closed_twice(path: Path) -> None:
    app = WhiteNoise(None, path.parent, max_cached_file_size=0)
    for wrapper in (None, Wrapper):
        body = start(app, wrapper=wrapper)
        body.close()
        body.close()


def test_a_disk_fault_in_mid_stream_is_an_error_that_names_the_file(path: Path) -> None:
    """The descriptor is replaced by that of a directory, so every read fails."""
    body = start(WhiteNoise(None, path.parent, max_cached_file_size=0), wrapper=Wrapper)
    directory = os.open(path.parent, os.O_RDONLY)
    os.dup2(directory, body.file.fileno())
    os.close(directory)
    with pytest.raises(BrokenBodyError, match=r"a\.bin was sent in part: .*Is a directory"):
        body.file.read(10)
    body.close()


@pytest.mark.parametrize("method", ["HEAD", "OPTIONS", "POST"])
def test_without_a_body_no_file_is_left_open(path: Path, method: str) -> None:
    app: Any = WhiteNoise(None, path.parent, max_cached_file_size=0)
    before = os.listdir("/proc/self/fd")
    for _ in range(2):
        assert app(environ_of(make_call("/a.bin", method=method)), lambda *_: None) == []
    assert len(os.listdir("/proc/self/fd")) == len(before)


@pytest.mark.parametrize(
    "headers",
    [{}, {"Range": "bytes=0-4"}, {"Range": "bytes=0-4,9-12"}, {"If-None-Match": "*"}],
    ids=["whole", "range", "ranges", "not modified"],
)
@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_the_responses_are_valid_wsgi(path: Path, headers: Any, method: str) -> None:
    statuses: list[str] = []

    def start_response(status: str, headers: Any, exc_info: Any = None) -> Any:
        statuses.append(status)
        return lambda data: None

    checked = validator(WhiteNoise(None, path.parent, max_cached_file_size=0))
    body = checked(environ_of(make_call("/a.bin", headers, method)), start_response)
    read_all(body)
    assert statuses[0].split(" ", 1)[0] in ("200", "206", "304")


def test_httpx_gets_files_in_process(path: Path) -> None:
    write(path.parent / "✓ a.txt", b"checked" * 20, compressed=True)
    with httpx.Client(
        transport=httpx.WSGITransport(app=WhiteNoise(None, path.parent, max_cached_file_size=0)),
        base_url="http://test",
    ) as client:
        assert client.get("/a.bin").content == CONTENT
        reply = client.get("/✓ a.txt")
        assert (reply.text, reply.headers["content-encoding"]) == ("checked" * 20, "gzip")
        assert client.get("/missing").status_code == 404


def test_wrapped_files_do_not_share_a_descriptor(path: Path) -> None:
    """PEP 3333 lets a server send from the position of the descriptor, which moves it."""
    app = WhiteNoise(None, path.parent, max_cached_file_size=0)
    for _ in range(2):
        body = start(app, wrapper=Wrapper)
        assert os.read(body.file.fileno(), len(CONTENT)) == CONTENT
        body.close()


@pytest.mark.parametrize("headers", [{}, {"range": "bytes=5-"}], ids=["whole", "range"])
def test_a_closed_body_yields_nothing_more_and_no_other_file(
    path: Path, headers: dict[str, str]
) -> None:
    body = start(WhiteNoise(None, path.parent, max_cached_file_size=0), **headers)
    pieces = iter(body)
    body.close()
    body.close()
    other = write(path.parent / "secret", b"secret").open("rb")
    with other, pytest.raises(BrokenBodyError, match="Bad file descriptor"):
        next(pieces)


@pytest.mark.parametrize("wrapper", [None, Wrapper])
def test_a_completely_sent_body_does_not_access_the_disk_again(
    path: Path, wrapper: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    body = start(WhiteNoise(None, path.parent, max_cached_file_size=0), wrapper=wrapper)
    pieces = iter(body)
    assert b"".join(next(pieces) for _ in range(4)) == CONTENT

    def fail(*_: object) -> bytes:
        raise OSError(errno.EIO, "Input/output error")

    monkeypatch.setattr("whitenoise_async.files.open_file.read_at", fail)
    assert list(pieces) == []
    body.close()


@pytest.mark.parametrize("failing", ["start_response", "wsgi.file_wrapper"])
def test_a_server_that_fails_before_it_has_the_body_leaves_no_file_open(
    path: Path, failing: str
) -> None:
    """The file is closed even while the traceback is held."""
    app: Any = WhiteNoise(None, path.parent, max_cached_file_size=0)
    environ = environ_of(make_call("/a.bin"))

    def fail(*_: object) -> None:
        raise KeyError("the server's fault")

    def start_response(*_: object) -> None:
        pass

    if failing == "start_response":
        start_response = fail
    else:
        environ["wsgi.file_wrapper"] = fail
    before = os.listdir("/proc/self/fd")
    with pytest.raises(KeyError, match="the server's fault") as caught:
        app(environ, start_response)
    assert os.listdir("/proc/self/fd") == before
    assert caught.tb is not None


def test_a_file_in_memory_is_sent_while_another_request_waits_for_its_check(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    small = write(tmp_path / "small.txt", b"small")
    monkeypatch.setattr(responder, "PATIENCE", 0.05)
    app = WhiteNoise(None, tmp_path, check_interval=0)
    assert start(app, "/small.txt") == [b"small"]
    entered, back = threading.Event(), threading.Event()
    real = os.stat

    def hang(path: Any, **kwargs: Any) -> os.stat_result:
        if path == str(small) and not entered.is_set():
            entered.set()
            back.wait()
        return real(path, **kwargs)

    monkeypatch.setattr(os, "stat", hang)
    bodies: list[bytes] = []
    thread = threading.Thread(target=lambda: bodies.extend(start(app, "/small.txt")))
    thread.start()
    entered.wait()
    for _ in range(3):
        assert start(app, "/small.txt") == [b"small"]
    assert bodies == []
    back.set()
    thread.join()
    assert bodies == [b"small"]


def test_a_file_that_is_not_in_memory_waits_for_the_check_of_another_request(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(responder, "PATIENCE", 0.01)
    entered, back = threading.Event(), threading.Event()

    def hook(headers: Any, path: str, url: str) -> None:
        entered.set()
        back.wait()

    app = WhiteNoise(None, path.parent, add_headers_function=hook, max_cache_size=0)
    bodies: list[bytes] = []

    def ask() -> None:
        bodies.append(read_all(start(app)))

    threads = [threading.Thread(target=ask) for _ in range(2)]
    for thread in threads:
        thread.start()
    entered.wait()
    threads[1].join(0.1)
    assert bodies == []
    back.set()
    for thread in threads:
        thread.join()
    assert bodies == [CONTENT] * 2

"""The listening socket of the folder command."""

from __future__ import annotations

import errno
import os
import socket
import threading
import time
import webbrowser
from collections.abc import Iterator

import pytest

from whitenoise_async.cli import listener
from whitenoise_async.cli.listener import listen, open_browser, urls_of


@pytest.fixture
def port_in_use(monkeypatch: pytest.MonkeyPatch) -> Iterator[int]:
    """A port that is in use, which is the default one."""
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        monkeypatch.setattr(listener, "DEFAULT_PORT", port)
        yield port


def test_the_next_free_port_stands_in_for_the_default_one(port_in_use: int) -> None:
    with listen("127.0.0.1", None) as found:
        assert found.getsockname()[1] > port_in_use


def test_the_default_port_is_taken_if_it_is_free(port_in_use: int) -> None:
    with listen("127.0.0.2", None) as found:
        assert found.getsockname()[1] == port_in_use


def test_after_many_ports_in_use_any_free_one_is_taken(
    port_in_use: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(listener, "_MORE_PORTS", 1)
    with listen("127.0.0.1", None) as found:
        assert found.getsockname()[1] != port_in_use


def test_a_given_port_is_taken_or_refused(port_in_use: int) -> None:
    with pytest.raises(OSError, match=os.strerror(errno.EADDRINUSE)):
        listen("127.0.0.1", port_in_use)


def test_another_error_is_not_a_reason_to_try_the_next_port(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    tried: list[int] = []

    def create_server(address: tuple[str, int], **_: object) -> socket.socket:
        tried.append(address[1])
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))

    monkeypatch.setattr(socket, "create_server", create_server)
    with pytest.raises(PermissionError):
        listen("127.0.0.1", None)
    assert tried == [8000]


class Listener:
    """A replacement for a listening socket."""

    def __init__(self, host: str, family: socket.AddressFamily, port: int = 8000) -> None:
        self.host, self.family, self.port = host, family, port

    def getsockname(self) -> tuple[str, int]:
        return (self.host, self.port)

    def fileno(self) -> int:
        return -1


class Probe:
    """A replacement for a socket of a machine in a local network."""

    address: str | None

    def __init__(self, family: socket.AddressFamily, kind: socket.SocketKind) -> None:
        assert kind is socket.SOCK_DGRAM  # connecting it sends nothing

    def __enter__(self) -> Probe:
        return self

    def __exit__(self, *_: object) -> None: ...

    def connect(self, address: tuple[str, int]) -> None:
        if self.address is None:
            raise OSError(errno.ENETUNREACH, os.strerror(errno.ENETUNREACH))

    def getsockname(self) -> tuple[str | None, int]:
        return (self.address, 1234)


@pytest.mark.parametrize(
    ("host", "address", "urls"),
    [
        ("127.0.0.1", "192.0.2.7", ["http://127.0.0.1:8000"]),
        ("0.0.0.0", "192.0.2.7", ["http://127.0.0.1:8000", "http://192.0.2.7:8000"]),
        ("0.0.0.0", None, ["http://127.0.0.1:8000"]),
        ("::1", "2001:db8::7", ["http://[::1]:8000"]),
        ("::", "2001:db8::7", ["http://[::1]:8000", "http://[2001:db8::7]:8000"]),
    ],
)
def test_the_urls_of_all_interfaces_are_a_local_one_and_one_for_others(
    monkeypatch: pytest.MonkeyPatch, host: str, address: str | None, urls: list[str]
) -> None:
    monkeypatch.setattr(Probe, "address", address, raising=False)
    monkeypatch.setattr(socket, "socket", Probe)
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    assert urls_of(Listener(host, family)) == urls  # type: ignore[arg-type]


def opened(
    monkeypatch: pytest.MonkeyPatch,
    found: socket.socket,
    *,
    succeeds: bool = True,
    is_reopened: bool = False,
) -> threading.Event:
    """Open a browser, and return what is set when it was opened."""
    event = threading.Event()

    def open_url(url: str) -> bool:
        assert url == "http://example/"
        event.set()
        return succeeds

    monkeypatch.setattr(webbrowser, "open", open_url)
    open_browser("http://example/", found, is_reopened=is_reopened)
    return event


@pytest.mark.parametrize("host", ["127.0.0.1", "0.0.0.0"])
def test_a_browser_is_opened_once_the_server_listens(
    monkeypatch: pytest.MonkeyPatch, host: str
) -> None:
    with socket.create_server((host, 0)) as free:
        port = free.getsockname()[1]
    late = Listener(host, socket.AF_INET, port)
    event = opened(monkeypatch, late)  # type: ignore[arg-type]
    assert not event.wait(0.2)
    with socket.create_server((host, port)):
        assert event.wait(60)


def test_a_browser_waits_for_the_socket_that_a_server_opens_itself(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as first:
        address = first.getsockname()
        event = opened(monkeypatch, first, is_reopened=True)
        assert not event.wait(0.2)
    with socket.create_server(address):
        assert event.wait(60)


def test_a_missing_browser_is_reported(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(listener, "_OPENING_TIMEOUT", 0.0)
    nowhere = Listener("127.0.0.1", socket.AF_INET, 1)
    assert opened(monkeypatch, nowhere, succeeds=False).wait(60)  # type: ignore[arg-type]
    deadline = time.monotonic() + 60
    while not (error := capsys.readouterr().err):
        assert time.monotonic() < deadline
        time.sleep(0.01)
    assert error == "No browser could be opened for http://example/\n"

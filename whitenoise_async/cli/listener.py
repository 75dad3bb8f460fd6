"""The listening socket of a server: its port, its URLs, and a browser that opens one."""

from __future__ import annotations

import errno
import socket
import threading
import time
import webbrowser
from contextlib import suppress

from .terminal import say

DEFAULT_PORT = 8000

# How many ports after the default one are tried.
_MORE_PORTS = 20

# Seconds until a browser is opened although the server does not listen yet.
_OPENING_TIMEOUT = 10.0

# For an address that means every interface: loopback, and an address that is never on this machine.
# They are reserved for documentation (RFC 5737, RFC 3849).
_EVERY_INTERFACE = {"0.0.0.0": ("127.0.0.1", "192.0.2.1"), "::": ("::1", "2001:db8::1")}


def listen(host: str, port: int | None) -> socket.socket:
    """Return a listening socket.

    :param port: ``None`` takes the default port, or the next free one.
    :raises OSError: if the address cannot be used.
    :raises UnicodeError: if ``host`` is not a valid host name.
    """
    if port is not None:
        return _listen(host, port)
    for each in range(DEFAULT_PORT, DEFAULT_PORT + _MORE_PORTS):
        try:
            return _listen(host, each)
        except OSError as error:
            if error.errno != errno.EADDRINUSE:
                raise
    return _listen(host, 0)


def _listen(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    ((*_, address), *_) = socket.getaddrinfo(host, port, family, socket.SOCK_STREAM)
    return socket.create_server(address, family=family)


def urls_of(listener: socket.socket) -> list[str]:
    """The URL of a listening socket, for this machine; then one for others, if it is known."""
    host, port, *_ = listener.getsockname()
    if host not in _EVERY_INTERFACE:
        return [_url(host, port)]
    loopback, elsewhere = _EVERY_INTERFACE[host]
    with suppress(OSError), socket.socket(listener.family, socket.SOCK_DGRAM) as probe:
        probe.connect((elsewhere, 9))  # chooses an interface, and sends nothing
        return [_url(loopback, port), _url(probe.getsockname()[0], port)]
    return [_url(loopback, port)]


def _url(host: str, port: int) -> str:
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


def open_browser(url: str, listener: socket.socket, *, is_reopened: bool) -> None:
    """Open ``url`` in a browser, in a thread, as soon as the server accepts connections.

    :param is_reopened: whether the server closes ``listener``, and opens another one.
    """
    host, port, *_ = listener.getsockname()
    loopback, _ = _EVERY_INTERFACE.get(host, (host, ""))

    def open_when_listening() -> None:
        deadline = time.monotonic() + _OPENING_TIMEOUT
        while time.monotonic() < deadline:
            if not is_reopened or listener.fileno() == -1:
                with suppress(OSError):
                    socket.create_connection((loopback, port), timeout=1).close()
                    break
            time.sleep(0.05)
        _open(url)

    threading.Thread(target=open_when_listening, daemon=True).start()


def _open(url: str) -> None:
    if not webbrowser.open(url):
        say(f"No browser could be opened for {url}", error=True)

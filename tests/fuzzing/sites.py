"""The same files behind each adapter, walked and with autorefresh, and secrets next to them."""

from __future__ import annotations

import asyncio
import gzip
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

from tests.fuzzing.inputs import Input
from tests.helpers.clients import Call, Reply, ask_asgi, call_wsgi, scope_of
from tests.helpers.files import MTIME, write
from whitenoise_async import ASGIWhiteNoise, WhiteNoise
from whitenoise_async.files.codings import WORKING_PREFIX
from whitenoise_async.serving.descriptor_cache import MAX_OPEN
from whitenoise_async.serving.response_cache import MAX_FIELDS_SIZE, MAX_RESPONSES
from whitenoise_async.support.logs import warn_once

#: The content of every file that is not served. No response may contain it.
SECRET = b"CANARY-" * 4

# Files up to this many bytes are cached in memory. One is so large that the ASGI adapter watches
# for a disconnect while it sends the file.
_CACHED = 50_000
_LARGE = bytes(range(251)) * 300


class Content(NamedTuple):
    """The content of a URL."""

    identity: bytes
    gzip: bytes | None = None
    delta: bytes | None = None


class Moved(NamedTuple):
    """A URL that redirects to that of a directory."""

    to_parent: bool  # from the index file, not from the name without a slash


# Literals, since the length is in the entity-tag and differs between versions of zlib.
_CSS_GZIP = bytes.fromhex(
    "1f8b08000000000002034bca4fa954a85648cecfc92fb25248ca494cce56a8e54a1a151d151d30510013c01c3e9402"
    "0000"
)
_HTML_GZIP = bytes.fromhex(
    "1f8b0800000000000203b3514cc94f2ea92c4855c828c9cdb1b329c92cc949b573c94f2eb6d187b0b96ce8a50400f7"
    "14e3658c000000"
)


#: The SHA-256 of a dictionary that some clients have.
DICTIONARY = bytes(range(32))
# The zstd frame says that it contains 660 bytes, as the original does. Servers never decode it.
_CSS_DELTA = bytes.fromhex("5e2a4d1820000000") + DICTIONARY + bytes.fromhex("28b52ffd609401000000")

#: Names that other systems and careless programs misread. Redirects must write some of them.
_ODD_FOLDERS = (
    "re\r\nX-Injected: yes", "javascript:alert(1)", "\\evil.example", "evil.example", "%2e%2e",
    "C:", "a b", "ü", "...", "?query", "#fragment",
)  # fmt: skip
_ODD_FILES = ("back\\slash.txt", "C:drive.txt", "a%2fb.txt", "✓.txt", "trailing. ", ".hidden", "~")

#: An ordinary file with the name of a variant: it does not match its original.
_UNRELATED = "/stale.css.gz"

_FILES = {
    "/app.css": Content(b"body { color: black }\n" * 30, _CSS_GZIP, _CSS_DELTA),
    "/large.bin": Content(_LARGE),
    "/empty.txt": Content(b""),
    "/stale.css": Content(b"p { color: red }\n" * 10),
    _UNRELATED: Content(gzip.compress(b"of something else\n", 0, mtime=0)),
    "/docs/index.html": Content(b"<!doctype html><title>Docs</title>\n" * 4, _HTML_GZIP),
    "/docs/deep/er/file.txt": Content(b"deep\n"),
    "/index.html": Content(b"<!doctype html><title>Home</title>\n"),
    "/more/file.txt": Content(b"more\n"),  # of another root
    **{f"/{name}/index.html": Content(b"<p>odd</p>") for name in _ODD_FOLDERS},
    **{f"/{name}": Content(b"odd\n") for name in _ODD_FILES},
}


def _listed() -> Iterator[tuple[str, Content | Moved]]:
    for url, content in _FILES.items():
        directory, _, name = url.rpartition("/")
        if name == "index.html":
            yield url, Moved(to_parent=True)
            yield directory, Moved(to_parent=False)
            yield f"{directory}/", content
        else:
            yield url, content


#: The content or redirect of each URL, as literals. All others go to the application.
LISTED: dict[str, Content | Moved] = dict(_listed())


def entity_tag(content: bytes, coding: str = "") -> str:
    """The entity-tag of a representation, made of its date and length."""
    return f'"{MTIME * 10**9:x}-{len(content):x}{coding}"'


class Sites:
    """The applications, and an event loop for those that need one."""

    def __init__(self, folder: Path) -> None:
        """:param folder: an empty folder for the files."""
        _write_files(folder)
        self.root = folder / "site"
        self.loop = asyncio.new_event_loop()
        self.applications: list[Any] = []
        for kind in (WhiteNoise, ASGIWhiteNoise):
            for autorefresh in (False, True):
                application = kind(
                    None,
                    self.root,
                    index_file=True,
                    autorefresh=autorefresh,
                    max_cached_file_size=_CACHED,
                    check_interval=None,
                    max_age=60,
                )
                application.add_files(folder / "more", "more")
                self.applications.append(application)

    def close(self) -> None:
        """Close the event loop."""
        self.loop.close()

    def forget(self) -> None:
        """Empty the response caches."""
        for application in self.applications:
            application.responder.response_cache.clear()

    def replies(self, request: Input) -> list[Reply]:
        """The response of each application to each way in which servers pass the request."""
        return self.loop.run_until_complete(self._replies(request))

    async def _replies(self, request: Input) -> list[Reply]:
        environs, scopes = list(_environs(request)), list(_scopes(request))
        replies = []
        for application in self.applications:
            if isinstance(application, WhiteNoise):
                replies += [call_wsgi(application, call, **more) for call, more in environs]
            else:
                replies += [await ask_asgi(application, scope.copy()) for scope in scopes]
        return replies

    def require_bounds(self) -> None:
        """Require that the caches are bounded in number and size."""
        assert warn_once.cache_info().currsize < 100  # warnings about files, never about requests
        for application in self.applications:
            responder = application.responder
            cache = responder.response_cache
            assert len(cache) <= MAX_RESPONSES
            if cache:
                _, method, fields = next(reversed(cache))
                assert len(method) + sum(map(len, filter(None, fields))) <= MAX_FIELDS_SIZE
            assert len(responder.content_cache) <= 2 * len(LISTED)
            assert len(responder.descriptor_cache) <= MAX_OPEN
            if not application.autorefresh:
                assert set(application.registry.urls()) == LISTED.keys() - {_UNRELATED}


def _write_files(folder: Path) -> None:
    for url, content in _FILES.items():
        path = folder / "site" / url[1:]
        if url.startswith("/more/"):
            path = folder / url[1:]
        write(path, content.identity)
        if content.gzip is not None:
            write(path.with_name(path.name + ".gz"), content.gzip)
        if content.delta is not None:
            write(path.with_name(f"{path.name}.{DICTIONARY[:8].hex()}.dcz"), content.delta)
    site = folder / "site"
    # Neither is served: a working file, and a name that is not UTF-8.
    write(site / f"{WORKING_PREFIX}record", SECRET)
    write(Path(os.fsdecode(os.fsencode(site) + b"/caf\xe9.txt")), SECRET)
    # Files outside the roots are never served.
    for secret in ("secret.txt", "site-secret/secret.txt", "outside/secret.txt", "site.txt"):
        write(folder / secret, SECRET)
    (site / "link").symlink_to(folder / "outside")
    (site / "up").symlink_to("..")


def _text(wire: str, errors: str = "strict") -> str:
    return wire.encode("latin-1").decode("utf-8", errors)


def path_text(request: Input) -> str | None:
    """The path as text, ``None`` if it is not UTF-8."""
    try:
        return _text(request.path)
    except UnicodeDecodeError:
        return None


def mount_of(request: Input) -> str:
    """The mount point as text, empty if the path cannot be below one."""
    if request.path and not request.path.startswith("/"):
        return ""
    mount = _text(request.mount, "ignore")
    return mount if request.path else mount.rstrip("/")  # with a slash, the path would be another


def _environs(request: Input) -> Iterator[tuple[Call, dict[str, str]]]:
    lines: dict[str, str] = {}
    for name, value in request.fields:
        lines[name] = f"{lines[name]}, {value}" if name in lines else value
    mount = mount_of(request)
    call = Call("", request.method, tuple(lines.items()), request.query, mount)
    yield call, {"PATH_INFO": request.path}
    text = path_text(request)
    if text is not None and any(character > "\xff" for character in text):
        yield call, {"PATH_INFO": text}  # as in-process transports pass it


def _scopes(request: Input) -> Iterator[dict[str, Any]]:
    text, mount = path_text(request), mount_of(request)
    texts = [text]
    if text is None:  # as servers decode it
        texts = [_text(request.path, "replace"), _text(request.path, "surrogateescape")]
    base = "/" + mount.strip("/") if mount.strip("/") else ""
    for each in texts:
        assert each is not None
        call = Call(each, request.method, request.fields, request.query)
        scope = scope_of(call) | {"root_path": mount}
        yield scope | {"path": mount + each}  # as uvicorn passes it
        # Other conventions, if they are unambiguous.
        if not each.startswith("//") and (base or not mount):
            yield scope | {"path": base + each}
        if base and each != base and not each.startswith((f"{base}/", mount)):
            yield scope

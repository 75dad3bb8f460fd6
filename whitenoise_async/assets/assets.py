"""The public face of hashed URLs: what pages and templates ask for."""

from __future__ import annotations

import hashlib
import math
import os
import re
from base64 import b64encode
from collections.abc import Callable, Iterator
from contextlib import closing, suppress
from functools import lru_cache
from time import monotonic
from typing import TYPE_CHECKING
from urllib.parse import quote

from anyio import to_thread

from ..files.content import pieces_of_file
from ..files.errors import FileSystemError, UnavailableError
from ..files.state import FileState, read_state
from ..options import Options, apply_keywords, describe_options, resolve
from ..registry.entries import HashedFile, StaticFile
from ..registry.hashed_urls import file_of, hashed_url
from ..registry.interface import make_root
from ..serving.file_headers import Hook
from ..serving.source import WrongHashError
from ..support.suggestions import nearest_path
from .contents import ChangingError
from .import_map import import_map_element
from .markup import Markup
from .preload import link_value
from .site import FoundFile, Site, make_registry
from .vite import ViteTags, find_entry

if TYPE_CHECKING:
    from typing_extensions import Unpack

    from ..options import OptionKeywords

_MODULE_TYPE = "text/javascript"

# A file that is replaced while its integrity is computed is read again this often.
_ATTEMPTS = 5

# An origin, perhaps with a path. Without a scheme, the page's counts.
_BASE_URL = re.compile(r"(?:https?:)?//[^/?#\s\"'<>\\]+(?:/[^?#\s\"'<>\\]*)?", re.IGNORECASE)


@describe_options
class Assets(Options):
    """The static files of an application, with content-hashed URLs.

    Pass it to :class:`whitenoise_async.WhiteNoise` or :class:`whitenoise_async.ASGIWhiteNoise` as
    ``assets=``. Threads may share it.
    """

    def __init__(
        self,
        root: str | os.PathLike[str] | None = None,
        prefix: str | None = None,
        *,
        base_url: str | None = None,
        **options: Unpack[OptionKeywords],
    ) -> None:
        """
        :param root: a folder of static files, as for :meth:`add_files`. ``None`` adds none.
        :param prefix: the beginning of their URL paths, as for :meth:`add_files`.
        :param base_url: the origin of a CDN, such as ``https://cdn.example``, with which all URLs
            begin.
        :raises TypeError: for an unknown option, or a value of the wrong type.
        :raises ValueError: for a value out of range.
        """
        apply_keywords(self, options)
        resolved = resolve(self)
        hook = None
        if resolved.is_immutable is not None:
            hook = Hook("immutable_file_test", _by_path(resolved.is_immutable))
        self._set_up(Site(resolved, hook, make_registry(resolved)), _check_base_url(base_url))
        if root is not None:
            added = make_root(root, prefix, False)
            self.site.add(added)
            self.site.warn_of_missing(added)

    @classmethod
    def of_site(cls, site: Site) -> Assets:
        """The assets of a wrapper that was created without any."""
        assets = cls.__new__(cls)
        assets._set_up(site, "")
        return assets

    def _set_up(self, site: Site, base_url: str) -> None:
        self.site = site
        self._base_url = base_url
        interval = 0 if site.options.autorefresh else site.options.check_interval
        self._check_interval = math.inf if interval is None else interval
        # By name, with the URL and the state for which it was computed.
        self._integrity: dict[str, tuple[tuple[str, FileState | None], str]] = {}

    def add_files(
        self, root: str | os.PathLike[str], prefix: str | None = None, followlinks: bool = False
    ) -> None:
        """Serve the files below a folder; see :meth:`whitenoise_async.WhiteNoise.add_files`."""
        self.site.add(make_root(root, prefix, followlinks))

    def url(self, name: str) -> str:
        """The URL of a file, with a hash of its content. Blocks on the disk to check the file.

        The file is read at the first call, and again after it has changed; it is checked at most
        once per ``check_interval``. A name into which a build tool has put a hash
        (``immutable_file_test``) is left as it is. So is the URL of a folder, and that of a file
        that changes each time that it is read.

        :param name: the path below a root, such as ``css/site.css``. If several roots have the
            file, the root that was added last counts. A name that begins with a slash is a whole
            URL path below the mount point.
        :returns: the URL path, quoted, below the mount point of the request that is being
            answered, and after ``base_url``.
        :raises FileNotFoundError: if there is no such file. The message names the nearest one.
        :raises FileSystemError: if the system fails.
        """
        # One function, since a page calls it for each of its files.
        found = self.site.found.get(name)
        if found is None or monotonic() >= found.check_after:
            found = self._current(name)
        mount = self.site.mount
        return f"{self._base_url}{mount and _mount_path(mount)}{found.url}"

    def integrity(self, name: str) -> str:
        """The value of an ``integrity`` attribute (W3C Subresource Integrity) for a file.

        It is computed from the bytes that are sent at :meth:`url`.

        :param name: as for :meth:`url`.
        :returns: ``sha384-`` and the digest in Base64.
        :raises FileNotFoundError: if there is no such file.
        :raises FileSystemError: if the system fails.
        """
        return self._with_integrity(name)[1]

    def import_map(self, *names: str, nonce: str | None = None) -> Markup:
        """An import map (HTML standard, section 8.1.6.2) from plain URLs to hashed ones.

        Browsers apply it to static, dynamic and absolute imports, so no script is rewritten. It
        must come before the first module of the page.

        :param names: the modules, as for :meth:`url`; without names, all scripts.
        :param nonce: of the page's Content-Security-Policy.
        :returns: a ``script`` element, which template engines do not escape.
        :raises FileNotFoundError: if there is no such file.
        """
        imports, integrity = {}, {}
        for name in names or self._scripts():
            try:
                found, integrity_ = self._with_integrity(name)
            except FileNotFoundError:
                if names:
                    raise
                continue  # it was removed after it was listed
            url, plain_url = self._absolute(found.url), self._absolute(found.plain_url)
            if url != plain_url:
                imports[plain_url] = url
            integrity[url] = integrity_
        return import_map_element(imports, integrity, nonce)

    def preload(self, *names: str, nonce: str | None = None) -> list[str]:
        """The values of a ``Link`` header (RFC 8288) that loads files early.

        Scripts are preloaded as modules.

        :param names: the files, as for :meth:`url`.
        :param nonce: of the page's Content-Security-Policy. If the policy permits scripts and
            style sheets by nonce only, browsers ignore their preloads without it.
        :raises FileNotFoundError: if there is no such file.
        """
        return [
            link_value(
                self._absolute(found.url),
                self.site.media_type(found.file.path),
                integrity,
                nonce,
                is_cross_origin=bool(self._base_url),
            )
            for found, integrity in map(self._with_integrity, names)
        ]

    def vite(self, entry: str, nonce: str | None = None) -> ViteTags:
        """The tags for an entry of a Vite build: its script, style sheets and imports.

        Vite's names have hashes, so they are used as they are.

        :param entry: the source file, as in the manifest: ``src/main.js``.
        :param nonce: of the page's Content-Security-Policy.
        :returns: the tags, which template engines do not escape; ``script``, ``styles`` and
            ``imports`` are the URLs.
        :raises FileNotFoundError: if there is no manifest, or no such entry.
        :raises ValueError: if the manifest is malformed.
        """
        prefixes = {root.path: root.prefix for root in reversed(self.site.roots)}
        chunk = find_entry([root.path for root in self.site.roots], entry)
        prefix = prefixes[chunk.root]

        def url(name: str) -> str:
            return self._absolute(_quoted(prefix + name))

        script = url(chunk.script) if chunk.script else ""
        return ViteTags(
            script, tuple(map(url, chunk.styles)), tuple(map(url, chunk.imports)), nonce
        )

    async def prepare(self) -> None:
        """Compute all hashes, in threads; see :meth:`prepare_sync`."""
        await to_thread.run_sync(self.prepare_sync)

    def prepare_sync(self) -> None:
        """Compute the hashes of all files, so that no request has to. Blocks on the disk.

        A file that cannot be read is left to the request that needs it.
        """
        from concurrent.futures import ThreadPoolExecutor

        def prepare(file: StaticFile) -> None:
            with suppress(FileNotFoundError, FileSystemError):
                self._current(file.url)

        # Most of the time goes to SHA-256, which releases the GIL.
        with ThreadPoolExecutor() as pool:
            for _ in pool.map(prepare, self.site.registry.static_files()):
                pass

    def _current(self, name: str) -> FoundFile:
        """The file with a name, which is checked if that is due."""
        kept = self.site.found
        found = kept.get(name)
        if found is None or monotonic() >= found.check_after:
            found = kept[name] = self._look_up(name)
        return found

    def _look_up(self, name: str) -> FoundFile:
        check_after = monotonic() + self._check_interval
        plain_url, file = self._file(name)
        quoted = _quoted(plain_url)
        try:
            hash_ = self._hash_of(file, plain_url)
            if hash_ is None:
                return FoundFile(file, quoted, quoted, read_state(file.path), check_after)
        except UnavailableError as error:
            raise FileNotFoundError(str(error)) from None
        url = hashed_url(plain_url, hash_)
        return FoundFile(HashedFile(file, url, hash_), quoted, _quoted(url), None, check_after)

    def _hash_of(self, file: StaticFile, plain_url: str) -> str | None:
        """The hash for the URL of a file; ``None`` if the page gets the plain URL."""
        if plain_url.endswith("/") or self.site.hashes.has_hashed_name(file):
            return None
        try:
            return self.site.hashes.hash_of(file)
        except ChangingError:  # the plain URL is right whatever the content will be
            return None

    def _file(self, name: str) -> tuple[str, StaticFile]:
        """The plain URL of a file, and the file."""
        if not isinstance(name, str):
            raise TypeError(f"name must be the path of a file below a root, got {name!r}")
        urls = [name] if name.startswith("/") else [each.prefix + name for each in self.site.roots]
        for url in urls:
            file = file_of(self.site.registry.look_up(url))
            # The variant of another file is not served at its own URL.
            if file is not None and not (file.is_variant and self.site.find(url) is None):
                return url, file
        raise FileNotFoundError(f"There is no static file {name!r}; {self._hint(name)}")

    def _hint(self, name: str) -> str:
        known = [file.path_below_root for file in self.site.registry.static_files()]
        near = nearest_path(name, known)
        if near is not None:
            return f"did you mean {near!r}?"
        roots = ", ".join(root.path for root in self.site.roots)
        return f"no file below {roots} has a similar name" if roots else "no root was added"

    def _scripts(self) -> Iterator[str]:
        """The URLs of all scripts."""
        for file in self.site.registry.static_files():
            if self.site.media_type(file.path) == _MODULE_TYPE:
                yield file.url

    def _absolute(self, url: str) -> str:
        mount = self.site.mount
        return f"{self._base_url}{mount and _mount_path(mount)}{url}"

    def _with_integrity(self, name: str) -> tuple[FoundFile, str]:
        """The file with a name, and the integrity of what is sent at its URL."""
        for _ in range(_ATTEMPTS):
            found = self._current(name)
            described = found.url, found.state
            known = self._integrity.get(name)
            if known is not None and known[0] == described:
                return found, known[1]
            integrity = self._compute_integrity(found.file)
            if integrity is not None:
                self._integrity[name] = described, integrity
                return found, integrity
            self.site.found.pop(name, None)
        raise FileNotFoundError(f"{found.file.path} changes while it is read")

    def _compute_integrity(self, file: StaticFile) -> str | None:
        """The integrity of a file; ``None`` if it was replaced or changes while it is read."""
        digest = hashlib.sha384()
        try:
            with closing(self.site.source.open(file, compress=False)) as variants:
                content = variants.identity
                for piece in pieces_of_file(content):
                    digest.update(piece)
                if not content.is_unchanged():
                    return None
        except WrongHashError:
            return None
        except UnavailableError as error:
            raise FileNotFoundError(str(error)) from None
        return f"sha384-{b64encode(digest.digest()).decode()}"


def _by_path(test: Callable[[str, str], object]) -> Callable[[StaticFile, str], object]:
    """The hook that calls the option ``immutable_file_test``."""
    return lambda file, url: test(file.path, url)


def _check_base_url(base_url: object) -> str:
    if base_url is None or base_url == "":  # as a variable of the environment that is not set
        return ""
    if not isinstance(base_url, str):
        raise TypeError(f"base_url must be a str or None, got {base_url!r}")
    if not _BASE_URL.fullmatch(base_url):
        raise ValueError(
            "base_url must be an origin such as 'https://cdn.example', perhaps with a path, and"
            f" without a query, got {base_url!r}"
        )
    return base_url.rstrip("/")


def _quoted(url: str) -> str:
    return quote(url, errors="surrogateescape")


@lru_cache(maxsize=64)
def _mount_path(mount: str) -> str:
    """The mount point as the beginning of a URL path."""
    stripped = mount.strip("/")
    return f"/{_quoted(stripped)}" if stripped else ""

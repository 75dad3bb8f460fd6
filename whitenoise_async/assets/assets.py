"""The public face of hashed URLs: what pages and templates ask for."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator
from contextlib import suppress
from functools import lru_cache
from time import monotonic
from typing import TYPE_CHECKING

from anyio import to_thread

from ..files.errors import FileSystemError
from ..options import Options, apply_keywords, describe_options, resolve
from ..overrides import UNCALLED_ASSETS_METHODS, find_uncalled_override
from ..registry.entries import StaticFile
from ..registry.interface import make_root
from ..serving.file_headers import Hook
from .import_map import import_map_element
from .lookup import Lookup, quoted
from .markup import Markup
from .preload import link_value
from .site import Site, make_registry, open_store, with_store
from .vite import ViteTags, find_entry

if TYPE_CHECKING:
    from typing_extensions import Unpack

    from ..options import OptionKeywords

_MODULE_TYPE = "text/javascript"

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
        :raises TypeError: for an unknown option, a value of the wrong type, or a subclass with a
            hook of the wrappers that is never called here. The message names the replacement.
        :raises ValueError: for a value out of range.
        """
        uncalled = find_uncalled_override(type(self), UNCALLED_ASSETS_METHODS)
        if uncalled is not None:
            raise TypeError(uncalled)
        apply_keywords(self, options)
        resolved = resolve(self)
        hook = None
        if resolved.is_immutable is not None:
            hook = Hook("immutable_file_test", _by_path(resolved.is_immutable))
        kept = open_store(resolved, prefix)
        site = Site(resolved, hook, with_store(make_registry(resolved), kept), kept)
        self._set_up(site, _check_base_url(base_url))
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
        self._lookup = Lookup(site)

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
            found = self._lookup.current(name)
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
        return self._lookup.with_integrity(name)[1]

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
                found, integrity_ = self._lookup.with_integrity(name)
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
            for found, integrity in map(self._lookup.with_integrity, names)
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
            return self._absolute(quoted(prefix + name))

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
                self._lookup.current(file.url)

        # Most of the time goes to SHA-256, which releases the GIL.
        with ThreadPoolExecutor() as pool:
            for _ in pool.map(prepare, self.site.registry.static_files()):
                pass

    def _scripts(self) -> Iterator[str]:
        """The URLs of all scripts."""
        for file in self.site.registry.static_files():
            if self.site.media_type(file.path) == _MODULE_TYPE:
                yield file.url

    def _absolute(self, url: str) -> str:
        mount = self.site.mount
        return f"{self._base_url}{mount and _mount_path(mount)}{url}"


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


@lru_cache(maxsize=64)
def _mount_path(mount: str) -> str:
    """The mount point as the beginning of a URL path."""
    stripped = mount.strip("/")
    return f"/{quoted(stripped)}" if stripped else ""

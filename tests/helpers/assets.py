"""Helpers for hashed URLs: what a page asks for, and what is sent for it."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable
from pathlib import Path
from urllib.parse import unquote

from tests.helpers.clients import Get, Reply, client_of
from whitenoise_async import Assets, WhiteNoise

IMMUTABLE = "max-age=315360000, public, immutable"
WRONG = "0123456789ab"

Fork = Callable[[Callable[[], object]], int]


def digits_of(content: bytes) -> str:
    """The hash of a file that is no style sheet."""
    return hashlib.sha256(content).hexdigest()[:12]


def hash_in(url: str) -> str:
    """The hash in a hashed URL."""
    found = re.search(r"\.([0-9a-f]{12})(\.[^./]*)?$", url)
    assert found is not None, url
    return found[1]


def hash_of(assets: Assets, name: str) -> str:
    return hash_in(assets.url(name))


def get_asset(get: Get, assets: Assets, name: str, *args: object, **kwargs: object) -> Reply:
    """Request a file at its hashed URL."""
    return get(unquote(assets.url(name)), *args, **kwargs)


def replace(path: Path, content: bytes) -> None:
    """Replace a file atomically. Its state differs even if it has the same length."""
    new = path.with_name("new")
    new.write_bytes(content)
    new.replace(path)


def rewritten(assets: Assets, name: str) -> str:
    """The style sheet at its hashed URL."""
    reply = get_asset(client_of("wsgi")(WhiteNoise(None, assets=assets)), assets, name)
    assert reply.status == 200
    return reply.body.decode("utf-8", "surrogateescape")

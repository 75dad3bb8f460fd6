"""Deltas (RFC 9842), made and applied with the zstd library alone."""

from __future__ import annotations

import base64
import hashlib
import sys
from pathlib import Path

from tests.helpers.files import write

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

HEADER = bytes.fromhex("5e2a4d1820000000")


def delta_of(old: bytes, new: bytes) -> bytes:
    """The delta from ``old`` to ``new``."""
    prefix = zstd.ZstdDict(old, is_raw=True).as_prefix
    compressor = zstd.ZstdCompressor(zstd_dict=prefix)
    compressor.set_pledged_input_size(len(new))
    frame = compressor.compress(new) + compressor.flush()
    return HEADER + hashlib.sha256(old).digest() + bytes(frame)


def apply_delta(old: bytes, delta: bytes) -> bytes:
    """The content that a client with ``old`` decodes from ``delta``."""
    assert delta[:40] == HEADER + hashlib.sha256(old).digest()
    return zstd.decompress(delta[40:], zstd.ZstdDict(old, is_raw=True).as_prefix)


def suffix_of(old: bytes) -> str:
    """The suffix of deltas against ``old``."""
    return f".{hashlib.sha256(old).hexdigest()[:16]}.dcz"


def write_delta(file: Path, old: bytes) -> bytes:
    """Write the delta from ``old`` to the content of ``file`` next to it, and return it."""
    delta = delta_of(old, file.read_bytes())
    write(file.with_name(file.name + suffix_of(old)), delta)
    return delta


def fields_of(old: bytes, accepted: str = "gzip, deflate, br, zstd, dcb, dcz") -> dict[str, str]:
    """The headers of a browser that has ``old`` as its dictionary."""
    digest = base64.b64encode(hashlib.sha256(old).digest()).decode()
    return {"Accept-Encoding": accepted, "Available-Dictionary": f":{digest}:"}

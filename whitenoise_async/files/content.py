"""Reads content in pieces, and computes its digest."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING

from .memory_file import MemoryFile
from .open_file import OpenFile

if TYPE_CHECKING:
    import hashlib

#: Bytes of a piece. Commands notice an interrupt between two pieces, and brotli takes half a second
#: for one.
PIECE = 256 * 1024


def pieces_of(read: Callable[[int], bytes]) -> Iterator[bytes]:
    """Yield what ``read`` returns, up to its end.

    :param read: reads the next bytes, at most as many as it is given.
    """
    return iter(lambda: read(PIECE), b"")


def pieces_of_file(file: OpenFile | MemoryFile) -> Iterator[bytes]:
    """Yield the content of an open file, from the beginning to the size that it had when opened.

    All pieces but the last one have :data:`PIECE` bytes, also if the system reads fewer at once.

    :raises FileSystemError: if it cannot be read.
    """
    at, size = 0, file.state.size
    while at < size and (piece := file.read_fully(at, min(PIECE, size - at))):
        at += len(piece)
        yield piece


# hashlib loads OpenSSL, which takes 3 ms. So the functions import it when it is used.


def sha256(data: bytes = b"") -> hashlib._Hash:
    """A SHA-256 digest that has ``data`` already."""
    import hashlib

    return hashlib.sha256(data)


def new_digest() -> hashlib.blake2b:
    """A digest for comparing contents: 128 bits of BLAKE2b."""
    import hashlib

    return hashlib.blake2b(digest_size=16)


def digest_of(pieces: Iterable[bytes]) -> str:
    """The digest of content, in hexadecimal."""
    digest = new_digest()
    for piece in pieces:
        digest.update(piece)
    return digest.hexdigest()


def integrity_of(pieces: Iterable[bytes]) -> str:
    """The value of an ``integrity`` attribute for content (W3C Subresource Integrity).

    :returns: ``sha384-`` and the digest in Base64.
    """
    import hashlib
    from base64 import b64encode

    digest = hashlib.sha384()
    for piece in pieces:
        digest.update(piece)
    return f"sha384-{b64encode(digest.digest()).decode()}"

"""Deltas (RFC 9842): zstd, with a file of an older release as the dictionary."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from typing import Any, BinaryIO, NamedTuple

from ..files.codings import (
    DELTA_HEADER_SIZE,
    DELTA_MAGIC,
    DELTA_WINDOW_MAX,
    ZSTD_WINDOW_MAX,
    delta_coding,
)
from ..files.content import pieces_of
from ..files.folder import Folder
from .encoders import ZstdEncoder
from .errors import naming
from .originals import OpenOriginal, opened_below

# Bytes. The zstd library refuses smaller dictionaries.
_MIN_SIZE = 8

# The level at which dictionaries are compared: 1 MB takes about 5 ms.
_COMPARING = 1


class Dictionary(NamedTuple):
    """A file of an older release."""

    root: str  # the folder of the release
    path: str  # below it
    digest: str  # of its content, as of originals
    sha256: str  # the same, in hexadecimal

    @classmethod
    def of(cls, root: str, path: str) -> Dictionary:
        """Read a file.

        :raises CompressionError: if it cannot be read.
        """
        sha256 = hashlib.sha256()
        with _opened(root, path) as file:
            for piece in file.pieces():
                sha256.update(piece)
            return cls(root, path, file.digest, sha256.hexdigest())

    def read(self) -> bytes:
        """Read the file again.

        :raises CompressionError: if it cannot be read, or has changed.
        """
        with _opened(self.root, self.path, self.digest) as file:
            return b"".join(file.pieces())


@contextmanager
def _opened(root: str, path: str, digest: str | None = None) -> Iterator[OpenOriginal]:
    with ExitStack() as stack:
        with naming(root, "read"):
            folder = stack.enter_context(Folder.opened(root))
        yield stack.enter_context(opened_below(folder, path, digest))


def window_max(size: int) -> int:
    """The largest window that clients accept for a dictionary of ``size`` bytes (RFC 9842 §5)."""
    return min(max(ZSTD_WINDOW_MAX, size * 5 // 4), DELTA_WINDOW_MAX)


def may_be_dictionary(size: int) -> bool:
    """Whether a file of ``size`` bytes may be a dictionary."""
    return _MIN_SIZE <= size <= DELTA_WINDOW_MAX


class DeltaEncoder(ZstdEncoder):
    """Compresses against one dictionary, which is read when it is needed."""

    # Level 19 took up to a third of brotli's time for a file, and 18 a quarter. Its deltas of six
    # libraries were up to 6 % larger.
    _BEST = 18

    def __init__(self, dictionary: Dictionary, level: int | None = None) -> None:
        """:param level: as for :class:`ZstdEncoder`."""
        self.coding = delta_coding(dictionary.sha256)
        self._dictionary = dictionary
        self._header = DELTA_MAGIC + bytes.fromhex(dictionary.sha256)
        super().__init__(level)

    def compress(self, pieces: Iterable[bytes], size: int) -> Iterator[bytes]:
        """Compress, with the length in the header of the frame.

        The default window has 8 MB. It is larger if the dictionary and the content need more, and
        clients accept it.
        """
        content = self._dictionary.read()
        parameter = self._library.CompressionParameter
        options = {parameter.compression_level: self.level}
        needed = size + len(content)
        if needed > ZSTD_WINDOW_MAX:
            largest = window_max(len(content)).bit_length() - 1
            options[parameter.window_log] = min((needed - 1).bit_length(), largest)
        compressor = self._library.ZstdCompressor(options=options, zstd_dict=self._prefix(content))
        compressor.set_pledged_input_size(size)
        yield self._header
        for piece in pieces:
            yield compressor.compress(piece)
        yield compressor.flush()

    def decompress(self, file: BinaryIO) -> Iterator[bytes]:
        """Decompress the frame after the header."""
        if file.read(DELTA_HEADER_SIZE) != self._header:
            raise EOFError("it is a delta against another file")
        prefix = self._prefix(self._dictionary.read())
        largest = DELTA_WINDOW_MAX.bit_length() - 1
        options = {self._library.DecompressionParameter.window_log_max: largest}
        with self._library.ZstdFile(file, zstd_dict=prefix, options=options) as stream:
            yield from pieces_of(stream.read)

    def _prefix(self, content: bytes) -> Any:
        return self._library.ZstdDict(content, is_raw=True).as_prefix


def most_similar(dictionaries: Sequence[Dictionary], original: OpenOriginal) -> Dictionary:
    """The dictionary against which the delta of a file is smallest.

    :raises CompressionError: if a file cannot be read.
    """
    if len(dictionaries) == 1:
        return dictionaries[0]

    def size_of_fast_delta(dictionary: Dictionary) -> int:
        encoder = DeltaEncoder(dictionary, _COMPARING)
        return sum(map(len, encoder.compress(original.pieces(), original.size)))

    return min(dictionaries, key=size_of_fast_delta)


def several_warning(path: str, chosen: str, others: Sequence[str], root: str) -> str:
    """The warning that a file has several dictionaries of its name.

    :param path: of the file.
    :param chosen: the path of the dictionary, below ``root``.
    """
    return (
        f"{path}: the delta is made against {chosen}, because it is the most similar file of that"
        f" name in {root}. Clients with one of the others receive no delta: {', '.join(others)}"
    )

"""One encoder for each content coding: compresses, and decompresses to check."""

from __future__ import annotations

import importlib
import struct
import sys
import zlib
from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator, Mapping, Sequence
from gzip import BadGzipFile, GzipFile
from typing import Any, BinaryIO, ClassVar

from ..files.codings import BROTLI, GZIP, ZSTD, ZSTD_WINDOW_MAX, Coding
from ..files.content import PIECE, pieces_of

#: Bytes up to which libdeflate compresses a file. It needs the whole file in memory.
WHOLE = 4 * 1024 * 1024

# Bytes. zlib at its best was smaller than libdeflate for 120 of 7,944 files, by 1 to 3 bytes. All
# had less than 2 KB, except one of 500 KB, by 19 bytes.
_TRY_ZLIB_TOO = 2048

# RFC 1952 §2.3: no name and no date; then XFL and an unknown system. zlib would name the system.
_GZIP_HEADER = b"\x1f\x8b\x08\0\0\0\0\0%c\xff"
_XFL = {zlib.Z_BEST_SPEED: 4, zlib.Z_BEST_COMPRESSION: 2}

_ZLIB = f"zlib {zlib.ZLIB_RUNTIME_VERSION}"

_NOT_INSTALLED = "{} needs {}, which is not installed: pip install 'whitenoise_async[compress]'"


class EncodingError(ValueError):
    """An encoding is unknown, is not installed, or has no such level. The message says which."""


class Encoder(ABC):
    """Compresses in one coding, at one level."""

    coding: Coding
    module: ClassVar[str]  # the library
    is_optional: ClassVar[bool] = False  # whether the encoder works without the library
    levels: ClassVar[range]

    def __init__(self, level: int | None = None) -> None:
        """
        :param level: ``None`` for the default, which is chosen for small files.
        :raises EncodingError: if the library is not installed, or the level is out of range.
        """
        self.token, self.suffix = self.coding
        self._library: Any = None
        try:
            self._library = importlib.import_module(self.module)
        except ImportError:
            if not self.is_optional:
                raise EncodingError(_NOT_INSTALLED.format(self.token, self.module)) from None
        #: The errors of :meth:`decompress` if a file is damaged, truncated, or something else.
        self.errors: tuple[type[Exception], ...]
        version, default, self.errors = self._describe()
        self.level = default if level is None else level
        if type(self.level) is not int or self.level not in self.levels:
            valid = f"a number from {self.levels[0]} to {self.levels[-1]}"
            raise EncodingError(f"the level for {self.token} must be {valid}, got {level!r}")
        #: Library, version and level. With the same ones, the same content gives the same bytes.
        self.identity = f"{version}, level {self.level}"

    @abstractmethod
    def compress(self, pieces: Iterable[bytes], size: int) -> Iterator[bytes]:
        """Compress ``pieces``, which have ``size`` bytes in total.

        All but the last one have :data:`PIECE` bytes: the output of some encoders depends on that.
        """

    @abstractmethod
    def decompress(self, file: BinaryIO) -> Iterator[bytes]:
        """Decompress a file, in bounded pieces. Raises :attr:`errors`."""

    @abstractmethod
    def _describe(self) -> tuple[str, int, tuple[type[Exception], ...]]:
        """The library's version, its default level, and its errors for what is not compressed."""


class GzipEncoder(Encoder):
    """RFC 1952, without date and name in the header, by libdeflate if it is installed.

    libdeflate at level 10 makes the static files of Django's admin 5.4 % smaller than zlib, in
    twice the time, which is a twelfth of brotli's. Level 12 gains another 0.2 %, and takes twice
    the time of level 10. Larger files than :data:`WHOLE` are compressed by zlib.
    """

    coding = GZIP
    module = "deflate"
    is_optional = True
    levels = range(1, 13)

    _DEFAULT = 10  # the first of libdeflate's levels that are not larger than zlib's

    def __init__(self, level: int | None = None) -> None:
        """See :class:`Encoder`. Levels above zlib's need libdeflate."""
        super().__init__(level)
        self._zlib_level = min(self.level, zlib.Z_BEST_COMPRESSION)
        if self.level > self._zlib_level and not self._library:
            raise EncodingError(_NOT_INSTALLED.format(f"gzip at level {level}", "deflate"))

    def compress(self, pieces: Iterable[bytes], size: int) -> Iterator[bytes]:
        """Compress all at once by libdeflate, or piece by piece by zlib."""
        if self._library is None or size > WHOLE:
            yield from self._zlib(pieces)
            return
        content = b"".join(pieces)
        compressed: bytes = self._library.gzip_compress(content, self.level)
        if self.level >= self._DEFAULT and size <= _TRY_ZLIB_TOO:
            compressed = min(compressed, b"".join(self._zlib([content])), key=len)
        yield compressed

    def _zlib(self, pieces: Iterable[bytes]) -> Iterator[bytes]:
        level = self._zlib_level
        # It takes two thirds of the time of GzipFile for 1 KB.
        compressor = zlib.compressobj(level, wbits=-zlib.MAX_WBITS)
        header, checksum, size = _GZIP_HEADER % _XFL.get(level, 0), 0, 0
        for piece in pieces:
            checksum, size = zlib.crc32(piece, checksum), size + len(piece)
            yield header + compressor.compress(piece)
            header = b""
        yield header + compressor.flush() + struct.pack("<LL", checksum, size % 2**32)

    def decompress(self, file: BinaryIO) -> Iterator[bytes]:
        """Decompress all members."""
        with GzipFile(fileobj=file) as stream:
            yield from pieces_of(stream.read)

    def _describe(self) -> tuple[str, int, tuple[type[Exception], ...]]:
        errors = (BadGzipFile, EOFError, zlib.error)
        if self._library is None:
            return _ZLIB, zlib.Z_BEST_COMPRESSION, errors
        return f"deflate {self._library.__version__} or {_ZLIB}", self._DEFAULT, errors


class BrotliEncoder(Encoder):
    """RFC 7932."""

    coding = BROTLI
    module = "brotli"
    levels = range(12)

    # Base 2 logarithms. Brotli encodes 16 in one bit and those from 18 in four. 24 is its largest.
    _WINDOWS = (16, *range(18, 25))

    def compress(self, pieces: Iterable[bytes], size: int) -> Iterator[bytes]:
        """Compress with the smallest window that the whole content fits into."""
        fitting = (bits for bits in self._WINDOWS if (1 << bits) - 16 >= size)
        window = next(fitting, self._WINDOWS[-1])
        compressor = self._library.Compressor(quality=self.level, lgwin=window)
        for piece in pieces:
            yield compressor.process(piece)
        yield compressor.finish()

    def decompress(self, file: BinaryIO) -> Iterator[bytes]:
        """Decompress the only stream."""
        decompressor = self._library.Decompressor()
        while not decompressor.is_finished():
            ready = decompressor.can_accept_more_data()
            piece = file.read(PIECE) if ready else b""
            made = decompressor.process(piece, output_buffer_limit=PIECE)
            # It accepts more input while it still holds output.
            if ready and not piece and not made:
                raise EOFError("it is truncated")
            yield made
        if file.read(1):
            raise EOFError("something follows it")

    def _describe(self) -> tuple[str, int, tuple[type[Exception], ...]]:
        errors = (self._library.error, EOFError)
        return f"brotli {self._library.version}", self.levels[-1], errors


class ZstdEncoder(Encoder):
    """RFC 8878, with the content's length, and no larger window than RFC 9659 allows in HTTP."""

    coding = ZSTD
    module = "compression.zstd" if sys.version_info >= (3, 14) else "backports.zstd"
    levels = range(1, 23)

    # Levels from 20 gain by larger windows, which HTTP does not allow.
    _DEFAULT = 19

    def compress(self, pieces: Iterable[bytes], size: int) -> Iterator[bytes]:
        """Compress. By the length in the header, a server can tell whether the variant matches."""
        parameter = self._library.CompressionParameter
        options = {parameter.compression_level: self.level}
        if self.level > self._DEFAULT:
            options[parameter.window_log] = ZSTD_WINDOW_MAX.bit_length() - 1
        compressor = self._library.ZstdCompressor(options=options)
        compressor.set_pledged_input_size(size)
        for piece in pieces:
            yield compressor.compress(piece)
        yield compressor.flush()

    def decompress(self, file: BinaryIO) -> Iterator[bytes]:
        """Decompress all frames."""
        with self._library.ZstdFile(file) as stream:
            yield from pieces_of(stream.read)

    def _describe(self) -> tuple[str, int, tuple[type[Exception], ...]]:
        errors = (self._library.ZstdError, EOFError)
        return f"zstd {self._library.zstd_version}", self._DEFAULT, errors


_KINDS: Mapping[str, type[Encoder]] = {
    kind.coding.token: kind for kind in (GzipEncoder, BrotliEncoder, ZstdEncoder)
}

#: The encodings, as HTTP names them.
ENCODINGS = tuple(_KINDS)


def require_known(encodings: Iterable[str]) -> None:
    """Raise :class:`EncodingError` for an unknown encoding."""
    for token in encodings:
        if token not in _KINDS:
            raise EncodingError(f"an encoding must be one of {', '.join(ENCODINGS)}, got {token!r}")


def make_encoders(
    encodings: Sequence[str] | None, levels: Mapping[str, int]
) -> tuple[tuple[Encoder, ...], tuple[str, ...]]:
    """Make an encoder for each encoding.

    :param encodings: their tokens; ``None`` for all that are installed.
    :param levels: by token.
    :returns: the encoders; and, if ``encodings`` is ``None``, why others are left out.
    :raises EncodingError: if a requested encoding or level is not available.
    """
    require_known([*(encodings or ()), *levels])
    if encodings is not None and not encodings:
        raise EncodingError(f"encodings must name at least one of {', '.join(ENCODINGS)}")
    chosen = dict.fromkeys(ENCODINGS if encodings is None else encodings)
    for token in levels:
        if token not in chosen:
            raise EncodingError(f"a level was given for {token}, which is not among the encodings")
    encoders: list[Encoder] = []
    left_out: list[str] = []
    for token in chosen:
        try:
            encoders.append(_KINDS[token](levels.get(token)))
        except EncodingError as error:
            if encodings is not None or token in levels:
                raise
            left_out.append(str(error))
    return tuple(encoders), tuple(left_out)

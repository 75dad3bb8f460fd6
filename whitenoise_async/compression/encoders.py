"""What compresses, how well, and what undoes it: one encoder for each content coding."""

from __future__ import annotations

import importlib
import io
import sys
import zlib
from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator, Mapping, Sequence
from gzip import BadGzipFile, GzipFile
from typing import Any, BinaryIO, ClassVar

from ..files.codings import ZSTD_WINDOW_MAX
from .report import SUFFIXES

#: Bytes up to which libdeflate compresses a file: it knows no other way than all at once.
WHOLE = 4 * 1024 * 1024

#: Bytes of a piece. Between two of them an interrupt is noticed, and brotli takes half a second for
#: one.
PIECE = 256 * 1024

# Bytes. Of 7,944 files zlib's best was smaller than libdeflate's for 120, by 1 to 3 bytes: all of
# less than 2 KB, and one of 500 KB by 19 bytes. To ask both takes four times as long.
_ASK_ZLIB_TOO = 2048

_ZLIB = f"zlib {zlib.ZLIB_RUNTIME_VERSION}"

_EXTRA = "pip install 'whitenoise_async[compress]'"


class EncodingError(ValueError):
    """An encoding that there is not, or not here, or not at that level; the message says which."""


class NotCompressedError(Exception):
    """What is to be decompressed is not what it should be: damaged, cut off, or something else."""


class Encoder(ABC):
    """Compresses in one coding, at one level.

    The same content gives the same bytes, whoever made the pieces in which it comes.
    """

    token: ClassVar[str]
    levels: ClassVar[range]
    module: ClassVar[str]  # what has to be installed for it

    def __init__(self, level: int | None = None) -> None:
        """
        :param level: ``None`` for the one that makes the smallest files.
        :raises EncodingError: where what it needs is not installed, or for a level out of range.
        """
        self._library = self._load()
        level = self._best() if level is None else level
        self._require(level)
        self.level = level
        #: That of the files it makes.
        self.suffix = SUFFIXES[self.token]
        self._by = f"{self._version()}, level {level}"

    def by(self, size: int) -> str:
        """Who compresses a file of ``size`` bytes, which version, at which level.

        Where this is the same, the same content gives the same bytes.
        """
        return self._by

    @abstractmethod
    def compress(self, pieces: Iterable[bytes], size: int) -> Iterator[bytes]:
        """Compress ``pieces``, which are ``size`` bytes together."""

    def decompress(self, file: BinaryIO) -> Iterator[bytes]:
        """Undo it, a bounded piece at a time.

        :raises NotCompressedError: for what is not the complete work of such an encoder.
        """
        try:
            yield from self._decompress(file)
        except self._errors() as error:
            raise NotCompressedError(str(error)) from error

    @abstractmethod
    def _version(self) -> str: ...

    @abstractmethod
    def _decompress(self, file: BinaryIO) -> Iterator[bytes]: ...

    @abstractmethod
    def _errors(self) -> tuple[type[Exception], ...]: ...

    @classmethod
    def _load(cls) -> Any:
        try:
            return importlib.import_module(cls.module)
        except ImportError:
            raise EncodingError(
                f"{cls.token} needs {cls.module}, which is not installed: {_EXTRA}"
            ) from None

    def _best(self) -> int:
        return self.levels[-1]

    def _require(self, level: int) -> None:
        if isinstance(level, bool) or not isinstance(level, int) or level not in self.levels:
            first, last = self.levels[0], self.levels[-1]
            raise EncodingError(
                f"the level for {self.token} must be a number from {first} to {last}, got {level!r}"
            )


class GzipEncoder(Encoder):
    """RFC 1952, with neither date nor name in the header, by libdeflate where it is installed.

    libdeflate's best makes the static files of Django's admin 5.6 % smaller than zlib's. It takes a
    file whole: a larger one is zlib's.
    """

    token = "gzip"
    levels = range(1, 13)
    module = "deflate"

    @classmethod
    def _load(cls) -> Any:
        try:
            return importlib.import_module(cls.module)
        except ImportError:
            return None

    def _best(self) -> int:
        return self.levels[-1] if self._library else zlib.Z_BEST_COMPRESSION

    def _require(self, level: int) -> None:
        super()._require(level)
        if level > zlib.Z_BEST_COMPRESSION and not self._library:
            raise EncodingError(
                f"gzip at level {level} needs deflate, not installed here: {_EXTRA}"
            )

    def by(self, size: int) -> str:
        """Say zlib where the file is too large for libdeflate."""
        too_large = self._library is not None and not self._by_library(size)
        return f"{_ZLIB}, level {self._zlib_level}" if too_large else self._by

    def _version(self) -> str:
        return f"deflate {self._library.__version__} or {_ZLIB}" if self._library else _ZLIB

    def _by_library(self, size: int) -> bool:
        return self._library is not None and size <= WHOLE

    @property
    def _zlib_level(self) -> int:
        return min(self.level, zlib.Z_BEST_COMPRESSION)

    def compress(self, pieces: Iterable[bytes], size: int) -> Iterator[bytes]:
        """Compress in one piece by libdeflate, or piece by piece by zlib."""
        if not self._by_library(size):
            yield from self._zlib(pieces)
            return
        content = b"".join(pieces)
        compressed: bytes = self._library.gzip_compress(content, self.level)
        if self.level == self.levels[-1] and size <= _ASK_ZLIB_TOO:
            compressed = min(compressed, b"".join(self._zlib([content])), key=len)
        yield compressed

    def _zlib(self, pieces: Iterable[bytes]) -> Iterator[bytes]:
        # zlib's own header would name the system on which it was made.
        made = io.BytesIO()
        with GzipFile("", "wb", self._zlib_level, fileobj=made, mtime=0) as stream:
            for piece in pieces:
                stream.write(piece)
                yield made.getvalue()
                made.seek(0)
                made.truncate()
        yield made.getvalue()

    def _decompress(self, file: BinaryIO) -> Iterator[bytes]:
        with GzipFile(fileobj=file) as stream:
            yield from iter(lambda: stream.read(PIECE), b"")

    def _errors(self) -> tuple[type[Exception], ...]:
        return BadGzipFile, EOFError, zlib.error


class BrotliEncoder(Encoder):
    """RFC 7932."""

    token = "br"
    levels = range(12)
    module = "brotli"

    # Base 2 logarithms. Brotli names 16 in one bit and those from 18 on in four; 24 is its largest.
    _WINDOWS = (16, *range(18, 25))

    def _version(self) -> str:
        return f"brotli {self._library.version}"

    def compress(self, pieces: Iterable[bytes], size: int) -> Iterator[bytes]:
        """Compress with the smallest window that the whole content fits into."""
        fitting = (bits for bits in self._WINDOWS if (1 << bits) - 16 >= size)
        window = next(fitting, self._WINDOWS[-1])
        compressor = self._library.Compressor(quality=self.level, lgwin=window)
        # Below level 10 it goes by what it is given first, and makes blocks of what it is given.
        for piece in _even(pieces):
            yield compressor.process(piece)
        yield compressor.finish()

    def _decompress(self, file: BinaryIO) -> Iterator[bytes]:
        decompressor = self._library.Decompressor()
        while not decompressor.is_finished():
            ready = decompressor.can_accept_more_data()
            piece = file.read(PIECE) if ready else b""
            made = decompressor.process(piece, output_buffer_limit=PIECE)
            # It is ready for more while it still has some of what came of the last.
            if ready and not piece and not made:
                raise EOFError("it is cut off")
            yield made
        if file.read(1):
            raise EOFError("something follows it")

    def _errors(self) -> tuple[type[Exception], ...]:
        return self._library.error, EOFError


class ZstdEncoder(Encoder):
    """RFC 8878, within the window that RFC 9659 lets HTTP have, with the content's length."""

    token = "zstd"
    levels = range(1, 23)
    module = "compression.zstd" if sys.version_info >= (3, 14) else "backports.zstd"

    def _best(self) -> int:
        # From 20 on the larger windows are what makes files smaller, and they are not to be had.
        return 19

    def _version(self) -> str:
        return f"zstd {self._library.zstd_version}"

    def compress(self, pieces: Iterable[bytes], size: int) -> Iterator[bytes]:
        """Compress; the length in the header tells a server whose compression it may be."""
        parameter = self._library.CompressionParameter
        options = {parameter.compression_level: self.level}
        if self.level > self._best():
            options[parameter.window_log] = ZSTD_WINDOW_MAX.bit_length() - 1
        compressor = self._library.ZstdCompressor(options=options)
        compressor.set_pledged_input_size(size)
        for piece in pieces:
            yield compressor.compress(piece)
        yield compressor.flush()

    def _decompress(self, file: BinaryIO) -> Iterator[bytes]:
        with self._library.ZstdFile(file) as stream:
            yield from iter(lambda: stream.read(PIECE), b"")

    def _errors(self) -> tuple[type[Exception], ...]:
        return self._library.ZstdError, EOFError


def _even(pieces: Iterable[bytes]) -> Iterator[bytes]:
    """The same content in pieces of one size."""
    waiting = bytearray()
    for piece in pieces:
        waiting += piece
        while len(waiting) >= PIECE:
            yield bytes(waiting[:PIECE])
            del waiting[:PIECE]
    yield bytes(waiting)


_KINDS: Mapping[str, type[Encoder]] = {
    kind.token: kind for kind in (GzipEncoder, BrotliEncoder, ZstdEncoder)
}

#: The encodings there are, as HTTP names them.
ENCODINGS = tuple(_KINDS)


def require_known(encodings: Iterable[str]) -> None:
    """Raise :class:`EncodingError` for an encoding that there is not."""
    for token in encodings:
        if token not in _KINDS:
            raise EncodingError(f"an encoding is one of {', '.join(ENCODINGS)}, got {token!r}")


def make_encoders(
    encodings: Sequence[str] | None, levels: Mapping[str, int]
) -> tuple[tuple[Encoder, ...], tuple[str, ...]]:
    """Make an encoder for each encoding.

    :param encodings: their tokens; ``None`` for all that what is installed can make.
    :param levels: by token.
    :returns: the encoders, and why those are left out that were not asked for and cannot be had.
    :raises EncodingError: for one that was asked for and cannot be had.
    """
    require_known([*(encodings or ()), *levels])
    if encodings is not None:
        if not encodings:
            raise EncodingError(f"encodings must name one at least of {', '.join(ENCODINGS)}")
        unused = [token for token in levels if token not in encodings]
        if unused:
            raise EncodingError(f"there is a level for {unused[0]}, which is not to be made")
        tokens = dict.fromkeys(encodings)
        return tuple(_KINDS[token](levels.get(token)) for token in tokens), ()
    encoders: list[Encoder] = []
    left_out: list[str] = []
    for token, kind in _KINDS.items():
        try:
            encoders.append(kind(levels.get(token)))
        except EncodingError as error:
            if token in levels:
                raise
            left_out.append(str(error))
    return tuple(encoders), tuple(left_out)

"""Reading published files whatever their compression, known by their first bytes and never by their name."""

import gzip
import io
import lzma
import os
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import IO, Any, cast

from idxpng.errors import DataError

CHUNK = 1 << 18

SUFFIXES = {".gz": "gzip", ".xz": "xz"}
SIGNATURES = {"gzip": b"\x1f\x8b", "xz": b"\xfd7zXZ\x00"}


class CompressedFileError(DataError):
    """A compressed file that is damaged, cut short, or larger inside than it may be."""


def compression(path: str | os.PathLike[str]) -> str:
    """``gzip``, ``xz`` or ``plain``, by the file's first bytes."""
    with open(path, "rb") as file:
        start = file.read(6)
    return next((name for name, signature in SIGNATURES.items() if start.startswith(signature)), "plain")


class _XzContent(io.RawIOBase):
    """What an xz file holds, like `lzma.LZMAFile`, but refusing other data after the xz data."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file
        self._decompressor = lzma.LZMADecompressor(lzma.FORMAT_XZ)

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        piece = b""
        while not piece:
            compressed = b""
            if self._decompressor.eof:
                compressed = self._next_stream()
                if not compressed:
                    return 0
                self._decompressor = lzma.LZMADecompressor(lzma.FORMAT_XZ)
            elif self._decompressor.needs_input:
                compressed = self._file.read(CHUNK)
                if not compressed:
                    raise EOFError
            piece = self._decompressor.decompress(compressed, len(buffer))
        buffer[: len(piece)] = piece
        return len(piece)

    def _next_stream(self) -> bytes:
        """What follows a stream and its padding, which is of zeros; nothing at the end of the file."""
        compressed = self._decompressor.unused_data.lstrip(b"\0")
        while not compressed and (more := self._file.read(CHUNK)):
            compressed = more.lstrip(b"\0")
        if not compressed.startswith(SIGNATURES["xz"][: len(compressed)]):
            raise lzma.LZMAError("something else follows the xz data")
        return compressed


class _Watched(io.FileIO):
    """A file whose bytes are shown to ``watch`` as they are read."""

    def __init__(self, path: str | os.PathLike[str], watch: Callable[[Any], object]) -> None:
        super().__init__(path)
        self._watch = watch

    def readinto(self, buffer: Any) -> int | None:
        size = super().readinto(buffer)
        self._watch(memoryview(buffer)[:size])
        return size


@contextmanager
def open_content(path: str | os.PathLike[str], watch: Callable[[Any], object] | None = None) -> Iterator[IO[bytes]]:
    """Open what a file holds once decompressed, for reading bytes in order.

    Args:
        path: the file.
        watch: gets the bytes of the file itself, piece by piece as they are read: at the end of the content, all.

    Raises, also while the content is being read inside the block:
        CompressedFileError: when the file is truncated, damaged, or followed by something else.
    """
    kind = compression(path)
    with io.BufferedReader(_Watched(path, watch), CHUNK) if watch else open(path, "rb") as file:
        stream: IO[bytes]
        if kind == "gzip":
            stream = cast(IO[bytes], gzip.GzipFile(fileobj=file))
        elif kind == "xz":
            stream = io.BufferedReader(_XzContent(file))
        else:
            stream = file
        again = "remove the file and download it again"
        try:
            yield stream
        except EOFError:
            raise CompressedFileError(
                path,
                f"truncated {kind} file",
                at=f"byte {os.path.getsize(path)}",
                expected="the end of the compressed data",
                found="end of file",
                todo=again,
            ) from None
        except (gzip.BadGzipFile, zlib.error, lzma.LZMAError) as error:
            problem = f"damaged {kind} file"
            if "Not a gzipped file" in str(error):  # the first member is one, see `compression`
                problem = "something else follows the gzip data"
            elif "CRC" in str(error):
                problem += ": the content does not match its CRC-32"
            raise CompressedFileError(path, problem, at=f"about byte {file.tell()}", found=error, todo=again) from None


def content_chunks(
    path: str | os.PathLike[str], size_limit: int, watch: Callable[[Any], object] | None = None
) -> Iterator[bytes]:
    """The decompressed content of a file, piece by piece, and never more than ``size_limit`` bytes of it.

    ``watch`` is that of `open_content`.

    Raises:
        CompressedFileError: when there is more content than that, so that a decompression bomb
            fills neither memory nor disk, and as `open_content` says.
    """
    size = 0
    with open_content(path, watch) as stream:
        while chunk := stream.read(CHUNK):
            size += len(chunk)
            if size > size_limit:
                raise CompressedFileError(
                    path,
                    "the content is too long",
                    expected=f"at most {size_limit} bytes of content",
                    found=f"{size} bytes or more",
                )
            yield chunk

"""Reading published files with any compression, which their first bytes show, and never their names."""

import difflib
import errno
import gzip
import io
import lzma
import os
import re
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from typing import IO, Any, NamedTuple

from zlib_ng import zlib_ng

from idxpng.errors import DataError, open_named
from idxpng.text import counted

CHUNK = 1 << 18

GZIP = 31  # zlib's number for its largest window inside a gzip file, which has neither name nor time when written


class Compression(NamedTuple):
    """A kind of compressed file: how its name ends, how it begins, and what decompresses and writes it."""

    suffix: str
    signature: bytes
    decompressor: Callable[[], Any]
    writer: Callable[[IO[bytes]], io.BufferedIOBase]


GZIP_READER = partial(zlib_ng.decompressobj, GZIP)  # in half the time of Python's `gzip`
COMPRESSIONS = {
    "gzip": Compression(".gz", b"\x1f\x8b", GZIP_READER, partial(gzip.GzipFile, "", "wb", 6, mtime=0)),
    "xz": Compression(".xz", b"\xfd7zXZ\x00", lzma.LZMADecompressor, partial(lzma.LZMAFile, mode="wb")),
}
SUFFIXES = {each.suffix: name for name, each in COMPRESSIONS.items()}
ARRAYS = {".npy": "numpy", ".npz": "zip"}  # see numpy_array.py

AGAIN = "copy or download the file again"
ZIP = b"PK\x03\x04"
OTHER_MIRROR = "get the archive again, or from another mirror"
LARGEST_READ = 1 << 26  # bytes, more than the table of contents of a million members


class CompressedFileError(DataError):
    """A compressed file that is damaged, cut short, or larger inside than it may be."""


def compression(path: str | os.PathLike[str]) -> str:
    """``gzip``, ``xz`` or ``plain``, by the file's first bytes."""
    with open_named(path) as file:
        start = file.read(6)
    return next((name for name, each in COMPRESSIONS.items() if start.startswith(each.signature)), "plain")


class Pieces(io.RawIOBase):
    """Bytes that come in pieces, as a stream."""

    def __init__(self, pieces: Iterator[bytes]) -> None:
        self._pieces, self._left = pieces, b""

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        while not self._left and (piece := next(self._pieces, None)) is not None:
            self._left = piece
        size = min(len(buffer), len(self._left))
        buffer[:size], self._left = self._left[:size], self._left[size:]
        return size


def _decompressed(file: IO[bytes], kind: str, path: str | os.PathLike[str]) -> Iterator[bytes]:
    """The content of a compressed file: one stream or several; after each, zeros may follow, but nothing else."""
    compressed = file.read(CHUNK)
    while compressed:
        decompressor = COMPRESSIONS[kind].decompressor()
        yield decompressor.decompress(compressed, CHUNK)
        while not decompressor.eof:
            # If a piece has more content than one chunk, zlib returns the rest of it, while others keep it.
            compressed = getattr(decompressor, "unconsumed_tail", b"")
            if not compressed and getattr(decompressor, "needs_input", True):
                compressed = file.read(CHUNK)
                if not compressed:
                    raise EOFError("end of file")
            yield decompressor.decompress(compressed, CHUNK)
        compressed = decompressor.unused_data.lstrip(b"\0")
        while not compressed and (more := file.read(CHUNK)):
            compressed = more.lstrip(b"\0")
        if not compressed.startswith(COMPRESSIONS[kind].signature[: len(compressed)]):
            problem = f"something else follows the {kind} data"
            raise CompressedFileError(path, problem, at=f"about byte {file.tell()}", todo=AGAIN)


@contextmanager
def open_content(path: str | os.PathLike[str]) -> Iterator[IO[bytes]]:
    """Open what a file holds once decompressed, for reading bytes in order.

    Raises, also while the content is being read inside the block:
        CompressedFileError: when the file is truncated, damaged, or followed by something else.
    """
    kind = compression(path)
    with open_named(path) as file:
        try:
            yield file if kind == "plain" else io.BufferedReader(Pieces(_decompressed(file, kind, path)), CHUNK)
        except (EOFError, zlib_ng.error, lzma.LZMAError) as error:  # type: ignore[misc] # zlib-ng declares an instance
            how, about = ("truncated", "") if isinstance(error, EOFError) else ("damaged", "about ")
            of_checksum = ": the content does not match its CRC-32" if "data check" in str(error) else ""
            raise CompressedFileError(
                path,
                f"{how} {kind} file{of_checksum}",
                at=f"{about}byte {file.tell()}",
                expected=f"a complete {kind} file",
                found=error,
                todo=AGAIN,
            ) from None


def bounded(content: IO[bytes], path: str | os.PathLike[str], size_limit: int) -> Iterator[bytes]:
    """The content of a file, see `open_content`, piece by piece, and never more than ``size_limit`` bytes of it.

    Raises:
        CompressedFileError: when there is more content than that, so that a decompression bomb
            fills neither memory nor disk.
    """
    size = 0
    while chunk := content.read(CHUNK):
        size += len(chunk)
        if size > size_limit:
            expected, found = f"at most {size_limit} bytes of content", f"{size} bytes or more"
            raise CompressedFileError(path, "the content is too long", expected=expected, found=found)
        yield chunk


class _Bounded(io.BufferedReader):
    """A file that refuses a single read larger than any archive needs."""

    def read(self, size: int | None = -1, /) -> bytes:
        if size and size > LARGEST_READ:
            raise zipfile.BadZipFile(f"its table of contents has {size} bytes")
        return super().read(size)


@contextmanager
def open_archive(file: io.BufferedReader, shown: str | os.PathLike[str]) -> Iterator[zipfile.ZipFile]:
    """Open an archive; ``shown`` is its name for messages.

    Raises, also while a member is being read inside the block:
        CompressedFileError: when the archive is damaged.
    """
    try:
        with zipfile.ZipFile(_Bounded(file.raw)) as archive:
            yield archive
    except (DataError, MemoryError):
        raise
    except Exception as error:  # of many classes: `zipfile` raises what it stumbles over
        if isinstance(error, OSError) and error.errno != errno.EINVAL:  # EINVAL: a seek to a negative position
            raise
        raise CompressedFileError(
            shown,
            "not a readable zip archive",
            found=ascii(str(error))[1:-1] or type(error).__name__,
            todo=OTHER_MIRROR,
        ) from None


def find_member(
    archive: zipfile.ZipFile,
    shown: str | os.PathLike[str],
    member: str,
    fits: Callable[[str, str], bool] = lambda path, member: path.endswith(f"/{member}"),
) -> zipfile.ZipInfo:
    """The only member with that path; without one, the only content whose path fits, or the one with that name.

    Raises:
        CompressedFileError: when it is missing, ambiguous, or compressed in an unsupported way.
    """
    wrong = partial(CompressedFileError, shown, todo=OTHER_MIRROR)
    infos = archive.infolist()
    for info in infos:
        if re.match(r"([A-Za-z]:)?[/\\]|(.*[/\\])?\.\.([/\\]|$)", info.orig_filename, re.DOTALL):
            problem = "unsafe archive: one of its members would be unpacked outside its folder"
            raise wrong(problem, expected="relative paths", found=ascii(info.orig_filename))
    name = member.rpartition("/")[2]
    files = [info for info in infos if not (info.is_dir() or info.filename.startswith("__MACOSX"))]
    alike = [info for info in files if fits(info.filename, member)]
    alike = [info for info in alike if info.filename.rpartition("/")[2] == name] or alike
    alike = list({(info.CRC, info.file_size): info for info in alike}.values())  # some archives have a file twice
    found = [info for info in infos if info.filename == member] or alike
    if len(found) != 1:
        names = [info.filename for info in found or infos if not info.is_dir()]
        close = names if found else difflib.get_close_matches(member, names, n=3, cutoff=0.3)
        raise wrong(
            f"has more than one {name}" if found else "has no such member",
            expected=f"one {member}",
            found=", ".join(map(ascii, close)) or counted(len(names), "other"),
            todo=f"{OTHER_MIRROR}, or correct `member` if the dataset file has it",
        )
    if found[0].compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        todo = "unpack it with another program, and give the folder of its files"
        raise wrong(f"{member} is compressed in an unsupported way", expected="deflate or stored", todo=todo)
    return found[0]

"""The IDX format: reading headers and items of MNIST's files.

An IDX file is, without gaps and with every number big-endian (most significant byte first):

    byte 0, 1      zero
    byte 2         type of the elements, see `TYPES`
    byte 3         number of dimensions, n
    byte 4 ...     n unsigned 32-bit integers: the size of each dimension
    byte 4 + 4n    the elements, last dimension fastest (row by row for images)

The first four bytes together are called the magic number: 0x00000803 (2051) for images, that is
unsigned bytes in three dimensions, and 0x00000801 (2049) for labels.

Source: Yann LeCun, Corinna Cortes, Christopher J. C. Burges, "The MNIST database of handwritten digits".
"""

from __future__ import annotations

import math
import os
import struct
import sys
from array import array
from typing import IO, TYPE_CHECKING, NamedTuple

from idxpng.errors import DataError, move_away, open_named
from idxpng.formats.file_kind import BINARY, ENDIAN, START, file_kind

if TYPE_CHECKING:
    import numpy


class ElementType(NamedTuple):
    """``name``: numpy's; ``code``: the letter that `struct`, `array` and numpy share; ``size``: bytes.

    ``word``: what it is called in the names of files.
    """

    name: str
    code: str
    size: int
    word: str


TYPES = {
    0x08: ElementType("uint8", "B", 1, "ubyte"),
    0x09: ElementType("int8", "b", 1, "byte"),
    0x0B: ElementType("int16", "h", 2, "short"),
    0x0C: ElementType("int32", "i", 4, "int"),
    0x0D: ElementType("float32", "f", 4, "float"),
    0x0E: ElementType("float64", "d", 8, "double"),
}

# What labels can be, by numpy's names for the types of whole numbers.
LABELS = {
    "uint8": range(256),
    "int8": range(-(2**7), 2**7),
    "int16": range(-(2**15), 2**15),
    "int32": range(-(2**31), 2**31),
}
LABEL_TYPES = ("uint8", "int16", "int32")  # of the labels that are written or read from arrays: the smallest that fits
SAMPLE = 1 << 16  # bytes in which to look for the reason of a wrong length
ONE_READ = 1 << 30  # bytes; Linux ends a read at 2 GiB, and macOS refuses a longer one


def label_type(*labels: int) -> str:
    """The smallest of the `LABEL_TYPES` that holds these labels, by numpy's name; the largest if none does."""
    return next((name for name in LABEL_TYPES if all(label in LABELS[name] for label in labels)), LABEL_TYPES[-1])


class IdxError(DataError):
    """Bytes that are not the expected IDX file."""


class IdxHeader(NamedTuple):
    """The bytes before the elements.

    ``magic``: the first four bytes as one number. ``dims``: the size of each dimension, the count first.
    """

    magic: int
    dims: tuple[int, ...]

    @classmethod
    def of(cls, type_name: str, dims: tuple[int, ...]) -> IdxHeader:
        """The header of elements of a type, by numpy's name for it."""
        code = {type_.name: code for code, type_ in TYPES.items()}[type_name]
        return cls((code << 8) + len(dims), dims)

    def __str__(self) -> str:
        return f"{' × '.join(map(str, self.dims))} of {self.type.name}"

    @property
    def kind(self) -> str:
        """How the names of files with such a header usually end, such as ``idx3-ubyte``."""
        return f"idx{len(self.dims)}-{self.type.word}"

    @property
    def type(self) -> ElementType:
        return TYPES[self.magic >> 8]

    @property
    def size(self) -> int:
        """Bytes of the header itself, and so the offset of the first element."""
        return 4 + 4 * len(self.dims)

    @property
    def item_shape(self) -> tuple[int, ...]:
        """Shape of one item: (rows, columns) for images, () for labels."""
        return self.dims[1:]

    @property
    def item_size(self) -> int:
        """Bytes of one item (an image, a label)."""
        return math.prod(self.item_shape) * self.type.size

    @property
    def file_size(self) -> int:
        """Bytes of the whole file that has this header."""
        return self.size + self.dims[0] * self.item_size

    def wrong_size(self, size: int, sample: bytes = b"") -> dict[str, str]:
        """What is wrong with a file of ``size`` bytes that has this header, for `DataError`; empty if nothing is.

        ``sample``: some bytes of the file, which may show why.
        """
        if size == self.file_size:
            return {}
        return {
            "problem": f"{'shorter' if size < self.file_size else 'longer'} than its header says",
            "at": f"byte {min(size, self.file_size)}",
            "expected": f"{self.file_size} bytes: {self.size} of header and {self}",
            "found": f"{size} bytes{self._why(size, sample)}",
        }

    def _why(self, size: int, sample: bytes) -> str:
        """What explains the size of the file, if anything does."""
        if 0 < sample.count(b"\n") == sample.count(b"\r\n"):
            return f", and each byte 0a follows a 0d, so it was copied as text: {BINARY}"
        if IdxHeader(self.magic, tuple(map(other_order, self.dims))).file_size == size:
            return f", right for sizes in little-endian order: {ENDIAN}"
        there, promised = size - self.size, self.file_size - self.size
        if min(there, promised) <= 0 or (there % promised and promised % there):
            return ""
        factor = f"{there // promised} times" if there > promised else f"one part in {promised // there} of"
        cause = (
            "numbers of a different type" if len(self.dims) < 3 else "color, or a different size or number of images"
        )
        return f", {factor} what the header promises: {cause}"

    def to_bytes(self) -> bytes:
        """The header as bytes of the file."""
        return struct.pack(f">I{len(self.dims)}I", self.magic, *self.dims)

    def offset(self, index: int) -> int:
        """Byte at which the item of 0-based position ``index`` begins."""
        return self.size + index * self.item_size


def other_order(size: int) -> int:
    """A size as it is when its four bytes are read in the other order."""
    return int.from_bytes(size.to_bytes(4, "big"), "little")


def read_header(stream: IO[bytes], file: str | os.PathLike[str]) -> IdxHeader:
    """Read the header at the beginning of ``stream``; ``file`` is its name for messages.

    The header's numbers do not decide how much memory is allocated, and are exact at any size.

    Raises:
        IdxError: when the bytes are not an IDX header.
    """
    start = stream.read(4)
    zero, type_code, n_dims = struct.unpack(">HBB", start.ljust(4, b"\0"))
    types = ", ".join(f"{code:02x} {type_.name}" for code, type_ in TYPES.items())
    if zero != 0 or type_code not in TYPES or n_dims == 0:
        kind = file_kind(start + stream.read(START))
        found = start.hex(" ") if len(start) == 4 else f"{len(start)} bytes"
        raise IdxError(
            file,
            "not an IDX file: its magic number is wrong",
            at="byte 0",
            expected=f"00 00, a type ({types}), and the number of dimensions",
            found=f"{found} ({kind})" if kind else found,
            todo=None if kind and ":" in kind else "check that this is the file that you mean",
        )
    sizes = stream.read(4 * n_dims)
    if len(sizes) < 4 * n_dims:
        raise IdxError(
            file,
            "truncated inside the IDX header",
            at=f"byte {4 + len(sizes)}",
            expected=f"{4 + 4 * n_dims} bytes of header for {n_dims} dimensions",
            found=f"{4 + len(sizes)} bytes",
        )
    return IdxHeader(int.from_bytes(start, "big"), struct.unpack(f">{n_dims}I", sizes))


class IdxFile:
    """An uncompressed IDX file on disk. Any item can be read without reading the rest.

    Opening it checks the header, and that the file is exactly as long as the header says, so that
    every later read finds its bytes. It takes only the memory of the requested items.

    Raises:
        IdxError: when the header is invalid, or the file is shorter or longer than it says.
        OSError: when the file cannot be read.
    """

    def __init__(self, path: str | os.PathLike[str]) -> None:
        self.path = path
        self._file = open_named(path)
        try:
            try:
                self.header = read_header(self._file, path)
            except IdxError as error:
                # A known kind of file says what to do with it.
                again = {} if ": " in error.details["found"] else {"todo": move_away(path)}
                raise IdxError(path, error.problem, **error.details | again) from None
            size = os.fstat(self._file.fileno()).st_size
            if size != self.header.file_size:
                wrong = self.header.wrong_size(size, self._file.read(SAMPLE))
                raise IdxError(path, **wrong, todo=move_away(path))
            self._items_at, self._item_size = self.header.size, self.header.item_size
        except BaseException:
            self._file.close()
            raise

    def __enter__(self) -> IdxFile:
        return self

    def __exit__(self, *exception: object) -> None:
        self._file.close()

    def __len__(self) -> int:
        return self.header.dims[0]

    def read(self, start: int, stop: int) -> bytes:
        """Items ``start`` up to but not including ``stop``, as the bytes of the file; IndexError if there are none."""
        if not 0 <= start <= stop <= len(self):
            raise IndexError(f"items {start} to {stop} of {len(self)}")
        offset = self._items_at + start * self._item_size
        wanted = (stop - start) * self._item_size
        data = b""
        while len(data) < wanted:
            try:
                more = os.pread(self._file.fileno(), min(wanted - len(data), ONE_READ), offset + len(data))
            except OSError as error:
                error.filename = self.path  # as `named` does, which takes three times as long as reading a digit
                raise
            if not more:
                problem = "the file became shorter while it was read"
                raise IdxError(self.path, problem, expected=f"{wanted} bytes", found=len(data))
            data += more
        return data

    def values(self, start: int = 0, stop: int | None = None) -> bytes | array:
        """The elements of some items one after the other, as Python numbers that cost no more than their bytes."""
        return decode(self.read(start, len(self) if stop is None else stop), self.header.type)

    def array(self, start: int = 0, stop: int | None = None) -> numpy.ndarray:
        """Items ``start`` to ``stop`` as a numpy array: dims (stop - start, *item_shape), big-endian, read-only."""
        stop = len(self) if stop is None else stop
        return as_array(self.read(start, stop), self.header, stop - start, self.path)


def decode(data: bytes, type_: ElementType) -> bytes | array:
    """Big-endian elements as a sequence of numbers."""
    if type_.name == "uint8":
        return data
    values = array(type_.code, data)
    if sys.byteorder == "little":
        values.byteswap()
    return values


def as_array(data: bytes, header: IdxHeader, count: int, file: str | os.PathLike[str]) -> numpy.ndarray:
    """The bytes of ``count`` items as a numpy array of dims (count, *item_shape) and big-endian dtype.

    Raises:
        IdxError: when numpy does not support arrays of this many dimensions or of this size.
    """
    import numpy

    try:
        return numpy.frombuffer(data, f">{header.type.code}").reshape(count, *header.item_shape)
    except ValueError as error:
        raise IdxError(file, f"no array for numpy: {error}", at="byte 3", found=header) from None

"""NumPy arrays, in .npy files and in .npz files, read as IDX files of the same values.

Images are uint8 (count, rows, columns); labels are integers (count), or (count, columns). An axis of 1 that libraries
add, such as that of the gray channel, is dropped. Pickled objects are never loaded.
"""

from __future__ import annotations

import io
import math
import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import IO, TYPE_CHECKING

from idxpng.errors import DataError, open_named
from idxpng.formats.compressed import CHUNK, ZIP, CompressedFileError, Pieces, find_member, open_archive, open_content
from idxpng.formats.idx import LABELS, IdxHeader, label_type

if TYPE_CHECKING:
    import numpy

SIGNATURE = b"\x93NUMPY"
LARGEST_HEADER = 1 << 14  # bytes; numpy reads no header of more than 10,000
AT = "the NumPy header"
BLOCK = 1 << 25  # bytes of an array in Fortran order that are brought into order at once


class ArrayError(DataError):
    """An array that no IDX file of images or labels can hold."""


def member_names(path: str | os.PathLike[str]) -> list[str]:
    """The arrays in an .npz file, by the paths of its members; empty for any other file.

    Raises:
        CompressedFileError: when the archive is damaged.
    """
    with open_named(path) as file:
        if file.read(len(ZIP)) != ZIP:
            return []
        with open_archive(file, path) as archive:
            return [name for name in archive.namelist() if name.endswith(".npy")]


def array_name(path: str | os.PathLike[str], member: str | None) -> str:
    """A file, or an array of an archive, in messages."""
    return f"{os.fspath(path)}: {member}" if member else os.fspath(path)


def is_array(path: str | os.PathLike[str], member: str | None = None) -> bool:
    """Whether a file, or a member of an archive, is an array, by its first bytes."""
    with _open(path, member) as stream:
        return stream.read(len(SIGNATURE)) == SIGNATURE


def place(path: str | os.PathLike[str], member: str | None, at: str) -> str:
    """``at``, a byte of the header of an IDX file, in messages; it is not that byte where an array becomes one."""
    return AT if is_array(path, member) else at


@contextmanager
def open_idx(
    path: str | os.PathLike[str], member: str | None = None, label_type: str | None = None
) -> Iterator[IO[bytes]]:
    """Open the IDX file that a file holds: what it decompresses to, or what an array would be as IDX.

    Args:
        path: an IDX file or an array, compressed or not, or an archive of arrays.
        member: which array of an archive.
        label_type: numpy's name for the type that labels of an array get; by default, the smallest that holds them.

    Raises, also while the content is being read inside the block:
        ArrayError: when an array is not one of images or labels, or a label does not fit.
        CompressedFileError: when the file is damaged.
    """
    if not is_array(path, member):
        with open_content(path) as stream:
            yield stream
        return
    with io.BufferedReader(Pieces(_Array(path, member).idx(label_type)), CHUNK) as stream:
        yield stream


@contextmanager
def _open(path: str | os.PathLike[str], member: str | None) -> Iterator[IO[bytes]]:
    """What a file decompresses to, or a member of an archive."""
    with open_named(path) as file:
        if member and file.read(len(ZIP)) == ZIP:
            with open_archive(file, path) as archive, archive.open(find_member(archive, path, member)) as stream:
                yield stream
            return
    with open_content(path) as stream:
        yield stream


class _Array:
    """An array in a file, whose elements are read in blocks of bounded size.

    Attributes:
        dtype: type of the elements in the file.
        dims: its shape, without an axis of 1 that images and labels do not need.

    Raises:
        ArrayError: when it does not hold images or labels.
    """

    def __init__(self, path: str | os.PathLike[str], member: str | None) -> None:
        self._path, self._member = path, member
        self._shown = array_name(path, member)
        with _open(path, member) as stream:
            beginning = io.BytesIO(stream.read(LARGEST_HEADER))
        shape, self._fortran_order, self.dtype = self._parse(beginning)
        self._start = beginning.tell()
        self.dims = shape
        if len(shape) in (2, 4) and shape[-1] == 1:
            self.dims = shape[:-1]
        elif len(shape) == 4 and shape[1] == 1:
            self.dims = (shape[0], *shape[2:])
        self._check(shape)
        self._item_size = math.prod(self.dims[1:]) * self.dtype.itemsize
        self._end = self._start + self.dims[0] * self._item_size

    def idx(self, label_type: str | None) -> Iterator[bytes]:
        """The IDX file of the array, in pieces. See `open_idx`."""
        images, position = len(self.dims) >= 3, 0
        header = IdxHeader.of("uint8" if images else label_type or self._smallest_type(), self.dims)
        yield header.to_bytes()
        for elements in self._elements():
            if not images:
                self._check_labels(elements, header.type.name, position)
            position += len(elements)
            yield elements.astype(f">{header.type.code}", copy=False).tobytes()

    def _parse(self, stream: IO[bytes]) -> tuple[tuple[int, ...], bool, numpy.dtype]:
        from numpy.lib import format as npy

        try:
            version = npy.read_magic(stream)
            return npy.read_array_header_1_0(stream) if version == (1, 0) else npy.read_array_header_2_0(stream)
        except Exception as error:  # of many classes: numpy reads the header as Python
            raise ArrayError(
                self._shown,
                "not an IDX file, nor an array with a readable header",
                at="byte 8",
                expected="shape, order, and type of an array",
                found=f"{str(error)[:60]} (a NumPy file)",
                todo="copy or write the file again",
            ) from None

    def _check(self, shape: tuple[int, ...]) -> None:
        found, images = str(self.dtype), len(self.dims) >= 3
        if self.dtype.hasobject:
            problem, expected = "pickled Python objects, which are never loaded, since they may run any code", "numbers"
            todo = "write the numbers in them as an array of uint8"
        elif images and self.dtype != "uint8":
            problem, expected = "images have the wrong type", "uint8"
            todo = "write the images as uint8, from 0 for black to 255 for white"
        elif not images and self.dtype.kind not in "iu":
            problem, expected = "labels have the wrong type", "integers"
            todo = "write the labels as whole numbers; numpy's unique(labels, return_inverse=True) numbers names"
        elif not self.dims or not all(0 < size < 1 << 32 for size in self.dims) or math.prod(self.dims) >= 1 << 60:
            problem, found = "neither images nor labels", f"shape {shape}"
            expected, todo = "shape (count, rows, columns), or (count,) for labels", "write at least one item"
        else:
            return
        raise ArrayError(self._shown, problem, at=AT, expected=expected, found=found, todo=todo)

    def _smallest_type(self) -> str:
        extremes = [(int(elements.min()), int(elements.max())) for elements in self._elements()]
        return label_type(min(low for low, _ in extremes), max(high for _, high in extremes))

    def _check_labels(self, labels: numpy.ndarray, type_name: str, position: int) -> None:
        largest = LABELS[type_name][-1]
        smallest = LABELS[type_name][0] if len(self.dims) > 1 else 0
        wrong = (labels < smallest) | (labels > largest)
        if wrong.any():
            index = int(wrong.argmax())
            raise ArrayError(
                self._shown,
                "a label does not fit into the labels file",
                at=f"element {position + index}",
                expected=f"{smallest} to {largest}, as {type_name}",
                found=labels[index],
                todo="number the classes from 0, or write a wider `label_type` into the dataset file",
            )

    def _elements(self) -> Iterator[numpy.ndarray]:
        """All elements in C order, as arrays of one dimension."""
        import numpy

        if self._fortran_order and len(self.dims) > 1:
            yield from self._reordered()
            return
        with _open(self._path, self._member) as stream:
            _skip(stream, self._start)
            for at in range(self._start, self._end, CHUNK):
                yield numpy.frombuffer(self._read(stream, at, min(CHUNK, self._end - at)), self.dtype)
            self._check_end(stream)

    def _reordered(self) -> Iterator[numpy.ndarray]:
        """The elements of an array in Fortran order: the first element of every item, then the second ones, and so on.

        Each pass over the file collects as many items as a block holds.
        """
        import numpy

        count, size = self.dims[0], self.dtype.itemsize
        at_once, step = (max(1, most // self._item_size) for most in (BLOCK, BLOCK >> 3))
        for first in range(0, count, at_once):
            items, block, position = min(at_once, count - first), bytearray(), 0
            with _open(self._path, self._member) as stream:
                for row in range(self._start, self._end, count * size):
                    at = row + first * size
                    _skip(stream, at - position)
                    block += self._read(stream, at, items * size)
                    position = at + items * size
                if position == self._end:
                    self._check_end(stream)
            ordered = numpy.frombuffer(block, self.dtype).reshape(*reversed(self.dims[1:]), items).T
            for start in range(0, items, step):
                yield ordered[start : start + step].ravel()

    def _read(self, stream: IO[bytes], at: int, size: int) -> bytes:
        data = stream.read(size)
        if len(data) < size:
            raise self._wrong_length("shorter", at + len(data), "end of file", "copy or write the file again")
        return data

    def _check_end(self, stream: IO[bytes]) -> None:
        if stream.read(1):
            raise self._wrong_length("longer", self._end, "more bytes", "write each array into its own file")

    def _wrong_length(self, than: str, at: int, found: str, todo: str) -> CompressedFileError:
        problem, elements = f"{than} than its NumPy header says", f"{' × '.join(map(str, self.dims))} of {self.dtype}"
        expected = f"{self._end} bytes: {self._start} of header and {elements}"
        return CompressedFileError(self._shown, problem, at=f"byte {at}", expected=expected, found=found, todo=todo)


def _skip(stream: IO[bytes], size: int) -> None:
    """Go forward in a stream, which may not be seekable."""
    if stream.seekable():
        stream.seek(size, os.SEEK_CUR)
        return
    while size and (piece := stream.read(min(size, CHUNK))):
        size -= len(piece)

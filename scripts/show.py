"""Look into an IDX file or a NumPy array: its header, its first values, or one image as numbers or drawn."""

from typing import IO

from idxpng.command import Command
from idxpng.formats.compressed import CHUNK
from idxpng.formats.idx import IdxError, IdxHeader, as_array, decode, read_header
from idxpng.formats.numpy_array import ArrayError, member_names, open_idx
from idxpng.text import printable

import numpy  # isort: skip

DIMENSIONS = {1: ["number of labels"], 3: ["number of images", "number of rows", "number of columns"]}

# For two pixels one above the other: none is white, the upper, the lower, both.
BLOCKS = " ▀▄█"


def main(
    file: str, /, member: str | None = None, count: int | None = None, index: int | None = None, draw: bool = False
) -> str:
    """The header of an IDX file as text, or the items that the options ask for.

    Args:
        file: an IDX file or an array (.npy), plain or compressed with gzip or xz, or an archive of arrays (.npz).
        member: which array of an archive.
        count: show N items (labels or images), from the first one or from ``index``.
        index: show the item at position N, counted from 0.
        draw: draw images with block characters, instead of showing numbers.

    Raises:
        IdxError: when it is not an IDX file, or has no such item.
        ArrayError: when it is an array of neither images nor labels, or which one is not clear.
        CompressedFileError: when it is damaged.
    """
    with open_idx(file, _chosen(file, member)) as stream:
        header = read_header(stream, file)
        if draw and (header.type.name != "uint8" or len(header.dims) != 3):
            raise IdxError(file, "cannot be drawn", expected="images: uint8, in 3 dimensions", found=header)
        only_header = count is None and index is None and not draw
        shown = range(0) if only_header else _positions(header, file, count or 1, index or 0)
        data = _read(stream, header, file, shown)
    if only_header:
        return _header(header)
    if not header.item_shape:
        return " ".join(map(str, decode(data, header.type)))
    show = _drawing if draw else _matrix
    return "\n\n".join(show(item) for item in as_array(data, header, len(shown), file))


def _chosen(file: str, member: str | None) -> str | None:
    """The array of an archive that is asked for, or its only one; None for any other file."""
    members = member_names(file)
    if member not in members and (member or len(members) > 1):
        found = ", ".join(map(printable, members)) or "not an archive of arrays"
        raise ArrayError(file, "which array is not clear", expected="--member with one of its names", found=found)
    return member or (members[0] if members else None)


def _positions(header: IdxHeader, file: str, count: int, start: int) -> range:
    """Those of ``count`` items from ``start`` on, or of as many as there are."""
    items = header.dims[0]
    shown = range(start, min(start + count, items))
    if start < 0 or not shown:
        indices = f"an index from 0 to {items - 1}" if items else "no index, since it is empty"
        raise IdxError(file, "no such item", expected=indices, found=start)
    return shown


def _read(stream: IO[bytes], header: IdxHeader, file: str, shown: range) -> bytes:
    """The items at some positions, of a file that is as long as its header says, in memory that does not trust it."""
    start, stop = header.offset(shown.start), header.offset(shown.stop)
    at, data, sample = header.size, bytearray(), b""
    while chunk := stream.read(CHUNK):
        data += chunk[max(0, start - at) : max(0, stop - at)]
        at, sample = at + len(chunk), sample or chunk
    if wrong := header.wrong_size(at, sample):
        raise IdxError(file, **wrong)
    return bytes(data)


def _header(header: IdxHeader) -> str:
    names = DIMENSIONS.get(len(header.dims), [f"dimension {n}" for n in range(1, len(header.dims) + 1)])
    rows = [("magic number", f"{header.magic}  (0x{header.magic:08x}, {header.type.name})")]
    rows += zip(names, map(str, header.dims), strict=True)
    return "\n".join(f"{name + ':':<19}{value}" for name, value in rows)


def _matrix(item: numpy.ndarray) -> str:
    rows = numpy.atleast_2d(item)
    width = max((len(str(value)) for value in rows.flat), default=0)
    return "\n".join(" ".join(str(value).rjust(width) for value in rows[at]) for at in numpy.ndindex(rows.shape[:-1]))


def _drawing(image: numpy.ndarray) -> str:
    """An image (rows, columns) in block characters: what is at least half white is drawn."""
    white = numpy.pad(image > 127, ((0, image.shape[0] % 2), (0, 0)))
    pairs = white[::2] + 2 * white[1::2]
    return "\n".join("".join(BLOCKS[pair] for pair in line) for line in pairs)


if __name__ == "__main__":
    Command(__doc__).answer(main)

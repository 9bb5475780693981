"""Writing 8-bit grayscale PNG files, assembled by hand.

A general image library spends most of its time on set-up when images are as small as digits.
A PNG of one grayscale image needs no more than this (PNG specification, third edition, W3C 2025):

    signature      89 50 4e 47 0d 0a 1a 0a
    chunk IHDR     width, height (32 bit), bit depth 8, color type 0 (grayscale), compression 0, filter 0, interlace 0
    chunk IDAT     zlib stream of the scanlines, each a byte for its filter (0, none) and the row's pixels
    chunk IEND     nothing

where a chunk is its length, four letters, its data, and the CRC-32 of letters and data; numbers are big-endian.
"""

import struct
from collections.abc import Iterator

from zlib_ng import zlib_ng

SIGNATURE = b"\x89PNG\r\n\x1a\n"

# zlib-ng takes a quarter of zlib's time at this level, for files 6 % larger; at the next one, all of it.
COMPRESSION_LEVEL = 1
# A window no larger than the image takes less time to clear, and makes files of the same size.
MIN_WINDOW_BITS = 9
MAX_WINDOW_BITS = 15
# Larger images are compressed piece by piece, so that memory stays below three times the image.
PIECE = 1 << 18


class PngEncoder:
    """Encodes images of one size.

    Args:
        rows, columns: the images' height and width in pixels, each from 1 to 2^31 - 1, as in dataset files.
    """

    def __init__(self, rows: int, columns: int) -> None:
        header = struct.pack(">IIBBBBB", columns, rows, 8, 0, 0, 0, 0)
        self._before_idat = SIGNATURE + _chunk(b"IHDR", header)
        self._after_idat = _chunk(b"IEND", b"")
        self._columns = columns
        self._pixels = rows * columns
        size = rows * (columns + 1)
        self._window_bits = min(max(MIN_WINDOW_BITS, size.bit_length()), MAX_WINDOW_BITS)
        self._in_pieces = size > PIECE
        if not self._in_pieces:
            # Two calls into C instead of a loop over the rows: split into rows, join with a zero (`x`) before each.
            self._rows = struct.Struct(f"{columns}s" * rows)
            self._scanlines = struct.Struct(f"x{columns}s" * rows)

    def encode(self, pixels: bytes) -> bytes:
        """The PNG file of one image, as one chunk IDAT, or several when the image is large.

        ``pixels``: rows × columns unsigned bytes, row by row from the top, 0 black to 255 white.
        """
        if self._in_pieces:
            return b"".join((self._before_idat, *self._chunks(pixels), self._after_idat))
        scanlines = self._scanlines.pack(*self._rows.unpack(pixels))
        stream = zlib_ng.compress(scanlines, COMPRESSION_LEVEL, self._window_bits)
        return self._before_idat + _chunk(b"IDAT", stream) + self._after_idat

    def _chunks(self, pixels: bytes) -> Iterator[bytes]:
        if len(pixels) != self._pixels:
            raise struct.error(f"{self._pixels} pixels are an image, not {len(pixels)}")
        stream = zlib_ng.compressobj(COMPRESSION_LEVEL, zlib_ng.DEFLATED, self._window_bits)
        columns, view = self._columns, memoryview(pixels)
        step = max(1, PIECE // columns) * columns
        for start in range(0, len(pixels), step):
            lines = range(start, min(start + step, len(pixels)), columns)
            if compressed := stream.compress(b"".join([b"\0" + view[at : at + columns] for at in lines])):
                yield _chunk(b"IDAT", compressed)
        yield _chunk(b"IDAT", stream.flush())


def _chunk(name: bytes, data: bytes) -> bytes:
    checksum = zlib_ng.crc32(data, zlib_ng.crc32(name))
    return b"".join((struct.pack(">I", len(data)), name, data, struct.pack(">I", checksum)))

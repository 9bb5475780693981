"""Writing 8-bit greyscale PNG files, assembled by hand.

A general image library spends most of its time on set-up when images are as small as digits.
A PNG of one greyscale image needs no more than this (PNG specification, third edition, W3C 2025):

    signature      89 50 4e 47 0d 0a 1a 0a
    chunk IHDR     width, height (32 bit), bit depth 8, colour type 0 (greyscale), compression 0, filter 0, interlace 0
    chunk IDAT     zlib stream of the scanlines, each a byte for its filter (0, none) and the row's pixels
    chunk IEND     nothing

where a chunk is its length, four letters, its data, and the CRC-32 of letters and data; numbers are big-endian.
"""

import struct
import zlib

SIGNATURE = b"\x89PNG\r\n\x1a\n"

# Level 1 takes two thirds of the time of zlib's default, for files a twentieth larger.
COMPRESSION_LEVEL = 1
# By default zlib takes a quarter of a megabyte for each stream. To get and clear that can take longer than to
# compress a digit. A smaller table, and a window no larger than the image, make files of the same size.
MEMORY_LEVEL = 5
MIN_WINDOW_BITS = 9


class PngEncoder:
    """Encodes images of one size.

    Args:
        rows, columns: the images' height and width in pixels, each from 1 to 2^31 - 1.

    Raises:
        ValueError: when a PNG cannot have this size.
    """

    def __init__(self, rows: int, columns: int) -> None:
        if not (0 < rows < 2**31 and 0 < columns < 2**31):
            raise ValueError(f"a PNG has 1 to 2147483647 rows and columns, not {rows} and {columns}")
        header = struct.pack(">IIBBBBB", columns, rows, 8, 0, 0, 0, 0)
        self._before_idat = SIGNATURE + _chunk(b"IHDR", header)
        self._after_idat = _chunk(b"IEND", b"")
        # Two calls into C instead of a loop over the rows: split into rows, join with a zero (`x`) before each.
        self._rows = struct.Struct(f"{columns}s" * rows)
        self._scanlines = struct.Struct(f"x{columns}s" * rows)
        self._window_bits = min(max(MIN_WINDOW_BITS, self._scanlines.size.bit_length()), zlib.MAX_WBITS)

    def encode(self, pixels: bytes) -> bytes:
        """The PNG file of one image.

        Args:
            pixels: rows × columns unsigned bytes, row by row from the top, 0 black to 255 white.
        """
        scanlines = self._scanlines.pack(*self._rows.unpack(pixels))
        stream = zlib.compressobj(COMPRESSION_LEVEL, zlib.DEFLATED, self._window_bits, MEMORY_LEVEL)
        return self._before_idat + _chunk(b"IDAT", stream.compress(scanlines) + stream.flush()) + self._after_idat


def _chunk(name: bytes, data: bytes) -> bytes:
    named = name + data
    return struct.pack(">I", len(data)) + named + struct.pack(">I", zlib.crc32(named))

"""Reading PNG files from anyone: the pixels of an image with the right size and type, or what is wrong.

Pillow reads the pixels, except of the plainest files, which only need decompression. What Pillow is lenient about, and
what would let a small file take much memory, is checked first.
"""

import errno
import io
import os
import stat
import struct
import warnings
import zlib
from collections.abc import Iterator
from contextlib import contextmanager

from PIL.ExifTags import Base
from PIL.PngImagePlugin import PngImageFile

from idxpng.formats.png import SIGNATURE
from idxpng.text import image_size

# Without waiting for whoever would write into a pipe, and without leaving the tree.
FLAGS = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
# What a file may hold beside its pixels, such as a color profile or text.
ROOM_FOR_MORE = 2**20
# Pillow warns with lines of its own code, of images that are read, or refused in words.
warnings.filterwarnings("ignore", module="PIL")

# The chunks without which an image cannot be read.
CRITICAL = (b"IHDR", b"PLTE", b"IDAT", b"IEND")

# How a header begins and ends where pixels are 8-bit grayscale, and not interlaced; the size is between them.
GRAY_HEADER = SIGNATURE + b"\0\0\0\rIHDR", bytes((8, 0, 0, 0, 0))
# The bytes of a file with a header, one chunk of pixels, and an end, beside the compressed pixels.
PLAIN_BYTES = len(SIGNATURE) + 25 + 12 + 12
MOST_PLAIN_BYTES = 2**20  # of an image that is decompressed at once

COLOR_TYPES = {0: "grayscale", 2: "RGB", 3: "palette", 4: "grayscale with alpha", 6: "RGB with alpha"}


class PngError(Exception):
    """A file without the pixels that were asked for. ``kind``: one of those of a tree's problems."""

    def __init__(self, kind: str, detail: str) -> None:
        super().__init__(detail)
        self.kind = kind


class PngReader:
    """Reads 8-bit grayscale images of one size: ``rows`` × ``columns`` pixels."""

    def __init__(self, rows: int, columns: int) -> None:
        # All of IHDR but whether the image is interlaced, which makes no difference to its pixels.
        self._start = SIGNATURE + struct.pack(">I4sII4B", 13, b"IHDR", columns, rows, 8, 0, 0, 0)
        # Twice the pixels, since an encoder may not compress at all.
        self._largest = 2 * rows * (columns + 1) + ROOM_FOR_MORE
        self._expected = f"{image_size(rows, columns)}, 8-bit grayscale"

    def read(self, path: str) -> bytes:
        """The pixels of a file: rows × columns unsigned bytes, row by row from the top.

        Memory is in proportion to the size that the image must have, even if the file claims another size.

        Raises:
            PngError: when the file is not such an image, or is damaged before the end of the image.
        """
        data = read_regular_file(path, self._largest)
        compressed = check_chunks(data)
        if not data.startswith(self._start):
            kind = "wrong format" if data[:24] == self._start[:24] else "altered"  # in size
            raise PngError(kind, f"{_header(data)}; expected {self._expected}")
        if plain := plain_image(data, compressed):
            return plain[2]
        check_end(compressed, self._largest)
        with open_png(data) as image:
            return image.tobytes()  # of the size and type in its only header


@contextmanager
def open_png(data: bytes) -> Iterator[PngImageFile]:
    """The image in a PNG file, without its pixels yet.

    It is opened only as a PNG, and without Pillow's limit of pixels: callers have their own.

    Raises, also while the pixels are read inside the block, and after it:
        PngError: when it is not a PNG file, damaged, or shown turned.
    """
    try:
        with PngImageFile(io.BytesIO(data)) as image:
            yield image
            if _is_turned(image):
                raise PngError("altered", "viewers and loaders turn it, as its EXIF data says")
    except (MemoryError, PngError):
        raise
    except Exception as error:  # Pillow raises many kinds for damaged files
        raise PngError("unreadable", str(error) or type(error).__name__) from None


def _is_turned(image: PngImageFile) -> bool:
    """Whether viewers and loaders turn an image, as its EXIF data says, unless that is damaged."""
    try:
        return image.getexif().get(Base.Orientation) in range(2, 9)
    except Exception:
        return False


def read_regular_file(path: str, largest: int) -> bytes:
    """The bytes of a regular file; pipes and symbolic links are refused.

    Raises:
        PngError: when it cannot be read, is not a regular file, or has more than ``largest`` bytes.
    """
    descriptor = -1
    try:
        descriptor = os.open(path, FLAGS)
        status = os.fstat(descriptor)
        if not stat.S_ISREG(status.st_mode):
            raise PngError("unreadable", "not a file")
        if status.st_size > largest:
            raise PngError("unreadable", f"{status.st_size:,} bytes, too large for one image")
        data = os.read(descriptor, status.st_size)
        while len(data) < status.st_size and (more := os.read(descriptor, status.st_size - len(data))):
            data += more
        return data
    except FileNotFoundError:
        raise PngError("missing", "") from None
    except OSError as error:
        detail = "a symbolic link" if error.errno == errno.ELOOP else os.strerror(error.errno or 0)
        raise PngError("unreadable", detail) from None
    finally:
        if descriptor >= 0:
            os.close(descriptor)


def check_chunks(data: bytes) -> bytes:
    """The compressed pixels of a PNG file that every reader takes for the same picture.

    Pillow takes more files than libpng, which browsers and other loaders use, and shows another frame of an animation.
    So the file must be whole: the right checksum for each chunk, one header, no unknown chunk that a reader must know,
    the pixels in one run of chunks, and these as the first frame of an animation.

    Raises:
        PngError: when it is not such a file.
    """
    if not data.startswith(SIGNATURE):
        raise PngError("unreadable", "not a PNG file" if data else "empty")
    at, chunk = len(SIGNATURE), b""
    view = memoryview(data)
    names: list[bytes] = []
    pixels: list[memoryview] = []
    while chunk != b"IEND":
        end = at + 8 + int.from_bytes(view[at : at + 4], "big")
        chunk = data[at + 4 : at + 8]
        if end + 4 > len(data):
            raise PngError("unreadable", f"truncated inside a chunk at byte {len(data)}")
        if zlib.crc32(view[at + 4 : end]) != int.from_bytes(view[end : end + 4], "big"):
            raise PngError("unreadable", f"checksum error at byte {end}")
        if chunk == b"IDAT":
            pixels.append(view[at + 8 : end])
        if chunk != b"IDAT" or chunk not in names[-1:]:
            names.append(chunk)
        at = end + 4
    if names[0] != b"IHDR" or any(names.count(name) > 1 for name in (b"IHDR", b"IDAT", b"PLTE")):
        raise PngError("unreadable", "its header, palette, or pixels are not in one place")
    if b"acTL" in names and b"fcTL" not in names[: names.index(b"IDAT") if b"IDAT" in names else None]:
        raise PngError("unreadable", "an animation that does not begin with its image")
    for name in names:
        if name[:1].isupper() and name not in CRITICAL:
            raise PngError("unreadable", f"an unknown chunk {name.decode('ascii', 'backslashreplace')}")
    return b"".join(pixels)


def plain_image(data: bytes, compressed: bytes) -> tuple[int, int, bytes] | None:
    """The columns, rows, and pixels of a small grayscale image as exports write it, in a quarter of Pillow's time.

    Its file has no other chunks, and its rows are neither interlaced nor filtered: each is stored as it is, after a
    zero (PNG specification, "Filter types for filter method 0"). None for any other image, and for a damaged one.

    ``compressed``: what `check_chunks` gives of the file.
    """
    columns, rows = struct.unpack_from(">II", data, 16)
    size = rows * (columns + 1)
    is_plain = (data[:16], data[24:29]) == GRAY_HEADER and len(data) == PLAIN_BYTES + len(compressed)
    if not is_plain or not 0 < rows * columns < size <= MOST_PLAIN_BYTES:
        return None
    decompressor = zlib.decompressobj()
    try:
        pixels = bytearray(decompressor.decompress(compressed, size + 1))
    except zlib.error:
        return None
    if not decompressor.eof or len(pixels) != size or any(pixels[:: columns + 1]):
        return None
    del pixels[:: columns + 1]
    return columns, rows, bytes(pixels)


def plain_file(path: str) -> tuple[int, int, bytes] | None:
    """The columns, rows, and pixels of a file with a `plain_image`; None for any other, also if it cannot be read."""
    try:
        data = read_regular_file(path, MOST_PLAIN_BYTES)
        return plain_image(data, check_chunks(data))
    except (PngError, ValueError):  # no path, since it has a NUL
        return None


def check_end(compressed: bytes, largest: int) -> None:
    """Raise PngError unless pixels of at most ``largest`` bytes end with their checksum, unchecked by Pillow."""
    decompressor = zlib.decompressobj()
    try:
        decompressor.decompress(compressed, largest)
    except zlib.error as error:
        raise PngError("unreadable", f"damaged pixels: {error}") from None
    if not decompressor.eof:
        raise PngError("unreadable", "its pixels do not end where they should")


def _header(data: bytes) -> str:
    """The kind of image that a file claims to be."""
    length, name, columns, rows, depth, color = struct.unpack_from(">I4sIIBB", data.ljust(26, b"\0"), len(SIGNATURE))
    if (length, name) != (13, b"IHDR"):
        return "it does not begin as a PNG image"
    return f"{image_size(rows, columns)}, {depth}-bit {COLOR_TYPES.get(color, 'of no known color type')}"

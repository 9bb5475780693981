"""Damaged PNG files: truncated, overwritten, or well formed with the wrong chunks."""

import io
import struct
import zlib
from collections.abc import Iterator
from pathlib import Path

import numpy
from PIL import Image
from PIL.PngImagePlugin import PngInfo

SIGNATURE = b"\x89PNG\r\n\x1a\n"
NAMES = (
    b"IHDR PLTE IDAT IEND acTL fcTL fdAT bKGD cHRM eXIf gAMA hIST iCCP iTXt pHYs sBIT sRGB tEXt tIME tRNS zTXt".split()
)


def png(pixels: numpy.ndarray, **settings: object) -> bytes:
    """The PNG file that Pillow makes of an image, an array of shape (rows, columns) or (rows, columns, channels)."""
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, "PNG", **settings)
    return file.getvalue()


def chunk(name: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))


def chunks(data: bytes) -> list[tuple[bytes, bytes]]:
    """Name and data of each chunk of a PNG file, checked against its CRC-32."""
    assert data.startswith(SIGNATURE)
    found, at = [], len(SIGNATURE)
    while at < len(data):
        (length,) = struct.unpack_from(">I", data, at)
        found.append((data[at + 4 : at + 8], data[at + 8 : at + 8 + length]))
        assert data[at : at + 12 + length] == chunk(*found[-1])
        at += 12 + length
    return found


def assemble(parts: list[tuple[bytes, bytes]]) -> bytes:
    return SIGNATURE + b"".join(chunk(name, data) for name, data in parts)


def originals(pixels: numpy.ndarray) -> list[bytes]:
    """An image as several PNG files: plain, with every kind of metadata, and animated."""
    metadata = PngInfo()
    metadata.add_text("Title", "digit")
    metadata.add_text("Comment", "compressed", zip=True)
    metadata.add_itxt("Author", "somebody", "en", "Autor", zip=True)
    rich = png(
        pixels, pnginfo=metadata, dpi=(72, 72), gamma=0.45, icc_profile=b"\0" * 130, transparency=0, exif=b"Exif\0\0"
    )
    second = Image.fromarray(255 - pixels)
    return [png(pixels), rich, png(pixels, save_all=True, append_images=[second])]


def swap_a_pixel(path: Path) -> None:
    """Change the first pixel of an image by one."""
    image = Image.open(path)
    pixel = image.getpixel((0, 0))
    assert isinstance(pixel, int)
    image.putpixel((0, 0), pixel ^ 1)
    image.save(path)


def damaged(files: list[bytes], seed: int, count: int) -> Iterator[tuple[bytes, bytes]]:
    """Pairs of a file and its damaged copy, with some bytes changed and sometimes its end cut off."""
    random = numpy.random.default_rng(seed)
    for _ in range(count):
        original = files[random.integers(len(files))]
        data = bytearray(original)
        for _ in range(random.integers(1, 5)):
            data[random.integers(len(data))] = random.integers(256)
        if random.random() < 0.2:
            del data[random.integers(len(data)) :]
        yield original, bytes(data)


def reassembled(files: list[bytes], seed: int, count: int) -> Iterator[bytes]:
    """Files whose chunks were changed, repeated, renamed, inserted or removed, with correct checksums."""
    random = numpy.random.default_rng(seed)
    for _ in range(count):
        parts = chunks(files[random.integers(len(files))])
        for _ in range(random.integers(1, 4)):
            at = int(random.integers(len(parts)))
            name, data = parts[at]
            match random.integers(6):
                case 0:
                    parts.insert(int(random.integers(len(parts) + 1)), parts[at])
                case 1:
                    del parts[at]
                case 2:
                    parts[at] = NAMES[random.integers(len(NAMES))], data
                case 3:
                    parts.insert(at, (NAMES[random.integers(len(NAMES))], random.bytes(int(random.integers(40)))))
                case 4:
                    parts[at] = name, data[: random.integers(len(data) + 1)]
                case _:
                    changed = bytearray(data or b"\0")
                    changed[random.integers(len(changed))] = random.integers(256)
                    parts[at] = name, bytes(changed)
            if not parts:
                break
        yield assemble(parts)

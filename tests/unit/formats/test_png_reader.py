"""A PNG file from any source gives the pixels of its image, or is refused."""

import io
import os
import struct
import zlib
from pathlib import Path

import numpy
import pytest
from PIL import Image

from idxpng.formats.png import PngEncoder
from idxpng.formats.png_reader import PngError, PngReader, check_chunks, plain_image
from memory import growth
from mutated_png import assemble, chunks, damaged, originals, png, reassembled

PIXELS = numpy.random.default_rng(1).integers(0, 256, (6, 4), numpy.uint8)
MUTANTS = int(os.environ.get("PNG_MUTANTS", "3000"))


def read(path: Path, data: bytes, shape: tuple[int, int] = (6, 4)) -> bytes:
    path.write_bytes(data)
    return PngReader(*shape).read(str(path))


def refusal(path: Path, data: bytes, shape: tuple[int, int] = (6, 4)) -> tuple[str, str]:
    with pytest.raises(PngError) as refused:
        read(path, data, shape)
    return refused.value.kind, str(refused.value)


@pytest.mark.parametrize(
    "data", [*originals(PIXELS), png(PIXELS) + b"more"], ids=["plain", "with metadata", "animated", "longer"]
)
def test_pixels_are_read_from_files_with_other_contents(tmp_path: Path, data: bytes) -> None:
    assert read(tmp_path / "x", data) == PIXELS.tobytes()


HEADER, *_, END = chunks(png(PIXELS))
COMPRESSED = zlib.compress(b"".join(b"\0" + row.tobytes() for row in PIXELS))
FRAME = (b"fcTL", struct.pack(">IIIIIHHBB", 0, 4, 6, 0, 0, 1, 10, 0, 0))
LENIENT = {
    "an unknown critical chunk": [HEADER, (b"ABCD", b"x"), (b"IDAT", COMPRESSED), END],
    "a second header": [HEADER, HEADER, (b"IDAT", COMPRESSED), END],
    "pixels in a chunk of a different name": [HEADER, (b"IDAT", COMPRESSED[:9]), (b"DDAT", COMPRESSED[9:]), END],
    "pixels in two places": [HEADER, (b"IDAT", COMPRESSED[:9]), (b"tEXt", b"a\0b"), (b"IDAT", COMPRESSED[9:]), END],
    "no checksum of the pixels": [HEADER, (b"IDAT", COMPRESSED[:-4]), END],
    "an animation of other frames": [HEADER, (b"acTL", struct.pack(">II", 1, 0)), (b"IDAT", COMPRESSED), FRAME, END],
}


@pytest.mark.parametrize("kind", LENIENT)
def test_a_file_that_libpng_refuses_or_a_browser_shows_otherwise_is_refused(tmp_path: Path, kind: str) -> None:
    assert read(tmp_path / "right", assemble([HEADER, (b"IDAT", COMPRESSED), END])) == PIXELS.tobytes()
    assert refusal(tmp_path / "x", assemble(LENIENT[kind]))[0] == "unreadable"


def of_orientation(value: int) -> bytes:
    return b"MM\0*" + struct.pack(">IHHHIHHI", 8, 1, 0x0112, 3, 1, value, 0, 0)


@pytest.mark.parametrize(
    ("exif", "turned"),
    [
        *((of_orientation(value), 2 <= value <= 8) for value in range(10)),
        (b"junk", False),
        (b"MM\0*\0\0\0\x08\0", False),
    ],
)
@pytest.mark.filterwarnings("error")
def test_an_image_that_its_exif_data_turns_is_refused(tmp_path: Path, exif: bytes, turned: bool) -> None:
    data = assemble([HEADER, (b"eXIf", exif), (b"IDAT", COMPRESSED), END])
    if turned:
        assert refusal(tmp_path / "x", data)[0] == "altered"
    else:
        assert read(tmp_path / "x", data) == PIXELS.tobytes()


def of_header(*fields: int, after: bytes = b"") -> list[tuple[bytes, bytes]]:
    return [(b"IHDR", struct.pack(">2I5B", *fields) + after), (b"IDAT", COMPRESSED), END]


NOT_PLAIN = {
    "filtered rows": [HEADER, (b"IDAT", zlib.compress(b"\1" + PIXELS[0].tobytes() + bytes(5 * 5))), END],
    "a row too few": [HEADER, (b"IDAT", zlib.compress(bytes(5 * 5))), END],
    "a row too many": [HEADER, (b"IDAT", zlib.compress(bytes(5 * 7))), END],
    "no checksum of the pixels": LENIENT["no checksum of the pixels"],
    "damaged pixels": [HEADER, (b"IDAT", COMPRESSED[:8]), END],
    "no pixels": [HEADER, END],
    "a different chunk": [HEADER, (b"tEXt", b"a\0b"), (b"IDAT", COMPRESSED), END],
    "interlaced": of_header(4, 6, 8, 0, 0, 0, 1),
    "16-bit": of_header(4, 6, 16, 0, 0, 0, 0),
    "in color": of_header(4, 6, 8, 2, 0, 0, 0),
    "no columns": of_header(0, 6, 8, 0, 0, 0, 0),
    "more than its pixels": of_header(2**31 - 1, 2**31 - 1, 8, 0, 0, 0, 0),
    "a header too long": of_header(4, 6, 8, 0, 0, 0, 0, after=b"x"),
}


@pytest.mark.parametrize("kind", NOT_PLAIN)
def test_only_the_plainest_image_is_read_without_pillow(kind: str) -> None:
    plain = assemble([HEADER, (b"IDAT", COMPRESSED), END])
    assert plain_image(plain, check_chunks(plain)) == (4, 6, PIXELS.tobytes())
    file = assemble(NOT_PLAIN[kind])
    assert plain_image(file, check_chunks(file)) is None


@pytest.mark.parametrize(("rows", "columns"), [(1, 1), (28, 28), (1, 300), (300, 1), (1023, 1024)])
def test_an_exported_image_is_read_as_pillow_reads_it_without_pillow(rows: int, columns: int) -> None:
    pixels = numpy.random.default_rng(4).integers(0, 256, (rows, columns), numpy.uint8).tobytes()
    file = PngEncoder(rows, columns).encode(pixels)
    with Image.open(io.BytesIO(file)) as image:
        assert image.tobytes() == pixels
    expected = (columns, rows, pixels) if rows * columns < 2**18 else None  # its pixels are in several chunks
    assert plain_image(file, check_chunks(file)) == expected


@pytest.mark.parametrize(
    ("file", "kind", "found"),
    [
        (png(numpy.zeros((4, 6), numpy.uint8)), "altered", "4 rows × 6 columns, 8-bit grayscale"),
        (png(numpy.zeros((4, 6, 3), numpy.uint8)), "altered", "4 rows × 6 columns, 8-bit RGB"),
        (png(numpy.zeros((6, 4, 3), numpy.uint8)), "wrong format", "6 rows × 4 columns, 8-bit RGB"),
        (png(numpy.zeros((6, 4), numpy.uint16)), "wrong format", "6 rows × 4 columns, 16-bit grayscale"),
        (png(numpy.zeros((6, 4), bool)), "wrong format", "6 rows × 4 columns, 1-bit grayscale"),
    ],
)
def test_an_image_of_the_wrong_size_or_mode_is_reported_as_such(
    tmp_path: Path, file: bytes, kind: str, found: str
) -> None:
    assert refusal(tmp_path / "x", file) == (kind, f"{found}; expected 6 rows × 4 columns, 8-bit grayscale")


@pytest.mark.slow
def test_a_damaged_file_is_always_refused(tmp_path: Path) -> None:
    files = originals(PIXELS)
    for original, data in damaged(files, seed=2, count=MUTANTS):
        if data != original:
            kind, _ = refusal(tmp_path / "x", data)
            assert kind in ("altered", "wrong format", "unreadable")


@pytest.mark.slow
def test_a_file_with_changed_chunks_gives_an_image_of_the_right_size_or_is_refused(tmp_path: Path) -> None:
    refused = 0
    for data in reassembled(originals(PIXELS), seed=3, count=MUTANTS):
        try:
            assert len(read(tmp_path / "x", data)) == PIXELS.size
        except PngError as error:
            assert error.kind in ("altered", "wrong format", "unreadable")
            refused += 1
    assert 0.3 * MUTANTS < refused < MUTANTS


@pytest.mark.memory
@pytest.mark.parametrize(("second", "expected"), [(False, "altered"), (True, "unreadable")])
def test_a_small_file_with_a_huge_size_in_its_header_takes_little_memory(
    tmp_path: Path, second: bool, expected: str
) -> None:
    stream = zlib.compressobj()
    zeros = b"".join([*(stream.compress(bytes(2**20)) for _ in range(12)), stream.flush()])
    assert len(zeros) < 13_000
    header = b"IHDR", struct.pack(">2I5B", 65_500, 65_500, 8, 0, 0, 0, 0)
    before = [chunks(png(PIXELS))[0]] if second else []
    kind, _ = refusal(tmp_path / "x", assemble([*before, header, (b"IDAT", zeros), (b"IEND", b"")]))
    assert kind == expected
    before_reading = "from contextlib import suppress; from idxpng.formats.png_reader import PngError, PngReader"
    code = "with suppress(PngError): PngReader(6, 4).read(sys.argv[1])"
    assert growth(code, str(tmp_path / "x"), before=before_reading) < 50


def test_a_file_too_large_for_its_image_is_refused_unread(tmp_path: Path) -> None:
    path = tmp_path / "x"
    path.write_bytes(png(PIXELS))
    os.truncate(path, 2**40)
    with pytest.raises(PngError, match="1,099,511,627,776 bytes"):
        PngReader(6, 4).read(str(path))


def test_an_image_above_the_pixel_limit_of_pillow_is_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 5)
    assert read(tmp_path / "x", png(PIXELS)) == PIXELS.tobytes()


def test_pipes_links_and_folders_are_refused_unopened(tmp_path: Path) -> None:
    (tmp_path / "image").write_bytes(png(PIXELS))
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "link").symlink_to("image")
    (tmp_path / "folder").mkdir()
    reader = PngReader(6, 4)
    found = {}
    for name in ("pipe", "link", "folder", "nothing"):
        with pytest.raises(PngError) as refused:
            reader.read(str(tmp_path / name))
        found[name] = refused.value.kind, str(refused.value)
    assert found == {
        "pipe": ("unreadable", "not a file"),
        "link": ("unreadable", "a symbolic link"),
        "folder": ("unreadable", "not a file"),
        "nothing": ("missing", ""),
    }

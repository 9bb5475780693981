import io
import struct
import zlib

import numpy
import pytest
from hypothesis import given, settings
from hypothesis.extra.numpy import array_shapes, arrays
from PIL import Image

from idxpng.formats.png import PIECE, PngEncoder
from memory import growth
from mutated_png import chunks

any_images = arrays("uint8", array_shapes(min_dims=2, max_dims=2, min_side=1, max_side=50))


def encode(image: numpy.ndarray) -> bytes:
    return PngEncoder(*image.shape).encode(image.tobytes())


def check_that_pillow_reads(png: bytes, image: numpy.ndarray) -> None:
    Image.open(io.BytesIO(png)).verify()
    with Image.open(io.BytesIO(png)) as read:
        assert (read.format, read.mode, read.size) == ("PNG", "L", image.shape[::-1])
        numpy.testing.assert_array_equal(numpy.asarray(read), image)


@pytest.mark.slow
@settings(deadline=None, max_examples=200)
@given(any_images)
def test_pillow_reads_back_the_same_pixels(image: numpy.ndarray) -> None:
    check_that_pillow_reads(encode(image), image)


@pytest.mark.parametrize("shape", [(1, 1), (1, 300), (300, 1), (28, 28), (300, 200), (200, 300)])
def test_pillow_reads_images_of_any_shape(shape: tuple[int, int]) -> None:
    image = numpy.random.default_rng(0).integers(0, 256, shape, dtype="uint8")
    check_that_pillow_reads(encode(image), image)


@pytest.mark.slow
@settings(deadline=None, max_examples=100)
@given(any_images)
def test_a_small_png_has_one_ihdr_one_idat_and_one_iend_chunk(image: numpy.ndarray) -> None:
    (ihdr, header), (idat, data), (iend, rest) = chunks(encode(image))
    rows, columns = image.shape
    assert (ihdr, idat, iend, rest) == (b"IHDR", b"IDAT", b"IEND", b"")
    assert header == struct.pack(">IIBBBBB", columns, rows, 8, 0, 0, 0, 0)
    assert zlib.decompress(data) == b"".join(b"\0" + row.tobytes() for row in image)


@pytest.mark.parametrize(
    "shape",
    [(1, PIECE - 1), (1, PIECE), (2, PIECE - 1), (3, 2 * PIECE + 5), (PIECE // 2, 1), (PIECE // 2 + 1, 1), (1000, 700)],
)
def test_a_large_image_is_compressed_in_pieces(shape: tuple[int, int]) -> None:
    image = numpy.random.default_rng(0).integers(0, 256, shape, dtype="uint8")
    png = encode(image)
    check_that_pillow_reads(png, image)
    names = [name for name, _ in chunks(png)]
    pieces = names.count(b"IDAT")
    assert names == [b"IHDR", *[b"IDAT"] * pieces, b"IEND"]
    assert (pieces > 1) == (shape[0] * (shape[1] + 1) > PIECE)
    assert png == encode(image)


@pytest.mark.memory
@pytest.mark.parametrize(("rows", "columns"), [(1, 1 << 26), (1 << 22, 16), (1 << 13, 1 << 13)])
def test_memory_is_at_most_three_times_a_large_image(rows: int, columns: int) -> None:
    code = f"pixels = os.urandom({rows * columns}); encoder.encode(pixels)"  # random, so that compression gains nothing
    before = f"import os; from idxpng.formats.png import PngEncoder; encoder = PngEncoder({rows}, {columns})"
    assert growth(code, before=before) <= 3 * rows * (columns + 1) / 2**20 + 16  # PNG adds a byte to each row


@pytest.mark.slow
@settings(deadline=None, max_examples=50)
@given(any_images, any_images)
def test_the_same_pixels_give_the_same_bytes_after_any_earlier_image(
    image: numpy.ndarray, other: numpy.ndarray
) -> None:
    encoder = PngEncoder(*image.shape)
    first = encoder.encode(image.tobytes())
    encoder.encode(numpy.resize(other, image.shape).tobytes())
    assert first == encoder.encode(image.tobytes()) == encode(image)


@pytest.mark.parametrize("length", [0, 1, 5, 7, 12])
def test_pixels_of_the_wrong_size_are_refused(length: int) -> None:
    with pytest.raises(struct.error):
        PngEncoder(2, 3).encode(bytes(length))
    with pytest.raises(struct.error):
        PngEncoder(1000, 1000).encode(bytes(1_000_000 + length + 1))

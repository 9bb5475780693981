"""Each mistake in an IDX file is reported with its field and a remedy."""

import io

import numpy
import pytest

from builders import idx_bytes
from idxpng.dataset.mismatch import mismatch
from idxpng.formats.idx import IdxHeader, read_header

IMAGES, LABELS = numpy.zeros((30, 5, 7), "uint8"), numpy.zeros(30, "uint8")
IMAGES_AXES = "3 (images, rows, columns)"
INTEGERS = "uint8 or int8 or int16 or int32"
IMAGES_HEADER, LABELS_HEADER = IdxHeader.of("uint8", (30, 5, 7)), IdxHeader.of("uint8", (30,))
ROWS_HEADER = IdxHeader.of("int32", (30, 8))


def header(array: numpy.ndarray) -> IdxHeader:
    return read_header(io.BytesIO(idx_bytes(array)), "the file")


@pytest.mark.parametrize(
    ("array", "expected"),
    [(IMAGES, IMAGES_HEADER), (LABELS, LABELS_HEADER), (numpy.zeros((30, 8), "int32"), ROWS_HEADER)],
    ids=["images", "labels", "labels with columns"],
)
def test_the_right_file_has_no_mismatch(array: numpy.ndarray, expected: IdxHeader) -> None:
    assert mismatch(header(array), expected) == {}
    assert expected.wrong_size(len(idx_bytes(array))) == {}


@pytest.mark.parametrize(
    ("array", "expected", "at", "wanted", "found", "todo"),
    [
        (IMAGES.astype("float32"), IMAGES_HEADER, "byte 2", "uint8", "float32", "write the images as uint8"),
        (IMAGES.astype("int16"), IMAGES_HEADER, "byte 2", "uint8", "int16", "write the images as uint8"),
        (numpy.zeros((30, 5, 7, 3), "uint8"), IMAGES_HEADER, "byte 3", IMAGES_AXES, "4 (30, 5, 7, 3)", "one gray"),
        (numpy.zeros((30, 35), "uint8"), IMAGES_HEADER, "byte 3", IMAGES_AXES, "2 (30, 35)", "rows and columns"),
        (LABELS, IMAGES_HEADER, "byte 3", IMAGES_AXES, "1 (30,)", "swap the two names"),
        (IMAGES, LABELS_HEADER, "byte 3", "1 (labels)", "3 (30, 5, 7)", "swap the two names"),
        (LABELS.astype("int32"), IMAGES_HEADER, "byte 3", IMAGES_AXES, "1 (30,)", "swap the two names"),
        (IMAGES[:29], IMAGES_HEADER, "byte 4", "30", "29", "`count: 29`"),
        (IMAGES.transpose(0, 2, 1), IMAGES_HEADER, "byte 8", "5", "7", "`shape: [7, 5]`"),
        (numpy.zeros((30, 5, 8), "uint8"), IMAGES_HEADER, "byte 12", "7", "8", "`shape: [5, 8]`"),
        (LABELS.astype("int32"), LABELS_HEADER, "byte 2", "uint8", "int32", "`label_type: int32`"),
        (LABELS.astype("float64"), LABELS_HEADER, "byte 2", INTEGERS, "float64", "whole numbers"),
        (numpy.zeros((30, 10), "uint8"), LABELS_HEADER, "byte 3", "1 (labels)", "2 (30, 10)", "one-hot"),
        (LABELS[:4], LABELS_HEADER, "byte 4", "30", "4", "`count: 4`"),
        (LABELS.astype("int32"), ROWS_HEADER, "byte 3", "2 (labels, columns)", "1 (30,)", "`label_columns`"),
        (numpy.zeros((30, 7), "int32"), ROWS_HEADER, "byte 8", "8", "7", "`label_columns, with 7 names`"),
    ],
)  # fmt: skip
def test_a_mistake_is_reported_with_its_byte_and_the_change_to_make(
    array: numpy.ndarray, expected: IdxHeader, at: str, wanted: str, found: str, todo: str
) -> None:
    difference = mismatch(header(array), expected)
    assert (difference["at"], difference["expected"], difference["found"]) == (at, wanted, found)
    assert todo in difference["todo"]


def test_sizes_in_little_endian_order_are_recognized_and_not_advised_as_the_count() -> None:
    swapped = IdxHeader(IMAGES_HEADER.magic, tuple(size << 24 for size in IMAGES_HEADER.dims))
    advised = mismatch(swapped, IMAGES_HEADER)["todo"], swapped.wrong_size(IMAGES_HEADER.file_size)["found"]
    assert all("big-endian" in advice for advice in advised)
    assert "endian" not in IMAGES_HEADER.wrong_size(1065)["found"]
    assert "endian" not in mismatch(IMAGES_HEADER._replace(dims=(31, 5, 7)), IMAGES_HEADER)["todo"]


@pytest.mark.parametrize(("size", "problem", "at"), [(1065, "shorter", "byte 1065"), (1067, "longer", "byte 1066")])
def test_a_file_longer_or_shorter_than_its_header_says_is_reported_with_both_sizes(
    size: int, problem: str, at: str
) -> None:
    difference = IMAGES_HEADER.wrong_size(size)
    assert difference["problem"] == f"{problem} than its header says"
    assert (difference["at"], difference["found"]) == (at, f"{size} bytes")
    assert difference["expected"] == "1066 bytes: 16 of header and 30 × 5 × 7 of uint8"

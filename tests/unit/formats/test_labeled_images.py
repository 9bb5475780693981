"""Images are upright however they are stored, and labels are split into the class and extra columns."""

from pathlib import Path

import numpy
import pytest

from builders import put_pair
from idxpng.formats.labeled_images import LabeledImages

IMAGES = numpy.random.default_rng(0).integers(0, 256, (12, 5, 7), numpy.uint8)
COLUMNS = ("series", "class", "writer")
LABELS = numpy.arange(36, dtype=numpy.int32).reshape(12, 3) * 70_001


@pytest.mark.parametrize("orientation", ["upright", "transposed"])
def test_pixels_are_upright_in_either_orientation(tmp_path: Path, orientation: str) -> None:
    stored = IMAGES.transpose(0, 2, 1) if orientation == "transposed" else IMAGES
    paths = put_pair(tmp_path, numpy.ascontiguousarray(stored), numpy.zeros(12, numpy.uint8))
    with LabeledImages(*paths, orientation) as split:
        assert split.size == (5, 7)
        assert [split.pixels(index) for index in range(12)] == [image.tobytes() for image in IMAGES]


def test_one_label_column_is_the_class_and_the_others_keep_their_names(tmp_path: Path) -> None:
    with LabeledImages(*put_pair(tmp_path, IMAGES, LABELS), label_columns=COLUMNS) as split:
        assert split.extra_columns == ("series", "writer")
        assert list(split.classes()) == LABELS[:, 1].tolist()
        assert [split.extra_values(index) for index in range(12)] == [(row[0], row[2]) for row in LABELS.tolist()]
    with LabeledImages(*put_pair(tmp_path, IMAGES, LABELS), label_columns=COLUMNS, limit=5) as split:
        assert list(split.classes()) == LABELS[:5, 1].tolist()


def test_labels_of_one_column_have_a_class_and_no_extra_values(tmp_path: Path) -> None:
    labels = numpy.arange(12, dtype=numpy.int16) - 3
    with LabeledImages(*put_pair(tmp_path, IMAGES, labels)) as split:
        assert list(split.classes()) == labels.tolist()
        assert split.extra_columns == split.extra_values(3) == ()
        assert [split.name(index) for index in (3, 11)] == ["03", "11"]


def test_images_of_a_row_range_keep_their_indices_in_the_file(tmp_path: Path) -> None:
    with LabeledImages(*put_pair(tmp_path, IMAGES, LABELS), label_columns=COLUMNS, rows=(4, 9)) as part:
        assert part.name(4) == "04"
        assert list(part.classes()) == LABELS[4:9, 1].tolist()
        assert list(part.labeled()) == [(index, LABELS[index, 1]) for index in range(4, 9)]
        assert part.pixels(4) == IMAGES[4].tobytes()
    with LabeledImages(*put_pair(tmp_path, IMAGES, LABELS), label_columns=COLUMNS, rows=(4, 9), limit=3) as part:
        assert list(part.classes()) == LABELS[4:7, 1].tolist()


def test_a_limit_applies_before_the_selection_of_classes(tmp_path: Path) -> None:
    labels = numpy.array([3, 5, 3, 1, 5, 5, 3, 1, 2, 3, 5, 1], numpy.uint8)
    with LabeledImages(*put_pair(tmp_path, IMAGES, labels), rows=(1, 11), limit=6) as part:
        assert list(part.labeled([3, 2])) == [(2, 3), (6, 3)]


@pytest.mark.parametrize("type_name", ["uint8", "int16", "int32"])
def test_the_indices_of_a_class_are_those_of_its_images(tmp_path: Path, type_name: str) -> None:
    labels = numpy.array([3, 5, 3, 1, 5, 5, 3, 1, 2, 3, 5, 1], type_name)
    for limit in (None, 6, 1):
        with LabeledImages(*put_pair(tmp_path, IMAGES, labels), rows=(1, 11), limit=limit) as part:
            for label in (1, 2, 3, 5, 9, 300):
                expected = [index for index, found in part.labeled() if found == label]
                assert list(part.indices(label)) == expected

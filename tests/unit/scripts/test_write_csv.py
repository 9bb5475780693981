"""Images are written as text: numpy reads back the values of the IDX files."""

from pathlib import Path

import numpy
import pytest

import write_csv
from dataset_files import write_split
from idxpng.formats.split_header import Selection

IMAGES = numpy.random.default_rng(0).integers(0, 256, (12, 2, 3), numpy.uint8)
LABELS = numpy.arange(12, dtype=numpy.int16) * 100


@pytest.fixture
def split(tmp_path: Path) -> tuple[str, str, str]:
    return write_split(tmp_path, IMAGES, LABELS, classes={f"{label:04}": str(label) for label in LABELS})


def test_a_line_has_the_label_and_then_the_pixels_row_by_row(tmp_path: Path, split: tuple[str, str, str]) -> None:
    write_csv.main(Selection(*split), str(tmp_path / "train.csv"))
    table = numpy.loadtxt(tmp_path / "train.csv", numpy.int64, delimiter=",")
    assert (table[:, 0] == LABELS).all()
    assert (table[:, 1:] == IMAGES.reshape(12, 6)).all()


def test_column_names_come_first_on_request(tmp_path: Path, split: tuple[str, str, str]) -> None:
    write_csv.main(Selection(*split, 8, [300, 1100]), str(tmp_path / "train.csv"), column_names=True)
    lines = (tmp_path / "train.csv").read_text().splitlines()
    assert lines[0] == "label,1x1,1x2,1x3,2x1,2x2,2x3"
    assert lines[1:] == [",".join(map(str, [300, *IMAGES[3].ravel()]))]

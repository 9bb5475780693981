"""Exact duplicates are found within and across splits."""

import json
from pathlib import Path

import numpy
import pytest

import find_duplicates
from dataset_files import write_split
from idxpng.formats.split_header import Selections

A, B, LIKE_A, D = b"a" * 64, b"b" * 64, b"a" * 16 + b"c" * 48, b"d" * 64  # pixels; the third begins like the first
SPLITS = {"train": [A, B, LIKE_A, A], "train-more": [B, D, D, D], "test": [B]}


@pytest.fixture
def described(tmp_path: Path) -> Path:
    files = []
    for split, pixels in SPLITS.items():
        images = numpy.frombuffer(b"".join(pixels), numpy.uint8).reshape(-1, 8, 8)
        files.append(write_split(tmp_path, images, numpy.arange(len(pixels), dtype=numpy.uint8), split))
    images_files, labels_files, headers = map(list, zip(*files, strict=True))
    find_duplicates.main(Selections(images_files, labels_files, headers), str(tmp_path / "duplicates.json"))
    some = Selections(images_files, labels_files, headers, limit=3, classes=[0, 2])
    find_duplicates.main(some, str(tmp_path / "some.json"))
    return tmp_path


def test_duplicates_are_found_by_the_whole_digest(described: Path) -> None:
    assert json.loads((described / "duplicates.json").read_text()) == {
        "within": {
            "train": [["train/0/0.png", "train/3/3.png"]],
            "train-more": [["train-more/1/1.png", "train-more/2/2.png", "train-more/3/3.png"]],
            "test": [],
        },
        "across": [["train/1/1.png", "train-more/0/0.png", "test/0/0.png"]],
    }


def test_duplicates_are_found_among_the_images_of_the_run(described: Path) -> None:
    assert json.loads((described / "some.json").read_text()) == {
        "within": {"train": [], "train-more": [], "test": []},
        "across": [["train-more/0/0.png", "test/0/0.png"]],
    }

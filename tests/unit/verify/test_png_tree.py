"""The tree of a split is examined without a list of all its paths."""

import os
import time
import tracemalloc
from pathlib import Path

import pytest

from builders import put
from idxpng.formats.idx import IdxHeader
from idxpng.verify.png_tree import PngTree
from idxpng.verify.rebuilt_idx import StoredImages, labels_digest
from idxpng.verify.repair import moving
from memory import allocating_less_than

LABELS = {"00": 0, "07": 7, "12": 12}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A tree of six images; the files are empty, because the tests never open them."""
    for index, label in enumerate(["12", "00", "07", "00", "12", "12"]):
        put(tmp_path / label / f"{index:02}.png")
    return tmp_path


def test_images_are_found_in_the_order_of_the_idx_file(folder: Path) -> None:
    tree = PngTree(str(folder), LABELS, count=11, limit=6)
    assert not tree.find_images()
    assert list(tree.chunks(4)) == [
        [(0, "12/00.png"), (1, "00/01.png"), (2, "07/02.png"), (3, "00/03.png")],
        [(4, "12/04.png"), (5, "12/05.png")],
    ]
    assert tree.image_counts() == {"00": 2, "07": 1, "12": 3}


def test_each_problem_is_reported_with_its_path_and_the_labels_to_repeat(folder: Path) -> None:
    (folder / "12/00.png").unlink()
    (folder / "07/02.png").rename(folder / "00/02.png")
    (folder / "00/06.png").touch()
    problems = PngTree(str(folder), LABELS, 11, 6).find_images(labels=[12, 0, 7, 0, 12, 12])
    assert problems.lines() == [
        "missing: 2",
        "  07/02.png",
        "  12/00.png",
        "misplaced: 1",
        "  00/02.png (its label is 07)",
        "extra: 1",
        "  00/06.png",
    ]
    assert problems.labels == {"00", "07", "12"}
    assert moving(problems, "tree", "tree") == [
        "mkdir -- extra-tree/ extra-tree/00 && mv -- tree/00/06.png extra-tree/00"
    ]


def test_a_missing_image_without_labels_is_reported_without_a_directory(folder: Path) -> None:
    (folder / "12/00.png").unlink()
    (folder / "07/02.png").rename(folder / "00/02.png")
    problems = PngTree(str(folder), LABELS, 11, 6).find_images()
    assert problems.lines() == ["missing: 1", "  ?/00.png"]
    assert problems.labels == set()


def test_an_original_label_without_a_class_is_reported(folder: Path) -> None:
    problems = PngTree(str(folder), LABELS, 11, 6).find_images(labels=[12, 0, 99, 0, 12, 12])
    assert problems.lines() == ["missing: 1", "  99/02.png", "misplaced: 1", "  07/02.png (its label is 99)"]


@pytest.mark.memory
@pytest.mark.parametrize("harm", ["none", "all missing", "all misplaced", "all extra"])
def test_memory_grows_by_a_few_bytes_per_image(tmp_path: Path, harm: str) -> None:
    (tmp_path / "image").touch()
    label = {"all misplaced": "07", "all extra": "x"}.get(harm, "00")
    directory = tmp_path / "tree" / label
    directory.mkdir(parents=True)
    peaks = []
    for first, count in ((0, 5000), (5000, 15000)):
        for index in range(first, 0 if harm == "all missing" else count):
            os.link(tmp_path / "image", directory / f"{index:05}.png")
        peaks.append(peak_of_survey(tmp_path / "tree", count))
    assert peaks[1] - peaks[0] < 6 * 10_000


def peak_of_survey(folder: Path, count: int) -> int:
    tracemalloc.start()
    try:
        tree = PngTree(str(folder), LABELS, 99999, count)
        tree.find_images(labels=bytes(count))
        for _ in tree.chunks(100):
            pass
        labels_digest(IdxHeader.of("uint8", (count,)), tree, ("class",), None)
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


def test_images_are_read_a_few_at_a_time(tmp_path: Path) -> None:
    rows = columns = 1000
    tree = PngTree(str(tmp_path), LABELS, 100, 100)
    for index in range(100):
        tree.places[index] = 1
    with allocating_less_than(5 * rows * columns):
        read = StoredImages(str(tmp_path), rows, columns, False).read_all(tree, 1)
        wrong = [path for _, _, paths in read for path in paths]
    assert wrong[:1] == [("missing", "00/00.png", "")]
    assert len(wrong) == 100


def test_many_labels_whose_images_are_missing_are_named_in_time_in_proportion_to_them(tmp_path: Path) -> None:
    labels = {f"{label:05}": label for label in range(20_000)}
    start = time.process_time()
    problems = PngTree(str(tmp_path), labels, count=len(labels), limit=len(labels)).find_images([*labels.values()])
    assert time.process_time() - start < 1  # second; a search among all labels for each takes five
    assert problems.counts["missing"] == len(labels) and problems.shown["missing"][7][0] == "00007/00007.png"

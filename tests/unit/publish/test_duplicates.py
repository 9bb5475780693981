"""Duplicates in any number and order are found with the result of a simple program."""

import hashlib
import json
import logging
import random
import resource
import zlib
from collections import defaultdict
from collections.abc import Mapping
from pathlib import Path

import numpy
import pytest

import find_duplicates
from dataset_files import write_split
from idxpng.formats.split_header import Selections
from idxpng.publish import duplicates
from idxpng.publish.duplicates import MOST_MEMBERS, read_duplicates
from idxpng.text import counted
from memory import growth, limited

COUNT = 200_000
FIND = "find_duplicates.main(Selections(*([path] for path in sys.argv[1:4])), sys.argv[4])"
IMPORTS = "import find_duplicates; from idxpng.formats.split_header import Selections"
POLYNOMIAL = 0x1DB710641  # of CRC-32: adding it to bytes anywhere leaves their checksum as it is


def write_pixels(folder: Path, split: str, pixels: list[bytes]) -> tuple[str, str, str]:
    """Write the files of a split of images of 4 × 8 pixels, all of label 0: images, labels, header."""
    images = numpy.frombuffer(b"".join(pixels), numpy.uint8).reshape(-1, 4, 8)
    return write_split(folder, images, numpy.zeros(len(pixels), numpy.uint8), split, classes={"0": "a, b"})


def found(folder: Path, splits: Mapping[str, list[str]]) -> tuple[dict, dict[str, tuple[int, int]]]:
    """The document written, and for each split the images repeated within it and shared across splits.

    The pixels of an image are what its digest here says.
    """
    files = [write_pixels(folder, split, list(map(bytes.fromhex, digests))) for split, digests in splits.items()]
    images, labels, headers = map(list, zip(*files, strict=True))
    find_duplicates.main(Selections(images, labels, headers), str(folder / "duplicates.json"))
    text = (folder / "duplicates.json").read_text()
    assert text == json.dumps(json.loads(text), indent=2) + "\n"
    within, across = read_duplicates(folder / "duplicates.json")
    return json.loads(text), {split: (within[split].repeated, across.images[split]) for split in splits}


def simply_found(splits: Mapping[str, list[str]]) -> tuple[dict, dict[str, tuple[int, int]]]:
    """The result of `found`, computed with everything in memory."""
    within: dict[str, list[list[str]]] = {}
    everywhere: dict[str, list[tuple[str, str]]] = defaultdict(list)
    for split, digests in splits.items():
        groups: dict[str, list[str]] = defaultdict(list)
        for index, digest in enumerate(digests):
            groups[digest].append(f"{split}/0/{index:0{len(str(len(digests) - 1))}}.png")
            everywhere[digest].append((split, f"{split}/0/{index:0{len(str(len(digests) - 1))}}.png"))
        within[split] = [paths for paths in groups.values() if len(paths) > 1]
    shared = [group for group in everywhere.values() if len({split for split, _ in group}) > 1]
    counts = {
        split: (
            sum(len(group) - 1 for group in within[split]),
            sum(own == split for group in shared for own, _ in group),
        )
        for split in splits
    }
    return {"within": within, "across": [[path for _, path in group] for group in shared]}, counts


@pytest.mark.parametrize("different", [1, 2, 30, 5_000, 10**9])
def test_images_are_grouped_by_the_whole_digest(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, different: int
) -> None:
    caplog.set_level(logging.INFO)
    source = random.Random(different)
    splits = {
        split: [f"{source.randrange(different):064x}"[:: source.choice((1, -1))] for _ in range(count)]
        for split, count in {"train": 1000, "train-more": 300, "test": 200, "one": 1}.items()
    }
    written, counts = found(tmp_path, splits)
    assert (written, counts) == simply_found(splits)
    repeated = sum(within for within, _ in counts.values())
    assert f"4 splits, {counted(repeated, 'duplicate')}" in caplog.text


def test_more_splits_are_read_than_files_may_be_open(tmp_path: Path) -> None:
    splits = {f"split-{number}": ["a" * 64, f"{number // 2:064x}"] for number in range(150)}
    with limited(resource.RLIMIT_NOFILE, 256):  # that of macOS
        assert found(tmp_path, splits) == simply_found(splits)


def test_digests_that_only_begin_alike_form_no_group(tmp_path: Path) -> None:
    splits = {"train": ["a" * 64, "b" * 64], "test": ["a" * 16 + "b" * 48]}  # begins like the first digest
    written, counts = found(tmp_path, splits)
    assert written == {"within": {"train": [], "test": []}, "across": []}
    assert counts == {"train": (0, 0), "test": (0, 0)}


def test_images_with_the_same_checksum_form_no_group(tmp_path: Path) -> None:
    image = bytes(range(32))
    other = (int.from_bytes(image, "little") ^ POLYNOMIAL << 100).to_bytes(32, "little")
    assert zlib.crc32(image) == zlib.crc32(other)
    written, _ = found(tmp_path, {"train": [image.hex(), other.hex()], "test": [other.hex()]})
    assert written == {"within": {"train": [], "test": []}, "across": [["train/0/1.png", "test/0/0.png"]]}


@pytest.mark.slow
@pytest.mark.memory
def test_memory_is_little_where_few_images_are_the_same(tmp_path: Path) -> None:
    pixels = [bytes.fromhex(f"{number:016x}{0:048x}") for number in range(COUNT)]
    assert growth(FIND, *write_pixels(tmp_path, "train", pixels), str(tmp_path / "found.json"), before=IMPORTS) < 40


def letters(folder: Path, splits: dict[str, str]) -> Path:
    """Write the duplicates of images that are one letter each, and return the path."""
    found(folder, {split: [hashlib.sha256(each.encode()).hexdigest() for each in of] for split, of in splits.items()})
    return folder / "duplicates.json"


def test_all_groups_are_counted(tmp_path: Path) -> None:
    within, across = read_duplicates(letters(tmp_path, {"across": "abcab", "within": "xyx", "test": "qb"}))
    assert within["across"].first == [["across/0/0.png", "across/0/3.png"], ["across/0/1.png", "across/0/4.png"]]
    assert {split: (groups.count, groups.repeated) for split, groups in within.items()} == {
        "across": (2, 2),
        "within": (1, 1),
        "test": (0, 0),
    }
    assert (across.count, across.repeated) == (1, 2)
    assert across.images == {"across": 2, "test": 1}
    assert across.first == [["across/0/1.png", "across/0/4.png", "test/0/1.png"]]


def test_a_file_without_groups_is_read(tmp_path: Path) -> None:
    within, across = read_duplicates(letters(tmp_path, {"train": "abc", "test": "def"}))
    assert (within["train"].count, within["test"].count, across.count) == (0, 0, 0)


def test_only_the_beginning_of_many_or_large_groups_is_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(duplicates, "MOST_GROUPS", 1)
    within, _ = read_duplicates(letters(tmp_path, {"train": "a" * 500 + "bb"}))
    groups = within["train"]
    assert (groups.count, groups.repeated) == (2, 500)
    assert [len(group) for group in groups.first] == [MOST_MEMBERS]

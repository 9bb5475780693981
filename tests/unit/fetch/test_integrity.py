"""Whether an unpinned file can be the one that its dataset file describes."""

import gzip
import hashlib
from pathlib import Path

import numpy
import pytest

from builders import idx_bytes, put
from dataset_files import write_dataset
from idxpng.dataset.file import load
from idxpng.dataset.model import PublishedFile
from idxpng.fetch.integrity import WrongFileError, judge, with_witnesses
from idxpng.formats.idx import IdxHeader
from refusals import refusal

IMAGES = numpy.arange(30 * 5 * 7, dtype="uint8").reshape(30, 5, 7)
HEADER = IdxHeader.of("uint8", IMAGES.shape)
GOOD = idx_bytes(IMAGES)


def check(path: Path) -> None:
    judge(str(path), PublishedFile("images.gz", HEADER), "my/images.gz")


@pytest.mark.parametrize("compressed", [False, True])
def test_a_file_with_the_described_header_is_accepted(tmp_path: Path, compressed: bool) -> None:
    path = tmp_path / "images"
    path.write_bytes(gzip.compress(GOOD) if compressed else GOOD)
    check(path)


@pytest.mark.parametrize("compressed", [False, True])
@pytest.mark.parametrize(
    ("data", "lines"),
    [
        (idx_bytes(IMAGES.astype("float32")), ["at:       byte 2", "expected: uint8", "found:    float32", "as uint8"]),
        (idx_bytes(IMAGES[:, :4]), ["at:       byte 8", "expected: 5", "found:    4", "`shape: [4, 7]`"]),
        (idx_bytes(IMAGES[0, 0]), ["at:       byte 3", "expected: 3", "found:    1 (7,)", "swap"]),
        (GOOD[:-1], ["expected: 1066 bytes", "found:    1065 bytes", "write the file again"]),
        (GOOD + b"xx", ["expected: at most 1066 bytes", "found:    1068 bytes", "write the file again"]),
        (GOOD[:9], ["at:       byte 9", "expected: 16 bytes of header", "found:    9 bytes", "write the file again"]),
        (b"", ["at:       byte 0", "found:    0 bytes", "write the file again"]),
        (b"7,0,0,84,185,159\n" * 99, ["not an IDX file", "found:    37 2c 30 2c (text)", "write the file again"]),
    ],
    ids=["type", "shape", "labels", "truncated", "too long", "truncated header", "empty", "text"],
)  # fmt: skip
def test_a_wrong_file_is_refused_for_what_it_is(
    tmp_path: Path, data: bytes, lines: list[str], compressed: bool
) -> None:
    path = tmp_path / "images"
    path.write_bytes(gzip.compress(data) if compressed else data)
    message = refusal(check, path, error=WrongFileError)
    assert message.startswith("my/images.gz: ")
    for line in lines:
        assert line in message
    assert message.splitlines()[-1].startswith("  to do: ")


@pytest.mark.parametrize("size", [9, 40], ids=["in its header", "truncated"])
def test_a_download_that_was_damaged_later_is_to_be_moved_away(tmp_path: Path, size: int) -> None:
    path = tmp_path / "images.gz"
    path.write_bytes(gzip.compress(GOOD)[:size])
    file = PublishedFile("images.gz", HEADER)
    assert f"; if it is: mv {path} {path}.changed" in refusal(judge, str(path), file, error=WrongFileError)


def test_of_a_pinned_file_that_the_dataset_file_describes_otherwise_the_description_is_to_be_changed(
    tmp_path: Path,
) -> None:
    path = tmp_path / "images"
    path.write_bytes(GOOD)
    fewer = IdxHeader.of("uint8", IMAGES[:20].shape)
    file = PublishedFile("images", fewer, sha256=hashlib.sha256(GOOD).hexdigest())
    message = refusal(judge, str(path), file, error=WrongFileError)
    assert "write `count: 30` into the dataset file" in message and " mv " not in message


@pytest.mark.parametrize(("source", "is_own"), [("https://example.org/a.npy", False), ("/my/a.npy", True)])
def test_of_a_wrong_array_only_the_users_own_is_to_be_written_again(tmp_path: Path, source: str, is_own: bool) -> None:
    numpy.save(path := tmp_path / "a.npy", IMAGES.astype("float32"))
    file = PublishedFile("a.npy", HEADER, content_sha256=hashlib.sha256(GOOD).hexdigest())
    message = refusal(judge, str(path), file, source, error=WrongFileError)
    assert message.startswith(f"{source}: images have the wrong type\n") and ("as uint8" in message) == is_own


def test_a_file_is_accepted_by_the_md5_that_is_pinned_alone_and_no_other(tmp_path: Path) -> None:
    path = tmp_path / "images"
    path.write_bytes(data := gzip.compress(GOOD))
    right, wrong = (hashlib.md5(each, usedforsecurity=False).hexdigest() for each in (data, GOOD))
    judge(str(path), PublishedFile("images.gz", HEADER, md5=right))
    other = PublishedFile("images.gz", HEADER, md5=wrong)
    assert f"MD5 {wrong}" in refusal(judge, str(path), other, error=WrongFileError)


def test_a_download_that_is_not_pinned_is_a_witness_only_on_request(tmp_path: Path) -> None:
    dataset = load(write_dataset(tmp_path / "set.yaml"))
    images = dataset.splits["train"].images
    path = put(tmp_path / images.published, idx_bytes(numpy.zeros((5, 2, 3), "uint8")))
    assert with_witnesses(dataset, [str(path)]) == dataset
    witnessed = with_witnesses(dataset, [str(path)], pinned_only=False)
    assert witnessed.splits["train"].images.content_sha256 == hashlib.sha256(path.read_bytes()).hexdigest()
    assert witnessed.splits["train"].labels == dataset.splits["train"].labels

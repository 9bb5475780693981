import gzip
import hashlib
import json
import os
import time
from pathlib import Path
from typing import Any

import numpy
import pytest

import validate
from builders import described, idx_bytes
from dataset_files import write_dataset
from idxpng.files.json_file import read_json
from refusals import refusal
from systems import needs_names_of_any_bytes

IMAGES = numpy.arange(5 * 2 * 3, dtype="uint8").reshape(5, 2, 3)
LABELS = numpy.array([1, 0, 7, 1, 1], dtype="uint8")
GOOD_IMAGES, GOOD_LABELS = idx_bytes(IMAGES), idx_bytes(LABELS)
FACTS: dict[str, Any] = {
    "count": 5,
    "shape": (2, 3),
    "classes": {"00": "nought", "01": "T-shirt/top", "07": "sept, «été»", "10": "none of these"},
    "class_counts": (1, 3, 1, 0),
    "images_sha256": hashlib.sha256(GOOD_IMAGES).hexdigest(),
    "labels_sha256": hashlib.sha256(GOOD_LABELS).hexdigest(),
}
OF_DATASET = ("label_columns", "label_type", "orientation")
UNPINNED: dict[str, Any] = {"class_counts": None, "images_sha256": None, "labels_sha256": None}


class SplitFiles:
    """The files of one split in a folder."""

    def __init__(self, folder: Path) -> None:
        self.images, self.labels = folder / "train-images-idx3-ubyte", folder / "train-labels-idx1-ubyte"
        self.header = folder / "train.json"
        self.dataset = folder / "set.yaml"
        self.write()

    def write(self, images: bytes = GOOD_IMAGES, labels: bytes = GOOD_LABELS) -> None:
        self.images.write_bytes(images)
        self.labels.write_bytes(labels)

    def validate(self, **changes: Any) -> None:
        """Validate them as those of a dataset file with FACTS, some of them changed."""
        facts = FACTS | changes
        split: dict[str, Any] = {key: facts[key] for key in ("count", "shape", "class_counts")}
        if split["class_counts"] is None:
            del split["class_counts"]
        else:
            split["class_counts"] = list(split["class_counts"])
        for role, path in (("images", self.images), ("labels", self.labels)):
            digest = facts[f"{role}_sha256"]
            split[role] = {"file": path.name} | ({"content_sha256": digest} if digest else {})
        classes = {int(label): name for label, name in facts["classes"].items()}
        own = {"splits": {"train": split | {"shape": list(facts["shape"])}}, "classes": classes}
        dataset = write_dataset(self.dataset, **own, **{key: facts[key] for key in OF_DATASET if key in facts})
        validate.main(dataset, "train", str(self.images), str(self.labels), str(self.header))

    def refusal(self, **facts: Any) -> str:
        """The message that refuses them; checks that no header is left behind."""
        message = refusal(self.validate, **facts)
        assert sorted(self.header.parent.iterdir()) == [self.dataset, self.images, self.labels]
        return message


@pytest.fixture
def split(tmp_path: Path) -> SplitFiles:
    return SplitFiles(tmp_path)


@needs_names_of_any_bytes
def test_a_dataset_file_in_a_folder_whose_name_is_not_utf_8_is_named_in_the_header(tmp_path: Path) -> None:
    folder = tmp_path / os.fsdecode(b"\xe9t\xe9")
    folder.mkdir()
    split = SplitFiles(folder)
    split.validate()
    assert read_json(split.header)["dataset_file"] == str(split.dataset)


def test_the_header_of_good_files_has_all_that_was_found(split: SplitFiles) -> None:
    split.validate()
    assert json.loads(split.header.read_text(encoding="utf-8")) == {
        "dataset": "set",
        "split": "train",
        "dataset_file": str(split.dataset),
        "orientation": "upright",
        "label_columns": ["class"],
        "images": {
            "file": "train-images-idx3-ubyte",
            "magic": 2051,
            "type": "uint8",
            "dims": [5, 2, 3],
            "bytes": 46,
            "content_sha256": FACTS["images_sha256"],
        },
        "labels": {
            "file": "train-labels-idx1-ubyte",
            "magic": 2049,
            "type": "uint8",
            "dims": [5],
            "bytes": 13,
            "content_sha256": FACTS["labels_sha256"],
        },
        "class_names": {"00": "nought", "01": "T-shirt/top", "07": "sept, «été»", "10": "none of these"},
        "class_counts": {"00": 1, "01": 3, "07": 1, "10": 0},
    }


def test_the_header_is_the_same_text_on_every_run_and_keeps_the_order_of_the_classes(split: SplitFiles) -> None:
    split.validate()
    first = split.header.read_bytes()
    split.validate(**UNPINNED)
    assert split.header.read_bytes() == first
    assert list(json.loads(first)["class_counts"]) == list(FACTS["classes"])


def test_the_header_of_a_part_counts_the_images_of_the_part_alone(split: SplitFiles) -> None:
    whole = described(5, (2, 3), split.images.name, split.labels.name)
    dataset = write_dataset(split.dataset, splits={"train": whole, "middle": {"from": "train", "rows": [1, 4]}})
    validate.main(dataset, "middle", str(split.images), str(split.labels), str(split.header))
    document = read_json(split.header)
    assert document["rows"] == [1, 4]
    assert document["class_counts"] == dict.fromkeys(map(str, range(10)), 0) | {"0": 1, "7": 1, "1": 1}


@pytest.mark.parametrize("dtype", ["uint8", "int8", "int16", "int32"])
def test_labels_may_be_of_any_integer_type_that_the_dataset_file_names(split: SplitFiles, dtype: str) -> None:
    split.write(labels=idx_bytes(LABELS.astype(dtype)))
    split.validate(labels_sha256=None, label_type=dtype)
    document = json.loads(split.header.read_text(encoding="utf-8"))
    assert document["labels"]["type"] == dtype
    assert document["class_counts"] == {"00": 1, "01": 3, "07": 1, "10": 0}


def images(changed: numpy.ndarray) -> dict[str, bytes]:
    return {"images": idx_bytes(changed)}


def labels(changed: numpy.ndarray) -> dict[str, bytes]:
    return {"labels": idx_bytes(changed)}


def label_at(index: int, value: int, dtype: str = "uint8") -> dict[str, bytes]:
    changed = LABELS.astype(dtype)
    changed[index] = value
    return labels(changed)


@pytest.mark.parametrize(
    ("files", "at", "expected", "found"),
    [
        ({"images": b"\1" + GOOD_IMAGES[1:]}, "byte 0", "00 00, a type", "01 00 08 03"),
        ({"labels": b"\1" + GOOD_LABELS[1:]}, "byte 0", "00 00, a type", "01 00 08 01"),
        (images(IMAGES.astype("float32")), "byte 2", "uint8", "float32"),
        (labels(LABELS.astype("float64")), "byte 2", "uint8 or int8 or int16 or int32", "float64"),
        (labels(LABELS.reshape(5, 1)), "byte 3", "1", "2 (5, 1)"),
        (images(IMAGES[:0]), "byte 4", "5", "0"),
        (images(IMAGES.reshape(5, 3, 2)), "byte 8", "2", "3"),
        ({"images": GOOD_IMAGES[:-1]}, "byte 45", "46 bytes: 16 of header and 5 × 2 × 3 of uint8", "45 bytes"),
        ({"images": GOOD_IMAGES + b"\0"}, "byte 46", "46 bytes: 16 of header", "47 bytes"),
        ({"labels": GOOD_LABELS[:-1]}, "byte 12", "13 bytes: 8 of header and 5 of uint8", "12 bytes"),
        ({"labels": GOOD_LABELS + b"\0"}, "byte 13", "13 bytes: 8 of header", "14 bytes"),
        (labels(numpy.append(LABELS, LABELS)), "byte 4", "5", "10"),
        (label_at(3, 8), "byte 11", "one of 0, 1, 7, 10", "8"),
        (label_at(0, 255), "byte 8", "one of 0, 1, 7, 10", "255"),
    ],
)
def test_a_wrong_file_is_refused_with_file_byte_expected_and_found(
    split: SplitFiles, files: dict[str, bytes], at: str, expected: str, found: str
) -> None:
    split.write(**files)
    message = split.refusal(**UNPINNED)
    (wrong,) = files
    assert message.startswith(f"{getattr(split, wrong)}: ")
    assert f"\n  at:       {at}\n  expected: {expected}" in message
    assert f"\n  found:    {found}" in message


@pytest.mark.parametrize(
    ("index", "value", "dtype", "at", "todo"),
    [
        (2, -1, "int8", "byte 10", "number the classes from 0"),
        (4, 2**31 - 1, "int32", "byte 24", "use the right file, or name 2147483647 under `classes`"),
    ],
)
def test_a_label_beyond_a_byte_that_is_not_a_class_is_refused_with_advice_that_a_dataset_file_can_follow(
    split: SplitFiles, index: int, value: int, dtype: str, at: str, todo: str
) -> None:
    split.write(**label_at(index, value, dtype))
    message = split.refusal(**UNPINNED, label_type=dtype)
    assert f"at:       {at}\n  expected: one of 0, 1, 7, 10\n  found:    {value}\n  to do:    {todo}" in message


def test_pinned_labels_of_another_type_are_refused_before_they_fail_to_be_verified(split: SplitFiles) -> None:
    content = idx_bytes(LABELS.astype("int8"))
    split.write(labels=content)
    message = split.refusal(labels_sha256=hashlib.sha256(content).hexdigest())
    assert "expected: uint8\n  found:    int8\n  to do:    write `label_type: int8`" in message


def test_the_first_label_that_is_not_a_class_is_named_with_its_image(split: SplitFiles) -> None:
    split.write(labels=idx_bytes(numpy.array([1, 0, 9, 8, 200], "uint8")))
    message = split.refusal(**UNPINNED)
    assert "image 2 has a label that is not a class" in message
    assert "found:    9\n" in message


def test_labels_that_are_all_wrong_are_refused_as_quickly_as_one(split: SplitFiles) -> None:
    count = 20_000
    split.write(idx_bytes(numpy.zeros((count, 1, 1), "uint8")), idx_bytes(numpy.arange(count, dtype="int32") + 100))
    facts = UNPINNED | {"shape": (1, 1), "label_type": "int32"}
    start = time.process_time()
    assert "image 0 has a label that is not a class" in split.refusal(count=count, **facts)
    assert time.process_time() - start < 1  # second; searching the file for each of them takes many


@pytest.mark.parametrize(
    ("class_counts", "label", "expected", "found"),
    [
        ((2, 2, 1, 0), "00 (nought)", 2, 1),
        ((1, 3, 0, 1), "07 (sept, «été»)", 0, 1),
        ((1, 2, 1, 1), "01 (T-shirt/top)", 2, 3),
    ],
)
def test_a_class_with_too_many_or_too_few_images_is_refused(
    split: SplitFiles, class_counts: tuple[int, ...], label: str, expected: int, found: int
) -> None:
    message = split.refusal(class_counts=class_counts)
    assert message.startswith(f"{split.labels}: label {label}")
    assert f"expected: {expected}\n  found:    {found}" in message


def test_a_file_that_is_not_the_pinned_one_is_named_as_such_and_not_by_its_counts(split: SplitFiles) -> None:
    message = split.refusal(class_counts=(2, 2, 1, 0), labels_sha256="0" * 64)
    assert "not the original IDX file" in message


@pytest.mark.parametrize("role", ["images", "labels"])
def test_a_wrong_digest_is_refused(split: SplitFiles, role: str) -> None:
    message = split.refusal(**{f"{role}_sha256": "0" * 64})
    assert message.startswith(f"{getattr(split, role)}: ")
    assert f"expected: SHA-256 {'0' * 64}\n  found:    {FACTS[f'{role}_sha256']}" in message


def test_a_file_that_is_still_compressed_is_named_as_such(split: SplitFiles) -> None:
    split.write(images=b"\x1f\x8b\x08\0" + bytes(100))
    assert "gzip: decompress it first" in split.refusal()


def test_a_swapped_file_is_refused_where_only_the_download_is_pinned(split: SplitFiles, tmp_path: Path) -> None:
    published = tmp_path / f"{split.images.name}.gz"
    published.write_bytes(gzip.compress(GOOD_IMAGES))
    pinned = {"file": published.name, "sha256": hashlib.sha256(published.read_bytes()).hexdigest()}
    files = {"images": pinned, "labels": {"file": split.labels.name}}
    dataset = write_dataset(
        split.dataset, classes={0: "a", 1: "b", 7: "c"}, splits={"train": {"count": 5, "shape": [2, 3], **files}}
    )
    arguments = (dataset, "train", str(split.images), str(split.labels), str(split.header), [str(published)])
    validate.main(*arguments)
    split.header.unlink()
    split.write(images=idx_bytes(255 - IMAGES))
    assert "not the original IDX file" in refusal(validate.main, *arguments)
    published.write_bytes(gzip.compress(idx_bytes(255 - IMAGES)))
    assert "not the right file: its content differs" in refusal(validate.main, *arguments)
    assert not split.header.exists()


def test_labels_in_little_endian_order_are_refused_whatever_the_dataset_file_says(split: SplitFiles) -> None:
    split.write(labels=idx_bytes(LABELS.astype("int32").byteswap()))
    swapped = {str(label << 24): str(label) for label in (0, 1, 7)}
    message = split.refusal(**UNPINNED, label_type="int32", classes=swapped)
    assert "little-endian" in message and "they are 0, 1, 7" in message


def test_a_pinned_file_that_was_replaced_is_moved_away_and_the_dataset_file_left_alone(split: SplitFiles) -> None:
    split.write(images=idx_bytes(IMAGES[:3]))
    assert f"if it is: mv {split.images} {split.images}.changed" in split.refusal()

"""The facts of a dataset are inferred from its IDX files, and files that do not form one are refused."""

import gzip
import lzma
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import numpy
import pytest

from builders import idx_bytes, put, put_pair
from idxpng.dataset.inference import infer
from refusals import refusal

IMAGES = numpy.arange(6 * 2 * 3, dtype="uint8").reshape(6, 2, 3)
LABELS = numpy.array([3, 1, 3, 3, 7, 1], "uint8")
ROLES = (("images", IMAGES), ("labels", LABELS))


def write(folder: Path, **arrays: numpy.ndarray) -> list[Path]:
    """Write IDX files, each named after its keyword with __ replaced by a hyphen, and return their paths."""
    paths = []
    for name, array in arrays.items():
        paths.append(put(folder / f"{name.replace('__', '-')}-idx{array.ndim}-ubyte", idx_bytes(array)))
    return paths


def infer_files(paths: Iterable[Path]) -> dict[str, Any]:
    return infer([(path, None) for path in paths])


def test_splits_shapes_classes_and_counts_are_inferred(tmp_path: Path) -> None:
    facts = infer_files(
        write(tmp_path, train__images=IMAGES, train__labels=LABELS, t10k__images=IMAGES[:2], t10k__labels=LABELS[3:5])
    )
    assert facts["classes"] == {1: "1", 3: "3", 7: "7"}
    assert {"label_type", "label_columns"}.isdisjoint(facts)
    assert list(facts["splits"]) == ["train", "test"]
    train, test = facts["splits"].values()
    assert (train["count"], train["shape"], train["class_counts"]) == (6, [2, 3], [2, 3, 1])
    assert (test["count"], test["shape"], test["class_counts"]) == (2, [2, 3], [0, 1, 1])
    assert test["labels"]["file"] == "t10k-labels-idx1-ubyte"


@pytest.mark.parametrize(
    ("images", "labels", "split"),
    [
        ("images-idx3-ubyte", "labels-idx1-ubyte", "train"),
        ("shapes-images-idx3-ubyte", "shapes-labels-idx1-ubyte", "train"),
        ("emnist-letters-test-images-idx3-ubyte", "emnist-letters-test-labels-idx1-ubyte", "test"),
        ("train-images.idx3-ubyte", "train-labels.idx1-ubyte", "train"),
        ("X_kannada_MNIST_test-idx3-ubyte", "y_kannada_MNIST_test-idx1-ubyte", "test"),
        ("Validation_Images", "validation_labels.idx", "validation"),
        ("trainImages.idx", "trainLabels.idx", "train"),
        ("testimages.idx3-ubyte", "testlabels.idx1-ubyte", "test"),
        ("train-data.idx", "train-targets.idx", "train"),
        ("samples.idx", "classes.idx", "train"),
        ("Russian_test_images_idx3_ubyte", "Rusian_test_idx1_ubyte", "test"),
        ("pixels", "what", "train"),
    ],
)
def test_images_and_labels_are_paired_by_their_names(tmp_path: Path, images: str, labels: str, split: str) -> None:
    put_pair(tmp_path, IMAGES, LABELS, (images, labels))
    facts = infer_files([tmp_path / labels, tmp_path / images])
    ((found, roles),) = facts["splits"].items()
    assert (found, roles["images"]["file"], roles["labels"]["file"]) == (split, images, labels)


@pytest.mark.parametrize(("type_name", "word"), [("uint8", "ubyte"), ("int16", "short"), ("int32", "int")])
def test_a_name_that_cannot_be_kept_becomes_one_that_says_the_type(tmp_path: Path, type_name: str, word: str) -> None:
    (tmp_path / "train labels").write_bytes(idx_bytes(LABELS.astype(type_name)))
    (tmp_path / "train images").write_bytes(idx_bytes(IMAGES))
    split = infer_files([tmp_path / "train images", tmp_path / "train labels"])["splits"]["train"]
    assert split["images"]["file"] == "train-images-idx3-ubyte"
    assert split["labels"]["file"] == f"train-labels-idx1-{word}"


def test_splits_with_unusual_names_keep_them(tmp_path: Path) -> None:
    arrays = {f"{name}__{role}": array for name in "ab" for role, array in ROLES}
    assert list(infer_files(write(tmp_path, **arrays))["splits"]) == ["a", "b"]


def test_a_compressed_file_is_preferred_to_its_plain_copy(tmp_path: Path) -> None:
    paths = write(tmp_path, train__images=IMAGES, train__labels=LABELS)
    images, labels = (path.read_bytes() for path in paths)
    paths += [paths[0].with_name(paths[0].name + ".gz"), paths[1].with_name(paths[1].name + ".xz")]
    paths[2].write_bytes(gzip.compress(images))
    paths[3].write_bytes(lzma.compress(labels))
    for order in (paths, paths[::-1]):
        train = infer_files(order)["splits"]["train"]
        assert [train[role]["file"] for role in ("images", "labels")] == [path.name for path in paths[2:]]


def test_the_type_and_columns_of_wider_labels_are_inferred(tmp_path: Path) -> None:
    rows = numpy.stack([LABELS, LABELS + 100, numpy.arange(6)], axis=1).astype("int32")
    facts = infer_files(write(tmp_path, train__images=IMAGES, train__labels=rows))
    assert facts["label_type"] == "int32"
    assert facts["label_columns"] == ["class", "column_2", "column_3"]
    assert facts["classes"] == {1: "1", 3: "3", 7: "7"}


ONE_HOT = numpy.eye(8, dtype="uint8")[LABELS]


@pytest.mark.parametrize(
    ("arrays", "words"),
    [
        ({"train__images": IMAGES, "train__labels": ONE_HOT}, ["one-hot", "argmax"]),
        ({"train__images": IMAGES.astype("float32"), "train__labels": LABELS}, ["byte 2", "float32", "as uint8"]),
        ({"train__images": IMAGES[..., None], "train__labels": LABELS}, ["byte 3", "4 (6, 2, 3, 1)", "one gray value"]),
        ({"train__images": IMAGES.reshape(6, 6), "train__labels": LABELS}, ["byte 3", "2 (6, 6)", "rows and columns"]),
        ({"train__images": IMAGES, "train__labels": LABELS.astype("float64")}, ["byte 2", "whole numbers"]),
        ({"train__images": IMAGES, "train__labels": LABELS[:, None]}, ["byte 3", "one number for each image"]),
        ({"train__images": IMAGES, "train__labels": -LABELS.astype("int8")}, ["of image 4", "-7"]),
        ({"train__images": IMAGES, "train__labels": LABELS[:5]}, ["number of labels", "expected: 6", "found:    5"]),
        ({"train__images": IMAGES}, ["no labels found for these images", "if a line above leaves out the labels"]),
        ({"train__images": IMAGES, "test__labels": LABELS}, ["found for these", "matching names"]),
        ({"train__images": IMAGES[:0], "train__labels": LABELS[:0]}, ["the file contains no items"]),
        (
            {f"{name}__train__{role}": array for name in "ab" for role, array in ROLES},
            ["a second split has the name train", "b-train-images", "one of them only"],
        ),
        (
            {"a__images": IMAGES, "a__labels": LABELS, "b__images": IMAGES, "b__labels": LABELS.astype("int16")},
            ["the labels differ in type or shape", "uint8", "int16"],
        ),
    ],
)  # fmt: skip
def test_files_that_do_not_form_a_dataset_are_refused_with_the_reason(
    tmp_path: Path, arrays: dict[str, Any], words: list[str]
) -> None:
    message = refusal(infer_files, write(tmp_path, **arrays))
    assert message.startswith(str(tmp_path))
    for word in words:
        assert word in message


@pytest.mark.parametrize(
    ("array", "values", "words"),
    [
        (
            "x_test",
            IMAGES.reshape(6, 6),
            ["x_test.npy: wrong number of dimensions\n  at:       the NumPy header\n", "2 (6, 6)", "rows and columns"],
        ),
        ("x_test", IMAGES[..., None].repeat(3, 3), ["x_test.npy: wrong number of dimensions", "one gray value"]),
        ("y_test", ONE_HOT, ["y_test.npy: the labels are one-hot"]),
        (
            "y_test",
            LABELS[:5],
            ["y_test.npy: the number of labels", "images in images.npz: x_test.npy\n  at:       the NumPy header"],
        ),
        (
            "test_x",
            IMAGES + 1,
            ["images.npz: test_x.npy: its name", "as images.npz: x_test.npy", "images.npz: test_x.npy\n"],
        ),
        ("x_test", None, ["y_test.npy: no images found", "found:    images.npz: y_test.npy"]),
    ],
)
def test_an_array_of_an_archive_is_named_and_judged_by_its_own_name(
    tmp_path: Path, array: str, values: numpy.ndarray | None, words: list[str]
) -> None:
    arrays = {"x_test": IMAGES, "y_test": LABELS} | {array: values}
    arrays = {name: each for name, each in arrays.items() if each is not None}
    numpy.savez(path := tmp_path / "images.npz", **arrays)  # type: ignore[arg-type]
    message = refusal(infer, [(path, f"{name}.npy") for name in arrays])
    assert message.startswith(f"{path}: ")
    for word in words:
        assert word in f"{message}\n"


def test_an_array_is_judged_by_its_name_or_if_that_tells_nothing_by_that_of_its_file(tmp_path: Path) -> None:
    for array, file in (("arr_0", "test-imgs.npz"), ("images1", "digits.npz")):
        numpy.savez(path := tmp_path / file, **{array: IMAGES.reshape(6, 6)})  # type: ignore[arg-type]
        message = refusal(infer, [(path, f"{array}.npy")])
        assert message.startswith(f"{path}: {array}.npy: wrong number of dimensions") and "rows and columns" in message


def test_two_files_with_one_name_and_different_content_are_refused(tmp_path: Path) -> None:
    paths = write(tmp_path, train__images=IMAGES, train__labels=LABELS)
    paths.append(put(tmp_path / "train-images.idx3-ubyte", idx_bytes(255 - IMAGES)))
    message = refusal(infer_files, paths)
    assert "the content differs" in message and f"rename one: {paths[0]}, {paths[-1]}" in message


@pytest.mark.parametrize("role", ["images", "labels"])
@pytest.mark.parametrize("change", [-1, 1])
def test_a_file_longer_or_shorter_than_its_header_says_is_refused(tmp_path: Path, role: str, change: int) -> None:
    paths = write(tmp_path, train__images=IMAGES, train__labels=LABELS)
    wrong = paths[role == "labels"]
    data = wrong.read_bytes()
    wrong.write_bytes(gzip.compress(data[:change] if change < 0 else data + b"\0"))
    assert f"{'shorter' if change < 0 else 'longer'} than its header says" in refusal(infer_files, paths)


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (lambda data: data + data[16:] * 2, "found:    124 bytes, 3 times what the header promises: color"),
        (lambda data: data + data[16:] * 3, "found:    160 bytes, 4 times what the header promises"),
        (lambda data: data[: 16 + 12], "found:    28 bytes, one part in 3 of what the header promises"),
        (lambda data: data + bytes(5), "found:    57 bytes\n"),
        (lambda data: data.replace(b"\n", b"\r\n"), "each byte 0a follows a 0d"),
    ],
    ids=["color", "twice as high and wide", "one third", "no factor", "line ends"],
)
@pytest.mark.parametrize("compress", [bytes, gzip.compress])
def test_the_true_length_of_a_file_is_reported_and_what_explains_it(
    tmp_path: Path, data: Callable[[bytes], bytes], words: str, compress: Callable[[bytes], bytes]
) -> None:
    paths = write(tmp_path, train__images=IMAGES, train__labels=LABELS)
    paths[0].write_bytes(compress(data(paths[0].read_bytes())))
    assert words in refusal(infer_files, paths)


@pytest.mark.parametrize(
    ("type_", "values"),
    [
        ("int16", [3, 1, 200, 3, 7, 0]),
        ("int32", [3, 1, 2, 3, 7, 0]),
        ("int32", [3, 1, 200, 255, 7, 3]),
        ("int32", [300, 0, 513, 70, 65535, 2]),
    ],
)
def test_labels_in_little_endian_order_are_refused_with_their_values(
    tmp_path: Path, type_: str, values: list[int]
) -> None:
    meant = numpy.array(values, type_)
    message = refusal(infer_files, write(tmp_path, train__images=IMAGES, train__labels=meant.byteswap()))
    assert "little-endian" in message
    assert f"they are {', '.join(map(str, sorted(set(values))))}" in message
    zeros = write(tmp_path, train__images=IMAGES, train__labels=numpy.zeros(6, type_))
    assert list(infer_files(zeros)["classes"]) == [0]


@pytest.mark.parametrize(
    ("layout", "name"),
    [
        ("{split}/{role}-ubyte", "{split}-{role}-idx{dims}-ubyte"),
        ("{role}/{split} (1)", "{split}-{role}-idx{dims}-ubyte"),
        ("{split}-{role}/{split}-{role}.idx", "{split}-{role}.idx"),
    ],
)
def test_folders_are_a_part_of_the_names(tmp_path: Path, layout: str, name: str) -> None:
    paths = []
    for split in ("train", "test"):
        for role, array in ROLES:
            paths.append(put(tmp_path / layout.format(split=split, role=role), idx_bytes(array)))
    splits = infer_files(paths)["splits"]
    assert list(splits) == ["train", "test"]
    for split, facts in splits.items():
        for role, array in ROLES:
            assert facts[role]["file"] == name.format(split=split, role=role, dims=array.ndim)


def test_files_without_a_counterpart_are_left_out_by_name_beside_good_pairs(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    paths = write(tmp_path, train__images=IMAGES, train__labels=LABELS, final__images=IMAGES, old__labels=LABELS[:4])
    assert list(infer_files(paths)["splits"]) == ["train"]
    assert f"left out: {paths[2]}: no labels found for these images" in caplog.text
    assert f"left out: {paths[3]}: no images found for these labels" in caplog.text


def test_names_that_say_nothing_are_not_guessed_where_two_would_fit(tmp_path: Path) -> None:
    paths = write(tmp_path, one__images=IMAGES, two__images=IMAGES, a__labels=LABELS, b__labels=LABELS)
    message = refusal(infer_files, paths)
    assert "found for these" in message and "two-images-idx3-ubyte" in message

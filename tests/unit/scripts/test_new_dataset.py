import gzip
import hashlib
import shutil
import stat
import subprocess
import sys
import zipfile
from collections.abc import Iterable
from contextlib import nullcontext
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy
import pytest

import download
from builders import idx_bytes, put
from dataset_files import SCHEMA, sha256
from idxpng.dataset.file import load
from idxpng.dataset.model import PublishedFile
from idxpng.errors import DataError
from new_dataset import main
from project import PROJECT

SAMPLE = PROJECT / "datasets/mnist-sample"


def new_dataset(folder: Path, command: str) -> "subprocess.CompletedProcess[str]":
    """Run the script in a folder, with a command line that a shell expands."""
    script = f"{sys.executable} {PROJECT / 'scripts/new_dataset.py'}"
    return subprocess.run(f"{script} {command}", shell=True, cwd=folder, capture_output=True, text=True)


def made(folder: Path, command: str) -> "subprocess.CompletedProcess[str]":
    """Run the script, which must succeed."""
    process = new_dataset(folder, command)
    assert process.returncode == 0, process.stderr
    return process


def update(folder: Path, options: str = "") -> None:
    """Update idx.yaml."""
    made(folder, f"--update idx.yaml {options}")


def refusal(folder: Path, command: str = "--update idx.yaml") -> str:
    """The words with which the script ends, which must not be those of a defect."""
    process = new_dataset(folder, command)
    assert process.returncode == 1
    assert "Traceback" not in process.stderr
    return process.stderr


def download_all(path: Path, files: Iterable[PublishedFile], folder: Path) -> None:
    """Download files of a dataset file, which refuses what it does not pin."""
    folder.mkdir(parents=True)
    for file in files:
        download.main(str(path), file.file, str(folder / file.file))


def sample(folder: Path) -> Path:
    folder.mkdir(parents=True)
    for path in SAMPLE.glob("*.gz"):
        shutil.copy(path, folder)
    return folder


@pytest.mark.slow
def test_a_new_dataset_file_has_every_fact_of_the_files(tmp_path: Path) -> None:
    """It is compared with the dataset file of the sample, which was written by hand."""
    sample(tmp_path / "my/idx")
    process = made(tmp_path, "my/idx/*")
    dataset = load(tmp_path / "my/idx.yaml", SCHEMA)
    known = load(PROJECT / "datasets/mnist-sample.yaml", SCHEMA)
    # Only an export gives these two digests.
    assert dataset.splits == {
        name: replace(split, archive_sha256=None, tree_sha256=None) for name, split in known.splits.items()
    }
    assert dataset.classes == known.classes
    assert "# Yours to fill in" in (tmp_path / "my/idx.yaml").read_text()
    assert dataset.license["spdx"] is None
    assert dataset.mirror_places() == [str(tmp_path / "my/idx")]
    assert f"snakemake -s {PROJECT}/Snakefile --cores 4 all --config datasets=my/idx.yaml" in process.stdout
    assert "1,000 images in train, 200 images in test; 10 classes; from IDX files\n" in process.stdout


def test_an_existing_file_is_not_overwritten(tmp_path: Path) -> None:
    sample(tmp_path / "idx")
    (tmp_path / "idx.yaml").write_text("mine")
    assert "idx.yaml: already exists\n" in refusal(tmp_path, "idx/*")
    assert (tmp_path / "idx.yaml").read_text() == "mine"
    (tmp_path / "idx/page").write_text("<html>")
    assert "HTML" in refusal(tmp_path, "idx/page")


@pytest.mark.slow
def test_the_path_and_name_of_the_dataset_file_can_be_given(tmp_path: Path) -> None:
    sample(tmp_path / "data/a b")
    (tmp_path / "my").mkdir()
    made(tmp_path, "data/a*/* --output my/digits.yaml")
    dataset = load(tmp_path / "my/digits.yaml", SCHEMA)
    assert (dataset.name, dataset.title) == ("digits", "digits")
    (tmp_path / "linked").symlink_to("data/a b")
    assert "linked.yaml: " in made(tmp_path, "linked/*").stdout, "where the user sees the folder"
    for each in (dataset, load(tmp_path / "linked.yaml", SCHEMA)):
        assert [Path(mirror).resolve() for mirror in each.mirror_places()] == [tmp_path / "data/a b"]


@pytest.mark.slow
def test_files_that_are_not_idx_are_left_out_and_named(tmp_path: Path) -> None:
    folder = sample(tmp_path / "idx")
    (folder / "README.txt").write_text("Digits")
    (folder / "old").mkdir()
    process = made(tmp_path, "idx/*")
    assert "left out: idx/README.txt: not an IDX file: its magic number is wrong: 44 69 67 69 (text)" in process.stderr
    assert "left out: idx/old: a folder" in process.stderr
    assert len(load(tmp_path / "idx.yaml", SCHEMA).files) == 8


@pytest.mark.slow
def test_files_whose_words_are_no_name_of_a_split_are_named(tmp_path: Path) -> None:
    for count, name in enumerate(("été", "hiver"), 3):
        put(tmp_path / f"idx/{name}-images", idx_bytes(numpy.zeros((count, 2, 2), "uint8")))
        put(tmp_path / f"idx/{name}-labels", idx_bytes(numpy.zeros(count, "uint8")))
    message = refusal(tmp_path, "idx/*")
    assert "at:       splits\n" in message and 'found:    "été"' in message


OWN_WORDS = (
    "# mine\ntitle: My digits  # so called\nlicense:\n  spdx: MIT\ncitation: me\nclasses:\n  0: zero\n  1: one\n"
)
OWN_FILES = """
mirrors: [idx]
splits:
  small:
    count: 2
    shape: [1, 1]
    images: {file: images}
    labels:
      file: labels

# the end
orientation: transposed
"""


def write_own(folder: Path, labels: list[int], text: str = OWN_WORDS + OWN_FILES) -> Path:
    """Write IDX files, and a dataset file of earlier ones; return its path."""
    put(folder / "idx/images", idx_bytes(numpy.zeros((len(labels), 3, 4), "uint8")))
    (folder / "idx/labels").write_bytes(idx_bytes(numpy.array(labels, "uint8")))
    (folder / "idx.yaml").write_text(text)
    return folder / "idx.yaml"


@pytest.mark.slow
def test_an_update_writes_counts_and_digests_and_keeps_every_other_line(tmp_path: Path) -> None:
    path = write_own(tmp_path, [1, 1, 0])
    update(tmp_path)
    text = path.read_text()
    assert text.startswith(OWN_WORDS + "\nmirrors: [idx]\nsplits:\n  small:\n")
    assert text.endswith("\n# the end\norientation: transposed\n")
    split = load(path, SCHEMA).splits["small"]
    assert (split.count, split.shape, split.class_counts) == (3, (3, 4), (1, 2))
    for file in split.files:
        assert file.sha256 == sha256(tmp_path / "idx" / file.file)
    commented = text.replace("count: 3", "count: 3  # seen")
    path.write_text(commented)
    update(tmp_path)
    assert path.read_text() == commented


@pytest.mark.slow
def test_an_update_keeps_the_names_of_classes_and_adds_new_ones(tmp_path: Path) -> None:
    write_own(tmp_path, [1, 2])
    update(tmp_path)
    dataset = load(tmp_path / "idx.yaml", SCHEMA)
    assert dataset.classes == {0: "zero", 1: "one", 2: "2"}
    assert dataset.splits["small"].class_counts == (0, 1, 1)


@pytest.mark.slow
@pytest.mark.parametrize("counts", ["[1]", "[1, 1, 0]", "[9, 9]"])
def test_an_update_replaces_class_counts_of_other_classes_or_files(tmp_path: Path, counts: str) -> None:
    text = (OWN_WORDS + OWN_FILES).replace("    count: 2\n", f"    count: 2\n    class_counts: {counts}\n")
    write_own(tmp_path, [1, 1, 0], text)
    update(tmp_path)
    assert load(tmp_path / "idx.yaml", SCHEMA).splits["small"].class_counts == (1, 2)


@pytest.mark.slow
def test_an_update_opens_the_dataset_file_to_nobody_else(tmp_path: Path) -> None:
    path = write_own(tmp_path, [1, 1, 0])
    for mode in (0o600, 0o640):
        path.chmod(mode)
        update(tmp_path)
        assert stat.S_IMODE(path.stat().st_mode) == mode


def test_images_without_a_second_dimension_are_named_as_such(tmp_path: Path) -> None:
    numpy.save(tmp_path / "x_train.npy", numpy.zeros((20, 35), "uint8"))
    numpy.save(tmp_path / "y_train.npy", numpy.zeros(20, "uint8"))
    message = refusal(tmp_path, "*.npy")
    assert message.startswith("x_train.npy: ") and "expected: 3 (images, rows, columns)" in message, message


def test_a_file_in_too_deep_a_folder_is_told_where_it_may_be(tmp_path: Path) -> None:
    write_own(tmp_path / "a/b/c/d/e", [1, 0])
    (tmp_path / "idx").mkdir()
    shutil.copy(tmp_path / "a/b/c/d/e/idx/images", tmp_path / "idx/test-images")
    shutil.copy(tmp_path / "a/b/c/d/e/idx/labels", tmp_path / "idx/test-labels")
    message = refusal(tmp_path, "a/b/c/d/e/idx/images a/b/c/d/e/idx/labels idx/*")
    assert "at most 3 folders, none hidden" in message and f"to do:    rename it, or move it into {tmp_path}" in message
    assert "found:    a/b/c/d/e/idx/images\n            a/b/c/d/e/idx/labels\n" in message


def test_a_file_whose_name_is_not_allowed_is_named(tmp_path: Path) -> None:
    (tmp_path / "idx").mkdir()
    numpy.savez(tmp_path / "idx/daten ä.npz", x_train=numpy.zeros((2, 3, 3), "uint8"), y_train=numpy.array([0, 1]))
    message = refusal(tmp_path, "idx/*")
    assert f"found:    idx/daten ä.npz\n  to do:    rename it, or move it into {tmp_path}/idx\n" in message


@pytest.mark.slow
@pytest.mark.parametrize(("folder", "array"), [("idx", "my images"), ("id\u200ex", "images")])
def test_a_folder_or_an_array_whose_name_is_not_allowed_is_named(tmp_path: Path, folder: str, array: str) -> None:
    (tmp_path / folder).mkdir()
    arrays: dict[str, Any] = {array: numpy.zeros((2, 3, 4), "uint8"), "labels": numpy.zeros(2, "uint8")}
    numpy.savez(tmp_path / folder / "set.npz", **arrays)
    message = refusal(tmp_path, "--output mine.yaml */set.npz")
    assert message.startswith("mine.yaml: not allowed here\n  at:       ")
    assert ("my images.npy" if folder == "idx" else r"id\u200ex") in message
    assert not (tmp_path / "mine.yaml").exists()


def test_the_name_of_a_dataset_file_ends_in_yaml(tmp_path: Path) -> None:
    write_own(tmp_path, [1, 0])
    assert "then .yaml" in refusal(tmp_path, "idx/* --output foo")
    assert not (tmp_path / "foo").exists()


def test_files_without_a_folder_around_them_need_a_name_for_the_dataset_file(tmp_path: Path) -> None:
    told = "name the dataset file, such as --output digits.yaml"
    assert told in refusal(tmp_path, "/one/train-images /two/train-labels")


@pytest.mark.slow
@pytest.mark.parametrize(
    ("labels", "key"),
    [
        (numpy.array([1, 0, 1], "int16"), "write `label_type: int16`"),
        (numpy.array([[1, 7], [0, 8], [1, 9]], "uint8"), "name the columns with `label_columns`"),
    ],
)
def test_an_update_says_which_key_to_change_for_labels_of_another_form(
    tmp_path: Path, labels: numpy.ndarray, key: str
) -> None:
    write_own(tmp_path, [1, 0, 1])
    (tmp_path / "idx/labels").write_bytes(idx_bytes(labels))
    assert key in refusal(tmp_path)
    assert (tmp_path / "idx.yaml").read_text() == OWN_WORDS + OWN_FILES


@pytest.mark.slow
def test_an_update_takes_the_class_from_its_column(tmp_path: Path) -> None:
    columns = OWN_FILES.replace("mirrors", "label_columns: [writer, class]\nmirrors")
    path = write_own(tmp_path, [1, 0, 1], OWN_WORDS + columns)
    (tmp_path / "idx/labels").write_bytes(idx_bytes(numpy.array([[7, 1], [8, 0], [9, 1]], "uint8")))
    update(tmp_path)
    dataset = load(path, SCHEMA)
    assert (dataset.label_columns, dataset.classes) == (("writer", "class"), {0: "zero", 1: "one"})
    assert dataset.splits["small"].class_counts == (1, 2)
    for labels in ([1, 0, 1], [[7, 1, 1], [8, 0, 1], [9, 1, 1]]):
        (tmp_path / "idx/labels").write_bytes(idx_bytes(numpy.array(labels, "uint8")))
        assert "label_columns" in refusal(tmp_path)


@pytest.mark.slow
def test_an_update_keeps_what_is_known_of_a_split_only_while_it_is_true(tmp_path: Path) -> None:
    for name in ("train", "test"):
        write_pair(tmp_path / "idx", f"{name}-images", f"{name}-labels", [0, 1, 1])
    made(tmp_path, "idx/*")
    path, tree = tmp_path / "idx.yaml", f"    tree_sha256: {'a' * 64}\n"
    parts = (
        f"  {name}_part:\n    from: {name}\n    rows: [0, 2]\n    class_counts: [1, 1]\n{tree}"
        for name in ("train", "test")
    )
    path.write_text(path.read_text().replace("    images:", f"{tree}    images:") + "".join(parts))

    def with_labels(train_labels: list[int]) -> dict[str, tuple[object, bool]]:
        write_pair(tmp_path / "idx", "train-images", "train-labels", train_labels)
        update(tmp_path)
        splits = load(path, SCHEMA).splits
        return {name: (split.class_counts, bool(split.tree_sha256)) for name, split in splits.items()}

    text = path.read_text()
    with_labels([0, 1, 1])
    assert path.read_text() == text
    rest: dict[str, tuple[object, bool]] = {"test": ((1, 2), True), "test_part": ((1, 1), True)}
    assert with_labels([1, 1, 0]) == {"train": ((1, 2), False), "train_part": (None, False)} | rest
    rest = {"test": ((1, 2, 0), False), "test_part": (None, False)}  # in the folders 00 and 01
    assert with_labels([1, 1, 10]) == {"train": ((0, 2, 1), False), "train_part": (None, False)} | rest


@pytest.mark.slow
@pytest.mark.parametrize(
    "splits",
    [
        "splits:\n  small:\n    count: 2\n# in between\n\n    shape: [1, 1]\nFILES",
        "splits: {\nsmall: {count: 2, shape: [1, 1], images: {file: images},\nlabels: {file: labels\n}}}  # all\n",
        "splits:\n  small:\nFILES    count: 2\n    shape:\n    - 1\n    - 1\n",
    ],
    ids=["a comment at the beginning of a line", "braces", "a list"],
)
def test_an_update_replaces_the_whole_of_a_key_and_no_line_of_others(tmp_path: Path, splits: str) -> None:
    splits = splits.replace("FILES", "    images: {file: images}\n    labels: {file: labels}\n")
    path = write_own(tmp_path, [1, 1, 0], f"{OWN_WORDS}{splits}# the end, é\nmirrors: [idx]\n")
    update(tmp_path)
    assert path.read_text().startswith(f"{OWN_WORDS}splits:\n  small:\n    count: 3\n")
    assert path.read_text().endswith("      verified: bytes\n# the end, é\nmirrors: [idx]\n")


@pytest.mark.parametrize("output", ["loop.yaml", "loop.yaml/new.yaml"])
def test_an_output_at_a_link_to_itself_is_made_or_refused(tmp_path: Path, output: str) -> None:
    (tmp_path / "loop.yaml").symlink_to("loop.yaml")
    files = [str(path) for path in sample(tmp_path / "my").iterdir()]
    with nullcontext() if output == "loop.yaml" else pytest.raises(DataError, match="its folder does not exist"):
        main(files, output=str(tmp_path / output))
    assert (tmp_path / "loop.yaml").is_file() == (output == "loop.yaml")


@pytest.mark.slow
def test_an_update_writes_through_a_link_and_keeps_the_line_ends(tmp_path: Path) -> None:
    path = write_own(tmp_path, [1, 1, 0])
    path.unlink()
    shared = put(tmp_path / "shared/own.yaml", (OWN_WORDS + OWN_FILES).replace("\n", "\r\n"))
    path.symlink_to("shared/own.yaml")
    update(tmp_path)
    assert path.is_symlink() and load(shared, SCHEMA).splits["small"].count == 3
    assert shared.read_bytes().count(b"\n") == shared.read_bytes().count(b"\r\n") > 20


def write_pair(folder: Path, images: str, labels: str, classes: list[int]) -> list[bytes]:
    """Write a split whose content depends on the classes, and return it."""
    pixels = numpy.full((len(classes), 3, 4), sum(classes), "uint8")
    contents = [idx_bytes(pixels), idx_bytes(numpy.array(classes, "uint8"))]
    for name, data in zip((images, labels), contents, strict=True):
        put(folder / name, gzip.compress(data) if name.endswith(".gz") else data)
    return contents


@pytest.mark.slow
@pytest.mark.parametrize(
    ("in_file", "on_disk"),
    [
        ("shapes-{}.gz", "shapes-{}"),
        ("shapes-{}", "shapes-{}.gz"),
        ("shapes-{}-ubyte.gz", "Shapes_{}.idx"),
        ("shapes-{}", "sub/shapes {} (1)"),
    ],
)
def test_an_update_finds_the_split_as_a_run_finds_its_files(tmp_path: Path, in_file: str, on_disk: str) -> None:
    path = tmp_path / "idx.yaml"
    names = in_file.format("images"), in_file.format("labels")
    files = OWN_FILES.replace("file: images", f"file: {names[0]}").replace("file: labels", f"file: {names[1]}")
    path.write_text(OWN_WORDS + files)
    pair = write_pair(tmp_path / "idx", on_disk.format("images"), on_disk.format("labels"), [0, 1, 1])
    update(tmp_path)
    ((name, split),) = load(path, SCHEMA).splits.items()
    assert name == "small"
    assert [file.content_sha256 for file in split.files] == [hashlib.sha256(each).hexdigest() for each in pair]
    download_all(path, split.files, tmp_path / "out")


@pytest.mark.slow
def test_an_update_reads_unpacked_files_and_refuses_those_in_an_archive(tmp_path: Path) -> None:
    text = (OWN_WORDS + OWN_FILES).replace("mirrors:", "archive: {file: all.zip, bytes: 99}\nmirrors:")
    write_own(tmp_path, [1, 0], text.replace("file: images", "file: images, member: a/images"))
    update(tmp_path)
    images = load(tmp_path / "idx.yaml", SCHEMA).splits["small"].images
    assert (images.member, images.sha256) == ("a/images", sha256(tmp_path / "idx/images"))
    with zipfile.ZipFile(tmp_path / "idx/all.zip", "w") as archive:
        archive.write(tmp_path / "idx/images", "a/images")
    (tmp_path / "idx/images").unlink()
    message = refusal(tmp_path)
    assert message.startswith("idx.yaml: images is in no folder of its mirrors\n"), message
    assert "the folder that has it, unpacked" in message
    (tmp_path / "other").mkdir()
    write_own(tmp_path / "other", [1, 1])
    update(tmp_path, "--mirrors other/idx")
    assert load(tmp_path / "idx.yaml", SCHEMA).splits["small"].class_counts == (0, 2)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("text", "message"),
    [
        (OWN_FILES.replace("file: images", "file: none"), "none is in no folder of its mirrors"),
        (
            OWN_FILES.replace("file: images", "file: x")
            .replace("file: labels", "file: images")
            .replace("x}", "labels}"),
            "this file has labels, but the dataset file says images",
        ),
    ],
)
def test_an_update_refuses_files_that_are_not_there_or_swapped(tmp_path: Path, text: str, message: str) -> None:
    write_own(tmp_path, [1, 0], OWN_WORDS + text)
    assert message in refusal(tmp_path)
    assert (tmp_path / "idx.yaml").read_text() == OWN_WORDS + text


@pytest.mark.slow
def test_an_update_of_arrays_keeps_a_wider_type_of_labels(tmp_path: Path) -> None:
    (tmp_path / "idx").mkdir()
    for split, labels in (("train", [[1, 7], [0, 300]]), ("test", [[1, 7], [0, 8]])):
        numpy.save(tmp_path / f"idx/{split}-images.npy", numpy.zeros((2, 3, 4), "uint8"))
        numpy.save(tmp_path / f"idx/{split}-labels.npy", numpy.array(labels))
    made(tmp_path, "idx/*")
    path = tmp_path / "idx.yaml"
    path.write_text(path.read_text().replace("int16", "int32").replace("-labels.npy", "-image-classes.npy"))
    for name in ("train", "test"):
        (tmp_path / f"idx/{name}-labels.npy").rename(tmp_path / f"idx/{name}-image-classes.npy")
    update(tmp_path)
    dataset = load(path, SCHEMA)
    assert dataset.label_type == "int32"
    download_all(path, dataset.splits["test"].files, tmp_path / "out")


def test_an_update_shows_no_password_of_a_mirror(tmp_path: Path) -> None:
    secret = OWN_FILES.replace("[idx]", "['https://me:secret@a.example/x?t=secret']")
    write_own(tmp_path, [1, 0], OWN_WORDS + secret)
    message = refusal(tmp_path)
    assert "in no folder of its mirrors" in message and "secret" not in message


@pytest.mark.parametrize("words", ["", "idx/* --update idx.yaml", "idx/* --mirrors idx"])
def test_either_files_or_a_dataset_file_are_given(tmp_path: Path, words: str) -> None:
    write_own(tmp_path, [1, 0])
    assert "or a dataset file with --update" in refusal(tmp_path, words)


@pytest.mark.slow
@pytest.mark.parametrize("text", [None, "title: x", (OWN_WORDS + OWN_FILES).replace("splits:", '"splits":')])
def test_an_update_that_fails_changes_nothing(tmp_path: Path, text: str | None) -> None:
    path = write_own(tmp_path, [1, 0], text or "")
    if not text:
        path.unlink()
    assert refusal(tmp_path).startswith("idx.yaml: ")
    assert (path.read_text() if path.exists() else None) == text


@pytest.mark.slow
def test_mistakes_are_reported_without_a_traceback_and_leave_no_file(tmp_path: Path) -> None:
    folder = sample(tmp_path / "idx")
    images = folder / "train-images-idx3-ubyte.gz"
    good = images.read_bytes()
    named = (tmp_path / "数", tmp_path / "other")
    for other in named:
        sample(other)
    mistakes = {
        "idx/none": "No such file",
        "idx/*.txt": "No such file",
        "idx/* other/*": "the first is idx/",
        "数/*": "such as --output digits.yaml",
        "idx/*labels*": "no images found for these labels",
    }
    for command, words in mistakes.items():
        assert words in refusal(tmp_path, command)
    assert refusal(tmp_path, "数/*").startswith("数.yaml: not a valid dataset name")
    for data, words in ((good[:-50], "truncated gzip"), (gzip.compress(gzip.decompress(good)[:-1]), "shorter")):
        images.write_bytes(data)
        assert words in refusal(tmp_path, "idx/*")
    assert list(tmp_path.glob("*.yaml")) == []


def test_each_file_is_named_with_what_it_is_when_none_is_an_idx_file(tmp_path: Path) -> None:
    put(tmp_path / "idx/train-images-idx3-ubyte.gz", gzip.compress(gzip.compress(b"IDX")))
    put(tmp_path / "idx/train-labels-idx1-ubyte.gz", b"\n<html>")
    images, labels = refusal(tmp_path, "idx/*").splitlines()[1:3]
    assert images.endswith("(gzip: decompress it first)") and "(HTML or XML: download" in labels


@pytest.mark.slow
def test_files_in_folders_and_of_a_second_download_are_found_again_by_a_run(tmp_path: Path) -> None:
    names = {
        "t10k-images-idx3": "test/images (1)",
        "t10k-labels-idx1": "test/labels",
        "train-images-idx3": "train/images",
    }
    for name, path in (names | {"train-labels-idx1": "train/labels (2)"}).items():
        put(tmp_path / f"data/{path}.gz", (SAMPLE / f"{name}-ubyte.gz").read_bytes())
    made(tmp_path, "data/*/*")
    splits = load(tmp_path / "data.yaml", SCHEMA).splits.values()
    download_all(tmp_path / "data.yaml", [file for split in splits for file in split.files], tmp_path / "out")


PIXELS = numpy.arange(30 * 5 * 7, dtype="uint8").reshape(30, 5, 7)
CLASSES = numpy.arange(30) % 3


@pytest.mark.slow
@pytest.mark.parametrize(
    "names", [("my images.npy", "my labels.npy"), ("größe/train images (1)", "größe/train labels")]
)
def test_names_with_characters_that_are_not_allowed_are_found_again_by_a_run(
    tmp_path: Path, names: tuple[str, str]
) -> None:
    for name, array in zip(names, (PIXELS, CLASSES.astype("uint8")), strict=True):
        path = put(tmp_path / "_a (b)" / name, idx_bytes(array))
        if path.suffix:
            numpy.save(path, array)
    made(tmp_path, f"'_a (b)'/{'größe/' if 'größe' in names[0] else ''}*")
    (split,) = load(next(tmp_path.rglob("*.yaml")), SCHEMA).splits.values()
    download_all(next(tmp_path.rglob("*.yaml")), split.files, tmp_path / "out")


@pytest.mark.slow
@pytest.mark.parametrize(
    ("files", "members"),
    [
        ({"mnist.npz": ("x_train", "y_train")}, ("x_train.npy", "y_train.npy")),
        ({"medmnist.npz": ("train_images", "train_labels")}, ("train_images.npy", "train_labels.npy")),
        ({"k49-train-imgs.npz": ("arr_0", None), "k49-train-labels.npz": (None, "arr_0")}, ("arr_0.npy", "arr_0.npy")),
        ({"x_train.npy": ("", None), "y_train.npy": (None, "")}, (None, None)),
    ],
    ids=["Keras", "MedMNIST", "Kuzushiji-49", "npy"],
)
def test_arrays_are_described_like_the_idx_files_of_the_same_values(
    tmp_path: Path, files: dict[str, tuple[str | None, str | None]], members: tuple[str | None, str | None]
) -> None:
    (tmp_path / "my").mkdir()
    for name, arrays in files.items():
        values = {key: array for key, array in zip(arrays, (PIXELS, CLASSES[:, None]), strict=True) if key is not None}
        if name.endswith(".npz"):
            numpy.savez_compressed(tmp_path / "my" / name, **values)  # type: ignore[arg-type]
        else:
            numpy.save(tmp_path / "my" / name, next(iter(values.values())))
    numpy.save(tmp_path / "my/names.npy", numpy.array(["a", None], object))
    process = made(tmp_path, "my/* --output set.yaml")
    assert "names.npy: pickled Python objects, which are never loaded" in process.stderr
    assert "; from NumPy arrays\n" in process.stdout
    split = load(tmp_path / "set.yaml", SCHEMA).splits["train"]
    assert (split.count, split.shape, split.class_counts) == (30, (5, 7), (10, 10, 10))
    assert tuple(file.member for file in split.files) == members
    contents = idx_bytes(PIXELS), idx_bytes(CLASSES.astype("uint8"))
    assert [file.content_sha256 for file in split.files] == [hashlib.sha256(each).hexdigest() for each in contents]


def test_the_labels_of_all_splits_get_the_type_that_holds_all(tmp_path: Path) -> None:
    (tmp_path / "my").mkdir()
    arrays = {"x_train": PIXELS, "y_train": CLASSES, "x_test": PIXELS[:5], "y_test": CLASSES[:5] + 300}
    numpy.savez(tmp_path / "my/data.npz", **arrays)  # type: ignore[arg-type]
    made(tmp_path, "my/* --output set.yaml")
    assert load(tmp_path / "set.yaml", SCHEMA).label_type == "int16"

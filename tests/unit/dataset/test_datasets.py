import gzip
import hashlib
import importlib.util
import io
import re
import string
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy
import pytest

from builders import idx_bytes, put
from dataset_files import SCHEMA
from idxpng.dataset.file import identify, load
from idxpng.dataset.model import PublishedFile, Split
from idxpng.dataset.strict_yaml import read_yaml
from idxpng.formats.idx import read_header
from project import PROJECT

DATASETS = PROJECT / "datasets"


def splits(name: str) -> dict[str, Split]:
    return load(DATASETS / f"{name}.yaml", SCHEMA).splits


def whole_splits(name: str) -> list[Split]:
    return [split for split in splits(name).values() if split.parent is None]


def sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def facts_of(data: bytes, name: str) -> PublishedFile:
    """The facts of a published file with these bytes, as its dataset file must have them."""
    content = gzip.decompress(data)
    header = read_header(io.BytesIO(content), name)
    return PublishedFile(name, header, len(data), sha256(data), sha256(content), verified="bytes")


def check_files(folder: Path, name: str) -> None:
    """Check every fact of a dataset file against the files in ``folder``."""
    for split in splits(name).values():
        counts = Counter(
            gzip.decompress((folder / split.labels.file).read_bytes())[8:][slice(*(split.rows or (None,)))]
        )
        assert tuple(counts[label] for label in range(10)) == split.class_counts
        if split.parent:
            continue
        for file in split.files:
            assert facts_of((folder / file.file).read_bytes(), file.file) == file
        images = gzip.decompress((folder / split.images.file).read_bytes())
        assert [int.from_bytes(images[at : at + 4], "big") for at in (4, 8, 12)] == [split.count, *split.shape]


@pytest.mark.parametrize("name", ["mnist", "mnist-sample", "fashion-mnist"])
def test_datasets_verified_by_their_bytes_have_every_pin(name: str) -> None:
    for split in splits(name).values():
        assert split.class_counts is not None
        for file in split.files:
            assert file.verified == "bytes"
            assert None not in (file.bytes, file.sha256, file.content_sha256)


@pytest.mark.parametrize("path", sorted(DATASETS.glob("*.yaml")), ids=lambda path: path.stem)
def test_every_file_is_pinned_and_says_how_it_was_verified(path: Path) -> None:
    for split in splits(path.stem).values():
        for file in split.files:
            pins = [pin for pin in (file.sha256, file.git_blob, file.md5) if pin]
            assert len(pins) == 1, "git_blob and md5 are the weaker pins, used only without sha256"
            if file.verified == "bytes":
                assert None not in (file.bytes, file.sha256)
            else:
                assert file.verified == "pinned"


def test_class_counts_are_known_for_all_datasets_but_three() -> None:
    unknown = {
        path.stem for path in DATASETS.glob("*.yaml") for split in whole_splits(path.stem) if not split.class_counts
    }
    assert unknown == {"emnist-byclass", "emnist-bymerge", "kuzushiji-49"}


@pytest.mark.parametrize("path", sorted(DATASETS.glob("*.yaml")), ids=lambda path: path.stem)
def test_every_dataset_has_creators_a_date_and_a_url(path: Path) -> None:
    dataset = load(path, SCHEMA)
    assert dataset.url
    assert dataset.creators
    assert dataset.published
    assert dataset.creators[0].rpartition(" ")[2] in dataset.citation, "the family name, as in the citation"


@pytest.mark.parametrize("path", sorted(DATASETS.glob("*.yaml")), ids=lambda path: path.stem)
def test_mirrors_use_https_and_none_is_known_to_serve_different_bytes(path: Path) -> None:
    other = "apache-mxnet.*/fashion-mnist", "tanganke/emnist_", "rds.westernsydney", "/www.itl.nist.gov", "cloudstor"
    for mirror in load(path, SCHEMA).mirrors:
        assert mirror.startswith("https://") or mirror == "mnist-sample"
        assert not any(re.search(each, mirror) for each in other)


def test_a_mirror_of_single_files_comes_before_one_with_a_large_archive() -> None:
    for path in DATASETS.glob("emnist-*.yaml"):
        first, *others = load(path, SCHEMA).mirrors
        assert not first.endswith(".zip")
        assert any(mirror.endswith(".zip") for mirror in others)


def test_only_images_of_emnist_are_stored_column_by_column() -> None:
    for path in DATASETS.glob("*.yaml"):
        assert (load(path, SCHEMA).orientation == "transposed") == path.stem.startswith("emnist-"), path


def test_the_first_release_of_fashion_mnist_is_recognized_by_its_digests() -> None:
    releases = read_yaml(DATASETS / "fashion-mnist.yaml", "fashion-mnist")["superseded"]
    old = [release["sha256"] for release in releases]
    assert len(old) == 4
    files = {file.file for split in splits("fashion-mnist").values() for file in split.files}
    for digest in old:
        named = identify((digest,), DATASETS)
        assert named is not None
        assert named[0].split()[0] in files
        assert "first release" in named[0]
        assert named[1] == "fashion-mnist"


def test_no_two_published_files_have_the_same_digest() -> None:
    files = [file for path in DATASETS.glob("*.yaml") for split in whole_splits(path.stem) for file in split.files]
    pins = [file.sha256 or file.git_blob or file.md5 for file in files]
    assert len(set(pins)) == len(pins)


def test_labels_in_a_known_order_have_the_pinned_digest() -> None:
    """Each letter comes 800 times in a row, and the digits come in turn, so that the counts give the content."""
    contents = {
        ("emnist-letters", "test"): numpy.repeat(numpy.arange(1, 27), 800),
        ("kannada-mnist", "train"): numpy.tile(numpy.arange(10), 6000),
        ("kannada-mnist", "test"): numpy.tile(numpy.arange(10), 1000),
        ("kannada-mnist", "dig"): numpy.tile(numpy.arange(10), 1024),
    }
    for (name, split), labels in contents.items():
        assert sha256(idx_bytes(labels.astype(numpy.uint8))) == splits(name)[split].labels.content_sha256


@pytest.mark.slow
def test_the_dataset_file_of_mnist_matches_the_official_files(mnist: Path) -> None:
    check_files(mnist, "mnist")


def test_the_dataset_file_of_the_bundled_sample_matches_its_files() -> None:
    check_files(DATASETS / "mnist-sample", "mnist-sample")


def test_the_bundled_sample_is_the_beginning_of_mnist(mnist: Path) -> None:
    for name, split in splits("mnist-sample").items():
        sizes = (split.shape[0] * split.shape[1], 1)
        for file, whole, header, size in zip(split.files, splits("mnist")[name].files, (16, 8), sizes, strict=True):
            bundled = gzip.decompress((DATASETS / "mnist-sample" / file.file).read_bytes())
            official = gzip.decompress((mnist / whole.file).read_bytes())
            assert bundled[header:] == official[header : header + split.count * size]


@pytest.mark.slow
def test_make_sample_makes_the_bundled_sample(mnist: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    decompressed, sample = tmp_path / "mnist", tmp_path / "sample"
    sample.mkdir()
    for path in mnist.glob("*.gz"):
        put(decompressed / path.stem, gzip.decompress(path.read_bytes()))
    spec = importlib.util.spec_from_file_location("make_sample", DATASETS / "mnist-sample/make_sample.py")
    assert spec is not None
    assert spec.loader is not None
    make_sample = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(make_sample)
    make_sample.main(decompressed, sample)
    bundled = {path.name: gzip.decompress(path.read_bytes()) for path in (DATASETS / "mnist-sample").glob("*.gz")}
    assert {path.name: gzip.decompress(path.read_bytes()) for path in sample.iterdir()} == bundled
    printed = capsys.readouterr().out
    for content in bundled.values():
        assert f"content_sha256: {sha256(content)}" in printed
    for split in splits("mnist-sample").values():
        assert f"class_counts: {list(split.class_counts or ())}" in printed


@pytest.mark.parametrize("name", ["emnist-balanced", "emnist-digits", "emnist-letters", "emnist-mnist"])
def test_the_validation_split_of_emnist_is_the_end_of_train_and_as_large_as_test(name: str) -> None:
    train, validation, test = (splits(name)[split] for split in ("train", "validation", "test"))
    assert validation.rows == (train.count - test.count, train.count)
    assert validation.files == train.files


# What the structure is, apart from the dataset files: for each split its count and the names of its files, and labels.
FASHION = ["T-shirt/top", "Trouser", "Pullover", "Dress", "Coat", "Sandal", "Shirt", "Sneaker", "Bag", "Ankle boot"]
ORACLE = ["big", "sun", "moon", "cattle", "next", "field", "not", "arrow", "time", "wood"]
MERGED = [*string.digits, *string.ascii_uppercase, *"abdefghnqrt"]
QMNIST = (
    "class",
    "nist_hsf_series",
    "nist_writer_id",
    "digit_index_for_writer",
    "nist_class_code_30_39",
    "global_nist_digit_index",
    "duplicate",
    "unused",
)


@dataclass(frozen=True)
class Member:
    """A dataset of the family: for each split its count and the names of its files; then its classes and the rest."""

    splits: dict[str, tuple[int, str, str]]
    classes: Sequence[str] = string.digits
    first_label: int = 0
    transposed: bool = False
    columns: tuple[str, ...] = ()
    zipped: bool = False

    @property
    def labels(self) -> dict[str, str]:
        """Class name by directory name."""
        width = len(str(self.first_label + len(self.classes) - 1))
        return {f"{label:0{width}}": name for label, name in enumerate(self.classes, self.first_label)}


def as_mnist(classes: Sequence[str], counts: tuple[int, int] = (60000, 10000)) -> Member:
    names = {split: (f"{split}-images-idx3-ubyte.gz", f"{split}-labels-idx1-ubyte.gz") for split in ("train", "t10k")}
    return Member({"train": (counts[0], *names["train"]), "test": (counts[1], *names["t10k"])}, classes)


def emnist(variant: str, counts: tuple[int, int], classes: Sequence[str], first_label: int = 0) -> Member:
    name = f"emnist-{variant}-{{}}-{{}}-ubyte.gz"
    splits = {
        split: (count, name.format(split, "images-idx3"), name.format(split, "labels-idx1"))
        for split, count in zip(("train", "test"), counts, strict=True)
    }
    return Member(splits, classes, first_label, transposed=True, zipped=True)


FAMILY = {
    "fashion-mnist": as_mnist(FASHION),
    "kmnist": as_mnist(["o", "ki", "su", "tsu", "na", "ha", "ma", "ya", "re", "wo"]),
    "notmnist": as_mnist("ABCDEFGHIJ"),
    "oracle-mnist": as_mnist(ORACLE, (27222, 3000)),
    "emnist-byclass": emnist(
        "byclass", (697932, 116323), string.digits + string.ascii_uppercase + string.ascii_lowercase
    ),
    "emnist-bymerge": emnist("bymerge", (697932, 116323), MERGED),
    "emnist-balanced": emnist("balanced", (112800, 18800), MERGED),
    "emnist-letters": emnist("letters", (124800, 20800), string.ascii_uppercase, 1),
    "emnist-digits": emnist("digits", (240000, 40000), string.digits),
    "emnist-mnist": emnist("mnist", (60000, 10000), string.digits),
    "kannada-mnist": Member(
        {
            "train": (60000, "X_kannada_MNIST_train-idx3-ubyte.gz", "y_kannada_MNIST_train-idx1-ubyte.gz"),
            "test": (10000, "X_kannada_MNIST_test-idx3-ubyte.gz", "y_kannada_MNIST_test-idx1-ubyte.gz"),
            "dig": (10240, "X_dig_MNIST-idx3-ubyte.gz", "y_dig_MNIST-idx1-ubyte.gz"),
        }
    ),
    "qmnist": Member(
        {
            split: (60000, f"qmnist-{split}-images-idx3-ubyte.gz", f"qmnist-{split}-labels-idx2-int.gz")
            for split in ("train", "test")
        },
        columns=QMNIST,
    ),
    "qmnist-nist": Member({"nist": (402953, "xnist-images-idx3-ubyte.xz", "xnist-labels-idx2-int.xz")}, columns=QMNIST),
}


@pytest.mark.parametrize("name", FAMILY)
def test_the_dataset_file_says_what_the_real_files_are(name: str) -> None:
    document, member = read_yaml(DATASETS / f"{name}.yaml", name), FAMILY[name]
    dataset = load(DATASETS / f"{name}.yaml", SCHEMA)
    assert list(dataset.classes) == list(range(member.first_label, member.first_label + len(member.classes)))
    assert {directory: dataset.classes[label] for directory, label in dataset.labels.items()} == member.labels
    assert dataset.label_columns == (member.columns or ("class",))
    assert dataset.orientation == ("transposed" if member.transposed else "upright")
    assert list(dataset.whole_splits) == list(member.splits)
    for split, (count, images, labels) in member.splits.items():
        facts = document["splits"][split]
        assert (facts["count"], facts["shape"]) == (count, [28, 28])
        assert (facts["images"]["file"], facts["labels"]["file"]) == (images, labels)
        for file in (facts["images"], facts["labels"]):
            assert file.get("member") == (f"gzip/{file['file']}" if member.zipped else None)

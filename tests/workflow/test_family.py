"""Every dataset of the family from end to end, on files with the structure of the real ones and fewer images.

What the structure is stands here once more, apart from the dataset files: the names, types and dims of the files,
the labels, the orientation. Images are made so that their pixels tell index, label and orientation.
"""

import csv
import gzip
import hashlib
import io
import json
import lzma
import string
import subprocess
import zipfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy
import pytest
import yaml
from PIL import Image

from builders import idx_bytes
from mirror_server import MirrorServer, Misbehavior
from project import PROJECT, copy_project, snakemake
from speed import cpu_seconds, least_ratio

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
# Every split is downloaded and validated here; exported is the last one, since that costs a job for each label.
EXPORTED = {name: list(member.splits)[-1] for name, member in FAMILY.items()}
EVERY = sorted(path.stem for path in (PROJECT / "datasets").glob("*.yaml"))


@dataclass
class Made:
    """A dataset made for a test: its upright images and labels by split, and its published files by name."""

    images: dict[str, numpy.ndarray] = field(default_factory=dict)
    labels: dict[str, numpy.ndarray] = field(default_factory=dict)
    files: dict[str, bytes] = field(default_factory=dict)


def make(name: str) -> tuple[Made, dict[str, Any]]:
    """Files as those of a dataset, and its dataset file changed in nothing but what follows from their fewer images."""
    member, made = FAMILY[name], Made()
    document = yaml.safe_load((PROJECT / f"datasets/{name}.yaml").read_text(encoding="utf-8"))
    random = numpy.random.default_rng(sum(name.encode()))
    for split, (_, images_name, labels_name) in member.splits.items():
        classes = numpy.repeat(numpy.arange(len(member.classes)), 2) + member.first_label
        classes = random.permutation(numpy.append(classes, member.first_label))
        count = len(classes)
        index, row, column = numpy.ogrid[:count, :28, :28]
        images = (7 * index + 29 * classes[:, None, None] + 3 * row + column * column) % 256
        images[:, 0, 0], images[:, 0, 1] = numpy.arange(count), classes
        made.images[split] = images.astype(numpy.uint8)
        if member.columns:
            rows = (1_000_003 * numpy.arange(8 * count).reshape(count, 8) % 2_000_000 - 1).astype(numpy.int32)
            rows[:, 0] = classes
            made.labels[split] = rows
        else:
            made.labels[split] = classes.astype(numpy.uint8)
        stored = made.images[split].transpose(0, 2, 1) if member.transposed else made.images[split]
        facts = document["splits"][split]
        facts["count"] = count
        if "class_counts" in facts:
            facts["class_counts"] = [int((classes == member.first_label + n).sum()) for n in range(len(member.classes))]
        for role, file, content in (
            ("images", images_name, idx_bytes(numpy.ascontiguousarray(stored))),
            ("labels", labels_name, idx_bytes(made.labels[split])),
        ):
            data = gzip.compress(content) if file.endswith(".gz") else lzma.compress(content)
            made.files[file] = data
            repin(facts[role], data, content)
    for facts in document["splits"].values():
        if parent := facts.get("from"):
            facts["rows"] = [row * len(made.images[parent]) // member.splits[parent][0] for row in facts["rows"]]
    return made, document


def repin(facts: dict[str, Any], data: bytes, content: bytes) -> None:
    """Pin these bytes by whatever the dataset file pins."""
    blob = ["git", "hash-object", "--stdin"]
    pins = {
        "bytes": lambda: len(data),
        "sha256": lambda: hashlib.sha256(data).hexdigest(),
        "content_sha256": lambda: hashlib.sha256(content).hexdigest(),
        "git_blob": lambda: subprocess.run(blob, input=data, check=True, capture_output=True).stdout.decode().strip(),
    }
    facts |= {key: pin() for key, pin in pins.items() if key in facts}


def archive_of(members: dict[str, bytes]) -> bytes:
    """An archive laid out as EMNIST's, with some megabytes of other members."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("gzip/", "")
        archive.writestr("gzip/other.gz", numpy.random.default_rng(0).bytes(8_000_000))
        for name, data in members.items():
            archive.writestr(f"gzip/{name}", data)
        archive.writestr("gzip/emnist-letters-mapping.txt", "1 65 97\n")
    return file.getvalue()


@dataclass
class Finished:
    """The folder of a finished run over the whole family, what went in, and what the server of archives sent."""

    folder: Path
    made: dict[str, Made]
    archive: bytes
    sent: dict[str, list[int]]


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Finished]:
    """One run over all datasets: EMNIST's archive on servers with ranges and without, and in a folder."""
    root = tmp_path_factory.mktemp("family")
    folder = copy_project(root / "project")
    made, documents = {}, {}
    for name in FAMILY:
        made[name], documents[name] = make(name)
    archive = archive_of(
        {file: data for name in FAMILY if FAMILY[name].zipped for file, data in made[name].files.items()}
    )
    unpacked = folder / "datasets/unpacked/gzip"
    unpacked.mkdir(parents=True)
    for file, data in made["emnist-byclass"].files.items():
        (unpacked / file).write_bytes(data)
    (folder / "datasets/zip").mkdir()
    (folder / "datasets/zip/gzip.zip").write_bytes(archive)
    with MirrorServer(root / "server") as server:
        server.publish("/a/gzip.zip", archive)
        server.publish("/b/gzip.zip", archive)
        server.misbehave("/b/gzip.zip", Misbehavior(ranges=False))
        emnist_mirrors = {
            "emnist-letters": f"{server.url}/a/gzip.zip",
            "emnist-bymerge": f"{server.url}/a/",
            "emnist-digits": f"{server.url}/b/gzip.zip",
            "emnist-mnist": f"{server.url}/b/gzip.zip",
            "emnist-balanced": "zip",
            "emnist-byclass": "unpacked",
        }
        for name, document in documents.items():
            for file, data in made[name].files.items():
                if not FAMILY[name].zipped:
                    server.publish(f"/{name}/{file}", data)
            document["mirrors"] = [emnist_mirrors.get(name, f"{server.url}/{name}/")]
            if "archive" in document:
                document["archive"]["bytes"] = len(archive)
            (folder / f"datasets/{name}.yaml").write_text(yaml.safe_dump(document, sort_keys=False), encoding="utf-8")
        targets = [f"results/{name}/header/{split}.json" for name in FAMILY for split in FAMILY[name].splits]
        targets += [f"results/{name}/manifest/{split}.csv" for name, split in EXPORTED.items()]
        snakemake(folder, "--cores", "4", *targets, no_proxy="*")
        paths = {request.path for request in server.requests}
        sent = {path: [each.bytes_sent for each in server.requests if each.path == path] for path in paths}
    yield Finished(folder, made, archive, sent)


@pytest.mark.parametrize("name", FAMILY)
def test_the_dataset_file_says_what_the_real_files_are(name: str) -> None:
    document = yaml.safe_load((PROJECT / f"datasets/{name}.yaml").read_text(encoding="utf-8"))
    member = FAMILY[name]
    assert list(document["classes"]) == list(range(member.first_label, member.first_label + len(member.classes)))
    assert [split for split, facts in document["splits"].items() if "from" not in facts] == list(member.splits)
    for split, (count, images, labels) in member.splits.items():
        facts = document["splits"][split]
        assert (facts["count"], facts["shape"]) == (count, [28, 28])
        assert (facts["images"]["file"], facts["labels"]["file"]) == (images, labels)
        for file in (facts["images"], facts["labels"]):
            assert file.get("member") == (f"gzip/{file['file']}" if member.zipped else None)


@pytest.mark.parametrize(("name", "split"), EXPORTED.items())
def test_every_image_is_exported_upright_under_its_index_and_label(finished: Finished, name: str, split: str) -> None:
    root = finished.folder / "results" / name
    member, made = FAMILY[name], finished.made[name]
    images, labels = made.images[split], made.labels[split].reshape(len(made.images[split]), -1)
    assert sorted(path.name for path in (root / "png" / split).iterdir()) == list(member.labels)
    rows = list(csv.DictReader((root / f"manifest/{split}.csv").open(newline="", encoding="utf-8")))
    assert [int(row["index"]) for row in rows] == list(range(len(images)))
    width = len(str(len(images) - 1))
    for index, (row, image, label) in enumerate(zip(rows, images, labels, strict=True)):
        directory = f"{label[0]:0{len(next(iter(member.labels)))}}"
        assert row["path"] == f"{split}/{directory}/{index:0{width}}.png"
        assert row["class_name"] == member.labels[directory]
        with Image.open(root / "png" / row["path"]) as png:
            assert (numpy.asarray(png) == image).all()
        assert row["sha256"] == hashlib.sha256(image.tobytes()).hexdigest()
        assert [row[column] for column in member.columns[1:]] == [str(value) for value in label[1:]]
    assert tuple(rows[0])[6:] == member.columns[1:]
    assert len(list((root / "png" / split).rglob("*.png"))) == len(images)


@pytest.mark.parametrize(("name", "split"), [(name, split) for name in FAMILY for split in FAMILY[name].splits])
def test_the_header_tells_types_and_dims_of_both_files(finished: Finished, name: str, split: str) -> None:
    header = json.loads((finished.folder / f"results/{name}/header/{split}.json").read_text(encoding="utf-8"))
    count = len(finished.made[name].images[split])
    columns = FAMILY[name].columns
    assert (header["images"]["magic"], header["images"]["dims"]) == (0x803, [count, 28, 28])
    assert header["labels"]["magic"] == (0xC02 if columns else 0x801)
    assert header["labels"]["type"] == ("int32" if columns else "uint8")
    assert header["labels"]["dims"] == ([count, 8] if columns else [count])
    assert header["class_names"] == FAMILY[name].labels
    assert sum(header["class_counts"].values()) == count


def test_an_archive_is_fetched_once_for_two_datasets(finished: Finished) -> None:
    assert finished.sent["/a/gzip.zip"] == finished.sent["/b/gzip.zip"] == [len(finished.archive)]
    kept = [path.read_bytes() for path in (finished.folder / "resources/archives").glob("*.zip")]
    assert kept == [finished.archive] * 2


def test_a_file_of_a_different_dataset_is_refused_even_if_only_its_git_blob_is_pinned(finished: Finished) -> None:
    """NotMNIST's training images have the name, the type and the dims of KMNIST's."""
    file = "resources/notmnist/train-images-idx3-ubyte.gz"
    right = (finished.folder / file).read_bytes()
    wrong = finished.folder / "resources/kmnist"
    (finished.folder / file).unlink()  # or the right file, which is there, would stay
    run = snakemake(
        finished.folder, "--cores", "1", file, "--force", "--config", f"mirrors={{notmnist: '{wrong}'}}", succeed=False
    )
    assert f"{wrong}/train-images-idx3-ubyte.gz: not the right file" in run.output
    assert "Git blob" in run.output
    assert right != (wrong / "train-images-idx3-ubyte.gz").read_bytes()


def test_the_dry_run_of_every_dataset_takes_less_than_four_times_that_of_one(tmp_path: Path) -> None:
    folder = copy_project(tmp_path)
    command = ("-n", "--quiet", "rules", "all", "--config")
    every, one = f"datasets=[{','.join(EVERY)}]", "datasets=mnist"
    ratio = least_ratio(
        lambda: cpu_seconds(folder, *command, every), lambda: cpu_seconds(folder, *command, one), rounds=2
    )
    assert ratio < 4


def test_no_code_names_a_dataset() -> None:
    for path in [PROJECT / "Snakefile", *(PROJECT / "rules").glob("*.smk"), *(PROJECT / "scripts").rglob("*.py")]:
        text = path.read_text(encoding="utf-8")
        assert [
            name for name in ("emnist", "qmnist", "kannada", "kmnist", "notmnist", "fashion", "oracle") if name in text
        ] == []

"""Every shipped dataset from end to end, on files with the structure of the real ones and fewer images.

The dataset files say what the structure is: names, types and dims of the files, labels, orientation. Images are made so
that their pixels tell index, label and orientation.
"""

import copy
import gzip
import hashlib
import io
import itertools
import json
import lzma
import subprocess
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy
import pytest
import yaml
from PIL import Image

from builders import TYPE_CODES, idx_bytes, put
from mirror_server import MirrorServer, Misbehavior
from project import PROJECT, copy_project, rows_of, snakemake
from speed import cpu_seconds, least_ratio

FAMILY = {path.stem: yaml.safe_load(path.read_text("utf-8")) for path in sorted((PROJECT / "datasets").glob("*.yaml"))}
# The splits that have files; the others are parts of these.
SPLITS = {
    name: [split for split, facts in document["splits"].items() if "from" not in facts]
    for name, document in FAMILY.items()
}
# Every split is downloaded and validated here; exported is the last one, since that costs a job for each label.
EXPORTED = {name: splits[-1] for name, splits in SPLITS.items()}


def class_names(document: dict[str, Any]) -> dict[str, str]:
    """Class name by directory name."""
    width = len(str(max(document["classes"])))
    return {f"{label:0{width}}": name for label, name in document["classes"].items()}


@dataclass
class Made:
    """A dataset made for a test: its dataset file, upright images and labels by split, and published files by name.

    Files that are published in an archive are also there by their names in it.
    """

    document: dict[str, Any]
    images: dict[str, numpy.ndarray] = field(default_factory=dict)
    labels: dict[str, numpy.ndarray] = field(default_factory=dict)
    files: dict[str, bytes] = field(default_factory=dict)
    members: dict[str, bytes] = field(default_factory=dict)


def make(name: str) -> Made:
    """Files as those of a dataset, and its dataset file changed in nothing but what follows from their fewer images."""
    made = Made(copy.deepcopy(FAMILY[name]))
    labels, columns = list(made.document["classes"]), made.document.get("label_columns", ["class"])
    random = numpy.random.default_rng(sum(name.encode()))
    for split, facts in made.document["splits"].items():
        for digest in ("archive_sha256", "tree_sha256"):
            facts.pop(digest, None)
        if parent := facts.get("from"):
            facts.pop("class_counts", None)
            factor = len(made.images[parent]) / FAMILY[name]["splits"][parent]["count"]
            facts["rows"] = [int(row * factor) for row in facts["rows"]]
            continue
        classes = random.permutation([*labels, *labels, labels[0]])
        facts["count"] = count = len(classes)
        if "class_counts" in facts:
            facts["class_counts"] = [int((classes == label).sum()) for label in labels]
        index, row, column = numpy.ogrid[:count, : facts["shape"][0], : facts["shape"][1]]
        images = ((7 * index + 29 * classes[:, None, None] + 3 * row + column * column) % 256).astype(numpy.uint8)
        images[:, 0, 0], images[:, 0, 1] = numpy.arange(count), classes
        values = 1_000_003 * numpy.arange(len(columns) * count).reshape(count, -1) % 2_000_000 - 1
        values[:, columns.index("class")] = classes
        if len(columns) == 1:
            values = values[:, 0]
        values = values.astype(made.document.get("label_type", "uint8"))
        made.images[split] = images.transpose(0, 2, 1) if made.document.get("orientation") == "transposed" else images
        made.labels[split] = values
        for file, array in ((facts["images"], images), (facts["labels"], values)):
            made.files[file["file"]] = data = published(file, array)
            repin(file, data, idx_bytes(array))
            if "archive" in made.document:
                made.members[file["member"]] = data
    return made


def published(facts: dict[str, Any], array: numpy.ndarray) -> bytes:
    """The file of an array, of the kind that its name says."""
    if facts["file"].endswith(".npz"):
        file = io.BytesIO()
        numpy.savez_compressed(file, **{facts["member"].removesuffix(".npy"): array})  # type: ignore[arg-type]
        return file.getvalue()
    return (gzip if facts["file"].endswith(".gz") else lzma).compress(idx_bytes(array))


def repin(facts: dict[str, Any], data: bytes, content: bytes) -> None:
    """Pin these bytes by whatever the dataset file pins."""
    blob = ["git", "hash-object", "--stdin"]
    pins = {
        "bytes": lambda: len(data),
        "sha256": lambda: hashlib.sha256(data).hexdigest(),
        "md5": lambda: hashlib.md5(data, usedforsecurity=False).hexdigest(),
        "content_sha256": lambda: hashlib.sha256(content).hexdigest(),
        "git_blob": lambda: subprocess.run(blob, input=data, check=True, capture_output=True).stdout.decode().strip(),
    }
    facts |= {key: pin() for key, pin in pins.items() if key in facts}


def archive_of(members: dict[str, bytes]) -> bytes:
    """An archive of these members, with some megabytes of others."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("gzip/", "")
        archive.writestr("gzip/other.gz", numpy.random.default_rng(0).bytes(8_000_000))
        for name, data in members.items():
            archive.writestr(name, data)
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
    made = {name: make(name) for name in FAMILY}
    archive = archive_of({name: data for each in made.values() for name, data in each.members.items()})
    with MirrorServer(root / "server") as server:
        server.publish("/a/gzip.zip", archive)
        server.publish("/b/gzip.zip", archive)
        server.misbehave("/b/gzip.zip", Misbehavior(ranges=False))
        put(folder / "datasets/zip/gzip.zip", archive)
        ways = ("a/gzip.zip", "a/", "b/gzip.zip", "b/gzip.zip")
        mirrors = itertools.cycle([*(f"{server.url}/{way}" for way in ways), "zip", "unpacked"])
        for name, each in made.items():
            if each.members:
                each.document |= {"mirrors": [next(mirrors)], "archive": {"file": "gzip.zip", "bytes": len(archive)}}
            else:
                each.document["mirrors"] = [f"{server.url}/{name}/"]
                for file, data in each.files.items():
                    server.publish(f"/{name}/{file}", data)
            if each.document["mirrors"] == ["unpacked"]:
                for member, data in each.members.items():
                    put(folder / "datasets/unpacked" / member, data)
            text = yaml.safe_dump(each.document, sort_keys=False)
            (folder / f"datasets/{name}.yaml").write_text(text, encoding="utf-8")
        targets = [f"results/{name}/header/{split}.json" for name, splits in SPLITS.items() for split in splits]
        targets += [f"results/{name}/manifest/{split}.csv" for name, split in EXPORTED.items()]
        snakemake(folder, "--cores", "4", *targets, no_proxy="*")
        paths = {request.path for request in server.requests}
        sent = {path: [each.bytes_sent for each in server.requests if each.path == path] for path in paths}
    yield Finished(folder, made, archive, sent)


@pytest.mark.parametrize(("name", "split"), EXPORTED.items())
def test_every_image_is_exported_upright_under_its_index_and_label(finished: Finished, name: str, split: str) -> None:
    root = finished.folder / "results" / name
    made, directories = finished.made[name], class_names(FAMILY[name])
    columns = FAMILY[name].get("label_columns", ["class"])
    extra = [column for column in columns if column != "class"]
    images, labels = made.images[split], made.labels[split].reshape(len(made.images[split]), -1)
    assert sorted(path.name for path in (root / "png" / split).iterdir()) == list(directories)
    rows = rows_of(root / f"manifest/{split}.csv")
    assert [int(row["index"]) for row in rows] == list(range(len(images)))
    width = len(str(len(images) - 1))
    for index, (row, image, values) in enumerate(zip(rows, images, labels.tolist(), strict=True)):
        label = dict(zip(columns, values, strict=True))
        directory = f"{label['class']:0{len(next(iter(directories)))}}"
        assert row["path"] == f"{split}/{directory}/{index:0{width}}.png"
        assert row["class_name"] == directories[directory]
        with Image.open(root / "png" / row["path"]) as png:
            assert (numpy.asarray(png) == image).all()
        assert row["sha256"] == hashlib.sha256(image.tobytes()).hexdigest()
        assert [row[column] for column in extra] == [str(label[column]) for column in extra]
    assert list(rows[0])[6:] == extra
    assert len(list((root / "png" / split).rglob("*.png"))) == len(images)


@pytest.mark.parametrize(("name", "split"), [(name, split) for name, splits in SPLITS.items() for split in splits])
def test_the_header_tells_types_and_dims_of_both_files(finished: Finished, name: str, split: str) -> None:
    header = json.loads((finished.folder / f"results/{name}/header/{split}.json").read_text(encoding="utf-8"))
    labels = finished.made[name].labels[split]
    dims = [len(labels), *FAMILY[name]["splits"][split]["shape"]]
    assert (header["images"]["magic"], header["images"]["dims"]) == (0x803, dims)
    assert header["labels"]["type"] == labels.dtype.name
    assert header["labels"]["magic"] == TYPE_CODES[labels.dtype.name] << 8 | labels.ndim
    assert header["labels"]["dims"] == list(labels.shape)
    assert header["class_names"] == class_names(FAMILY[name])
    assert sum(header["class_counts"].values()) == len(labels)


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
    every, one = f"datasets=[{','.join(FAMILY)}]", "datasets=mnist"
    of_both = (lambda: cpu_seconds(folder, *command, every), lambda: cpu_seconds(folder, *command, one))
    assert least_ratio(*of_both, rounds=2, enough=4) < 4


def test_no_code_names_a_dataset() -> None:
    names = {name.split("-")[0] for name in FAMILY} - {"mnist"}
    for path in [PROJECT / "Snakefile", *(PROJECT / "rules").glob("*.smk"), *(PROJECT / "scripts").rglob("*.py")]:
        text = path.read_text(encoding="utf-8")
        assert [name for name in sorted(names) if name in text] == [], path

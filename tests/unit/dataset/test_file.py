from collections.abc import Callable
from copy import deepcopy
from dataclasses import fields
from pathlib import Path
from typing import Any

import numpy
import pytest
import yaml

import export
from dataset_files import SCHEMA
from idxpng.advice import VARIABLE
from idxpng.dataset.file import DATASETS, identify, load
from idxpng.dataset.model import Dataset, PublishedFile
from idxpng.errors import DataError
from idxpng.formats.idx import IdxHeader
from plans import MNIST
from project import PROJECT
from refusals import refusal

SHIPPED = sorted((PROJECT / "datasets").glob("*.yaml"))
MISSING = object()
NO_YAML = r"^mine\.yaml: not a readable YAML file[^\n]*\n  at: +\w+ \d+[^$]*\n  found: +\S"

# Columns that the workflow adds to manifests, Parquet files and shards.
OWN_COLUMNS = *export.COLUMNS, "image", "png", "cls", "json"

ORIGIN = {
    "url": "https://example.org/a?b=c#d",
    "creators": ["Ada Lovelace", "Given Ten Family"],
    "published": "1998-11-05",
    "superseded": [{"sha256": "0" * 64, "content_sha256": "1" * 64, "what": "train images of 1997"}],
}

Change = dict[str, Any]


def mnist_with(changes: Change) -> dict[str, Any]:
    """The content of datasets/mnist.yaml with the values of some keys replaced, such as {"splits.train.count": 9}."""
    document = deepcopy(MNIST)
    for path, value in changes.items():
        *parents, last = (int(key) if key.lstrip("-").isdigit() else key for key in path.split("."))
        place = document
        for key in parents:
            place = place[key]
        if value is MISSING:
            del place[last]
        else:
            place[last] = value
    return document


@pytest.fixture
def load_text(tmp_path: Path) -> Callable[[str], Dataset]:
    """A function that writes a dataset file with the given text and loads it."""

    def load_(text: str, name: str = "mine") -> Dataset:
        path = tmp_path / f"{name}.yaml"
        path.write_text(text, encoding="utf-8")
        return load(path, SCHEMA, display_name=f"{name}.yaml")

    return load_


@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: path.stem)
def test_every_shipped_dataset_file_loads(path: Path) -> None:
    dataset = load(path, SCHEMA)
    assert dataset.name == path.stem
    for split in dataset.splits.values():
        rows, columns = split.shape
        assert split.images.content_bytes == 16 + split.file_count * rows * columns
        values, size = len(dataset.label_columns), numpy.dtype(dataset.label_type).itemsize
        assert split.labels.content_bytes == (8 if values == 1 else 12) + split.file_count * values * size


@pytest.mark.parametrize(
    ("changes", "at", "found", "allowed"),
    [
        ({"titel": "x"}, "", "titel", "did you mean title?"),
        ({"splits.train.images.sha265": "0" * 64}, "splits.train.images", "sha265", "did you mean sha256?"),
        ({"title": MISSING}, "", "citation", "title"),
        ({"splits.train.labels": MISSING}, "splits.train", "images", "labels"),
        ({"splits.train.images.file": MISSING}, "splits.train.images", "sha256", "file"),
        ({"title": 3}, "title", "3", "text"),
        ({"title": None}, "title", "null", "text"),
        ({"classes.0": 0}, "classes.0", "0", "text"),
        ({"classes": ["0", "1"]}, "classes", '["0", "1"]', "pairs of a key and a value"),
        ({"splits.train.count": "60000"}, "splits.train.count", '"60000"', "a whole number"),
        ({"splits.train.count": True}, "splits.train.count", "true", "a whole number"),
        ({"splits.train.count": 0}, "splits.train.count", "0", "1"),
        ({"splits.train.count": 2**32}, "splits.train.count", "4294967296", "at most 4,294,967,295"),
        ({"splits.train.shape": [28]}, "splits.train.shape", "[28]", "Rows and columns"),
        ({"splits.train.shape": [28, 0]}, "splits.train.shape.1", "0", "1"),
        ({"splits.train.images.sha256": "abc"}, "splits.train.images.sha256", '"abc"', "64"),
        ({"splits.train.images.sha256": "A" * 64}, "splits.train.images.sha256", "AAAA", "64"),
        ({"splits.train.labels.content_sha256": "0" * 63}, "splits.train.labels.content_sha256", "000", "64"),
        ({"splits.train.images.file": "../train"}, "splits.train.images.file", "../train", "Name of"),
        ({"splits.train.images.file": "/etc/passwd"}, "splits.train.images.file", "/etc/passwd", "Name of"),
        ({"splits.train.images.file": "a/b"}, "splits.train.images.file", "a/b", "Name of"),
        ({"splits.train.images.file": "train\n"}, "splits.train.images.file", r"train\n", "Name of"),
        ({"splits.train.images.file": ".hidden"}, "splits.train.images.file", ".hidden", "Name of"),
        ({"splits.train.images.file": ""}, "splits.train.images.file", '""', "Name of"),
        ({"splits": {"../up": {}}}, "splits", "../up", "letters"),
        ({"classes.0": "nought\n"}, "classes.0", r"nought\n", "line"),
        ({"classes.0": "a\x1bb"}, "classes.0", r"a\u001bb", "line"),
        ({"classes.0": ""}, "classes.0", '""', "line"),
        ({"classes.0": "a\u2028b"}, "classes.0", r"a\u2028b", "line"),
        ({"classes.0": "a\u202eb"}, "classes.0", r"a\u202eb", "turn text around"),
        ({"title": "\x85.. raw:: html"}, "title", r"\x85.. raw:: html", "line"),
        ({"classes.0": "x" * 140_000}, "classes.0", "(140,002 characters)", "at most 200 characters"),
        ({"title": "x" * 2001}, "title", "(2,003 characters)", "at most 2,000 characters"),
        ({"classes.0": '=HYPERLINK("http://example.org")'}, "classes.0", "=HYPERLINK", "formula"),
        ({"classes.0": "@SUM(1+1)*cmd|' /C calc'!A0"}, "classes.0", "@SUM", "formula"),
        ({"classes.0": "+cmd|' /C calc'!A0"}, "classes.0", "+cmd", "formula"),
        ({"classes.0": "a;-cmd|' /C calc'!A0"}, "classes.0", "a;-cmd", "formula"),
        ({"classes": {"9" * 5000: "x"}}, "classes", "(5,002 characters)", "0, 1, 2"),
        ({"classes.256": "x"}, "classes", "256", "uint8: 0 to 255"),
        ({"classes.2147483648": "x", "label_type": "int32"}, "classes", "2147483648", "int32: 0 to 2147483647"),
        ({"license": {"spdx": "MIT\n.. raw:: html"}}, "license.spdx", r"MIT\n.. raw", "SPDX identifier"),
        ({"license": {"spdx": "<script>"}}, "license.spdx", "<script>", "SPDX identifier"),
        ({"url": "javascript:alert(1)"}, "url", "javascript:", "http"),
        ({"url": "https://example.org/<script>"}, "url", "<script>", "http"),
        ({"creators": "Me"}, "creators", '"Me"', "a list"),
        ({"creators": ["Me\u2029"]}, "creators.0", r"Me\u2029", "turn text around"),
        ({"published": 1998}, "published", "1998", "text"),
        ({"published": "25 August 2017"}, "published", "25 August", "1998"),
        ({"superseded": [{"what": "old"}]}, "superseded.0", "old", "A digest"),
        ({"superseded": [{"sha256": "0" * 64}]}, "superseded.0", "sha256", "what"),
        ({"classes.-1": "x"}, "classes", "-1", "0, 1, 2"),
        ({"classes.one": "x"}, "classes", "one", "0, 1, 2"),
        ({"citation": "two\nlines"}, "citation", r"two\nlines", "line"),
        ({"splits": {}}, "splits", "{}", "parts"),
        ({"splits.train.class_counts": [6000] * 9}, "splits.train.class_counts", "9", "10"),
        ({"splits.train.class_counts": [600] * 10}, "splits.train.class_counts", "6000", "60000"),
        ({"license": {"spdx": "MIT", "notes": "x"}}, "license", "notes", "one of note, spdx"),
        ({"license": "MIT"}, "license", '"MIT"', "pairs of a key and a value"),
        ({"mirrors": "https://example.org/"}, "mirrors", '"https://example.org/"', "a list"),
        ({"mirrors": ["ftp://example.org/"]}, "mirrors.0", "ftp://", "http"),
        ({"orientation": "sideways"}, "orientation", '"sideways"', "upright or transposed"),
        ({"label_type": "float32"}, "label_type", '"float32"', "int32"),
        ({"label_columns": ["series", "writer"]}, "label_columns", '"series"', "class. "),
        ({"label_columns": ["class", "class"]}, "label_columns", '"class"', "each item once"),
        ({"label_columns": ["class", "a,b"]}, "label_columns.1", '"a,b"', "Lowercase letters"),
        *(
            ({"label_columns": ["class", name]}, "label_columns.1", f'"{name}"', "taken by columns of the workflow")
            for name in OWN_COLUMNS
        ),
        ({"attribution": ""}, "attribution", '""', "line"),
        ({"splits.train.images.verified": "yes"}, "splits.train.images.verified", '"yes"', "bytes or pinned"),
        ({"splits.train.images.git_blob": "0" * 64}, "splits.train.images.git_blob", "000", "40"),
        ({"splits.train.images.member": "../x.gz"}, "splits.train.images.member", "../x.gz", "inside the archive"),
        ({"splits.train.images.member": "/x.gz"}, "splits.train.images.member", "/x.gz", "inside the archive"),
        ({"splits.train.images.member": "a/../x.gz"}, "splits.train.images.member", "a/../x.gz", "inside the archive"),
        ({"splits.train.images.member": "a\\x.gz"}, "splits.train.images.member", "x.gz", "inside the archive"),
        ({"archive": {"file": "gzip.zip"}}, "archive", "file", "bytes"),
        ({"archive": {"file": "../gzip.zip", "bytes": 9}}, "archive.file", "../gzip.zip", "Name of the archive"),
        ({"archive": {"file": "files.tar", "bytes": 9}}, "archive.file", "files.tar", ".zip"),
    ],
)
def test_a_mistake_is_reported_with_its_key_the_value_found_and_those_allowed(
    load_text: Callable[[str], Dataset], changes: Change, at: str, found: str, allowed: str
) -> None:
    problem, *details = refusal(load_text, yaml.safe_dump(mnist_with(changes))).splitlines()
    fields = dict(line.strip().split(": ", 1) for line in details)
    assert problem.startswith("mine.yaml: ")
    assert fields.get("at", "").strip() == at
    assert found in fields["found"]
    assert allowed in problem + fields.get("expected", "") + fields.get("to do", "")


@pytest.mark.parametrize("name", ["+", "-", "=", "@", "+1", "-1", "(", "a=b", "=>", "@home", "a (b)", "<", "🙂", "ä|ö"])
def test_symbols_and_numbers_are_accepted_as_class_names(load_text: Callable[[str], Dataset], name: str) -> None:
    assert load_text(yaml.safe_dump(mnist_with({"classes.0": name}))).classes[0] == name


def test_url_creators_date_and_superseded_releases_are_optional(load_text: Callable[[str], Dataset]) -> None:
    bare = load_text(yaml.safe_dump(mnist_with({key: MISSING for key in ORIGIN if key in mnist_with({})})))
    assert (bare.url, bare.creators, bare.published) == (None, (), None)
    dataset = load_text(yaml.safe_dump(mnist_with(ORIGIN)))
    assert dataset.url == "https://example.org/a?b=c#d"
    assert dataset.creators == ("Ada Lovelace", "Given Ten Family")
    assert dataset.published == "1998-11-05"


def test_each_key_of_a_dataset_file_is_loaded() -> None:
    read_otherwise = {"archive", "inverted", "superseded"}
    assert SCHEMA["properties"].keys() - read_otherwise <= {field.name for field in fields(Dataset)}


@pytest.mark.parametrize("digit", "01")
def test_a_superseded_release_is_recognized_by_each_of_its_digests(tmp_path: Path, digit: str) -> None:
    (tmp_path / "mine.yaml").write_text(yaml.safe_dump(mnist_with(ORIGIN)))
    found = identify([digit * 64], tmp_path)
    assert found == ("train images of 1997 (superseded) of MNIST", "mine")


@pytest.mark.parametrize(
    "other",
    ["t10k-images-idx3-ubyte.gz", "t10k-images-idx3-ubyte.xz", "t10k-images-idx3-ubyte", "T10K-images-idx3-ubyte.gz"],
)
def test_two_files_that_decompress_to_the_same_name_are_refused(
    load_text: Callable[[str], Dataset], other: str
) -> None:
    with pytest.raises(DataError, match=r"files have the same name[^$]*found: +([tT]10[kK]-images-idx3-ubyte(, |$))+"):
        load_text(yaml.safe_dump(mnist_with({"splits.train.images.file": other})))


@pytest.mark.parametrize(
    "text",
    ["a: [", "a: b: c", "\t- a", "&a [*a]", "title: 2020-13-45", "? {a: b}\n: c", "!!python/object:os.system {}"],
)
def test_text_that_is_not_yaml_is_refused(load_text: Callable[[str], Dataset], text: str) -> None:
    with pytest.raises(DataError, match=NO_YAML):
        load_text(text)


@pytest.mark.parametrize(("data", "position"), [(b"title: \xff\xfe", 7), (b"a: \0", 3)])
def test_bytes_that_are_not_text_are_refused(tmp_path: Path, data: bytes, position: int) -> None:
    (tmp_path / "mine.yaml").write_bytes(data)
    message = refusal(load, tmp_path / "mine.yaml", SCHEMA)
    assert "not a readable YAML file\n  found:    " in message and f"position {position}" in message


@pytest.mark.parametrize("text", ["", "- a\n", "text", "3"])
def test_yaml_that_is_not_a_mapping_is_refused(load_text: Callable[[str], Dataset], text: str) -> None:
    with pytest.raises(DataError, match=r"^mine\.yaml: [^$]*expected: pairs of a key and a value"):
        load_text(text)


@pytest.mark.parametrize(("name", "problem"), [("missing.yaml", "file not found"), ("folder.yaml", "cannot be read")])
def test_a_file_that_cannot_be_opened_is_named(tmp_path: Path, name: str, problem: str) -> None:
    (tmp_path / "folder.yaml").mkdir()
    message = refusal(load, tmp_path / name, SCHEMA)
    assert message.startswith(f"{tmp_path / name}: ") and problem in message


def test_a_file_that_is_given_by_hand_must_follow_the_schema(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "mine.yaml"
    path.write_text(yaml.safe_dump(mnist_with({"mirrors": [7]})))
    assert refusal(load, path).startswith(f"{path}: wrong kind of value\n  at:       mirrors.0")
    monkeypatch.setenv(VARIABLE, "{}")  # in a run, it was checked before
    assert load(path).mirrors == (7,)
    path.write_text(yaml.safe_dump(mnist_with({"splits": [7]})))  # and edited since then
    assert refusal(load, path).startswith(f"{path}: wrong kind of value\n  at:       splits")


def test_a_dataset_that_comes_with_the_workflow_is_found_by_its_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "mnist").touch()
    assert load("mnist") == load(DATASETS / "mnist.yaml")
    message = refusal(load, "mnits")
    assert (
        message.startswith("mnits: no such dataset\n  expected: one of emnist-balanced, ")
        and "; or the path" in message
        and message.endswith("did you mean mnist?")
    )


@pytest.mark.parametrize("name", ["my digits", "digits.v2", ".", "-x", "été", "x" * 61])
def test_a_file_name_that_is_not_a_dataset_name_is_refused(load_text: Callable[..., Dataset], name: str) -> None:
    with pytest.raises(DataError, match=rf"^{name}\.yaml: "):
        load_text(yaml.safe_dump(mnist_with({})), name)


@pytest.mark.parametrize(
    ("labels", "directories"),
    [
        (range(10), [str(label) for label in range(10)]),
        (range(1, 27), [f"{label:02}" for label in range(1, 27)]),
        (range(62), [f"{label:02}" for label in range(62)]),
        ([100, 7, 0], ["000", "007", "100"]),
    ],
)
def test_label_directories_are_padded_and_in_the_order_of_the_labels(
    load_text: Callable[[str], Dataset], labels: list[int], directories: list[str]
) -> None:
    classes = {label: f"class {label}" for label in labels}
    unpinned = {"classes": classes, "splits.train.class_counts": MISSING, "splits.test.class_counts": MISSING}
    unpinned["splits.validation"] = MISSING
    dataset = load_text(yaml.safe_dump(mnist_with(unpinned), sort_keys=False))
    assert list(dataset.labels) == sorted(dataset.labels) == directories
    assert dataset.labels == {directory: int(directory) for directory in directories}
    assert list(dataset.classes.items()) == sorted(classes.items())


def test_facts_that_are_not_pinned_are_none(load_text: Callable[[str], Dataset]) -> None:
    bare = {"file": "a.gz"}, {"file": "b.gz"}
    changes = {
        "splits.train.images": bare[0],
        "splits.train.labels": bare[1],
        "splits.train.class_counts": MISSING,
        "mirrors": MISSING,
    }
    dataset = load_text(yaml.safe_dump(mnist_with(changes)))
    assert dataset.mirrors == (".",), "the folder of the dataset file"
    assert dataset.splits["train"].class_counts is None
    assert dataset.splits["train"].images == PublishedFile("a.gz", IdxHeader.of("uint8", (60000, 28, 28)))
    assert dataset.splits["train"].images.content_bytes == 47040016


def test_a_member_needs_a_described_archive(load_text: Callable[[str], Dataset]) -> None:
    member = {"splits.train.images.member": "gzip/train.gz"}
    assert "names no archive" in refusal(load_text, yaml.safe_dump(mnist_with(member)))
    split = load_text(yaml.safe_dump(mnist_with(member | {"archive": {"file": "a.zip", "bytes": 9}}))).splits["train"]
    assert (split.images.member, split.images.archive) == ("gzip/train.gz", ("a.zip", 9))
    assert (split.labels.member, split.labels.archive) == (None, None)


@pytest.mark.parametrize(
    ("changes", "parts"),
    [
        ({"splits.train.images.file": "a.gz.xz"}, ["an extra suffix", "found:    a.gz"]),
        ({"splits.train.images.file": "x.npz"}, ["x.npz has no `member`", "x_train.npy"]),
        ({"classes.300": "x"}, ["a label is too large", "of type uint8: 0 to 255", "found:    300", "as label_type"]),
    ],
    ids=["suffix", "member", "label"],
)
def test_a_file_that_contradicts_itself_is_refused(
    load_text: Callable[[str], Dataset], changes: Change, parts: list[str]
) -> None:
    message = refusal(load_text, yaml.safe_dump(mnist_with(changes)))
    assert [words for words in parts if words not in message] == []


@pytest.mark.parametrize(
    ("part", "parts"),
    [
        ({"from": "train", "rows": [50000, 60001]}, ["splits.part.rows", "from 0 to 60000", "[50000, 60001]"]),
        ({"from": "train", "rows": [5, 5]}, ["splits.part.rows", "[5, 5]"]),
        ({"from": "trian", "rows": [0, 5]}, ["splits.part.from", "train", "trian"]),
        ({"from": "part", "rows": [0, 5]}, ["splits.part.from", "no split"]),
        ({"from": "train"}, ["a key is missing", "rows"]),
        ({"rows": [0, 5]}, ["a key is missing", "count"]),
        ({"from": "train", "rows": [0, 5], "count": 5}, ["splits.part", "from, rows and class_counts"]),
        (
            {"from": "train", "rows": [0, 5], "class_counts": [1] * 10},
            ["do not add up", "expected: one for each of 10 classes, 5 in all", "found:    10, 10 in all"],
        ),
        ({"from": "train", "rows": [0, 5], "tree_sha256": "5" * 63 + "x"}, ["splits.part.tree_sha256", "64 digits"]),
    ],
    ids=str,
)
def test_a_mistake_in_a_part_of_a_split_is_refused(
    load_text: Callable[[str], Dataset], part: Change, parts: list[str]
) -> None:
    message = refusal(load_text, yaml.safe_dump(mnist_with({"splits.part": part})))
    assert [words for words in parts if words not in message] == []


def test_two_splits_whose_names_differ_only_in_case_are_refused(load_text: Callable[[str], Dataset]) -> None:
    part = {"from": "train", "rows": [0, 5]}
    with pytest.raises(DataError, match=r"splits have the same name but for case[^$]*found: +Train, train"):
        load_text(yaml.safe_dump(mnist_with({"splits.Train": part})))


def test_digests_of_results_are_pinned_for_each_split_alone(load_text: Callable[[str], Dataset]) -> None:
    part = {"from": "train", "rows": [0, 5], "tree_sha256": "ab" * 32}
    whole = {"splits.train.archive_sha256": "cd" * 32, "splits.train.tree_sha256": MISSING, "splits.part": part}
    splits = load_text(yaml.safe_dump(mnist_with(whole))).splits
    assert (splits["train"].archive_sha256, splits["train"].tree_sha256) == ("cd" * 32, None)
    assert (splits["part"].archive_sha256, splits["part"].tree_sha256) == (None, "ab" * 32)


@pytest.mark.parametrize(
    "text", ["{}", "classes: 3", "classes: {a: b}\nsplits: {}", "classes: {0: zero}\nsplits: [train]"]
)
def test_a_file_that_is_not_a_dataset_file_is_refused_without_the_schema_too(tmp_path: Path, text: str) -> None:
    (tmp_path / "mine.yaml").write_text(text, encoding="utf-8")
    assert "a key is missing" in refusal(load, tmp_path / "mine.yaml")


def test_a_file_without_classes_is_refused_without_the_schema_too(tmp_path: Path) -> None:
    (tmp_path / "mine.yaml").write_text(yaml.safe_dump(mnist_with({"classes": {}})), encoding="utf-8")
    assert "expected: at least 1. " in refusal(load, tmp_path / "mine.yaml")

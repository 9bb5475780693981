"""Exact duplicates are found within and across splits, and the page says what is known about a dataset."""

import csv
import json
from pathlib import Path
from typing import Any

import pytest

import describe
from dataset_files import write_dataset

DIGESTS = ["a" * 64, "b" * 64, "a" * 16 + "c" * 48, "d" * 64]  # the third begins like the first
HEADER: dict[str, Any] = {
    "dataset": "digits",
    "orientation": "upright",
    "label_columns": ["class"],
    "class_names": {"0": "0"},
    "class_counts": {"0": 4},
} | {
    role: {
        "file": f"{role}-ubyte",
        "magic": 2051,
        "type": "uint8",
        "dims": [4, 28, 28],
        "bytes": 3152,
        "sha256": "e" * 64,
    }
    for role in ("images", "labels")
}
STATISTICS = {"images": 4, "mean": 0.130660, "std": 0.308108, "blank_count": 1, "blank": [2], "class_counts": {"0": 4}}


def write_manifest(path: Path, split: str, digests: list[str]) -> str:
    with open(path, "w", newline="", encoding="utf-8") as file:
        rows = csv.writer(file)
        rows.writerow(("path", "split", "index", "label", "class_name", "sha256"))
        rows.writerows(
            (f"{split}/0/{index}.png", split, index, 0, "a, b", digest) for index, digest in enumerate(digests)
        )
    return str(path)


@pytest.fixture
def described(tmp_path: Path) -> Path:
    a, b, like_a, d = DIGESTS
    splits = {"train": [a, b, like_a, a], "train-more": [b, d, d, d], "test": [b]}
    manifests = [write_manifest(tmp_path / f"{split}.csv", split, digests) for split, digests in splits.items()]
    (tmp_path / "statistics.json").write_text(json.dumps(STATISTICS))
    headers = [tmp_path / f"{split}.json" for split in splits]
    for split, header in zip(splits, headers, strict=True):
        header.write_text(json.dumps(HEADER | {"split": split}))
    dataset = write_dataset(
        tmp_path / "digits.yaml",
        title="Digits & <more>",
        licence={"spdx": None, "note": "Disputed by A & B."},
        citation="Me, 2020",
        attribution="Made by me.",
    )
    describe.main(
        dataset,
        list(map(str, headers)),
        [str(tmp_path / "statistics.json")] * 3,
        manifests,
        str(tmp_path / "overview.html"),
        str(tmp_path / "duplicates.json"),
    )
    return tmp_path


def test_duplicates_are_those_with_the_whole_digest_in_common(described: Path) -> None:
    assert json.loads((described / "duplicates.json").read_text()) == {
        "within": {
            "train": [["train/0/0.png", "train/0/3.png"]],
            "train-more": [["train-more/0/1.png", "train-more/0/2.png", "train-more/0/3.png"]],
            "test": [],
        },
        "across": [["train/0/1.png", "train-more/0/0.png", "test/0/0.png"]],
    }


def test_the_page_has_licence_dispute_citation_files_and_numbers(described: Path) -> None:
    page = (described / "overview.html").read_text(encoding="utf-8")
    for words in (
        "none that is certain",
        "Disputed by A &amp; B.",
        "Me, 2020",
        "Made by me.",
        "<h1>Digits &amp; &lt;more&gt;</h1>",
    ):
        assert words in page
    assert (
        page.count(f"<td>images-ubyte</td><td>2051</td><td>uint8</td><td>4 × 28 × 28</td><td>3,152</td><td>{'e' * 64}")
        == 3
    )
    numbers = "<td>4</td><td>1</td><td>0.1307</td><td>0.3081</td><td>1</td>"
    for split, within, across in (("train", 1, 1), ("train-more", 2, 1), ("test", 0, 1)):
        assert f"<tr><td>{split}</td>{numbers}<td>{within}</td><td>{across}</td></tr>" in page
    assert "://" not in page, "it needs nothing from elsewhere"

"""Exact duplicates are found within and across splits."""

import csv
import json
from pathlib import Path
from typing import Any

import pytest

import find_duplicates

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
        "content_sha256": "e" * 64,
    }
    for role in ("images", "labels")
}


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
    headers = [tmp_path / f"{split}.json" for split in splits]
    for split, header in zip(splits, headers, strict=True):
        header.write_text(json.dumps(HEADER | {"split": split}))
    find_duplicates.main(list(map(str, headers)), manifests, str(tmp_path / "duplicates.json"))
    return tmp_path


def test_duplicates_are_found_by_the_whole_digest(described: Path) -> None:
    assert json.loads((described / "duplicates.json").read_text()) == {
        "within": {
            "train": [["train/0/0.png", "train/0/3.png"]],
            "train-more": [["train-more/0/1.png", "train-more/0/2.png", "train-more/0/3.png"]],
            "test": [],
        },
        "across": [["train/0/1.png", "train-more/0/0.png", "test/0/0.png"]],
    }

"""Groups of duplicates are read as they were written, and only the beginnings of them are kept."""

import csv
import hashlib
from pathlib import Path

import pytest

from idxpng.publish import duplicate_groups
from idxpng.publish.duplicate_groups import MOST_MEMBERS, read_groups
from idxpng.publish.duplicates import Duplicates


def write(folder: Path, splits: dict[str, str]) -> Path:
    """What `find_duplicates` writes of images that are one letter each."""
    manifests = {}
    for split, letters in splits.items():
        manifests[split] = str(folder / f"{split}.csv")
        with open(manifests[split], "w", newline="", encoding="utf-8") as file:
            rows = csv.writer(file)
            rows.writerow(("path", "sha256"))
            for index, letter in enumerate(letters):
                rows.writerow((f"{split}/0/{index}.png", hashlib.sha256(letter.encode()).hexdigest()))
    path = folder / "duplicates.json"
    with Duplicates(manifests) as same, open(path, "wb") as out:
        same.write(out)
    return path


def test_all_groups_are_counted(tmp_path: Path) -> None:
    within, across = read_groups(write(tmp_path, {"across": "abcab", "within": "xyx", "test": "qb"}))
    assert within["across"].first == [
        ["across/0/0.png", "across/0/3.png"],
        ["across/0/1.png", "across/0/4.png"],
    ]
    assert {split: (groups.count, groups.repeated) for split, groups in within.items()} == {
        "across": (2, 2),
        "within": (1, 1),
        "test": (0, 0),
    }
    assert (across.count, across.repeated) == (1, 2)
    assert across.images == {"across": 2, "test": 1}
    assert across.first == [["across/0/1.png", "across/0/4.png", "test/0/1.png"]]


def test_no_group_is_no_error(tmp_path: Path) -> None:
    within, across = read_groups(write(tmp_path, {"train": "abc", "test": "def"}))
    assert (within["train"].count, within["test"].count, across.count) == (0, 0, 0)


def test_of_many_and_large_groups_only_beginnings_are_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(duplicate_groups, "MOST_GROUPS", 1)
    within, _ = read_groups(write(tmp_path, {"train": "a" * 500 + "bb"}))
    groups = within["train"]
    assert (groups.count, groups.repeated) == (2, 500)
    assert [len(group) for group in groups.first] == [MOST_MEMBERS]

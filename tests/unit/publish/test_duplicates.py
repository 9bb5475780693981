"""Duplicates are found whatever their number and order, as a simple program finds them, in little memory."""

import csv
import io
import json
import random
import resource
from collections import defaultdict
from collections.abc import Mapping
from pathlib import Path

import pytest

from idxpng.errors import DataError
from idxpng.publish.duplicates import CACHE_KB, TABLES, Duplicates
from memory import growth

COUNT = 200_000
FIND = "with Duplicates({'train': sys.argv[1]}) as found, open(sys.argv[2], 'wb') as file: found.write(file)"


def write_manifest(path: Path, split: str, digests: list[str]) -> str:
    with open(path, "w", newline="", encoding="utf-8") as file:
        rows = csv.writer(file, lineterminator="\n")
        rows.writerow(("path", "split", "index", "label", "class_name", "sha256"))
        rows.writerows(
            (f"{split}/0/{index}.png", split, index, 0, "a, b", digest) for index, digest in enumerate(digests)
        )
    return str(path)


def found(folder: Path, splits: Mapping[str, list[str]]) -> tuple[dict, dict[str, tuple[int, int]]]:
    """What is written, and the counts of each split."""
    manifests = {split: write_manifest(folder / f"{split}.csv", split, of_it) for split, of_it in splits.items()}
    with Duplicates(manifests) as duplicates:
        written = io.BytesIO()
        duplicates.write(written)
        text = written.getvalue().decode()
        assert text == json.dumps(json.loads(text), indent=2) + "\n"
        return json.loads(text), {split: (duplicates.within(split), duplicates.across(split)) for split in splits}


def simply_found(splits: Mapping[str, list[str]]) -> tuple[dict, dict[str, tuple[int, int]]]:
    """The same with all of it in memory."""
    within: dict[str, list[list[str]]] = {}
    everywhere: dict[str, list[tuple[str, str]]] = defaultdict(list)
    for split, digests in splits.items():
        groups: dict[str, list[str]] = defaultdict(list)
        for index, digest in enumerate(digests):
            groups[digest].append(f"{split}/0/{index}.png")
            everywhere[digest].append((split, f"{split}/0/{index}.png"))
        within[split] = [paths for paths in groups.values() if len(paths) > 1]
    shared = [group for group in everywhere.values() if len({split for split, _ in group}) > 1]
    counts = {
        split: (
            sum(len(group) - 1 for group in within[split]),
            sum(own == split for group in shared for own, _ in group),
        )
        for split in splits
    }
    return {"within": within, "across": [[path for _, path in group] for group in shared]}, counts


@pytest.mark.parametrize("different", [1, 2, 30, 5_000, 10**9])
def test_groups_are_those_with_the_whole_digest_in_common(tmp_path: Path, different: int) -> None:
    source = random.Random(different)
    splits = {
        split: [f"{source.randrange(different):064x}"[:: source.choice((1, -1))] for _ in range(count)]
        for split, count in {"train": 1000, "train-more": 300, "test": 200, "one": 1}.items()
    }
    assert found(tmp_path, splits) == simply_found(splits)


def test_a_set_without_duplicates_has_no_groups(tmp_path: Path) -> None:
    splits = {"train": ["a" * 64, "b" * 64], "test": ["a" * 16 + "b" * 48]}  # begins like the first
    written, counts = found(tmp_path, splits)
    assert written == {"within": {"train": [], "test": []}, "across": []}
    assert counts == {"train": (0, 0), "test": (0, 0)}


@pytest.mark.memory
@pytest.mark.parametrize("repeated", [1, 2, COUNT], ids=["all different", "pairs", "all equal"])
def test_memory_does_not_grow_with_what_is_found(tmp_path: Path, repeated: int) -> None:
    manifest = write_manifest(tmp_path / "m.csv", "train", [f"{i // repeated:016x}{0:048x}" for i in range(COUNT)])
    before = "from idxpng.publish.duplicates import Duplicates"
    assert growth(FIND, manifest, str(tmp_path / "duplicates.json"), before=before) < 40


def test_a_full_disk_of_temporary_files_is_reported(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("idxpng.publish.duplicates.TABLES", TABLES.replace(f"-{CACHE_KB}", "-100"))
    manifest = write_manifest(tmp_path / "m.csv", "train", ["0" * 64] * 20_000)
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (2**18, limits[1]))
    try:
        with pytest.raises(DataError, match=r"temporary folder[^$]*TMPDIR"):
            Duplicates({"train": manifest})
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)

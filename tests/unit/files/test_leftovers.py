"""Files that a split no longer has are removed, and no others."""

from pathlib import Path

import pytest

from idxpng.files.leftovers import remove_labels, remove_shards


def names(folder: Path) -> list[str]:
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file())


def touch(folder: Path, *paths: str) -> None:
    for path in paths:
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).touch()


def test_shards_that_are_no_longer_listed_are_removed(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    current = [f"train-{number:06}.tar" for number in range(2)]
    stale = [f"train-{number:06}.tar" for number in range(2, 9)]
    kept = ["test-000007.tar", "train-extra-000007.tar", "train-7.tar", "train-000007.tar.gz", "train.json", "x.tar"]
    touch(tmp_path, *current, *stale, *kept)
    assert remove_shards(tmp_path, "train", current) == stale
    assert names(tmp_path) == sorted([*current, *kept])
    assert "removed 7 shards of an earlier run: train-000002.tar" in caplog.text
    assert "and 2 more" in caplog.text


def test_when_all_is_current_nothing_is_removed_or_reported(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    touch(tmp_path, "train-000000.tar", "png/0/0.png", "manifest/0.csv")
    assert remove_shards(tmp_path, "train", ["train-000000.tar"]) == []
    assert remove_labels(tmp_path / "png", tmp_path / "manifest", ["0"]) == []
    assert (len(names(tmp_path)), caplog.text) == (3, "")


def test_labels_that_the_split_no_longer_has_are_removed_with_their_manifests(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    png, manifests = tmp_path / "png/train", tmp_path / "manifest/train"
    touch(png, "0/00.png", "0/.snakemake_timestamp", "1/01.png", "00/00.png", "01/01.png", "notes/1.png", "a.png")
    (png / "2").mkdir()
    touch(manifests, "0.csv", "1.csv", "2.csv", "00.csv", "01.csv", "notes.csv")
    assert remove_labels(png, manifests, ["00", "01"]) == ["0", "1", "2"]
    assert names(png) == ["00/00.png", "01/01.png", "a.png", "notes/1.png"]
    assert not (png / "2").exists()
    assert names(manifests) == ["00.csv", "01.csv", "notes.csv"]
    assert "removed 3 labels of an earlier run: 0, 1, 2" in caplog.text


def test_a_directory_with_files_that_are_not_ours_is_left_and_reported(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    touch(tmp_path, "png/0/0.png", "png/0/mine.txt", "png/1/1.png", "elsewhere/2.png")
    (tmp_path / "png/2").symlink_to(tmp_path / "elsewhere")
    (tmp_path / "png/1/3.png").symlink_to(tmp_path / "elsewhere/2.png")
    assert remove_labels(tmp_path / "png", tmp_path / "manifest", []) == []
    assert len(names(tmp_path)) == 5
    assert "png/0: not a label of the split, but not removed, because it has mine.txt" in caplog.text
    assert "png/1: not a label of the split, but not removed, because it has 3.png" in caplog.text

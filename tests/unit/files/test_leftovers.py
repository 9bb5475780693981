"""Files that a split no longer has are removed, and no others."""

import os
from pathlib import Path

import pytest

from builders import put
from idxpng import replaceable
from idxpng.errors import DataError
from idxpng.files.leftovers import remove_labels


def names(folder: Path) -> list[str]:
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file())


def touch(folder: Path, *paths: str) -> None:
    for path in paths:
        put(folder / path)


def manifest(file: Path, *paths: str) -> None:
    """The manifest of a label of an earlier run, which lists images."""
    put(file, "\n".join(["split,path,index", *(f"train,{path},0" for path in paths), ""]))


def test_when_all_is_current_nothing_is_removed_or_reported(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    touch(tmp_path, "png/0/0.png", "manifest/0.csv")
    remove_labels(tmp_path / "png", tmp_path / "manifest", ["0"])
    assert (len(names(tmp_path)), caplog.text) == (2, "")


def test_labels_that_the_split_no_longer_has_are_removed_with_their_manifests(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    png, manifests = tmp_path / "png/train", tmp_path / "manifest/train"
    touch(png, "0/00.png", "0/.snakemake_timestamp", "1/01.png", "00/00.png", "01/01.png", "notes/1.png", "a.png")
    (png / "2").mkdir()
    touch(manifests, "00.csv", "01.csv", "notes.csv")
    manifest(manifests / "0.csv", "train/0/00.png")
    manifest(manifests / "1.csv", "train/1/01.png", "train/1/02.png")
    manifest(manifests / "2.csv")
    remove_labels(png, manifests, ["00", "01"])
    assert names(png) == ["00/00.png", "01/01.png", "a.png", "notes/1.png"]
    assert not (png / "2").exists()
    assert names(manifests) == ["00.csv", "01.csv", "notes.csv"]
    assert "removed 3 labels of an earlier run: 0, 1, 2" in caplog.text
    assert "png/train: not labels of the split, but not removed: a.png, notes" in caplog.text


def test_a_proof_does_not_outlive_a_removal_that_fails(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    touch(tmp_path, "png/0/0.png", "test.json")
    manifest(tmp_path / "train/0.csv", "train/0/0.png")
    monkeypatch.setattr(Path, "rmdir", Path.read_bytes)
    with pytest.raises(IsADirectoryError):
        remove_labels(tmp_path / "png", tmp_path / "train", [], tmp_path / "test.json")
    assert names(tmp_path) == ["train/0.csv"]


def test_labels_that_no_manifest_of_an_earlier_run_lists_are_left_and_reported(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    png, manifests = tmp_path / "png/train", tmp_path / "manifest/train"
    touch(png, *(f"{label}/1.png" for label in (10, 11, 12, 13, 14)))
    manifest(manifests / "11.csv", "train/10/1.png")
    touch(manifests, "12.csv")
    (manifests / "13.csv").write_text("path,label\ntrain/13/1.png,13\n")
    os.mkfifo(manifests / "14.csv")
    before = len(names(tmp_path))
    remove_labels(png, manifests, [])
    assert len(names(tmp_path)) == before
    assert "not removed: 10, 11, 12, 13, 14" in caplog.text


def test_a_directory_with_files_that_are_not_ours_is_left_and_reported(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    touch(tmp_path, "png/0/0.png", "png/0/mine.txt", "png/1/1.png", "elsewhere/2.png", "png/3/4.png")
    (tmp_path / "png/2").symlink_to(tmp_path / "elsewhere")
    (tmp_path / "png/1/3.png").symlink_to(tmp_path / "elsewhere/2.png")
    manifest(tmp_path / "train/0.csv", "train/0/0.png")
    manifest(tmp_path / "train/1.csv", "train/1/1.png", "train/1/3.png")
    manifest(tmp_path / "train/2.csv", "train/2/2.png")
    manifest(tmp_path / "train/3.csv", "train/3/3.png")
    remove_labels(tmp_path / "png", tmp_path / "train", [])
    assert len(names(tmp_path)) == 10
    assert "png/0: not a label of the split, but not removed, because it has mine.txt" in caplog.text
    assert "png/1: not a label of the split, but not removed, because it has 3.png" in caplog.text
    assert "png/3: not a label of the split, but not removed, because it has 4.png" in caplog.text


def test_a_job_of_a_killed_run_removes_nothing_that_a_run_with_other_settings_has_made(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(replaceable, "settings", [str(tmp_path / "limit-of-then.json")])
    touch(tmp_path, "png/0/0.png")
    manifest(tmp_path / "train/0.csv", "train/0/0.png")
    with pytest.raises(DataError, match="a newer run has other settings"):
        remove_labels(tmp_path / "png", tmp_path / "train", [])
    assert names(tmp_path) == ["png/0/0.png", "train/0.csv"]

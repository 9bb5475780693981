"""Shards that a split no longer has are removed, and no other files."""

import os
import tarfile
from pathlib import Path

import pytest

from idxpng import replaceable
from idxpng.errors import DataError
from idxpng.formats.tar import END, member
from index_shards import remove_others


def shards(folder: Path, *names: str) -> None:
    for name in names:
        (folder / name).write_bytes(member("00007.png", b"image") + END)


def test_shards_that_are_not_current_are_removed(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    current = [f"train-{number:06}.tar" for number in range(2)]
    stale = [f"train-{number:06}.tar" for number in range(2, 9)]
    kept = ["test-000007.tar", "train-extra-000007.tar", "train-7.tar", "train-000007.tar.gz", "train.json", "x.tar"]
    shards(tmp_path, *current, *stale, *kept)
    (tmp_path / stale[0]).write_bytes(END)  # of no images
    remove_others(tmp_path / "index.json", current)
    assert sorted(os.listdir(tmp_path)) == sorted([*current, *kept])
    assert "removed 7 shards of an earlier run: train-000002.tar" in caplog.text
    assert "and 2 more" in caplog.text
    assert "not removed" not in caplog.text


def test_what_does_not_begin_as_a_shard_of_ours_is_left_and_reported(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    shards(tmp_path, "elsewhere")
    (tmp_path / "train-000001.tar").touch()
    (tmp_path / "train-000002.tar").write_bytes(b"own")
    (tmp_path / "train-000003.tar").write_bytes(member("cat.png") + END)
    for number, what in ((4, "uid"), (5, "mtime")):
        with tarfile.open(tmp_path / f"train-00000{number}.tar", "w", format=tarfile.USTAR_FORMAT) as file:
            info = tarfile.TarInfo("00007.png")
            setattr(info, what, 1)
            file.addfile(info)
    (tmp_path / "train-000006.tar").symlink_to(tmp_path / "elsewhere")
    os.mkfifo(tmp_path / "train-000007.tar")
    remove_others(tmp_path / "train.json", ["train-000000.tar"])
    assert len(list(tmp_path.glob("*.tar"))) == 7
    assert "not shards of this run, but not removed: train-000001.tar, train-000002.tar" in caplog.text


def test_when_all_is_current_nothing_is_removed_or_reported(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    (tmp_path / "train-000000.tar").touch()
    remove_others(tmp_path / "train.json", ["train-000000.tar"])
    assert (os.listdir(tmp_path), caplog.text) == (["train-000000.tar"], "")


def test_a_job_of_a_killed_run_removes_no_shard_that_a_run_with_other_settings_has_made(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(replaceable, "settings", [str(tmp_path / "limit-of-then.json")])
    shards(tmp_path, "train-000007.tar")
    with pytest.raises(DataError, match="a newer run has other settings"):
        remove_others(tmp_path / "train.json", ["train-000000.tar"])
    assert os.listdir(tmp_path) == ["train-000007.tar"]

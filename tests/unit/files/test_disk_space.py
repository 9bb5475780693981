"""Files that do not fit are not started."""

import errno
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from idxpng import log
from idxpng.errors import open_named
from idxpng.files import disk_space
from idxpng.files.disk_space import DiskRoomError, check_room_for_files, check_space, disk_full_error
from systems import failing


def test_files_that_fit_are_accepted(tmp_path: Path) -> None:
    check_room_for_files(tmp_path / "not/yet/there", 10)


def test_more_files_than_blocks_or_inodes_are_refused_with_an_alternative(tmp_path: Path) -> None:
    with pytest.raises(DiskRoomError, match=r"to do: .* make the target webdataset instead") as refused:
        check_room_for_files(tmp_path / "not/yet/there", os.statvfs(tmp_path).f_bavail * 1000)
    assert str(tmp_path) in str(refused.value)
    assert "expected" in str(refused.value)
    assert "found" in str(refused.value)
    assert "snakemake" not in str(refused.value), "no command, which would need the options and settings of this one"


def test_a_file_larger_than_the_space_left_is_refused_with_the_bytes_that_it_needs(tmp_path: Path) -> None:
    check_space(tmp_path / "file", 10)
    with pytest.raises(
        DiskRoomError,
        match=f"expected: {10**18:,} bytes\n  found:    [0-9,]+ bytes, [0-9,]+ inodes free in {tmp_path}\n",
    ):
        check_space(tmp_path / "file", 10**18)


@pytest.mark.parametrize(
    ("number", "words"), [(errno.ENOSPC, "No space left on device"), (errno.EDQUOT, "Disk quota exceeded")]
)
def test_a_disk_that_is_full_is_reported_with_the_file_and_what_is_free(
    tmp_path: Path, number: int, words: str
) -> None:
    with pytest.raises(DiskRoomError) as told, disk_full_error(tmp_path / "not/yet/file"):
        raise OSError(number, words)
    first, *rest = str(told.value).splitlines()
    assert first == f"{tmp_path}/not/yet/file: not enough disk space: {words}"
    assert [line for line in rest if line.startswith("  found:") and line.endswith(f"inodes free in {tmp_path}")]


def test_other_errors_are_not_taken_for_a_full_disk(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match="missing"), disk_full_error(tmp_path / "file"):
        (tmp_path / "missing").read_bytes()


def test_an_error_of_a_disk_names_the_file_that_is_made(tmp_path: Path) -> None:
    file, other = tmp_path / "file", str(tmp_path / "other")
    for name in (None, other):
        with pytest.raises(OSError, match=os.strerror(errno.EIO)) as failed, disk_full_error(file):
            raise OSError(errno.EIO, os.strerror(errno.EIO), name)
        assert failed.value.filename == (name or file)


@pytest.mark.skipif(not os.path.exists("/proc/self/mem"), reason="needs a file that fails when it is read")
def test_an_error_of_a_disk_names_the_file_that_is_read_for_a_different_one(tmp_path: Path) -> None:
    with (
        pytest.raises(OSError, match="/proc/self/mem"),
        disk_full_error(tmp_path / "file"),
        open_named("/proc/self/mem") as file,
    ):
        file.read(1)


def zeros(path: object) -> os.statvfs_result:
    return os.statvfs_result((4096, 4096, *[0] * 8))


@pytest.mark.parametrize("statvfs", [failing(errno.ENOSYS), zeros])
def test_a_file_system_that_does_not_say_what_is_free_is_reported_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, statvfs: Callable[..., object]
) -> None:
    monkeypatch.setattr(disk_space.os, "statvfs", statvfs)
    log.warn_once.cache_clear()
    check_space(tmp_path / "file", 10**18)
    check_room_for_files(tmp_path, 10**9)
    with pytest.raises(DiskRoomError, match="No space left"), disk_full_error(tmp_path / "file"):
        raise OSError(errno.ENOSPC, "No space left on device")
    assert caplog.text.count("does not say how much room it has") == 1

"""What does not fit is not begun."""

import os
from pathlib import Path

import pytest

from disk_room import DiskRoomError, check_room


def test_files_that_fit_are_no_error(tmp_path: Path) -> None:
    check_room(tmp_path / "not/yet/there", 10)


def test_more_files_than_blocks_or_inodes_are_refused_with_another_way(tmp_path: Path) -> None:
    with pytest.raises(DiskRoomError, match="snakemake webdataset") as refused:
        check_room(tmp_path / "not/yet/there", os.statvfs(tmp_path).f_bavail * 1000)
    assert str(tmp_path) in str(refused.value)
    assert "expected" in str(refused.value)
    assert "found" in str(refused.value)

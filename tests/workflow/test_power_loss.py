"""The power fails: what is on the disk then is whole or absent, and the same command ends in the same result.

The disk is a file that a loop device stands on. A copy of that file has what the file system has written to it,
and nothing of what is still in memory: it is the disk that a loss of power at this moment leaves.
"""

import os
import shutil
import signal
import subprocess
import time
from pathlib import Path

import pytest

from project import Snakemake, copy_project, files, snakemake
from systems import mounted

DISK_BYTES = 200 << 20
COMMAND = ("--cores", "2", "all")


@pytest.fixture
def disk(tmp_path: Path) -> Path:
    """A file with an empty ext4 file system."""
    if os.geteuid() != 0 or not shutil.which("mkfs.ext4") or not Path("/dev/loop-control").exists():
        pytest.skip("needs root, mkfs.ext4 and loop devices")
    disk = tmp_path / "disk"
    with disk.open("wb") as file:
        file.truncate(DISK_BYTES)
    subprocess.run(["mkfs.ext4", "-q", "-m", "0", disk], check=True)
    return disk


def check_after_power_loss(disk: Path, folder: Path, undisturbed: dict[str, bytes]) -> int:
    """Check what is on the disk now, then the same command on it. How many files were there."""
    left = disk.with_name("disk-after-power-loss")
    shutil.copyfile(disk, left)
    folder.mkdir(exist_ok=True)
    with mounted(folder, "-o", "loop", left) as after:
        there = files(after / "results")
        final = {path: content for path, content in there.items() if "/." not in path}
        assert {path for path in final if final[path] != undisturbed[path]} == set()
        if any((after / ".snakemake/locks").glob("*")):
            snakemake(after, "--unlock", "all")
        snakemake(after, *COMMAND)
        assert files(after / "results") == undisturbed
    return len(final)


def test_a_power_loss_right_after_a_run_loses_nothing(
    tmp_path: Path, disk: Path, undisturbed: dict[str, bytes]
) -> None:
    (tmp_path / "before").mkdir()
    with mounted(tmp_path / "before", "-o", "loop", disk) as before:
        project = copy_project(before)
        os.sync()
        snakemake(project, *COMMAND)
        assert check_after_power_loss(disk, tmp_path / "after", undisturbed) == len(undisturbed)


@pytest.mark.parametrize("exports", [1, 7, 14, 20])
def test_a_power_loss_during_a_run_leaves_no_partial_file_under_a_final_name(
    tmp_path: Path, disk: Path, undisturbed: dict[str, bytes], exports: int
) -> None:
    (tmp_path / "before").mkdir()
    with mounted(tmp_path / "before", "-o", "loop", disk) as before:
        project = copy_project(before)
        os.sync()
        process = Snakemake(project, *COMMAND)
        while len(list(project.glob("logs/*/export/*/*.log"))) < exports:
            assert process.poll() is None, "it ended before"
            time.sleep(0.002)
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        assert check_after_power_loss(disk, tmp_path / "after", undisturbed) < len(undisturbed)

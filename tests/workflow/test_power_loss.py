"""The power fails: what is on the disk then is whole or absent, and the same command ends in the same result.

The disk is a file that a loop device stands on. A copy of that file has what the file system has written to it,
and nothing of what is still in memory: it is the disk that a loss of power at this moment leaves.
"""

import os
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from project import Snakemake, copy_project, files, snakemake
from systems import mounted

DISK_BYTES = 64 << 20
COMMAND = ("--cores", "2", "all")


@pytest.fixture
def disk(tmp_path: Path) -> Path:
    """A file with an ext4 file system, on which the project is."""
    if os.geteuid() != 0 or not shutil.which("mkfs.ext4") or not Path("/dev/loop-control").exists():
        pytest.skip("needs root, mkfs.ext4 and loop devices")
    disk = tmp_path / "disk"
    with disk.open("wb") as file:
        file.truncate(DISK_BYTES)
    project = copy_project(tmp_path / "project")
    subprocess.run(["mkfs.ext4", "-q", "-m", "0", "-d", project, disk], check=True)
    return disk


@contextmanager
def project_on(disk: Path) -> Iterator[Path]:
    folder = disk.with_name(f"mounted-{disk.name}")
    folder.mkdir()
    with mounted(folder, "-o", "loop", disk):
        yield folder


def after_power_loss(disk: Path) -> Path:
    """The disk that a loss of power at this moment leaves."""
    return Path(shutil.copyfile(disk, f"{disk}-"))


def check_final(project: Path, undisturbed: dict[str, bytes]) -> int:
    """Check all results that have their final names, and return how many they are."""
    final = {path: content for path, content in files(project / "results").items() if "/." not in path}
    assert {path for path in final if final[path] != undisturbed[path]} == set()
    return len(final)


def test_a_power_loss_right_after_a_run_loses_nothing(disk: Path, undisturbed: dict[str, bytes]) -> None:
    with project_on(disk) as project:
        snakemake(project, *COMMAND)
        left = after_power_loss(disk)
    with project_on(left) as project:
        assert check_final(project, undisturbed) == len(undisturbed)
        unlock(project)
        snakemake(project, *COMMAND)
        assert files(project / "results") == undisturbed


def test_a_power_loss_during_a_run_leaves_no_partial_file_under_a_final_name(
    disk: Path, undisturbed: dict[str, bytes]
) -> None:
    """The power fails four times, each time during a later export, and what is there is whole each time."""
    for exports in (1, 7, 14, 20):
        with project_on(disk) as project:
            assert check_final(project, undisturbed) < len(undisturbed)
            unlock(project)
            process = Snakemake(project, *COMMAND)
            while exports_begun(project) < exports:
                assert process.poll() is None, "it ended before"
                time.sleep(0.005)
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
            disk = after_power_loss(disk)
    with project_on(disk) as project:
        assert check_final(project, undisturbed) < len(undisturbed)
        unlock(project)
        snakemake(project, *COMMAND)
        assert files(project / "results") == undisturbed


def unlock(project: Path) -> None:
    if any((project / ".snakemake/locks").glob("*")):
        snakemake(project, "--unlock", "all")


def exports_begun(project: Path) -> int:
    """How many labels a run exports or has exported: the log of an export does not always survive, the images do."""
    logs = {(log.parent.name, log.stem) for log in project.glob("logs/*/export/*/*.log")}
    return len(logs | {label.parts[-2:] for label in project.glob("results/*/png/*/[0-9]")})

"""Whether a file system has room for many small files, before they are written."""

import os
from pathlib import Path

from data_error import DataError


class DiskRoomError(DataError):
    """A file system without room for what is to be written."""


def check_space(file: str | os.PathLike[str], size: int) -> None:
    """Check that there is space for a file of ``size`` bytes, in a directory that exists.

    Raises:
        DiskRoomError: when there is not.
    """
    free = os.statvfs(Path(file).absolute().parent)
    found = free.f_bavail * free.f_frsize
    if size > found:
        raise DiskRoomError(
            file, "no space for it on the disk", expected=f"{size} bytes", found=f"{found} free", todo="free some"
        )


def check_room(folder: str | os.PathLike[str], files: int) -> None:
    """Check that ``files`` more files fit below ``folder``, which need not exist yet.

    Each takes an inode and, however small, a block. Where files are larger than a block, more room may be
    needed than this sees; quotas that the file system does not report are not seen either.

    Raises:
        DiskRoomError: when there are not as many free inodes or blocks.
    """
    existing = Path(folder).absolute()
    while not existing.exists():
        existing = existing.parent
    free = os.statvfs(existing)
    instead = "free some, or `snakemake webdataset` packs the images into a few tar files instead (rule pack)"
    if free.f_files and files > free.f_favail:
        raise DiskRoomError(
            existing,
            f"no room for {files} files",
            expected=f"{files} inodes",
            found=f"{free.f_favail} free",
            todo=instead,
        )
    if files > free.f_bavail:
        raise DiskRoomError(
            existing,
            f"no room for {files} files",
            expected=f"{files} blocks, {files * free.f_frsize // 10**6} MB",
            found=f"{free.f_bavail} free, {free.f_bavail * free.f_frsize // 10**6} MB",
            todo=instead,
        )

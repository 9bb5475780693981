"""Checking that there is room for a file, and reporting a full disk."""

import errno
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from idxpng import log
from idxpng.errors import DataError, named
from idxpng.text import counted

AGAIN = "free some space, and run the same command again"


class DiskRoomError(DataError):
    """A file system that lacks room."""


def check_space(file: str | os.PathLike[str], size: int, folder: Path | None = None) -> None:
    """Raise DiskRoomError unless ``size`` bytes of a file fit into ``folder``, by default its own folder."""
    folder = folder or Path(file).absolute().parent
    free = _free(folder)
    if free and size > free.f_bavail * free.f_frsize:
        expected, found = f"{size:,} bytes", _shown(free, folder)
        raise DiskRoomError(file, "not enough disk space", expected=expected, found=found, todo=AGAIN)


@contextmanager
def disk_full_error(file: str | os.PathLike[str]) -> Iterator[None]:
    """Raise a full disk as DiskRoomError with the ``file`` being written, which the system's error does not name.

    Any other error of the system is `named`.
    """
    try:
        with named(file):
            yield
    except OSError as error:
        if error.errno == errno.EFBIG:  # a limit of this process, which more space does not lift
            raise DiskRoomError(file, error.strerror or "too large", todo="allow larger files, see ulimit -f") from None
        if error.errno not in (errno.ENOSPC, errno.EDQUOT):
            raise
        folder = existing_folder(Path(file).absolute().parent)
        free = _free(folder)
        problem, found = f"not enough disk space: {error.strerror}", free and _shown(free, folder)
        raise DiskRoomError(file, problem, found=found, todo=AGAIN) from None


def check_room_for_files(folder: str | os.PathLike[str], files: int) -> None:
    """Raise DiskRoomError unless ``files`` more files fit below ``folder``, which need not exist yet.

    Each file takes an inode and at least a block. Files larger than a block, and quotas that the file system does not
    report, are not taken into account.
    """
    existing = existing_folder(Path(folder).absolute())
    free = _free(existing)
    if free and (files > free.f_bavail or (files > free.f_favail and free.f_files)):
        problem = f"no room for {counted(files, 'file')}"
        expected = f"{files * free.f_frsize:,} bytes, {files:,} inodes"
        todo = "free some space, or make the target webdataset instead, which packs the images into a few tar files"
        raise DiskRoomError(existing, problem, expected=expected, found=_shown(free, existing), todo=todo)


def _shown(free: os.statvfs_result, folder: Path) -> str:
    return f"{free.f_bavail * free.f_frsize:,} bytes, {free.f_favail:,} inodes free in {folder}"


def _free(folder: str | os.PathLike[str]) -> os.statvfs_result | None:
    """What is free on the file system of a folder; None, with one warning, if it does not say."""
    with suppress(OSError):
        if (found := os.statvfs(folder)).f_blocks:
            return found
    log.warn_once("this file system does not say how much room it has: a full disk is noticed only when a write fails")
    return None


def existing_folder(folder: Path) -> Path:
    """The folder, or the nearest one above it that exists."""
    while not folder.exists():
        folder = folder.parent
    return folder

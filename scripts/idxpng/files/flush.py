"""Flushing to disk: what a rename publishes must be there after a loss of power, too.

A rename may reach the disk before the bytes of the files that it publishes; then a loss of power leaves empty
files under final names. So files are flushed first, then renamed, and then the folder that has the new name.
Some file systems cannot flush directories (shared folders of virtual machines, AFS); there, that is left out.
"""

import errno
import os
from collections.abc import Callable
from functools import cache

from idxpng import log

NOT_SUPPORTED = (errno.EINVAL, errno.ENOTSUP, errno.EOPNOTSUPP, errno.ENOSYS)


def flush_tree(descriptor: int) -> None:
    """Flush all that was written to the open directory, its files included.

    Where the system can, with one call for the whole file system: for the 6,000 files of a label on ext4 that takes
    0.06 s, and one call for each file 1 s. Opened before the files were written, the descriptor hears of every
    error that writing them to disk had.
    """
    syncfs = _syncfs()
    if syncfs is None or not _flushed(syncfs, descriptor):
        flush_each(descriptor)
    if not _flushed(os.fsync, descriptor):
        _warn_once()


def flush_each(descriptor: int) -> None:
    """Flush the files in the open directory, one by one."""
    for name in os.listdir(descriptor):
        file = os.open(name, os.O_RDONLY | os.O_NOFOLLOW, dir_fd=descriptor)
        try:
            os.fsync(file)
        finally:
            os.close(file)


def flush_names(folder: str | os.PathLike[str]) -> None:
    """Flush which files are in a folder, and under which names."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        if not _flushed(os.fsync, descriptor):
            _warn_once()
    finally:
        os.close(descriptor)


def _flushed(flush: Callable[[int], object], descriptor: int) -> bool:
    """Flush an open directory, unless the file system cannot."""
    try:
        flush(descriptor)
    except OSError as error:
        if error.errno not in NOT_SUPPORTED:
            raise
        return False
    return True


@cache
def _warn_once() -> None:
    log.warning(
        "this file system cannot flush directories: after a loss of power, files may be missing; make them again"
    )


def _syncfs() -> Callable[[int], None] | None:
    """The system's call that flushes a file system, which Python's own library does not have; None without one."""
    import ctypes  # here, since few jobs need it

    function = getattr(ctypes.CDLL(None, use_errno=True), "syncfs", None)
    if function is None:
        return None

    def syncfs(descriptor: int) -> None:
        if function(descriptor) != 0:
            number = ctypes.get_errno()
            raise OSError(number, os.strerror(number))

    return syncfs

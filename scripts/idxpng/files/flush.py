"""Flushing to disk: what a rename publishes must be there after a loss of power, too.

A rename may reach the disk before the bytes of the files that it publishes; then a loss of power leaves empty
files under final names. So files are flushed first, then renamed, and then the folder that has the new name.
"""

import os
from collections.abc import Callable


def flush_tree(descriptor: int) -> None:
    """Flush all that was written to the open directory, its files included.

    Where the system can, with one call for the whole file system: for the 6,000 files of a label on ext4 that takes
    0.06 s, and one call for each file 1 s. Opened before the files were written, the descriptor hears of every
    error that writing them to disk had.
    """
    syncfs = _syncfs()
    if syncfs is not None:
        syncfs(descriptor)
    else:
        flush_each(descriptor)
    os.fsync(descriptor)


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
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


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

"""One process at a time works in a folder, even if others have different working folders or hosts."""

import errno
import os
from pathlib import Path

from idxpng import log
from idxpng.errors import DataError, permission
from idxpng.files.partial import lock


def lock_folder(folder: str | os.PathLike[str]) -> None:
    """Lock a folder until this process ends, by the file `.settings/.lock` in it, a name that no split has.

    Those who can only read the folder cannot open the lock file, and so cannot lock it.

    Raises:
        DataError: when another run has locked it.
    """
    path = Path(folder, ".settings/.lock")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_NOFOLLOW | os.O_NONBLOCK, 0o622)
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            return  # the jobs name what has no room
        expected, found = "a file that can be written, or nothing", error.strerror
        todo = permission(error) or "move it away, if no other run is at work"
        raise DataError(path, "cannot be locked", expected=expected, found=found, todo=todo) from None
    held = lock(descriptor)
    if held is False:
        todo = "wait until it has ended, and run the same command again"
        raise DataError(folder, "another run is making files here", todo=todo)
    if held is None:
        log.warning("%s: this file system has no locks, so make sure that no other run uses this folder", folder)

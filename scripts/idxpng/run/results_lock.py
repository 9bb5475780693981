"""One run at a time makes files in the results of a dataset, from whatever working folder and host it comes."""

import fcntl
import os
from pathlib import Path

from idxpng import log
from idxpng.errors import DataError


def lock_results(folder: str | os.PathLike[str]) -> None:
    """Lock the results folder of a dataset until this process ends.

    Those who can only read the folder cannot open the lock file, and so cannot lock it.

    Raises:
        DataError: when a different run has locked it.
    """
    path = Path(folder, ".settings/lock")
    path.parent.mkdir(parents=True, exist_ok=True)
    flags = os.O_WRONLY | os.O_CREAT | os.O_NOFOLLOW | os.O_NONBLOCK
    try:
        descriptor = os.open(path, flags, 0o622)
    except OSError as error:
        found = error.strerror
        raise DataError(
            path, "cannot be locked", expected="a file that can be written", found=found, todo="remove it"
        ) from None
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        raise DataError(
            folder,
            "a different run is making files here",
            todo="wait until it has ended, and run the same command again",
        ) from None
    except OSError as error:
        log.warning("%s: no locks here (%s), so make sure that no other run uses this folder", folder, error.strerror)

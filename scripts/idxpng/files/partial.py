"""Private names for files and directories that are not complete yet.

Others may be able to write to the same folder. So each name is random, and a file is always opened as a new one: no
link is followed, no pipe is waited for, no file of a different user is written to. The name includes the host and the
process number, and a lock shows that the process is running. Some file systems have no locks.
"""

import fcntl
import os
import re
import stat
import time
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO

from idxpng import log
from idxpng.errors import permission

ATTEMPTS = 10  # to make a private name and lock it before another process removes it as a leftover
WEEK = 7 * 86400.0  # seconds; longer than any process writes


def new_file(folder: Path, start: str) -> IO[bytes]:
    """A new empty file whose private name begins with ``start``, open to write and read, and locked."""
    flags = os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW
    path, descriptor = _new(folder, start, lambda path: os.open(path, flags, 0o666))
    return open(path, "w+b", opener=lambda *_: descriptor)


def new_directory(folder: Path, start: str, mode: int = 0o777) -> tuple[Path, int]:
    """A new directory whose private name begins with ``start``, and its descriptor, which is locked."""

    def make(path: Path) -> int:
        path.mkdir(mode)
        return os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)

    return _new(folder, start, make)


def claim_directory(folder: Path, start: str) -> tuple[Path, int] | None:
    """Take over a directory that an ended process left; like `new_directory`, or None if there is none."""
    for path, descriptor in _abandoned(folder, re.escape(start)):
        with suppress(OSError):  # only one process can rename it
            if is_at(claimed := path.rename(private_name(folder, start)), descriptor):
                return claimed, os.dup(descriptor)
    return None


def remove_leftovers(folder: Path, start: str) -> None:
    """Remove what ended processes left under private names that begin with the regular expression ``start``.

    It is renamed first, so that a process that is still writing to it, without locks, fails instead of publishing it.
    """
    for path, _ in _abandoned(folder, start):
        with suppress(OSError):  # another process removes it
            remove(path.rename(private_name(folder, path.name.rsplit(".", 2)[0] + ".")))


def remove(path: Path) -> None:
    """Remove a file, or as much of a directory as possible."""
    if path.is_dir():
        import shutil  # slow to load, and rarely needed

        shutil.rmtree(path, ignore_errors=True)
    else:
        path.unlink(missing_ok=True)


def is_at(path: Path, descriptor: int) -> bool:
    """Whether ``path`` still names the open file or directory."""
    try:
        return os.path.samestat(os.fstat(descriptor), os.stat(path, follow_symlinks=False))
    except FileNotFoundError:
        return False


def is_own(descriptor: int) -> bool:
    """Whether it is this user's directory, or this user's regular file without a second name."""
    found = os.fstat(descriptor)
    single = stat.S_ISDIR(found.st_mode) or (stat.S_ISREG(found.st_mode) and found.st_nlink == 1)
    return single and found.st_uid == os.geteuid()


def lock(descriptor: int) -> bool | None:
    """Lock an open file or directory; False if another process has the lock, None if there are no locks."""
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError:
        return None
    return True


@contextmanager
def in_turn(folder: Path, patience: float) -> Iterator[None]:
    """Run the block while no other process runs one for this existing folder, or after ``patience`` seconds."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        end = time.monotonic() + patience
        while lock(descriptor) is False and time.monotonic() < end:
            log.progress("%s: waiting for another process that works here", folder)
            time.sleep(0.05)
        yield
    finally:
        os.close(descriptor)


def _new(folder: Path, start: str, make: Callable[[Path], int], attempts: int = ATTEMPTS) -> tuple[Path, int]:
    path = private_name(folder, start)
    try:
        descriptor = make(path)
        if attempts == 1 or (lock(descriptor) is not False and is_at(path, descriptor)):
            return path, descriptor
        remove(path)  # another process took it for a leftover
        os.close(descriptor)
    except (FileExistsError, FileNotFoundError):
        if attempts == 1:
            raise
    except OSError as error:
        if permission(error):
            error.filename = folder  # in place of the private name
        raise
    return _new(folder, start, make, attempts - 1)


def private_name(folder: Path, start: str) -> Path:
    """A name that no other process has, and that nobody can predict."""
    return folder / f"{start}{_host()}-{os.getpid()}-{os.urandom(4).hex()}.partial"


def _abandoned(folder: Path, start: str) -> Iterator[tuple[Path, int]]:
    """What ended processes of this user left under private names: path and descriptor, which is open until the next."""
    private = re.compile(rf"{start}(?P<host>[0-9a-f]{{8}})-(?P<process>\d+)-[0-9a-f]{{8}}\.partial")
    for match in filter(None, map(private.fullmatch, os.listdir(folder))):
        path = folder / match[0]
        how = os.O_RDONLY | os.O_DIRECTORY if path.is_dir() else os.O_RDWR | os.O_NONBLOCK
        try:
            descriptor = os.open(path, how | os.O_NOFOLLOW)
        except OSError:
            continue  # gone, or not ours
        try:
            ended = _has_ended(match["host"], int(match["process"]), descriptor)
            if ended and is_own(descriptor) and is_at(path, descriptor):
                yield path, descriptor
        finally:
            os.close(descriptor)


def _has_ended(host: str, process: int, descriptor: int) -> bool:
    locked = lock(descriptor)
    if locked is False:
        return False
    if host != _host():  # locks may not work across hosts
        return time.time() - os.fstat(descriptor).st_mtime > WEEK
    if locked:
        return True
    try:
        os.kill(process, 0)  # signal 0 only checks
    except OSError as error:  # or it is a process of a different user
        return isinstance(error, ProcessLookupError)
    return False


def _host() -> str:
    return f"{zlib.crc32(os.uname().nodename.encode()):08x}"

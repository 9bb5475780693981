"""Complete or absent: files and directories that get their final name only when they are whole."""

import fcntl
import os
import shutil
import uuid
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO

from idxpng.space import full_disk_told


@contextmanager
def atomic_file(path: str | os.PathLike[str]) -> Iterator[IO[bytes]]:
    """Open a hidden neighbour of ``path`` for writing bytes; on success flush it to disk and rename it.

    When the block raises, the neighbour is removed and ``path`` is as it was before. What a killed
    process left is overwritten by the next one.

    Raises:
        DiskRoomError: when the disk is full.
    """
    final = Path(path)
    with full_disk_told(final), open_partial(final) as file:
        partial = Path(file.name)
        try:
            file.truncate(0)
            yield file
            file.flush()
            os.fsync(file.fileno())
            os.replace(partial, final)
        finally:
            if is_at(partial, file):
                partial.unlink()


def open_partial(final: Path) -> IO[bytes]:
    """Open the hidden neighbour of ``final``, ``.{name}.partial``, locked, for appending and reading.

    What is in it already stays. When another process holds it, or the file system knows no locks,
    it is a neighbour of a name that no other process has.
    """
    path = partial_path(final)
    while True:
        file = open(path, "a+b")
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            file.close()
            return open(path.with_suffix(f".{uuid.uuid4().hex}.partial"), "a+b")
        if is_at(path, file):
            return file
        file.close()  # it got its final name between our opening and our locking it


@contextmanager
def locked(path: Path) -> Iterator[None]:
    """Let only one process at a time into the block, wherever the file system knows locks.

    ``path`` is an empty file that stays: whoever removed it would let two processes hold it at once.
    """
    with open(path, "a") as file:
        with suppress(OSError):
            fcntl.flock(file, fcntl.LOCK_EX)
        yield


def partial_path(final: Path) -> Path:
    return final.with_name(f".{final.name}.partial")


def is_at(path: Path, file: IO[bytes]) -> bool:
    """Whether ``path`` is still a name of the open file, and not gone or another's."""
    try:
        return os.path.samestat(os.fstat(file.fileno()), os.stat(path))
    except FileNotFoundError:
        return False


@contextmanager
def atomic_directory(path: str | os.PathLike[str], beside: str | os.PathLike[str]) -> Iterator[Path]:
    """Make a directory under a hidden name in ``beside``; on success rename it to ``path``.

    ``beside`` is a directory of the same file system that nothing walks through: whoever lists the
    parent of ``path`` meanwhile sees no half-made directory. What an interrupted run left under the
    hidden name is removed first. Its files are not flushed one by one: see `atomic_file` for what is.

    Raises:
        DiskRoomError: when the disk is full.
    """
    final = Path(path)
    partial = Path(beside) / f".{final.parent.name}-{final.name}.partial"
    shutil.rmtree(partial, ignore_errors=True)
    with full_disk_told(final):
        partial.mkdir(parents=True)
        try:
            yield partial
            if final.exists():
                shutil.rmtree(final)
            final.parent.mkdir(parents=True, exist_ok=True)
            partial.rename(final)
        finally:
            shutil.rmtree(partial, ignore_errors=True)

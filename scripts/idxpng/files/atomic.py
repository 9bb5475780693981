"""Files and directories that get their final name only when they are complete and on disk."""

import errno
import os
import re
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO

from idxpng import replaceable
from idxpng.files.disk_space import disk_full_error, existing_folder
from idxpng.files.flush import flush_names, flush_tree
from idxpng.files.partial import is_at, new_directory, new_file, private_name, remove, remove_leftovers


@contextmanager
def atomic_file(path: str | os.PathLike[str]) -> Iterator[IO[bytes]]:
    """Open a hidden file beside ``path`` for writing bytes; on success flush it to disk and rename it.

    When the block raises, the hidden file is removed and ``path`` stays as it was. Leftovers of killed processes are
    removed. Afterwards the file survives a power failure.

    Raises:
        DataError: when ``path`` is not in a folder, or not a file.
        DiskRoomError: when the disk is full.
    """
    final = Path(path)
    replaceable.check_place(final)
    start = f".{final.name}."
    with disk_full_error(final):
        remove_leftovers(final.parent, re.escape(start))
        with new_file(final.parent, start) as file:
            partial = Path(file.name)
            try:
                yield file
                publish(file, final)
            finally:
                if is_at(partial, file.fileno()):
                    partial.unlink()


def publish(file: IO[bytes], final: Path) -> None:
    """Rename an open file to its final name, once its bytes are on disk, and flush the name."""
    file.flush()
    os.fsync(file.fileno())
    replaceable.check_settings(final)
    os.replace(file.name, final)
    flush_names(final.parent)


@contextmanager
def atomic_directory(path: str | os.PathLike[str], beside: str | os.PathLike[str]) -> Iterator[Path]:
    """Make a directory under a hidden name in ``beside``; on success flush it to disk and rename it to ``path``.

    ``beside`` is a directory that no program searches, so that the parent of ``path`` never lists a partial directory.
    If it is on a different file system, the outermost folder above ``path`` on the same file system is used instead.
    Several processes may make ``path`` at once: each replaces the whole directory of the one before. Leftovers of
    killed processes for ``path`` are removed.

    Raises:
        DiskRoomError: when the disk is full.
    """
    final = Path(path)
    start = f".{final.parent.name}-{final.name}."
    with disk_full_error(final):
        Path(beside).mkdir(parents=True, exist_ok=True)
        folder = _on_one_device(final, Path(beside))
        remove_leftovers(folder, re.escape(start))
        partial, descriptor = new_directory(folder, start)
        try:
            yield partial
            final.parent.mkdir(parents=True, exist_ok=True)
            flush_tree(descriptor)
            replaceable.check_settings(final)
            _rename_over(partial, final, start)
            flush_names(final.parent)
        finally:
            if is_at(partial, descriptor):
                remove(partial)
            os.close(descriptor)


def _on_one_device(final: Path, beside: Path) -> Path:
    """``beside``, or the outermost folder above ``final`` if only that is on the same file system."""
    folder = existing_folder(final.absolute().parent)
    device = folder.stat().st_dev
    if beside.stat().st_dev == device:
        return beside
    while folder != folder.parent and folder.parent.stat().st_dev == device:
        folder = folder.parent
    return folder


def _rename_over(new: Path, final: Path, start: str) -> None:
    """Rename a directory, replacing an existing one, even if other processes do the same."""
    while True:
        try:
            new.rename(final)
            return
        except OSError as error:
            if error.errno not in (errno.ENOTEMPTY, errno.EEXIST):
                raise
        old = private_name(new.parent, start)
        with suppress(FileNotFoundError):
            final.rename(old)
        remove(old)

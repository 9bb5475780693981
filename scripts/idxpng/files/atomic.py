"""Complete or absent: files and directories that get their final name only when they are whole and on disk."""

import errno
import os
import re
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO

from idxpng.files.disk_space import disk_full_error, existing_folder
from idxpng.files.flush import flush_names, flush_tree
from idxpng.files.partial import is_at, new_directory, new_file, private_name, remove, remove_leftovers


@contextmanager
def atomic_file(path: str | os.PathLike[str]) -> Iterator[IO[bytes]]:
    """Open a hidden neighbor of ``path`` for writing bytes; on success flush it to disk and rename it.

    When the block raises, the neighbor is removed and ``path`` is as it was before. What killed processes left is
    removed. Afterwards the file is there even if the power fails.

    Raises:
        DiskRoomError: when the disk is full.
    """
    final = Path(path)
    start = f".{final.name}."
    with disk_full_error(final):
        remove_leftovers(final.parent, re.escape(start))
        with new_file(final.parent, start) as file:
            partial = Path(file.name)
            try:
                yield file
                file.flush()
                publish(file, final)
            finally:
                if is_at(partial, file):
                    partial.unlink()


def publish(file: IO[bytes], final: Path) -> None:
    """Give a flushed file its final name, with all of it on disk before and the name afterwards."""
    os.fsync(file.fileno())
    os.replace(file.name, final)
    flush_names(final.parent)


@contextmanager
def atomic_directory(path: str | os.PathLike[str], beside: str | os.PathLike[str]) -> Iterator[Path]:
    """Make a directory under a hidden name in ``beside``; on success flush it to disk and rename it to ``path``.

    ``beside`` is a directory that nothing walks through: whoever lists the parent of ``path`` meanwhile sees no
    half-made directory. Where it is on another file system, the outermost folder above ``path`` on its own is taken.
    The hidden name is no other process's, so that several may make ``path`` at once: each replaces the whole
    directory of the one before. What killed processes left under hidden names for ``path`` is removed.

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
            _rename_over(partial, final, start)
            flush_names(final.parent)
        finally:
            if is_at(partial, descriptor):
                remove(partial)
            os.close(descriptor)


def _on_one_device(final: Path, beside: Path) -> Path:
    """``beside``, or the outermost folder above ``final`` on its file system, since nothing is renamed to another."""
    folder = existing_folder(final.absolute().parent)
    device = folder.stat().st_dev
    if beside.stat().st_dev == device:
        return beside
    while folder != folder.parent and folder.parent.stat().st_dev == device:
        folder = folder.parent
    return folder


def _rename_over(new: Path, final: Path, start: str) -> None:
    """Rename a directory, in place of one that is there; what other processes rename meanwhile, it replaces too."""
    replaced: list[Path] = []
    try:
        while True:
            try:
                new.rename(final)
                return
            except OSError as error:
                if error.errno not in (errno.ENOTEMPTY, errno.EEXIST):
                    raise
            replaced.append(private_name(new.parent, start))
            with suppress(FileNotFoundError):
                final.rename(replaced[-1])
    finally:
        for old in replaced:
            remove(old)

"""Partial downloads, which the next attempt continues.

Each is in a directory with a private name, see `files.partial`, that no other user may enter. One is kept for each
source of a file. The next process claims it by renaming it, which only one process can do.
"""

import os
import re
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from idxpng.fetch.integrity import WrongFileError
from idxpng.files.disk_space import disk_full_error
from idxpng.files.partial import claim_directory, lock, new_directory, remove, remove_leftovers


class PartialFile:
    """What has arrived of a file from one source, in a private ``folder`` with the descriptor ``directory``."""

    def __init__(self, folder: Path, directory: int) -> None:
        self._folder, self._directory = folder, directory
        self.path = folder / "bytes"
        self.file = self._open("bytes")

    @property
    def size(self) -> int:
        """How many bytes have arrived."""
        return self.file.seek(0, os.SEEK_END)

    @property
    def validator(self) -> str | None:
        """The ETag or the date of the file that the bytes belong to; None if they cannot be continued."""
        with self._open("validator") as file:
            file.seek(0)
            return file.read().decode("latin-1") or None

    def remember(self, validator: str | None) -> None:
        """Store the ETag or the date of the file that the bytes belong to, or remove it."""
        with self._open("validator") as file:
            file.truncate(0)
            file.write((validator or "").encode("latin-1"))

    def restart(self) -> None:
        """Discard what has arrived."""
        self.remember(None)
        self.file.seek(0)
        self.file.truncate()

    def _open(self, name: str) -> IO[bytes]:
        """Open a file of the folder, which only this user can enter, to append and read."""
        flags = os.O_RDWR | os.O_APPEND | os.O_CREAT | os.O_NOFOLLOW
        descriptor = os.open(name, flags, 0o666, dir_fd=self._directory)
        return open(self._folder / name, "a+b", opener=lambda *_: descriptor)


@contextmanager
def partial_file(output: str | os.PathLike[str], source: str) -> Iterator[PartialFile]:
    """What has arrived of ``output`` from one source so far.

    It stays if it can be continued and the file system has locks; otherwise, and after a WrongFileError, it is removed.

    Raises:
        DiskRoomError: when the disk is full.
    """
    final = Path(output)
    start = f".{final.name}.{zlib.crc32(source.encode()):08x}."
    with disk_full_error(output):
        folder, directory = claim_directory(final.parent, start) or new_directory(final.parent, start, 0o700)
        remove_leftovers(final.parent, re.escape(start))  # keep one
        partial = PartialFile(folder, directory)
        try:
            with partial.file:
                yield partial
        except WrongFileError:
            partial.remember(None)
            raise
        finally:
            there = partial.path.exists() and partial.path.stat().st_size > 0
            if not (there and partial.validator and lock(directory)):
                remove(folder)
            os.close(directory)


def discard_others(output: str | os.PathLike[str]) -> None:
    """Remove what ended processes received of ``output`` from any source."""
    final = Path(output)
    remove_leftovers(final.parent, rf"\.{re.escape(final.name)}\.([0-9a-f]{{8}}\.)?")

"""Complete or absent: files and directories that get their final name only when they are whole."""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO


@contextmanager
def atomic_file(path: str | os.PathLike[str]) -> Iterator[IO[bytes]]:
    """Open a hidden neighbour of ``path`` for writing bytes; on success flush it to disk and rename it.

    When the block raises, the neighbour is removed and ``path`` is as it was before.
    """
    final = Path(path)
    partial = final.with_name(f".{final.name}.{os.getpid()}.partial")
    try:
        with open(partial, "wb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        os.replace(partial, final)
    finally:
        partial.unlink(missing_ok=True)


@contextmanager
def atomic_directory(path: str | os.PathLike[str], beside: str | os.PathLike[str]) -> Iterator[Path]:
    """Make a directory under a hidden name in ``beside``; on success rename it to ``path``.

    ``beside`` is a directory of the same file system that nothing walks through: whoever lists the
    parent of ``path`` meanwhile sees no half-made directory. What an interrupted run left under the
    hidden name is removed first. Its files are not flushed one by one: see `atomic_file` for what is.
    """
    final = Path(path)
    partial = Path(beside) / f".{final.parent.name}-{final.name}.partial"
    shutil.rmtree(partial, ignore_errors=True)
    partial.mkdir(parents=True)
    try:
        yield partial
        if final.exists():
            shutil.rmtree(final)
        final.parent.mkdir(parents=True, exist_ok=True)
        partial.rename(final)
    finally:
        shutil.rmtree(partial, ignore_errors=True)

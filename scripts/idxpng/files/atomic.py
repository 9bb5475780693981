"""Complete or absent: files and directories that get their final name only when they are whole and on disk."""

import errno
import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO

from idxpng.files.disk_space import disk_full_error
from idxpng.files.flush import flush_names, flush_tree


@contextmanager
def atomic_file(path: str | os.PathLike[str]) -> Iterator[IO[bytes]]:
    """Open a hidden neighbor of ``path`` for writing bytes; on success flush it to disk and rename it.

    When the block raises, the neighbor is removed and ``path`` is as it was before. What a killed
    process left is overwritten by the next one. Afterwards the file is there even if the power fails.

    Raises:
        DiskRoomError: when the disk is full.
    """
    final = Path(path)
    with disk_full_error(final), open_partial(final) as file:
        partial = Path(file.name)
        try:
            file.truncate(0)
            yield file
            file.flush()
            os.fsync(file.fileno())
            os.replace(partial, final)
            flush_names(final.parent)
        finally:
            if is_at(partial, file):
                partial.unlink()


def open_partial(final: Path) -> IO[bytes]:
    """Open the hidden neighbor of ``final``, ``.{name}.partial``, locked, for appending and reading.

    What is in it already stays. When another process holds it, or the file system knows no locks,
    it is a neighbor of a name that no other process has. Such neighbors of killed processes are removed.
    """
    path = partial_path(final)
    _remove_leftovers(final.parent, f".{final.name}.", but=path.name)
    while True:
        file = open(path, "a+b")
        own = _lock(file.fileno())
        if own is None:
            own = path != partial_path(final)
        if own and is_at(path, file):
            return file
        file.close()  # another's; or renamed or removed between our opening and our locking it
        if not own:
            path = final.with_name(f".{final.name}.{_unique()}.partial")


@contextmanager
def locked(path: Path) -> Iterator[None]:
    """Let only one process at a time into the block, wherever the file system knows locks.

    ``path`` is a folder, or an empty file that stays: whoever removed it would let two processes hold it at once.
    """
    descriptor = os.open(path, os.O_RDONLY if path.is_dir() else os.O_WRONLY | os.O_CREAT, 0o666)
    try:
        with suppress(OSError):
            fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


def partial_path(final: Path) -> Path:
    return final.with_name(f".{final.name}.partial")


def is_at(path: Path, file: IO[bytes] | int) -> bool:
    """Whether ``path`` is still a name of the open file (or its descriptor), and not gone or another's."""
    descriptor = file if isinstance(file, int) else file.fileno()
    try:
        return os.path.samestat(os.fstat(descriptor), os.stat(path, follow_symlinks=False))
    except FileNotFoundError:
        return False


@contextmanager
def atomic_directory(path: str | os.PathLike[str], beside: str | os.PathLike[str]) -> Iterator[Path]:
    """Make a directory under a hidden name in ``beside``; on success flush it to disk and rename it to ``path``.

    ``beside`` is a directory of the same file system that nothing walks through: whoever lists the
    parent of ``path`` meanwhile sees no half-made directory. The hidden name is no other process's,
    so that several may make ``path`` at once: each replaces the whole directory of the one before.
    What killed processes left under hidden names for ``path`` is removed.

    Raises:
        DiskRoomError: when the disk is full.
    """
    final = Path(path)
    start = f".{final.parent.name}-{final.name}."
    with disk_full_error(final):
        Path(beside).mkdir(parents=True, exist_ok=True)
        _remove_leftovers(Path(beside), start)
        partial, descriptor = _new_directory(Path(beside), start)
        try:
            yield partial
            final.parent.mkdir(parents=True, exist_ok=True)
            flush_tree(descriptor)
            _rename_over(partial, final)
            flush_names(final.parent)
        finally:
            if is_at(partial, descriptor):
                _remove(partial)
            os.close(descriptor)


def _new_directory(beside: Path, start: str) -> tuple[Path, int]:
    """A new directory, and its descriptor, which holds a lock as long as it is open.

    Where the file system knows no locks, it is not locked, and nobody takes it for a leftover either.
    """
    while True:
        path = beside / f"{start}{_unique()}.partial"
        path.mkdir()
        try:
            descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
        except FileNotFoundError:
            continue  # a process found it before it was locked, and removed it
        if _lock(descriptor) is not False and is_at(path, descriptor):
            return path, descriptor
        os.close(descriptor)


def _lock(descriptor: int) -> bool | None:
    """Whether an open file or directory is now locked, and not by another process; None where there are no locks."""
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError:
        return None
    return True


def _remove_leftovers(folder: Path, start: str, but: str = "") -> None:
    """Remove hidden files and directories whose name begins with ``start`` and that no process holds any more.

    A directory is renamed first. Where locks do not reach (two hosts on a network file system), a process that
    still writes to it no longer finds it and fails, rather than publish what is left of it.
    """
    for name in os.listdir(folder):
        path = folder / name
        if not name.startswith(start) or not name.endswith(".partial") or name == but:
            continue
        with suppress(OSError):  # another process removes it, or it is none of ours
            how = os.O_RDONLY | os.O_DIRECTORY if path.is_dir() else os.O_RDWR | os.O_NONBLOCK
            descriptor = os.open(path, how | os.O_NOFOLLOW)
            try:
                if not _lock(descriptor) or not is_at(path, descriptor):
                    continue
                if how & os.O_DIRECTORY:
                    _remove(path.rename(folder / f"{start}{_unique()}.partial"))
                else:
                    path.unlink()
            finally:
                os.close(descriptor)


def _rename_over(new: Path, final: Path) -> None:
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
            replaced.append(new.with_suffix(f".{len(replaced)}.partial"))
            with suppress(FileNotFoundError):
                final.rename(replaced[-1])
    finally:
        for old in replaced:
            _remove(old)


def _remove(directory: Path) -> None:
    import shutil  # here, since seldom needed

    shutil.rmtree(directory, ignore_errors=True)


def _unique() -> str:
    """A part of a name that no other process has: the number of this one, for people, and something random."""
    return f"{os.getpid()}-{os.urandom(8).hex()}"

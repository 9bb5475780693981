"""The partial files of downloads, which stay for the next attempt.

They lie in a folder that others may write to, under names that others can foresee. So nothing is read or written
there that another user has planted: no link, no pipe, no file of theirs.
"""

import fcntl
import hashlib
import json
import os
import re
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO

from idxpng.files.atomic import is_at, partial_path
from idxpng.files.disk_space import disk_full_error

STATE_LIMIT = 1 << 14  # bytes


@contextmanager
def partial_file(
    output: str | os.PathLike[str], source: str | None = None, wait: bool = False
) -> Iterator[tuple[IO[bytes], Path]]:
    """A hidden file beside ``output``, open to append and read, and the path of its state.

    The state is a file that says what the partial bytes belong to, see `read_state`. Both stay when there are bytes
    and a state, and go when not. What one source sent is kept when others fail: each has a file of its own.
    So has a process that finds a file held by another, or a file system without locks; such a file always goes.

    Args:
        output: the file to be.
        source: what `read_state` has as ``url`` of bytes that can be continued. None: there is only one source.
        wait: whether to wait for the process that holds the file.

    Raises:
        DiskRoomError: when the disk is full.
    """
    final = Path(output)
    with disk_full_error(output), _open(final, source, wait) as partial:
        state = state_path(Path(partial.name))
        try:
            yield partial, state
        finally:
            path = Path(partial.name)
            resumable = path in _kept_paths(final, source) and state.exists() and partial.seek(0, os.SEEK_END)
            if not resumable and is_at(path, partial):
                discard(partial, state)


def state_path(partial: Path) -> Path:
    return partial.with_name(f"{partial.name}.json")


def read_state(state: Path) -> dict[str, str]:
    """What was remembered of a partial file: the ``url`` of its bytes, and the ``validator`` of these; or nothing."""
    try:
        with _opened(state, os.O_RDONLY) as file:
            remembered = json.loads(file.read(STATE_LIMIT)) if _is_own(file) else {}
        return {"url": str(remembered["url"]), "validator": str(remembered["validator"])}
    except (OSError, ValueError, KeyError, TypeError, RecursionError):
        return {}


def write_state(state: Path, remembered: dict[str, str]) -> None:
    """Remember it in place of what was there."""
    state.unlink(missing_ok=True)
    with os.fdopen(os.open(state, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o666), "w") as file:
        json.dump(remembered, file)


def restart(partial: IO[bytes], state: Path) -> None:
    """Forget what has arrived, and write from the beginning."""
    state.unlink(missing_ok=True)
    partial.seek(0)
    partial.truncate()


def discard(partial: IO[bytes], state: Path) -> None:
    """Forget what has arrived."""
    state.unlink(missing_ok=True)
    Path(partial.name).unlink(missing_ok=True)


def discard_others(output: str | os.PathLike[str]) -> None:
    """Remove what other sources have sent of ``output``, and what killed processes have left of it."""
    final = Path(output)
    name = re.compile(rf"\.{re.escape(final.name)}(\.[0-9a-f]{{8}}(-\d+)?)?\.partial")
    for path in [Path(entry.path) for entry in os.scandir(final.parent) if name.fullmatch(entry.name)]:
        with suppress(OSError), _opened(path, os.O_RDWR) as file:
            if _is_own(file) and _is_abandoned(path, file):
                discard(file, state_path(path))


def _open(final: Path, source: str | None, wait: bool) -> IO[bytes]:
    """The file to continue, locked: the first that is free, and empty or of this source; or else one of our own."""
    for path in _kept_paths(final, source):
        file = _open_kept(path, wait)
        if file and source in (None, read_state(state_path(path)).get("url", source)):
            return file
        if file:
            file.close()
    path = final.with_name(f".{final.name}.{_host()}-{os.getpid()}.partial")
    path.unlink(missing_ok=True)  # of a process that had this number before
    file = _opened(path, _CREATE)
    _lock(file)
    return file


def _kept_paths(final: Path, source: str | None) -> list[Path]:
    """Where bytes of a source are kept for the next attempt, first choice first."""
    first = partial_path(final)
    return [first] if source is None else [first, final.with_name(f".{final.name}.{_digest(source)}.partial")]


def _open_kept(path: Path, wait: bool) -> IO[bytes] | None:
    """The file, new or not, and locked; None where another process holds it, or it is not known to be ours alone."""
    try:
        file, new = _opened(path, _CREATE), True
    except FileExistsError:
        try:
            file, new = _opened(path, os.O_RDWR), False
        except FileNotFoundError:  # it was there a moment ago
            return _open_kept(path, wait)
        except OSError:
            return None
    locked = _lock(file, wait)
    if not is_at(path, file):  # it got its final name between our opening and our locking it
        file.close()
        return _open_kept(path, wait)
    if locked and _is_own(file):
        return file
    if new and locked is not False:  # the file system knows no locks or no owners
        path.unlink()
    file.close()
    return None


_CREATE = os.O_RDWR | os.O_CREAT | os.O_EXCL


def _opened(path: Path, flags: int) -> IO[bytes]:
    """Open for reading, or for appending too, whatever is there, but follow no link and wait for no pipe."""
    descriptor = os.open(path, flags | os.O_NOFOLLOW | os.O_NONBLOCK, 0o666)
    return open(path, "a+b" if flags & os.O_RDWR else "rb", opener=lambda *_: descriptor)


def _is_own(file: IO[bytes]) -> bool:
    """Whether it is a regular file of this user with no other name, so that nobody else has a hand in it."""
    found = os.fstat(file.fileno())
    return stat.S_ISREG(found.st_mode) and found.st_uid == os.geteuid() and found.st_nlink == 1


def _lock(file: IO[bytes], wait: bool = False) -> bool | None:
    """Whether the file is locked now, and not by another process; None where the file system knows no locks."""
    try:
        fcntl.flock(file, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))
    except BlockingIOError:
        return False
    except OSError:
        return None
    return True


def _is_abandoned(path: Path, file: IO[bytes]) -> bool:
    """Whether the process that wrote to the file has ended."""
    locked = _lock(file)
    if locked is not None:
        return locked and is_at(path, file)
    host, _, process = path.suffixes[-2].removeprefix(".").partition("-")
    return host == _host() and process.isdecimal() and not _is_running(int(process))


def _is_running(process: int) -> bool:
    try:
        os.kill(process, 0)  # which only asks
    except ProcessLookupError:
        return False
    except OSError:  # another user's
        return True
    return True


def _host() -> str:
    return _digest(os.uname().nodename)


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:8]

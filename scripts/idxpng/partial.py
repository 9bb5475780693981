"""The partial file of a download, which stays for the next attempt."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from idxpng.atomic import is_at, open_partial, partial_path
from idxpng.space import full_disk_told


@contextmanager
def partial_file(output: str | os.PathLike[str]) -> Iterator[tuple[IO[bytes], Path]]:
    """A hidden file beside ``output``, open to append and read, and the path of its state.

    The state is a file that says what the partial bytes belong to. Both stay when there are bytes and a
    state, and go when not. A process that finds them held by another gets files of its own, which always go.

    Raises:
        DiskRoomError: when the disk is full.
    """
    with full_disk_told(output), open_partial(Path(output)) as partial:
        path = Path(partial.name)
        state = path.with_name(f"{path.name}.json")
        try:
            yield partial, state
        finally:
            resumable = path == partial_path(Path(output)) and state.exists() and partial.seek(0, os.SEEK_END)
            if not resumable and is_at(path, partial):
                discard(partial, state)


def restart(partial: IO[bytes], state: Path) -> None:
    """Forget what has arrived, and write from the beginning."""
    state.unlink(missing_ok=True)
    partial.seek(0)
    partial.truncate()


def discard(partial: IO[bytes], state: Path) -> None:
    """Forget what has arrived."""
    state.unlink(missing_ok=True)
    Path(partial.name).unlink(missing_ok=True)

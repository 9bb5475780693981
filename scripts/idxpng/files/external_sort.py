"""Sorting more lines than fit in memory."""

import heapq
import tempfile
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from itertools import islice
from pathlib import Path
from typing import IO, Any

from idxpng.files.disk_space import disk_full_error

RUN = 100_000  # lines in memory at once; 20 million take 200 open files, and some systems allow 256


def sort_lines(lines: Iterable[str], key: Callable[[str], Any] | None = None) -> tuple[int, Iterator[str]]:
    """Sort lines that end in a line break; return their number and the sorted lines.

    Only `RUN` lines are in memory at once: sorted runs go to unnamed temporary files, which are then merged.

    Raises:
        DiskRoomError: when the temporary folder is full.
    """
    lines = iter(lines)
    count, runs = 0, []
    while run := sorted(islice(lines, RUN), key=key):
        count += len(run)
        runs.append(_stored(run))
        run.clear()  # frees memory before the next run is read
    return count, heapq.merge(*runs, key=key)


def _stored(run: Iterable[str]) -> IO[str]:
    file = tempfile.TemporaryFile("w+", encoding="utf-8", newline="\n")
    with disk_full_error(Path(tempfile.gettempdir(), "sorted list")):
        try:
            file.writelines(run)
            file.seek(0)
        except OSError:
            with suppress(OSError):
                file.close()  # writes what is left, which otherwise fails when the file is freed
            raise
    return file

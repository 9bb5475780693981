"""What systems have, or not: tests that need a feature are skipped with the reason, and calls can be made to fail."""

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

LINUX = sys.platform == "linux"

needs_memory_limit = pytest.mark.skipif(not LINUX, reason="only Linux limits the memory of a process")
needs_full_device = pytest.mark.skipif(
    not Path("/dev/full").exists(), reason="writes to /dev/full, which only Linux has"
)
needs_names_of_any_bytes = pytest.mark.skipif(not LINUX, reason="on macOS, a file name is text")


def failing(number: int) -> Callable[..., Any]:
    """A function that, in place of one of the system's, fails with this error."""

    def fail(*_: object) -> None:
        raise OSError(number, os.strerror(number))

    return fail


@contextmanager
def mounted(folder: Path, *what: str | Path) -> Iterator[Path]:
    """Mount a file system on a folder, for a while."""
    if os.geteuid():
        pytest.skip("only root may mount a file system")
    subprocess.run(["mount", *what, folder], check=True)
    try:
        yield folder
    finally:
        subprocess.run(["umount", "--lazy", folder], check=True)

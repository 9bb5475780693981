"""Measure the memory that some code needs, in a separate process, or limit that of this one."""

import os
import resource
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from project import PROJECT
from systems import LINUX

FRAME = """
import sys

def peak():
    with open("/proc/self/status") as status:
        return next(int(line.split()[1]) for line in status if line.startswith("VmHWM:"))

{before}
start = peak()
{code}
print((peak() - start) / 1024)
"""

# Allocators return freed memory to the system at once, so that the peak is the memory needed and not the memory kept.
FREE_AT_ONCE = {"MALLOC_MMAP_THRESHOLD_": "131072", "ARROW_DEFAULT_MEMORY_POOL": "system"}


def growth(code: str, *arguments: str, before: str = "") -> float:
    """The growth in MB of a Python process's peak memory while it runs ``code``.

    Args:
        code: Python source, with ``arguments`` in ``sys.argv[1:]``.
        before: source to run before the measurement, such as imports.
    """
    if not LINUX:
        pytest.skip("reads peak memory in /proc, which only Linux has")
    process = subprocess.run(
        [sys.executable, "-c", FRAME.format(before=before, code=code), *arguments],
        env=os.environ | FREE_AT_ONCE | {"PYTHONPATH": str(PROJECT / "scripts"), "OPENBLAS_NUM_THREADS": "1"},
        check=True,
        stdout=subprocess.PIPE,
        text=True,
    )
    return float(process.stdout.splitlines()[-1])


@contextmanager
def no_more_memory_than(more: int) -> Iterator[None]:
    """Fail with a `MemoryError` where this process takes so many more bytes. Only Linux has such a limit."""
    limits = resource.getrlimit(resource.RLIMIT_AS)
    if LINUX:
        taken = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
        resource.setrlimit(resource.RLIMIT_AS, (taken + more, limits[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_AS, limits)

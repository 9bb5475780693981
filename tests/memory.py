"""Measure the memory that some code needs, in a separate process or here, and limit what this process may have."""

import os
import resource
import subprocess
import sys
import tracemalloc
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
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
def allocating_less_than(most: int) -> Iterator[None]:
    """Check that Python has allocated fewer bytes than ``most`` at any time in the block."""
    tracemalloc.start()
    try:
        yield
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < most


@contextmanager
def limited(what: int, most: int) -> Iterator[None]:
    """Limit what this process may have, such as RLIMIT_FSIZE, in the block."""
    limits = resource.getrlimit(what)
    resource.setrlimit(what, (most, limits[1]))
    try:
        yield
    finally:
        resource.setrlimit(what, limits)


def no_more_memory_than(more: int) -> AbstractContextManager[None]:
    """Fail with a `MemoryError` where this process takes so many more bytes. Only Linux has such a limit."""
    if not LINUX:
        return nullcontext()
    taken = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
    return limited(resource.RLIMIT_AS, taken + more)

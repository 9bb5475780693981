"""How much memory some code needs, in a process of its own."""

import os
import subprocess
import sys

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

# What is freed goes back to the system at once: the peak is then what was needed, and not what allocators keep.
FREE_AT_ONCE = {"MALLOC_MMAP_THRESHOLD_": "131072", "ARROW_DEFAULT_MEMORY_POOL": "system"}


def growth(code: str, *arguments: str, before: str = "") -> float:
    """By how many MB the memory of a Python process grows, at its peak, while it runs ``code``.

    Args:
        code: it finds ``arguments`` in ``sys.argv[1:]``.
        before: what runs first, such as the imports.
    """
    if not LINUX:
        pytest.skip("reads the peak of memory in /proc, which only Linux has")
    process = subprocess.run(
        [sys.executable, "-c", FRAME.format(before=before, code=code), *arguments],
        env=os.environ | FREE_AT_ONCE | {"PYTHONPATH": str(PROJECT / "scripts"), "OPENBLAS_NUM_THREADS": "1"},
        check=True,
        stdout=subprocess.PIPE,
        text=True,
    )
    return float(process.stdout.splitlines()[-1])

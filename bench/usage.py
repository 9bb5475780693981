"""The time and memory that a command takes."""

import os
import subprocess
import time
from pathlib import Path
from typing import NamedTuple


class Usage(NamedTuple):
    """``wall``, ``cpu``: seconds, ``cpu`` of all processes together. ``peak_mb``: memory of the largest process."""

    wall: float
    cpu: float
    peak_mb: float


def usage(command: list[str], cwd: Path | None = None, stdin: Path | None = None) -> Usage:
    """Run a command, and measure it with all processes that it starts and waits for.

    Raises:
        RuntimeError: when it fails, with its output.
    """
    with open(stdin or os.devnull) as input_file:
        start = time.perf_counter()
        process = subprocess.Popen(command, cwd=cwd, stdin=input_file, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        assert process.stdout
        output = process.stdout.read()
        _, status, used = os.wait4(process.pid, 0)
        wall = time.perf_counter() - start
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise RuntimeError(f"{' '.join(command)}\n{output.decode()}")
    return Usage(round(wall, 3), round(used.ru_utime + used.ru_stime, 3), round(used.ru_maxrss / 1024, 1))

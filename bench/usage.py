"""What a command takes: time, processor, memory."""

import os
import subprocess
import time
from pathlib import Path
from typing import NamedTuple


class Usage(NamedTuple):
    """``wall`` and ``cpu``: seconds, the latter of all processes together. ``peak_mb``: memory of the largest one."""

    wall: float
    cpu: float
    peak_mb: float


def usage(command: list[str], cwd: Path | None = None, stdin: Path | None = None) -> Usage:
    """Run a command to its end, with all the processes that it starts and waits for.

    Raises:
        RuntimeError: when it fails, with what it said.
    """
    with open(stdin or os.devnull) as given:
        start = time.perf_counter()
        process = subprocess.Popen(command, cwd=cwd, stdin=given, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        assert process.stdout
        said = process.stdout.read()
        _, status, used = os.wait4(process.pid, 0)
        wall = time.perf_counter() - start
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise RuntimeError(f"{' '.join(command)}\n{said.decode()}")
    return Usage(round(wall, 3), round(used.ru_utime + used.ru_stime, 3), round(used.ru_maxrss / 1024, 1))

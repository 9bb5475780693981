"""Measure and compare processor time. Other work lengthens it too, but less than the time that passes."""

import math
import resource
from collections.abc import Callable
from pathlib import Path

from project import snakemake


def cpu_seconds(folder: Path, *arguments: str) -> float:
    """The processor time of a run, with imports and jobs."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    snakemake(folder, *arguments, forked=False)  # so that it is a child of this process
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def least_ratio(this: Callable[[], float], other: Callable[[], float], rounds: int, enough: float) -> float:
    """The least of the ratios of two times that are measured in turn, each pair under the same conditions.

    No more are measured after one below ``enough``.
    """
    least = math.inf
    for _ in range(rounds):
        least = min(least, this() / other())
        if least < enough:
            break
    return least

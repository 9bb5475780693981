"""Snakemake's timestamps in directories that are outputs: loaders of image folders would take them for images."""

from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path
from typing import Any

from idxpng.files.leftovers import TIMESTAMP


def remove_timestamps(jobs: Iterable[Any], rules_file: str, folder: str | Path) -> None:
    """Remove the timestamp from each directory of PNG files that some jobs of Snakemake have made.

    Without it Snakemake compares the time of the directory, which is the time of the removal.

    Args:
        jobs: jobs of Snakemake.
        rules_file: the end of the path of the file with their rule. Directories of other workflows stay as they are.
        folder: the working directory of the run. At exit, Snakemake has left it.
    """
    for job in jobs:
        if str(getattr(job.rule, "snakefile", "")).endswith(rules_file):
            for output in job.output:
                if output.is_directory:
                    with suppress(OSError):
                        Path(folder, output, TIMESTAMP).unlink()

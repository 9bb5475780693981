"""Remove Snakemake's timestamps from output directories, where loaders of image folders would take them for images."""

from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path
from typing import Any

from idxpng.files.leftovers import TIMESTAMP


def remove_timestamps(jobs: Iterable[Any], rules_file: str, folder: str | Path) -> None:
    """Remove the timestamp from each directory of PNG files that ``jobs`` made.

    Without it, Snakemake compares the modification time of the directory, which is then that of the removal.

    Args:
        jobs: jobs of Snakemake.
        rules_file: the end of the path of the rules file. Directories from rules in other files are left alone.
        folder: the working directory of the run, which Snakemake has left when the process ends.
    """
    for job in jobs:
        if str(getattr(job.rule, "snakefile", "")).endswith(rules_file):
            for output in job.output:
                if output.is_directory:
                    with suppress(OSError):
                        Path(folder, output, TIMESTAMP).unlink()

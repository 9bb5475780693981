"""Snakemake's timestamps in directories that are outputs, which loaders of image folders would take for images."""

from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path
from typing import Any

from idxpng.files.leftovers import TIMESTAMP


def remove_timestamps(jobs: Iterable[Any], rules_file: str) -> None:
    """Remove the timestamp from each directory of PNG files that some jobs of Snakemake have made.

    Without it a directory's own time counts, which is that of its removal and so just as new.

    Args:
        jobs: jobs of Snakemake.
        rules_file: the end of the path of the file with their rule: other workflows' directories are theirs.
    """
    for job in jobs:
        if str(getattr(job.rule, "snakefile", "")).endswith(rules_file):
            for output in job.output:
                if output.is_directory:
                    with suppress(OSError):
                        Path(output, TIMESTAMP).unlink()

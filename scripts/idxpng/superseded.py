"""Whether a newer run has other settings than this job: then nothing that the job made may replace what is there."""

import os

from idxpng.errors import DataError

settings: list[str] = []  # the files with this job's settings, which a run with different ones removes


def check(path: str | os.PathLike[str]) -> None:
    """Raise DataError, before ``path`` gets its final name, if the settings are no longer those of this job."""
    for file in settings:
        if not os.path.exists(file):
            raise DataError(
                path,
                "not replaced, since a newer run has other settings",
                expected=file,
                found="no such file",
                todo="if no other run is at work, run the same command again",
            )

"""What a job may not replace: anything, once a newer run has other settings, and what it reads itself."""

import os

from idxpng.errors import DataError

settings: list[str] = []  # the files with this job's settings, which a run with different ones removes
in_two_roles: set[str] = set()  # paths that the command names twice, so that a file may be read and replaced


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

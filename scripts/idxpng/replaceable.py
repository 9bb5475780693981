"""What a job may make or replace: not what it reads itself, and nothing once a newer run has other settings."""

import os
from pathlib import Path

from idxpng.errors import DataError, move_away
from idxpng.text import shell_word

# `Command` fills both from the command line.
settings: list[str] = []  # the files with this job's settings, which a run with different ones removes
in_two_roles: set[str] = set()  # paths that the command names twice, so that a file may be read and replaced


def check_place(file: str | os.PathLike[str]) -> None:
    """Check that ``file`` can be made, or replaced: its folder exists, and it is not a folder or a device."""
    path = Path(file)
    check_role(path)
    if not path.parent.is_dir():
        todo = f"mkdir -p {shell_word(os.path.realpath(path.parent))}"  # which may be where a link leads
        raise DataError(file, "its folder does not exist", todo=todo)
    if (path.exists() and not path.is_file()) or path.absolute().parent == Path("/dev"):
        todo = move_away(path, by_hand="give the name of a file that may be made or replaced")
        raise DataError(file, "not a regular file, so it cannot be replaced", todo=todo)


def check_role(file: str | os.PathLike[str]) -> None:
    """Raise DataError if ``file``, which would be made or replaced, is also given for something else."""
    if os.path.realpath(file) in in_two_roles:
        raise DataError(file, "given twice, once for a file to make", todo="give a different file to make")


def check_settings(path: str | os.PathLike[str]) -> None:
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

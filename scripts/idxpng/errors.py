"""The errors that bad input raises: each reports where, what, and what to do.

A class below `DataError` exists only if code catches it; other bad input raises `DataError` itself.

    DataError                   wrong input
        ArrayError              an array that no IDX file of images or labels can hold
        CompressedFileError     a compressed file that is damaged, cut short, or too large inside
        DiskRoomError           a file system that lacks room
        IdxError                bytes that are not the expected IDX file
        UnavailableError        a source from which a file cannot be downloaded now
        WrongFileError          a file that is not the published file
    PngError                    a PNG file with wrong pixels; a problem of its tree
    TooSlowError                a server that takes too long
"""

import copyreg
import errno
import io
import os
from collections.abc import Iterator
from contextlib import contextmanager
from os import PathLike
from typing import Any

from idxpng.text import printable

INDENTED = "\n" + 12 * " "


class DataError(Exception):
    """Wrong input.

    Args:
        file: the file or URL.
        problem: what is wrong with it, in one sentence.
        at: the place inside the file, such as ``byte 4``.
        expected, found: what should be there, and what is. A list has a string for each line.
        todo: what the reader of the message can do; also a list.

    The message may have several lines; no other control character reaches the terminal, see `printable`.
    """

    def __init__(
        self,
        file: str | PathLike[str],
        problem: str,
        *,
        at: str | None = None,
        expected: object = None,
        found: object = None,
        todo: str | list[str] | None = None,
    ) -> None:
        self.problem = problem
        details = {"at": at, "expected": expected, "found": found, "todo": todo}
        self.details: dict[str, Any] = {
            key: INDENTED.join(value) or None if isinstance(value, list) else value for key, value in details.items()
        }
        lines = [f"{printable(file)}: {problem}"]
        shown = {key.replace("todo", "to do"): value for key, value in self.details.items() if value is not None}
        lines += [f"  {key + ':':<9} {value}" for key, value in shown.items()]
        super().__init__("\n".join(printable(line) for text in lines for line in text.split("\n")))

    def __reduce__(self) -> tuple[Any, ...]:
        # By default, unpickling calls the class with the message alone, which these classes do not accept.
        return copyreg.__newobj__, (type(self), *self.args), vars(self)  # type: ignore[attr-defined]


def permission(error: OSError) -> str | None:
    """What to do if this user may not read or write a path; None for other errors."""
    if error.errno in (errno.EACCES, errno.EPERM, errno.EROFS):
        return "get permission for it and its folder, or work in another folder: in a run, --directory FOLDER"
    return None


@contextmanager
def named(file: str | PathLike[str]) -> Iterator[None]:
    """Give the name of ``file`` to an error of the system that names none, as where reading or writing fails."""
    try:
        yield
    except OSError as error:
        if error.errno:
            error.filename = error.filename or file
        raise


class _NamedFile(io.FileIO):
    """A file to read whose errors name it."""

    def readinto(self, buffer: Any) -> int:
        with named(self.name):
            return super().readinto(buffer)


def open_named(path: str | PathLike[str]) -> io.BufferedReader:
    """Open a file to read, with errors that name it: `named` could give them the name of an output."""
    return io.BufferedReader(_NamedFile(path))


@contextmanager
def reading(what: str, path: str | PathLike[str]) -> Iterator[None]:
    """Raise DataError where a file that the block reads is not ``what`` it expects, such as "a header"."""
    try:
        with named(path):
            yield
    except Exception as error:  # of any class: those of csv and struct are not even ValueError
        # pyarrow's errors about damaged files are OSError without a number
        if isinstance(error, DataError | MemoryError) or getattr(error, "errno", None):
            raise
        found = f"{type(error).__name__}: {error}"
        raise DataError(path, f"not {what}", found=found, todo=move_away(path)) from None


def move_away(*paths: str | PathLike[str], by_hand: str | None = None) -> str:
    """The advice to move away what may be the user's only copies, and then to make it again, as a run does itself.

    By hand, a person may have given a different file than the one that was meant; ``by_hand`` is advice in its place.
    """
    from idxpng.advice import VARIABLE, free, shell_path  # not in the digest

    moves = " && ".join(f"mv {shell_path(path)} {shell_path(free(f'{path}.changed'))}" for path in paths)
    if VARIABLE in os.environ:
        return f"{moves}, then run the same command again"
    return by_hand or f"check that this is the file that you mean; if it is: {moves}, then download or make it again"

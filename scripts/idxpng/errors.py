"""The errors that bad input raises: each says where, what, and what to do.

Each class below `DataError` is there because some code catches it; all other bad input raises `DataError` itself.

    DataError                   input that is not what it should be
        CompressedFileError     a compressed file that is damaged, cut short, or too large inside
        DiskRoomError           a file system without room for what is to be written
        IdxError                bytes that are not the IDX file that they should be
        UnavailableError        a source from which a file cannot be downloaded now
        WrongFileError          a file that is not the published file
    PngError                    a PNG file without the pixels that it should have; a problem of its tree
    TooSlowError                a server that sends too little in too much time
"""

import copyreg
from os import PathLike
from typing import Any

from idxpng.text import printable


class DataError(Exception):
    """Input that is not what it should be.

    Args:
        file: the file (or URL) that is wrong.
        problem: what is wrong with it, in one sentence.
        at: the place inside the file, such as ``byte 4``.
        expected: what should be there.
        found: what is there.
        todo: what the reader of the message can do about it.

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
        todo: str | None = None,
    ) -> None:
        self.problem = problem
        self.details: dict[str, Any] = {"at": at, "expected": expected, "found": found, "todo": todo}
        lines = [f"{printable(file)}: {problem}"]
        shown = {key.replace("todo", "to do"): value for key, value in self.details.items() if value is not None}
        lines += [f"  {key + ':':<9} {value}" for key, value in shown.items()]
        super().__init__("\n".join(printable(line) for text in lines for line in text.split("\n")))

    def __reduce__(self) -> tuple[Any, ...]:
        # An exception is unpickled by calling its class with its message, which is not what these classes take.
        return copyreg.__newobj__, (type(self), *self.args), vars(self)  # type: ignore[attr-defined]

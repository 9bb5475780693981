"""The one kind of error that bad input raises: it says where, what, and what to do."""

from os import PathLike
from typing import Any

from idxpng.text import printable


class DataError(Exception):
    """Input that is not what it should be.

    Args:
        file: the file (or URL) that is wrong.
        problem: what is wrong with it, in one sentence.
        at: the place inside the file, such as ``byte 4``.
        expected: what should stand there.
        found: what stands there.
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


class DatasetError(DataError):
    """A dataset file or a configuration with a mistake in it."""

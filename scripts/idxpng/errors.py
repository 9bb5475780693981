"""The one kind of error that bad input raises: it says where, what, and what to do."""

from os import PathLike


class DataError(Exception):
    """Input that is not what it should be.

    Args:
        file: the file (or URL) that is wrong.
        problem: what is wrong with it, in one sentence.
        at: the place inside the file, such as ``byte 4``.
        expected: what should stand there.
        found: what stands there.
        todo: what the reader of the message can do about it.
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
        details = {"at": at, "expected": expected, "found": found, "to do": todo}
        lines = [f"{file}: {problem}"]
        lines += [f"  {key + ':':<9} {value}" for key, value in details.items() if value is not None]
        super().__init__("\n".join(lines))

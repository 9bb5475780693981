"""A job's messages: all go to its log file, warnings and errors also to the terminal.

Loading Python's `logging` would take a tenth of the time of a small job.
"""

import os
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import cache

from idxpng.errors import DataError, permission
from idxpng.replaceable import check_role
from idxpng.text import printable

EXPECTED = (DataError, OSError, MemoryError)  # what a run may raise without a defect of the workflow
CLEAR = "\r\x1b[K"  # move to the beginning of the line and erase it

_file = None  # the log file of this job, open for writing text
_all_on_terminal = False
PROGRESS = 5.0  # seconds from one message about progress to the next
_said = time.monotonic()  # when the last one was
_drawn = False  # whether its line is on the terminal


def info(message: str, *values: object) -> None:
    """Report what was done: ``message % values``."""
    _say("INFO", message % values if values else message)


def warning(message: str, *values: object) -> None:
    """Report what the user must see even without reading the log: ``message % values``."""
    _say("WARNING", message % values if values else message)


def progress(message: str, *values: object) -> None:
    """Report now and then how far long work is, as `info` does; on the terminal of a run, the next line replaces it."""
    global _said, _drawn
    if time.monotonic() - _said < PROGRESS:
        return
    _said = time.monotonic()
    info(message, *values)
    if _file and sys.stderr and sys.stderr.isatty():
        with suppress(OSError, ValueError):
            columns = os.get_terminal_size(sys.stderr.fileno()).columns or 80
            sys.stderr.write(f"{CLEAR}{printable(message % values)[: columns - 1]}\r")
            sys.stderr.flush()
            _drawn = True


@cache
def warn_once(message: str) -> None:
    """`warning` the first time, and nothing afterwards."""
    warning(message)


def output(text: str) -> None:
    """Print the result of a command, of one or more lines: nothing in it acts on a terminal.

    Letters that the terminal's encoding does not have become escapes: a result is a result there too.
    """
    if not sys.stdout:
        return  # it was closed
    encoding = sys.stdout.encoding or "utf-8"
    safe = "\n".join(map(printable, text.split("\n")))
    try:
        print(safe.encode(encoding, "backslashreplace").decode(encoding), flush=True)
    except OSError as error:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        if not isinstance(error, BrokenPipeError):  # of a reader that has seen enough, such as head
            error.filename = "standard output"
            raise


def described(error: Exception) -> str:
    """The message of an error that bad input, the file system, or a lack of memory raises, see `EXPECTED`."""
    if isinstance(error, OSError):
        return str(DataError(error.filename or "a file", str(error.strerror or error), todo=permission(error)))
    return "not enough memory\n  to do:    give the job more memory" if isinstance(error, MemoryError) else str(error)


def _say(level: str, text: str) -> None:
    """Write a message of one or more lines, without characters that act on a terminal."""
    text = "\n".join(map(printable, text.split("\n")))
    if _file:
        with suppress(OSError, ValueError):  # a full disk must not turn a message into a traceback
            _file.write(f"{time.strftime('%Y-%m-%d %H:%M:%S')} {level} {text}\n")
            _file.flush()
    if sys.stderr and (_all_on_terminal or level != "INFO"):
        with suppress(OSError, ValueError):
            # First remove the line of progress that a run may have drawn there.
            sys.stderr.write(f"{CLEAR * sys.stderr.isatty()}{level}: {text}\n")
            sys.stderr.flush()


@contextmanager
def job_log(path: str | None) -> Iterator[None]:
    """Send the job's messages to ``path``, or all to the terminal; the last one is the time that it took.

    A `DataError`, an error of the file system, or a lack of memory becomes one message and exit status 1. So does any
    other error, with its traceback, since it is a defect of the workflow.
    """
    global _file, _all_on_terminal
    _all_on_terminal = path is None
    wall, cpu = time.perf_counter(), time.process_time()
    try:
        if path:
            check_role(path)
        _file = open(path, "w", encoding="utf-8") if path else None
        yield
        info("done in %.3f s, CPU %.3f s", time.perf_counter() - wall, time.process_time() - cpu)
    except EXPECTED as error:
        _fail(described(error))
    except Exception:
        import traceback

        _fail(f"this is a defect of the workflow, not of your data; please report it\n{traceback.format_exc()}")
    finally:
        with suppress(OSError):
            if _drawn:
                sys.stderr.write(CLEAR)
            if _file:
                _file.close()  # here, since Python would add the error of a full disk to the message at exit


def _fail(message: str) -> None:
    _say("ERROR", message.rstrip("\n"))
    sys.exit(1)

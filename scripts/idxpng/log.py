"""What a job says: everything to its log file, warnings and errors to the terminal too."""

import logging
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager

from idxpng.errors import DataError
from idxpng.text import printable

CLEAR = "\r\x1b[K"  # to the beginning of the line, and nothing on it


class PrintableFormatter(logging.Formatter):
    """Writes messages, of one or more lines, in which nothing acts on a terminal, whoever's words are in them."""

    def format(self, record: logging.LogRecord) -> str:
        return "\n".join(map(printable, super().format(record).split("\n")))


class TerminalFormatter(PrintableFormatter):
    """Removes the line of progress that a run may have drawn where the message is to stand."""

    def format(self, record: logging.LogRecord) -> str:
        return CLEAR * sys.stderr.isatty() + super().format(record)


@contextmanager
def job_log(path: str | None) -> Iterator[None]:
    """Send the job's messages to ``path``, last the time that it took, and end it in plain words on bad input.

    Without a path all of them go to the terminal.

    A `DataError`, or an error of the file system, becomes one message and exit status 1.
    Anything else is a defect of ours: its traceback goes to the log and to the terminal.
    """
    terminal = logging.StreamHandler()
    terminal.setLevel(logging.WARNING if path else logging.INFO)
    terminal.setFormatter(TerminalFormatter("%(levelname)s: %(message)s"))
    handlers: list[logging.Handler] = [terminal]
    if path:
        file = logging.FileHandler(path, mode="w", encoding="utf-8")
        file.setFormatter(PrintableFormatter("%(asctime)s %(levelname)s %(message)s"))
        handlers.append(file)
    logging.raiseExceptions = False  # a log for which the disk is too full is not worth a traceback
    logging.basicConfig(level=logging.INFO, handlers=handlers, force=True)
    wall, cpu = time.perf_counter(), time.process_time()
    try:
        yield
        logging.info("done in %.3f s, CPU %.3f s", time.perf_counter() - wall, time.process_time() - cpu)
    except DataError as error:
        logging.error("%s", error)
        sys.exit(1)
    except OSError as error:
        logging.error("%s: %s", printable(error.filename or "a file"), error.strerror or error)
        sys.exit(1)
    except Exception:
        logging.exception("this is a defect of the workflow, not of your data; please report it")
        sys.exit(1)

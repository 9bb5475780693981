"""One line of progress on a terminal instead of a paragraph for each job.

Snakemake's log file of the run, whose path is in its last line, keeps everything.
"""

import logging
import re
import shutil
from collections.abc import Iterable
from typing import Any, TextIO

from idxpng.log import CLEAR

SNAKEMAKE = "DefaultStreamHandler"  # Snakemake's handler that writes to the terminal

# Events that the line of progress replaces.
REPLACED = {
    *("job_info", "job_started", "job_finished", "group_info", "progress", "shellcmd"),
    *("run_info", "resources_info", "workflow_started"),
}
# Messages that are the same in each run, or repeat the message of a script.
OMITTED = re.compile(
    r"Building DAG of jobs|Using shell:|Provided (cores|resources):|Rules claiming|Conda environments: ignored"
    r"|Select jobs to execute|Execute \d+ jobs|Assuming unrestricted shared filesystem|Elapsed time:|^host: "
    r"|Exiting because a job execution failed|Shutting down, this might|Removing output files of failed job"
    r"|RuleException:\s+CalledProcessError|Cannot restore .*: no backup found"
    r"|Restored previous version of "  # which is not true: see leave_updated_files_to_their_job
)
INTERRUPTED = "Terminating processes on user request"  # by Ctrl-C


def show_progress(handlers: Iterable[logging.Handler], settings: Any) -> None:
    """Show one line of progress, if Snakemake writes to a terminal and no option sets how much to show.

    Args:
        handlers: the handlers of Snakemake's log.
        settings: Snakemake's output settings. With ``--quiet``, ``--verbose``, ``--printshellcmds`` or
            ``--dry-run``, and with a logger plugin that writes to the terminal, Snakemake's output stays as it is.
    """
    if settings.quiet or settings.verbose or settings.printshellcmds or settings.dryrun or settings.debug_dag:
        return
    for handler in handlers:
        if handler.name == SNAKEMAKE and isinstance(handler, logging.StreamHandler) and handler.stream.isatty():
            handler.addFilter(ProgressLine(handler.stream).filter)


class ProgressLine:
    """A log filter that passes what users must read, and shows the rest as one line on the terminal, ``stream``."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._running: dict[int, str] = {}  # rules by job number
        self._done = self._total = 0
        self._interrupted = False

    def filter(self, record: logging.LogRecord) -> bool:
        """Whether Snakemake should show a record itself."""
        event, message = str(getattr(record, "event", None) or ""), record.getMessage().lstrip()
        if message.startswith(INTERRUPTED):
            self._interrupted = True
            self._write("Stopping. To go on later, run the same command again.\n")
            return False
        if self._interrupted and record.levelno >= logging.ERROR:
            return False  # the jobs that were running have failed
        if event == "job_error":
            self._running.pop(vars(record)["jobid"], None)
            self._write(_failure(vars(record)) + "\n")
            return False
        if event in REPLACED:
            self._note(event, vars(record))
            self._draw()
            return False
        if OMITTED.match(message):
            return False
        self._write("")
        return True

    def _note(self, event: str, facts: dict[str, Any]) -> None:
        if event == "job_info":
            self._running[facts["jobid"]] = facts["rule_name"]
        elif event == "job_finished":
            self._running.pop(facts["job_id"], None)
        elif event == "progress":
            self._done, self._total = facts["done"], facts["total"]
        elif event == "run_info":
            self._total = facts["stats"]["total"]

    def _draw(self) -> None:
        if not self._total:
            return
        if self._done == self._total:
            self._write("")
            return
        line = f"{self._done} of {self._total} jobs"
        if self._running:
            line += f": {', '.join(sorted(set(self._running.values())))}"
        # The cursor returns to the start, so that the message of a job overwrites the line.
        self._write(line[: shutil.get_terminal_size().columns - 1] + "\r")

    def _write(self, text: str) -> None:
        self._stream.write(CLEAR + text)
        self._stream.flush()


def _failure(facts: dict[str, Any]) -> str:
    """Which job failed. The message of its script, above, says why."""
    wanted = ", ".join(str(path).removesuffix(" (update)") for path in facts.get("output") or ()) or "nothing"
    logs = ", ".join(map(str, facts.get("log") or ()))
    return f"Failed: {facts.get('rule_name')}, which makes {wanted}" + (f"\n   log: {logs}" if logs else "")

"""Snakemake's log becomes one line of progress, and important messages are kept."""

import io
import logging
from types import SimpleNamespace
from typing import Any

import pytest

from idxpng.log import CLEAR
from idxpng.run.terminal import SNAKEMAKE, ProgressLine, show_progress

QUIET = {"quiet": set(), "verbose": False, "printshellcmds": False, "dryrun": False, "debug_dag": False}


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def record(message: str | None = None, level: int = logging.INFO, **facts: Any) -> logging.LogRecord:
    made = logging.LogRecord("snakemake", level, "file", 1, message, None, None)
    vars(made).update(facts)
    return made


def last_line(terminal: Terminal) -> str:
    return terminal.getvalue().rpartition(CLEAR)[2]


def test_the_progress_line_shows_finished_and_running_jobs() -> None:
    terminal = Terminal()
    line = ProgressLine(terminal)
    shown = [
        line.filter(record("Job stats", event="run_info", stats={"export": 2, "all": 1, "total": 4})),
        line.filter(record(event="job_info", jobid=1, rule_name="export")),
        line.filter(record(event="job_info", jobid=2, rule_name="preview")),
        line.filter(record(event="job_finished", job_id=2)),
        line.filter(record(event="progress", done=1, total=4)),
    ]
    assert shown == [False] * 5
    assert last_line(terminal) == "1 of 4 jobs: export\r"
    line.filter(record(event="progress", done=4, total=4))
    assert last_line(terminal) == "", "the line is removed at the end"


def test_the_progress_line_is_cut_at_the_width_of_the_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "9")
    terminal = Terminal()
    ProgressLine(terminal).filter(record(event="progress", done=10, total=31))
    assert last_line(terminal) == "10 of 31\r"


def test_important_messages_are_not_filtered() -> None:
    terminal = Terminal()
    line = ProgressLine(terminal)
    assert line.filter(record("Nothing to be done"))
    assert line.filter(record("limit=5 replaces 60,000 PNG files with 5", logging.WARNING))
    assert line.filter(record("RuleException:\nMissingOutputException in rule export", logging.ERROR))
    assert not line.filter(record("RuleException:\nCalledProcessError in file x", logging.ERROR))
    assert not line.filter(record("Select jobs to execute..."))
    assert not line.filter(record("Cannot restore images.gz: no backup found.", logging.WARNING))
    assert not line.filter(record("Restored previous version of images.gz (updating job failed).", logging.WARNING))


def test_a_failed_job_is_named_once_with_its_log() -> None:
    terminal = Terminal()
    failed = record(event="job_error", jobid=1, rule_name="export", output=["png/3", "3.csv (update)"], log=["3.log"])
    assert not ProgressLine(terminal).filter(failed)
    assert last_line(terminal) == "Failed: export, which makes png/3, 3.csv\n   log: 3.log\n"


@pytest.mark.parametrize(
    ("stream", "settings", "filtered"),
    [
        (Terminal, {}, True),
        (io.StringIO, {}, False),
        *((Terminal, {key: True}, False) for key in ("verbose", "printshellcmds", "dryrun")),
        (Terminal, {"quiet": {"rules"}}, False),
    ],
)
def test_output_is_not_filtered_with_an_option_for_more_or_without_a_terminal(
    stream: type[io.StringIO], settings: dict[str, Any], filtered: bool
) -> None:
    handler = logging.StreamHandler(stream())
    handler.name = SNAKEMAKE
    show_progress([handler], SimpleNamespace(**(QUIET | settings)))
    assert bool(handler.filters) == filtered

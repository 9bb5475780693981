import fcntl
import os
import pty
import re
import struct
import subprocess
import termios
from pathlib import Path

import pytest

from project import run_code
from systems import mounted, needs_full_device


class Job:
    """A process that runs some code and writes its log to a folder."""

    def __init__(self, folder: Path, code: str) -> None:
        path = folder / "job.log"
        lines = [
            "from idxpng import log",
            "from idxpng.errors import DataError",
            "from idxpng.log import job_log",
            f"with job_log({str(path)!r}):",
            *(f"    {line}" for line in code.splitlines()),
        ]
        process = run_code("\n".join(lines), cwd=folder, encoding="utf-8")
        self.status, self.terminal = process.returncode, process.stderr
        self.log = path.read_text(encoding="utf-8") if path.is_file() else ""


def test_a_job_that_succeeds_logs_its_messages_and_shows_only_warnings_on_the_terminal(tmp_path: Path) -> None:
    job = Job(tmp_path, "log.info('28 × 28 pixels')\nlog.warning('nothing pinned')")
    assert job.status == 0
    assert job.terminal == "WARNING: nothing pinned\n"
    info, warning, _ = job.log.splitlines()
    assert info.endswith("INFO 28 × 28 pixels")
    assert warning.endswith("WARNING nothing pinned")


def test_the_progress_of_a_job_is_one_line_on_a_terminal_that_is_gone_at_its_end(tmp_path: Path) -> None:
    log, work = tmp_path / "job.log", "log.progress('%d of %d bytes' + 99 * '.', done, 3)"
    code = f"from idxpng import log\nlog.PROGRESS = 0\nwith log.job_log({str(log)!r}):\n for done in (1, 2):\n  {work}"
    ours, its = pty.openpty()
    with open(ours, "rb", buffering=0) as terminal:
        fcntl.ioctl(its, termios.TIOCSWINSZ, struct.pack("4H", 25, 20, 0, 0))
        run_code(code, capture_output=False, stderr=its, check=True)
        os.close(its)
        lines = [f"\r\x1b[K{done} of 3 bytes.......\r" for done in (1, 2)]
        assert terminal.read(1000).decode() == "".join([*lines, "\r\x1b[K"])
    assert log.read_text(encoding="utf-8").count(f"{99 * '.'}\n") == 2


def test_a_log_ends_with_the_time_that_the_job_took(tmp_path: Path) -> None:
    job = Job(tmp_path, "import time\ntime.sleep(0.3)")
    took = re.search(r"INFO done in (\d\.\d{3}) s, CPU (\d\.\d{3}) s\n\Z", job.log)
    assert took
    wall, cpu = map(float, took.groups())
    assert cpu < 0.3 <= wall


def test_a_log_contains_only_the_last_run(tmp_path: Path) -> None:
    Job(tmp_path, "log.info('first')")
    assert "first" not in Job(tmp_path, "log.info('second')").log


def test_bad_data_are_reported_once_in_the_log_and_on_the_terminal(tmp_path: Path) -> None:
    job = Job(tmp_path, "raise DataError('labels', 'truncated', at='byte 9', expected='a label', found='the end')")
    message = "labels: truncated\n  at:       byte 9\n  expected: a label\n  found:    the end\n"
    assert job.status == 1
    assert job.terminal == f"ERROR: {message}"
    assert job.log.endswith(f" ERROR {message}")


@pytest.mark.parametrize(
    ("code", "message"),
    [
        ("open('missing', 'rb')", "missing: No such file or directory"),
        ("open('.', 'rb')", ".: Is a directory"),
        pytest.param(
            "with open('/dev/full', 'wb', buffering=0) as file: file.write(b'x')",
            "No space left on device",
            marks=needs_full_device,
        ),
    ],
)
def test_a_file_system_error_is_reported_in_one_line(tmp_path: Path, code: str, message: str) -> None:
    job = Job(tmp_path, code)
    assert job.status == 1
    assert message in job.terminal
    assert message in job.log
    assert "Traceback" not in job.terminal + job.log
    assert len(job.terminal.splitlines()) == 1


def test_a_path_that_may_not_be_written_is_reported_with_something_to_do(tmp_path: Path) -> None:
    (tmp_path / "new").mkdir()
    with mounted(tmp_path / "new", "-t", "tmpfs", "-o", "ro", "none"):
        job = Job(tmp_path, "open('new/file', 'wb')")
    assert job.terminal.startswith(
        "ERROR: new/file: Read-only file system\n  to do:    get permission for it and its folder, or"
    )


@pytest.mark.parametrize("write", ["file.write(bytes(20_000))", "[file.write(b'row') for _ in range(7000)]"])
def test_a_file_that_exceeds_the_size_limit_is_named(tmp_path: Path, write: str) -> None:
    code = (
        "import resource, signal\n"
        "from idxpng.files.atomic import atomic_file\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (10_000, 10_000))\n"
        f"with atomic_file('labels') as file: {write}"
    )
    job = Job(tmp_path, code)
    assert job.status == 1
    assert "labels: File too large" in job.terminal


def test_a_lack_of_memory_is_not_called_a_defect(tmp_path: Path) -> None:
    job = Job(tmp_path, "bytes(1 << 60)")
    assert (job.status, job.terminal) == (1, "ERROR: not enough memory\n  to do:    give the job more memory\n")


@needs_full_device
def test_a_log_that_cannot_be_written_leaves_the_message_on_the_terminal(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "job.log").symlink_to("/dev/full")
    # In this mode, every Python reports what it cannot write at exit, as Python 3.13 always does.
    monkeypatch.setenv("PYTHONDEVMODE", "1")
    job = Job(tmp_path, "log.info('begun')\nraise DataError('labels', 'truncated')")
    assert (job.status, job.terminal) == (1, "ERROR: labels: truncated\n")


def test_a_defect_is_reported_with_its_traceback_in_the_log_and_on_the_terminal(tmp_path: Path) -> None:
    job = Job(tmp_path, "{}['no such key']")
    assert job.status == 1
    for text in (job.terminal, job.log):
        assert "this is a defect of the workflow" in text
        assert "Traceback" in text
        assert "KeyError: 'no such key'" in text


def test_a_job_that_is_stopped_does_not_report_a_defect(tmp_path: Path) -> None:
    job = Job(tmp_path, "raise SystemExit(3)")
    assert (job.status, job.log) == (3, "")


def test_control_characters_in_messages_are_escaped_on_the_terminal_and_in_the_log(tmp_path: Path) -> None:
    words = r"\x1b[2Jgone\u202e\u2028"
    code = f"log.warning('the server says: {words}')\nraise FileNotFoundError(2, 'No such file', r'a' '{words}\\n')"
    job = Job(tmp_path, code)
    assert job.status == 1
    for text in (job.terminal, job.log):
        assert f"the server says: {words}\n" in text
        assert f"a{words}\\n: No such file\n" in text


def test_a_result_is_printed_where_the_encoding_lacks_its_letters_and_does_not_act_on_the_terminal(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    code = r"from idxpng import log; log.output('Цифры × 数字\n\x1b[2J')"
    monkeypatch.setenv("PYTHONIOENCODING", "latin-1")
    process = run_code(code, check=True, text=False)
    assert process.stdout == rb"\u0426\u0438\u0444\u0440\u044b " + b"\xd7" + rb" \u6570\u5b57" + b"\n\\x1b[2J\n"


def test_a_result_whose_reader_has_seen_enough_ends_without_a_word() -> None:
    reader, writer = os.pipe()
    os.close(reader)
    code = "from idxpng import log; log.output('a result')"
    process = run_code(code, capture_output=False, stdout=writer, stderr=subprocess.PIPE)
    os.close(writer)
    assert (process.returncode, process.stderr) == (0, "")


def test_a_log_in_a_folder_that_does_not_exist_is_reported_in_words(tmp_path: Path) -> None:
    done = run_code("from idxpng.log import job_log\nwith job_log('missing/log'): pass", cwd=tmp_path)
    assert (done.returncode, done.stderr) == (1, "ERROR: missing/log: No such file or directory\n")

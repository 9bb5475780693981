import errno
import os
import re
from pathlib import Path

import pytest

from idxpng.errors import DataError
from idxpng.files.folder_lock import lock_folder
from idxpng.text import NAME
from project import start
from refusals import refusal
from systems import failing, mounted

LOCKS = "import sys, time; from idxpng.files.folder_lock import lock_folder; lock_folder(sys.argv[1]);"
WAITS = LOCKS + "print('locked', flush=True); time.sleep(60)"


def test_a_folder_is_locked_until_the_process_is_killed(tmp_path: Path) -> None:
    process = start(WAITS, tmp_path / "new/folder")
    assert "another run is making files here" in refusal(lock_folder, tmp_path / "new/folder")
    process.kill()
    process.wait()
    lock_folder(tmp_path / "new/folder")
    (name,) = os.listdir(tmp_path / "new/folder/.settings")
    assert not re.fullmatch(NAME, name), "a split may have that name, and its settings a folder of it"


def test_without_locks_there_is_one_warning(
    tmp_path: Path, without_locks: None, caplog: pytest.LogCaptureFixture
) -> None:
    lock_folder(tmp_path)
    assert caplog.text.count("this file system has no locks") == 1


def test_a_folder_that_is_a_file_is_refused_in_words(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    message = refusal(lock_folder, tmp_path / "file")
    assert "cannot be locked" in message and "to do:    move it away, if no other run is at work" in message


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EDQUOT])
def test_a_full_disk_or_quota_is_left_to_the_jobs_to_report(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    with monkeypatch.context() as full:
        full.setattr(os, "open", failing(number))
        lock_folder(tmp_path)


def test_a_folder_in_which_nobody_may_write_is_refused_with_something_to_do(tmp_path: Path) -> None:
    with (
        mounted(tmp_path, "-t", "tmpfs", "-o", "ro", "none"),
        pytest.raises(DataError, match="get permission for it and its folder"),
    ):
        lock_folder(tmp_path)

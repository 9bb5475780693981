import errno
import os
from pathlib import Path

import pytest

from builders import put
from idxpng import log
from idxpng.files import flush
from idxpng.files.flush import flush_names, flush_tree
from systems import LINUX, failing


def flushed(folder: Path, monkeypatch: pytest.MonkeyPatch) -> set[str]:
    """The names of the files that are flushed one by one with a folder."""
    seen = []
    fsync = os.fsync
    names = {path.stat().st_ino: path.name for path in (folder, *folder.rglob("*"))}

    def watch(descriptor: int) -> None:
        seen.append(names[os.fstat(descriptor).st_ino])
        fsync(descriptor)

    monkeypatch.setattr(flush.os, "fsync", watch)
    descriptor = os.open(folder, os.O_RDONLY)
    flush_tree(descriptor)
    os.close(descriptor)
    return set(seen)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name in ("0.png", "1.png"):
        (tmp_path / name).write_bytes(b"image")
    return tmp_path


@pytest.mark.skipif(not LINUX, reason="this system has no syncfs")
def test_one_call_flushes_the_whole_file_system(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert flushed(folder, monkeypatch) == {folder.name}


def test_what_the_system_refuses_is_an_error() -> None:
    with pytest.raises(OSError) as caught:
        flush_tree(-1)
    assert caught.value.errno == errno.EBADF


@pytest.mark.parametrize("number", [errno.EINVAL, errno.ENOTSUP, errno.ENOSYS])
def test_directories_that_cannot_be_flushed_are_reported_once(
    folder: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, number: int
) -> None:
    fsync = os.fsync

    def refuse(descriptor: int) -> None:
        if os.path.isdir(f"/proc/self/fd/{descriptor}"):
            raise OSError(number, os.strerror(number))
        fsync(descriptor)

    monkeypatch.setattr(flush.os, "fsync", refuse)
    log.warn_once.cache_clear()
    descriptor = os.open(folder, os.O_RDONLY)
    for _ in range(2):
        flush_tree(descriptor)
        flush_names(folder)
    os.close(descriptor)
    assert caplog.text.count("cannot flush directories") == 1


@pytest.mark.parametrize("number", [errno.EIO, errno.ENOSPC])
def test_a_disk_that_fails_is_an_error(folder: Path, monkeypatch: pytest.MonkeyPatch, number: int) -> None:
    monkeypatch.setattr(flush.os, "fsync", failing(number))
    with pytest.raises(OSError) as caught:
        flush_names(folder)
    assert caught.value.errno == number


def test_a_file_system_that_does_not_know_the_one_call_has_each_file_flushed(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(flush, "_syncfs", failing(errno.ENOSYS))
    put(folder / "cat/2.png", "image")
    assert flushed(folder, monkeypatch) == {"0.png", "1.png", "cat", "2.png", folder.name}


def test_only_the_names_of_a_folder_are_flushed(folder: Path) -> None:
    flush_names(folder)
    with pytest.raises(NotADirectoryError):
        flush_names(folder / "0.png")

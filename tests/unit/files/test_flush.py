import errno
import os
from pathlib import Path

import pytest

from idxpng.files import flush
from idxpng.files.flush import flush_names, flush_tree


def flushed(folder: Path, monkeypatch: pytest.MonkeyPatch) -> set[str]:
    """The names of what is flushed one by one when a folder is."""
    seen = []
    fsync = os.fsync
    names = {path.stat().st_ino: path.name for path in (folder, *folder.iterdir())}

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


@pytest.mark.skipif(flush._syncfs() is None, reason="this system has no syncfs")
def test_one_call_flushes_the_whole_file_system(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert flushed(folder, monkeypatch) == {folder.name}


def test_without_such_a_call_each_file_is_flushed(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(flush, "_syncfs", lambda: None)
    assert flushed(folder, monkeypatch) == {"0.png", "1.png", folder.name}


def test_what_the_system_refuses_is_an_error() -> None:
    with pytest.raises(OSError) as caught:
        flush_tree(-1)
    assert caught.value.errno == errno.EBADF


def test_names_are_flushed_of_a_folder_alone(folder: Path) -> None:
    flush_names(folder)
    with pytest.raises(NotADirectoryError):
        flush_names(folder / "0.png")

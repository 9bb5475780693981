"""The hidden files of downloads, in a folder where others plant what they like."""

import errno
import fcntl
import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from idxpng.fetch import partial_file as module
from idxpng.fetch.partial_file import discard_others, partial_file, read_state, state_path, write_state

A = {"url": "http://a/file.gz", "validator": '"1"'}
B = {"url": "http://b/file.gz", "validator": '"2"'}


@pytest.fixture
def output(tmp_path: Path) -> Path:
    folder = tmp_path / "resources"
    folder.mkdir()
    return folder / "file.gz"


@pytest.fixture
def secret(tmp_path: Path) -> Path:
    path = tmp_path / "secret"
    path.write_bytes(b"keep")
    return path


@pytest.fixture
def without_locks(monkeypatch: pytest.MonkeyPatch) -> None:
    """A file system without locks, as some network file systems are."""

    def refuse(*_: Any) -> None:
        raise OSError(errno.ENOLCK, os.strerror(errno.ENOLCK))

    monkeypatch.setattr(fcntl, "flock", refuse)


def receive(output: Path, remembered: dict[str, str], data: bytes) -> bytes:
    """Add ``data`` to what a source has sent, and give all of it."""
    with partial_file(output, remembered["url"]) as (file, state):
        file.write(data)
        write_state(state, remembered)
        file.flush()
        return Path(file.name).read_bytes()


def hidden(output: Path) -> set[str]:
    return {path.name for path in output.parent.iterdir()}


def test_each_source_goes_on_where_it_stopped(output: Path) -> None:
    assert receive(output, A, b"much of a") == b"much of a"
    assert receive(output, B, b"b") == b"b"
    assert receive(output, A, b" and more") == b"much of a and more"
    assert receive(output, B, b"bb") == b"bbb"
    assert len(hidden(output)) == 4, "two files, and what each belongs to"


def test_what_cannot_be_continued_goes(output: Path) -> None:
    with partial_file(output, A["url"]) as (file, _):
        file.write(b"without a validator")
    assert hidden(output) == set()


def test_at_the_end_nothing_is_left_of_any_source(output: Path) -> None:
    receive(output, A, b"a")
    receive(output, B, b"b")
    other = output.with_name("file.gz.part.gz")
    receive(other, A, b"of another file")
    discard_others(output)
    assert hidden(output) == {".file.gz.part.gz.partial", ".file.gz.part.gz.partial.json"}


def test_what_another_process_writes_to_is_left_to_it(output: Path) -> None:
    receive(output, A, b"kept")
    with partial_file(output, A["url"]) as (file, _):
        code = (
            "import sys; from idxpng.fetch.partial_file import discard_others, partial_file\n"
            f"with partial_file({str(output)!r}, {A['url']!r}) as (file, state): print(file.tell())\n"
            f"discard_others({str(output)!r})"
        )
        scripts = str(Path(module.__file__).parents[2])
        ran = subprocess.run(
            [sys.executable, "-c", code], env={**os.environ, "PYTHONPATH": scripts}, check=True, capture_output=True
        )
        assert ran.stdout == b"0\n"
        assert file.tell() == 4
        assert hidden(output) == {".file.gz.partial", ".file.gz.partial.json"}


WRITE_AND_STAY = """
import sys, time
from idxpng.fetch.partial_file import partial_file
with partial_file(sys.argv[1], "http://a/file.gz") as (file, state):
    file.write(b"half")
    file.flush()
    print("written", flush=True)
    time.sleep(60)
"""


@pytest.mark.parametrize("locks", [True, False], ids=["locks", "no locks"])
def test_of_a_killed_process_nothing_is_left_in_the_end(
    output: Path, locks: bool, request: pytest.FixtureRequest
) -> None:
    before = "" if locks else "import fcntl\ndef flock(*_): raise OSError(37, '')\nfcntl.flock = flock\n"
    environment = {**os.environ, "PYTHONPATH": str(Path(module.__file__).parents[2])}
    command = [sys.executable, "-c", before + WRITE_AND_STAY, str(output)]
    with subprocess.Popen(command, env=environment, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"written\n"
        if not locks:
            request.getfixturevalue("without_locks")
        discard_others(output)
        assert len(hidden(output)) == 1, "it still writes"
        process.kill()
    discard_others(output)
    assert hidden(output) == set()


def test_without_locks_nothing_is_kept_and_nothing_left(output: Path, without_locks: None) -> None:
    receive(output, A, b"a")
    assert hidden(output) == set()


@pytest.mark.slow
def test_a_process_waits_for_the_one_that_makes_the_same_file(output: Path) -> None:
    code = "import sys, time; from pathlib import Path; from idxpng.fetch.partial_file import partial_file\n" + (
        f"with partial_file({str(output)!r}, wait=True) as (file, state):\n"
        "    print('in', flush=True); time.sleep(0.3); print('out', flush=True)"
    )
    environment = {**os.environ, "PYTHONPATH": str(Path(module.__file__).parents[2])}
    start = time.monotonic()
    processes = [
        subprocess.Popen([sys.executable, "-c", code], env=environment, stdout=subprocess.PIPE) for _ in range(3)
    ]
    assert [process.communicate()[0] for process in processes] == [b"in\nout\n"] * 3
    assert time.monotonic() - start > 0.9
    assert hidden(output) == set()


# What others plant


def link(path: Path, secret: Path) -> None:
    path.symlink_to(secret)


def second_name(path: Path, secret: Path) -> None:
    path.hardlink_to(secret)


def pipe(path: Path, secret: Path) -> None:
    os.mkfifo(path)


def folder(path: Path, secret: Path) -> None:
    path.mkdir()


def dangling_link(path: Path, secret: Path) -> None:
    path.symlink_to(secret.with_name("new"))


def file_of_another_user(path: Path, secret: Path) -> None:
    path.write_bytes(b"theirs")
    if os.geteuid():
        pytest.skip("only root gives files away")
    os.chown(path, 12345, 12345)


PLANTED = [link, second_name, pipe, folder, dangling_link, file_of_another_user]


@pytest.mark.parametrize("plant", PLANTED)
def test_what_another_has_planted_is_neither_written_to_nor_in_the_way(
    output: Path, secret: Path, plant: Callable[[Path, Path], None]
) -> None:
    planted = output.with_name(".file.gz.partial")
    plant(planted, secret)
    before = planted.lstat()
    assert receive(output, A, b"sent") == b"sent"
    assert secret.read_bytes() == b"keep"
    assert sorted(secret.parent.iterdir()) == [output.parent, secret]
    discard_others(output)
    after = planted.lstat()
    assert (after.st_ino, after.st_size, after.st_mtime) == (before.st_ino, before.st_size, before.st_mtime)
    assert hidden(output) == {planted.name}


@pytest.mark.parametrize("plant", [link, second_name, pipe, dangling_link, file_of_another_user])
def test_what_another_has_planted_in_place_of_the_state_is_not_believed_and_not_written_to(
    output: Path, secret: Path, plant: Callable[[Path, Path], None]
) -> None:
    secret.write_text('{"url": "http://a/file.gz", "validator": "theirs"}')
    before = secret.read_bytes()
    state = state_path(output.with_name(".file.gz.partial"))
    plant(state, secret)
    assert read_state(state) == {}
    receive(output, A, b"sent")
    assert read_state(state) == A
    assert secret.read_bytes() == before
    assert sorted(secret.parent.iterdir()) == [output.parent, secret]


@pytest.mark.parametrize("text", ["", "[]", "[" * 10_000, '{"url": 1}', "x" * 100_000, "\udcff"])
def test_a_damaged_state_is_none(output: Path, text: str) -> None:
    output.write_bytes(text.encode(errors="surrogateescape"))
    assert read_state(output) == {}

"""Partial downloads for the next attempt, in a folder where other users plant files."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from idxpng.fetch.partial_file import discard_others, partial_file
from planted import PLANTED, folder
from project import run_code, start

A, B = "http://a/file.gz", "http://b/file.gz"


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


def receive(output: Path, source: str, data: bytes) -> bytes:
    """Add ``data`` to what a source has sent, and give all of it."""
    with partial_file(output, source) as partial:
        partial.file.write(data)
        partial.remember('"1"')
        partial.file.flush()
        return partial.path.read_bytes()


def hidden(output: Path) -> list[str]:
    """The names in the folder, without the random part of private names."""
    return sorted(path.name.split("-")[0] for path in output.parent.iterdir())


def test_each_source_goes_on_where_it_stopped(output: Path) -> None:
    assert receive(output, A, b"much of a") == b"much of a"
    assert receive(output, B, b"b") == b"b"
    assert receive(output, A, b" and more") == b"much of a and more"
    assert receive(output, B, b"bb") == b"bbb"
    assert len(hidden(output)) == 2


def test_what_cannot_be_continued_is_removed(output: Path) -> None:
    with partial_file(output, A) as partial:
        partial.file.write(b"without a validator")
    assert hidden(output) == []


def test_at_the_end_nothing_is_left_of_any_source(output: Path) -> None:
    receive(output, A, b"a")
    receive(output, B, b"b")
    other = output.with_name("file.gz.part.gz")
    receive(other, A, b"of another file")
    discard_others(output)
    (left,) = hidden(output)
    assert left.startswith(".file.gz.part.gz.")


def test_one_partial_file_is_kept_for_each_source(output: Path) -> None:
    with partial_file(output, A) as first:
        first.file.write(b"first")
        first.remember('"1"')
        receive(output, A, b"second")
        assert len(hidden(output)) == 2
    assert len(hidden(output)) == 2
    receive(output, A, b"")
    assert len(hidden(output)) == 1


def test_a_file_that_a_running_process_writes_is_left_to_it(output: Path) -> None:
    receive(output, A, b"kept")
    with partial_file(output, A) as partial:
        code = (
            "import sys; from idxpng.fetch.partial_file import discard_others, partial_file\n"
            f"with partial_file({str(output)!r}, {A!r}) as partial: print(partial.size)\n"
            f"discard_others({str(output)!r})"
        )
        assert run_code(code, check=True).stdout == "0\n"
        assert partial.size == 4
        assert len(hidden(output)) == 1


WRITE_AND_STAY = """
import sys, time
from idxpng.fetch.partial_file import partial_file
with partial_file(sys.argv[1], "http://a/file.gz") as partial:
    partial.file.write(b"half")
    partial.file.flush()
    partial.remember('"1"')
    print("written", flush=True)
    time.sleep(60)
"""


@pytest.mark.parametrize("locks", [True, False], ids=["locks", "no locks"])
@pytest.mark.parametrize("continued", [True, False])
def test_a_killed_process_leaves_nothing_in_the_end(
    output: Path, locks: bool, continued: bool, request: pytest.FixtureRequest
) -> None:
    before = "" if locks else "import fcntl\ndef flock(*_): raise OSError(37, '')\nfcntl.flock = flock\n"
    with start(before + WRITE_AND_STAY, output) as process:
        if not locks:
            request.getfixturevalue("without_locks")
        discard_others(output)
        assert len(hidden(output)) == 1, "it still writes"
        process.kill()
    if continued:
        assert receive(output, A, b" and the rest") == b"half and the rest"
    discard_others(output)
    assert hidden(output) == []


def test_without_locks_nothing_is_kept_and_nothing_left(output: Path, without_locks: None) -> None:
    receive(output, A, b"a")
    assert hidden(output) == []


def kept(output: Path) -> Path:
    (path,) = output.parent.glob(".*.partial")
    return path


@pytest.mark.parametrize("name", [".file.gz.partial", "like ours"])
@pytest.mark.parametrize("plant", PLANTED)
def test_a_planted_file_is_not_written_to_and_not_in_the_way(
    output: Path, secret: Path, plant: Callable[[Path, Path], None], name: str
) -> None:
    receive(output, A, b"earlier")
    planted = output.with_name(name) if name.startswith(".") else kept(output)
    discard_others(output)
    plant(planted, secret)
    if plant is folder:
        os.chown(planted, 12345, 12345) if os.geteuid() == 0 else pytest.skip("only root gives folders away")
    before = planted.lstat()
    assert receive(output, A, b"sent") == b"sent"
    assert secret.read_bytes() == b"keep"
    assert sorted(secret.parent.iterdir()) == [output.parent, secret]
    discard_others(output)
    after = planted.lstat()
    assert (after.st_ino, after.st_size, after.st_mtime) == (before.st_ino, before.st_size, before.st_mtime)
    assert [path.name for path in output.parent.iterdir()] == [planted.name]

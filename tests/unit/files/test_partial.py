"""Private names, in a folder where other users plant files and where processes are killed."""

import os
import re
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from idxpng.files import partial as module
from idxpng.files.atomic import atomic_directory, atomic_file
from idxpng.files.partial import (
    claim_directory,
    in_turn,
    is_at,
    lock,
    new_directory,
    new_file,
    private_name,
    remove_leftovers,
)
from planted import PLANTED
from project import start
from systems import LINUX

NO_LOCKS = "import fcntl\ndef flock(*_): raise OSError(37, '')\nfcntl.flock = flock\n"
MAKE_AND_STAY = """
import sys, time
from pathlib import Path
from idxpng.files.partial import new_directory, new_file
file = new_file(Path(sys.argv[1]), ".file.")
folder = new_directory(Path(sys.argv[1]), ".folder.")
print("made", flush=True)
time.sleep(60)
"""


def names(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir()}


def remove_all(folder: Path) -> None:
    remove_leftovers(folder, re.escape(".file."))
    remove_leftovers(folder, re.escape(".folder."))


@pytest.mark.parametrize("locks", [True, False], ids=["locks", "no locks"])
def test_leftovers_of_a_killed_process_are_removed_and_files_of_one_at_work_are_not(
    tmp_path: Path, locks: bool, request: pytest.FixtureRequest
) -> None:
    process = start(("" if locks else NO_LOCKS) + MAKE_AND_STAY, tmp_path)
    if not locks:
        request.getfixturevalue("without_locks")
    remove_all(tmp_path)
    assert len(names(tmp_path)) == 2, "it still writes"
    process.kill()
    process.wait()
    remove_all(tmp_path)
    assert names(tmp_path) == set()


@pytest.mark.parametrize("locks", [True, False], ids=["locks", "no locks"])
def test_what_a_killed_process_left_is_claimed_once(
    tmp_path: Path, locks: bool, request: pytest.FixtureRequest
) -> None:
    process = start(("" if locks else NO_LOCKS) + MAKE_AND_STAY, tmp_path)
    if not locks:
        request.getfixturevalue("without_locks")
    assert claim_directory(tmp_path, ".folder.") is None
    process.kill()
    process.wait()
    claimed = claim_directory(tmp_path, ".folder.")
    assert claimed
    assert is_at(*claimed)
    assert claim_directory(tmp_path, ".folder.") is None
    os.close(claimed[1])


def test_files_of_another_host_are_left_alone_until_they_are_old(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(module, "_host", lambda: "00000000")
        new_file(tmp_path, ".file.").close()
    (path,) = tmp_path.iterdir()
    remove_all(tmp_path)
    assert path.exists()
    os.utime(path, (0, time.time() - module.WEEK - 60))
    remove_all(tmp_path)
    assert names(tmp_path) == set()


def test_names_differ_and_cannot_be_predicted(tmp_path: Path) -> None:
    made = {private_name(tmp_path, ".file.") for _ in range(100)}
    assert len(made) == 100
    assert all(re.fullmatch(rf"\.file\.[0-9a-f]{{8}}-{os.getpid()}-[0-9a-f]{{8}}\.partial", path.name) for path in made)


@pytest.mark.parametrize("make", [new_file, new_directory])
def test_locks_that_another_process_takes_at_once_do_not_stop_it(
    tmp_path: Path, make: Callable[[Path, str], Any]
) -> None:
    """As a process does that watches the folder and may read its files."""
    done = threading.Event()

    def take_all() -> None:
        taken = []
        while not done.is_set():
            for name in os.listdir(tmp_path):
                try:
                    taken.append(os.open(tmp_path / name, os.O_RDONLY))
                    lock(taken[-1])
                except OSError:
                    pass
        for descriptor in taken:
            os.close(descriptor)

    thread = threading.Thread(target=take_all)
    thread.start()
    try:
        for _ in range(20):
            make(tmp_path, ".made.")
    finally:
        done.set()
        thread.join()
    assert len(names(tmp_path)) == 20


@pytest.mark.parametrize("name", [".file.partial", ".file.00000000-1-00000000.partial"], ids=["old name", "like ours"])
@pytest.mark.parametrize("plant", PLANTED)
def test_a_planted_file_is_not_written_to_and_not_in_the_way(
    tmp_path: Path, plant: Callable[[Path, Path], None], name: str
) -> None:
    secret, results = tmp_path / "secret", tmp_path / "results"
    secret.write_bytes(b"keep")
    results.mkdir()
    plant(results / name, secret)
    with atomic_file(results / "file") as file:
        file.write(b"whole")
    with atomic_directory(results / "train/0", results):
        pass
    assert secret.read_bytes() == b"keep"
    assert sorted(tmp_path.iterdir()) == [results, secret]
    assert names(results) == {name, "file", "train"}
    assert (results / "file").read_bytes() == b"whole"


@pytest.mark.parametrize("plant", PLANTED)
def test_a_name_that_is_taken_is_skipped(
    tmp_path: Path, plant: Callable[[Path, Path], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    secret = tmp_path / "secret"
    secret.write_bytes(b"keep")
    plant(tmp_path / "planted", secret)
    for make in (new_file, new_directory):
        chosen = iter([tmp_path / "planted", tmp_path / make.__name__])
        monkeypatch.setattr(module, "private_name", lambda *_, chosen=chosen: next(chosen))
        make(tmp_path, ".file.")
    assert secret.read_bytes() == b"keep"
    assert {"planted", "new_file", "new_directory"} <= names(tmp_path)


@pytest.mark.skipif(not LINUX, reason="a folder in which not even root may write")
@pytest.mark.parametrize("make", [new_file, new_directory])
def test_a_folder_that_may_not_be_written_is_named(make: Callable[[Path, str], object]) -> None:
    with pytest.raises(OSError, match=r"denied|not permitted|ead-only") as raised:
        make(Path("/sys"), ".a.gz.")
    assert raised.value.filename == Path("/sys")


def test_without_locks_a_file_and_a_directory_leave_nothing(tmp_path: Path, without_locks: None) -> None:
    for _ in range(2):
        with atomic_file(tmp_path / "file") as file:
            file.write(b"whole")
        with atomic_directory(tmp_path / "train/0", tmp_path) as directory:
            (directory / "0.png").touch()
    assert names(tmp_path) == {"file", "train"}


IN_TURN = """
import sys, time
from pathlib import Path
from idxpng.files.partial import in_turn
print("ready", flush=True)
with in_turn(Path(sys.argv[1]), 30):
    with open(sys.argv[2], "a") as file:
        file.write("in ")
        file.flush()
        time.sleep(0.2)
        file.write("out ")
"""


def test_only_one_process_at_a_time_holds_a_lock(tmp_path: Path) -> None:
    processes = [start(IN_TURN, tmp_path, tmp_path / "said") for _ in range(3)]
    assert [process.wait() for process in processes] == [0, 0, 0]
    assert (tmp_path / "said").read_text() == "in out " * 3


def test_a_lock_is_free_again_after_an_error(tmp_path: Path) -> None:
    with pytest.raises(ArithmeticError), in_turn(tmp_path, 30):
        raise ArithmeticError
    with in_turn(tmp_path, 30):
        pass


def test_a_lock_that_is_held_forever_is_not_waited_for(tmp_path: Path) -> None:
    descriptor = os.open(tmp_path, os.O_RDONLY)
    assert lock(descriptor)
    begin = time.monotonic()
    with in_turn(tmp_path, 0.2):
        assert 0.2 <= time.monotonic() - begin < 5
    os.close(descriptor)


def test_a_lock_on_a_file_system_without_locks_is_not_waited_for(tmp_path: Path, without_locks: None) -> None:
    with in_turn(tmp_path, 30), in_turn(tmp_path, 30):
        pass

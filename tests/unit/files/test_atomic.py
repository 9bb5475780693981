import importlib.machinery
import os
import resource
import sys
from contextlib import suppress
from pathlib import Path

import pytest

from builders import put
from idxpng.errors import DataError
from idxpng.files import atomic as module
from idxpng.files import partial
from idxpng.files.atomic import atomic_directory, atomic_file
from project import run_code, start
from systems import mounted

SCRIPTS = Path(module.__file__).parents[2]


def test_a_file_appears_only_when_it_is_complete(tmp_path: Path) -> None:
    path = tmp_path / "file"
    with atomic_file(path) as file:
        file.write(b"whole")
        file.flush()
        (partial,) = tmp_path.iterdir()
        assert partial.name.startswith("."), "hidden, and on the same file system"
    assert path.read_bytes() == b"whole"
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize("error", [ArithmeticError, KeyboardInterrupt, SystemExit])
def test_an_exception_leaves_no_file_and_no_directory(tmp_path: Path, error: type[BaseException]) -> None:
    with pytest.raises(error), atomic_file(tmp_path / "file") as file:
        file.write(b"half")
        raise error
    with pytest.raises(error), atomic_directory(tmp_path / "png/train/0", tmp_path) as directory:
        (directory / "0.png").write_bytes(b"image")
        raise error
    assert list(tmp_path.iterdir()) == []


def test_an_existing_file_survives_a_failed_rewrite_and_not_a_successful_one(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"old")
    with pytest.raises(ArithmeticError), atomic_file(path) as file:
        file.write(b"half")
        raise ArithmeticError
    assert (path.read_bytes(), list(tmp_path.iterdir())) == (b"old", [path])
    with atomic_file(path) as file:
        file.write(b"new")
        file.flush()
        assert path.read_bytes() == b"old"
    assert (path.read_bytes(), list(tmp_path.iterdir())) == (b"new", [path])


def test_a_process_that_reads_the_old_file_meanwhile_reads_it_to_its_end(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"old")
    with open(path, "rb") as reader:
        with atomic_file(path) as file:
            file.write(b"new")
        assert reader.read() == b"old"


def test_a_file_that_cannot_be_written_to_its_end_leaves_nothing(tmp_path: Path) -> None:
    def limit() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (10_000, 10_000))

    path = str(tmp_path / "file")
    code = f"from idxpng.files.atomic import atomic_file\nwith atomic_file({path!r}) as file: file.write(bytes(20_000))"
    assert "File too large" in run_code(code, preexec_fn=limit).stderr
    assert list(tmp_path.iterdir()) == []


def test_a_directory_appears_only_when_it_is_complete(tmp_path: Path) -> None:
    final, beside = tmp_path / "png/train/0", tmp_path / "work"
    with atomic_directory(final, beside) as directory:
        (directory / "0.png").write_bytes(b"image")
        assert directory.parent == beside
        assert not final.parent.exists()
    assert [path.name for path in final.iterdir()] == ["0.png"]
    assert list(beside.iterdir()) == []


def test_an_existing_directory_survives_a_failed_rewrite_and_not_a_successful_one(tmp_path: Path) -> None:
    final = tmp_path / "train/0"
    put(final / "old.png", "old")
    with pytest.raises(ArithmeticError), atomic_directory(final, tmp_path):
        raise ArithmeticError
    assert [path.name for path in final.iterdir()] == ["old.png"]
    with atomic_directory(final, tmp_path) as directory:
        (directory / "new.png").write_bytes(b"new")
        assert [path.name for path in final.iterdir()] == ["old.png"]
    assert [path.name for path in final.iterdir()] == ["new.png"]


MAKES_A_DIRECTORY = """
import sys, time
from idxpng.files.atomic import atomic_directory
with atomic_directory(sys.argv[1], sys.argv[2]) as directory:
    (directory / "stale.png").write_bytes(b"half an ima")
    print("begun", flush=True)
    time.sleep(600)
"""


def test_what_a_crash_left_of_a_directory_is_not_in_the_next(tmp_path: Path) -> None:
    final = tmp_path / "train/0"
    unfinished = start(MAKES_A_DIRECTORY, final, tmp_path)
    unfinished.kill()
    unfinished.wait()
    assert any(tmp_path.rglob("stale.png"))
    with atomic_directory(final, tmp_path) as directory:
        assert list(directory.iterdir()) == []
    assert list(final.iterdir()) == []
    assert [path.name for path in tmp_path.iterdir()] == ["train"]


def test_a_directory_that_a_running_process_is_making_is_not_touched(tmp_path: Path) -> None:
    final = tmp_path / "train/0"
    other = start(MAKES_A_DIRECTORY, final, tmp_path)
    try:
        with atomic_directory(final, tmp_path) as directory:
            (directory / "0.png").write_bytes(b"image")
        assert [path.name for path in final.iterdir()] == ["0.png"]
        assert any(tmp_path.rglob("stale.png"))
    finally:
        other.kill()
        other.wait()


def test_a_process_that_loses_its_directory_fails_and_publishes_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As when a process on a different host, without our locks, removes it as a leftover after a week."""
    final = tmp_path / "train/0"
    with monkeypatch.context() as patch:
        patch.setattr(partial.fcntl, "flock", lambda *_: None)
        with monkeypatch.context() as elsewhere:
            elsewhere.setattr(partial, "_host", lambda: "00000000")
            losing = atomic_directory(final, tmp_path)
            lost = losing.__enter__()
        os.utime(lost, (0, 0))
        with atomic_directory(final, tmp_path) as directory:
            (directory / "0.png").write_bytes(b"image")
    with pytest.raises(FileNotFoundError):
        (lost / "1.png").write_bytes(b"image")
    with pytest.raises(FileNotFoundError):
        losing.__exit__(None, None, None)
    assert [path.name for path in final.iterdir()] == ["0.png"]
    assert [path.name for path in tmp_path.iterdir()] == ["train"]


def test_without_locks_no_directory_is_taken_for_a_leftover(tmp_path: Path, without_locks: None) -> None:
    final = tmp_path / "train/0"
    first = atomic_directory(final, tmp_path)
    (first.__enter__() / "0.png").write_bytes(b"image")
    with atomic_directory(final, tmp_path):
        pass
    assert list(final.iterdir()) == []
    first.__exit__(None, None, None)
    assert [path.name for path in final.iterdir()] == ["0.png"]


MAKES_AGAIN_AND_AGAIN = """
import os, sys
from idxpng.files.atomic import atomic_directory
print("ready", flush=True)
for round in range(int(sys.argv[3])):
    with atomic_directory(sys.argv[1], sys.argv[2]) as directory:
        for number in range(20):
            (directory / str(number)).write_bytes(sys.argv[4].encode())
"""


@pytest.mark.slow
def test_of_several_processes_that_make_a_directory_each_publishes_a_whole_one(tmp_path: Path) -> None:
    final = tmp_path / "train/0"
    processes = [start(MAKES_AGAIN_AND_AGAIN, final, tmp_path, 100, name) for name in "abc"]
    seen = set()
    while any(process.poll() is None for process in processes):
        with suppress(FileNotFoundError):
            descriptor = os.open(final, os.O_RDONLY)  # of one of them, even if it is replaced meanwhile
            try:
                names = os.listdir(descriptor)
                if os.path.samestat(os.fstat(descriptor), os.stat(final)):
                    seen.add(len(names))
            finally:
                os.close(descriptor)
    assert [process.returncode for process in processes] == [0, 0, 0]
    assert len({path.read_bytes() for path in final.iterdir()}) == 1
    assert seen == {20}
    assert [path.name for path in tmp_path.iterdir()] == ["train"]


def test_directories_of_several_splits_and_labels_are_made_at_once(tmp_path: Path) -> None:
    finals = [tmp_path / split / label for split in ("train", "test") for label in ("0", "1")]
    open_directories = [atomic_directory(final, tmp_path) for final in finals]
    made = [directory.__enter__() for directory in open_directories]
    assert len(set(made)) == len(finals)
    for directory in open_directories:
        directory.__exit__(None, None, None)
    assert all(final.is_dir() for final in finals)


@pytest.mark.parametrize("name", ["idxpng", *sorted(path.stem for path in SCRIPTS.glob("*.py"))])
def test_no_other_module_has_the_name_of_one_of_ours(name: str) -> None:
    elsewhere = [folder for folder in sys.path if Path(folder).resolve() != SCRIPTS]
    assert name not in sys.stdlib_module_names
    assert importlib.machinery.PathFinder.find_spec(name, elsewhere) is None


def test_a_directory_on_another_file_system_is_made_there(tmp_path: Path) -> None:
    png = tmp_path / "png"
    png.mkdir()
    with mounted(png, "-t", "tmpfs", "-o", "size=1m", "tmpfs"):
        with atomic_directory(png / "train/0", tmp_path) as directory:
            (directory / "0.png").write_bytes(b"image")
            assert directory.parent == png, "outside of what a loader of train sees"
        assert (png / "train/0/0.png").read_bytes() == b"image"
        assert [path.name for path in png.iterdir()] == ["train"]


@pytest.mark.parametrize("name", ["missing/file", "file/below", "folder", "pipe"])
def test_a_place_where_no_file_can_be_made_is_named_before_the_work_begins(tmp_path: Path, name: str) -> None:
    (tmp_path / "file").write_bytes(b"kept")
    (tmp_path / "folder").mkdir()
    os.mkfifo(tmp_path / "pipe")
    before = sorted(tmp_path.iterdir())
    with pytest.raises(DataError, match=rf"{tmp_path / name}: [^$]*to do: "), atomic_file(tmp_path / name):
        pytest.fail("the block ran")
    assert sorted(tmp_path.iterdir()) == before


def test_a_device_is_not_replaced_by_a_file() -> None:
    with pytest.raises(DataError, match=r"/dev/null[^$]*to do: "), atomic_file("/dev/null"):
        pytest.fail("the block ran")

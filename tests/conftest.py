"""Fixtures and hooks for all tests."""

import errno
import fcntl
import logging
import os
import shutil
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import yaml

from idxpng import log
from mirror_server import MirrorServer
from plans import write_own_file
from project import PROJECT, copy_finished, copy_project, files, run_snakemake, snakemake
from systems import failing

LONGEST = ("_slurm", "_stand", "_readme", "_faults", "_family", "_mnist", "_report", "_download", "_mutated_idx")

MEMORY = Path("/dev/shm")
if MEMORY.is_dir() and shutil.disk_usage(MEMORY).free > 8 * 10**9:
    os.environ.setdefault("PYTEST_DEBUG_TEMPROOT", str(MEMORY))  # most disks are slow for 70,000 files at a time
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)  # tests start hundreds of Pythons, which share compiled modules

pytest.register_assert_rewrite("downloads", "memory")  # so that their assertions show values, as in tests


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Run files with long tests first, then all of the workflow, so that no process is left with one at the end."""
    items.sort(key=lambda item: (not item.path.stem.endswith(LONGEST), item.path.parent.name != "workflow"))


@pytest.fixture(autouse=True)
def messages_of_scripts(monkeypatch: pytest.MonkeyPatch) -> None:
    """Send the messages of scripts that tests call as functions to `caplog`."""
    monkeypatch.setattr(log, "_say", lambda level, text: logging.log(logging.getLevelNamesMapping()[level], "%s", text))


@pytest.fixture
def mirror_server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[MirrorServer]:
    """An HTTP server for an empty folder, reached without any proxy."""
    monkeypatch.setenv("no_proxy", "*")
    folder = tmp_path / "mirror"
    folder.mkdir()
    with MirrorServer(folder) as server:
        yield server


@pytest.fixture
def own_file(tmp_path: Path) -> Callable[..., str]:
    """A function that writes a copy of MNIST's dataset file with some keys changed, and returns its path."""
    return write_own_file(tmp_path)


@pytest.fixture
def without_locks(monkeypatch: pytest.MonkeyPatch) -> None:
    """A file system without locks, as some network file systems are."""
    monkeypatch.setattr(fcntl, "flock", failing(errno.ENOLCK))


@pytest.fixture(scope="session")
def mnist() -> Path:
    """The folder of MNIST's four official files: MNIST_DIR, or a folder to which the workflow downloads them once."""
    if "MNIST_DIR" in os.environ:
        return Path(os.environ["MNIST_DIR"])
    folder = PROJECT / ".mnist"
    if not download_mnist(folder):
        pytest.skip(
            f"needs MNIST, which no mirror served (see {folder}/output): set MNIST_DIR to a folder of its four files"
        )
    return folder / "resources/mnist"


@pytest.fixture(scope="session")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project folder after `all`, made once for all processes that run tests, see `copy_finished`.

    What the run printed is beside it, in `finished.txt`.
    """
    here = tmp_path_factory.getbasetemp()
    folder = (here.parent if "PYTEST_XDIST_WORKER" in os.environ else here) / "finished"
    output = folder.with_suffix(".txt")
    with folder.with_suffix(".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not output.exists():
            shutil.rmtree(folder, ignore_errors=True)
            run = snakemake(copy_project(folder), "--cores", "4", "all")
            output.write_text(run.output, encoding="utf-8")
    return folder


@pytest.fixture(scope="session")
def undisturbed(finished: Path) -> dict[str, bytes]:
    """The results of `all`."""
    return files(finished / "results")


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A copy of the project, in which nothing has been made."""
    return copy_project(tmp_path / "project")


@pytest.fixture
def complete(finished: Path, tmp_path: Path) -> Path:
    """A copy of the finished folder, to change."""
    return copy_finished(finished, tmp_path / "project")


def download_mnist(folder: Path) -> bool:
    """Download MNIST's files to ``folder``, at most once in 15 minutes, and return whether all of them are there."""
    splits = yaml.safe_load((PROJECT / "datasets/mnist.yaml").read_text(encoding="utf-8"))["splits"].values()
    wanted = [
        f"resources/mnist/{split[role]['file']}" for split in splits for role in ("images", "labels") if role in split
    ]
    folder.mkdir(exist_ok=True)
    output = folder / "output"
    with (folder / "lock").open("w") as lock:  # because several processes run tests
        fcntl.flock(lock, fcntl.LOCK_EX)
        complete = all((folder / path).exists() for path in wanted)
        if not complete and not (output.exists() and time.time() - output.stat().st_mtime < 900):
            run = run_snakemake(folder, "-s", str(PROJECT / "Snakefile"), "--cores", "4", *wanted)
            output.write_text(run.output)
            complete = run.status == 0
    return complete

"""What several test files share."""

import fcntl
import logging
import os
import shutil
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from idxpng import log
from mirror_server import MirrorServer
from project import PROJECT, run_snakemake

LONGEST = ("_slurm", "_readme", "_faults", "_family", "_report")

os.environ.pop("PYTHONDONTWRITEBYTECODE", None)  # test runs start hundreds of Pythons: each module is compiled once

pytest.register_assert_rewrite("downloads")  # whose assertions then tell as much as those of tests


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with the files of few and long tests, so that no process is left with one of them at the end."""
    items.sort(key=lambda item: not item.path.stem.endswith(LONGEST))


@pytest.fixture(autouse=True)
def messages_of_scripts(monkeypatch: pytest.MonkeyPatch) -> None:
    """What a script says that a test calls as a function is in `caplog`."""
    monkeypatch.setattr(log, "_say", lambda level, text: logging.log(logging.getLevelNamesMapping()[level], "%s", text))


@pytest.fixture
def mirror_server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[MirrorServer]:
    """An HTTP server of an empty folder, reached directly whatever proxy this machine has."""
    monkeypatch.setenv("no_proxy", "*")
    folder = tmp_path / "mirror"
    folder.mkdir()
    with MirrorServer(folder) as server:
        yield server


@pytest.fixture
def memory(tmp_path: Path) -> Iterator[Path]:
    """A folder on tmpfs, where there is one: how long a disk takes to make many files is not what is measured."""
    shared = Path("/dev/shm")
    if not shared.is_dir() or shutil.disk_usage(shared).free < 2 * 10**9:
        yield tmp_path
    else:
        with tempfile.TemporaryDirectory(dir=shared) as folder:
            yield Path(folder)


@pytest.fixture(scope="session")
def mnist() -> Path:
    """The folder of MNIST's four official files: MNIST_DIR, or where the workflow has downloaded them once."""
    if "MNIST_DIR" in os.environ:
        return Path(os.environ["MNIST_DIR"])
    folder = PROJECT / ".mnist"
    if not download_mnist(folder):
        pytest.skip(
            f"needs MNIST, which no mirror gave (see {folder}/said): set MNIST_DIR to a folder of its four files"
        )
    return folder / "resources/mnist"


def download_mnist(folder: Path) -> bool:
    """Whether ``folder`` has MNIST's files now. Mirrors that failed are left alone for the rest of the tests."""
    splits = yaml.safe_load((PROJECT / "datasets/mnist.yaml").read_text(encoding="utf-8"))["splits"].values()
    wanted = [
        f"resources/mnist/{split[role]['file']}" for split in splits for role in ("images", "labels") if role in split
    ]
    folder.mkdir(exist_ok=True)
    said = folder / "said"
    with (folder / "lock").open("w") as lock:  # since several processes run tests
        fcntl.flock(lock, fcntl.LOCK_EX)
        complete = all((folder / path).exists() for path in wanted)
        if not complete and not (said.exists() and time.time() - said.stat().st_mtime < 900):
            run = run_snakemake(folder, "-s", str(PROJECT / "Snakefile"), "--cores", "4", *wanted)
            said.write_text(run.output)
            complete = run.status == 0
    return complete

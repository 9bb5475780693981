"""What several test files share."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from mirror_server import MirrorServer

ROOT = Path(__file__).resolve().parent.parent


@pytest.fixture
def mirror_server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[MirrorServer]:
    """An HTTP server of an empty folder, reached directly whatever proxy this machine has."""
    monkeypatch.setenv("no_proxy", "*")
    folder = tmp_path / "mirror"
    folder.mkdir()
    with MirrorServer(folder) as server:
        yield server


@pytest.fixture(scope="session")
def mnist() -> Path:
    """The folder of MNIST's four official files: MNIST_DIR, or .mnist, into which the workflow downloads them once."""
    folder = Path(os.environ.get("MNIST_DIR") or download_mnist())
    if not folder.is_dir():
        pytest.skip(f"needs the four files of MNIST, and no mirror was reached: set MNIST_DIR to their folder ({folder})")
    return folder


def download_mnist() -> Path:
    """The folder of the four downloads, which does not exist if no mirror was reached within the last ten minutes."""
    cache = PROJECT / ".mnist"
    cache.mkdir(exist_ok=True)
    failed, files = cache / "failed", cache / "mnist"
    with (cache / "lock").open("w") as lock:  # for test processes that want them at once
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not files.exists() and not (failed.exists() and time.time() - failed.stat().st_mtime < 600):
            names = [f"resources/mnist/{part}-idx{n}-ubyte.gz" for part, n in MNIST_FILES]
            run = snakemake(cache, "-s", str(PROJECT / "Snakefile"), "--cores", "4", *names)
    return files

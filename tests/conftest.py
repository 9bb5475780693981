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
    """The folder of MNIST's four official files."""
    folder = Path(os.environ.get("MNIST_DIR", ROOT.parent / "shared/data/mnist"))
    if not folder.is_dir():
        pytest.skip("needs the four files of MNIST: set MNIST_DIR to their folder")
    return folder

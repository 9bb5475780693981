"""A published file to download, and downloads of it: by call, by a call that must fail, and in a process of its own."""

import gzip
import hashlib
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import numpy
import pytest

import download
from builders import idx_bytes
from project import PROJECT

FILE = "t10k-images-idx3-ubyte.gz"
IMAGES = numpy.random.default_rng(0).integers(0, 256, (400, 28, 28), dtype=numpy.uint8)
CONTENT = idx_bytes(IMAGES)
PUBLISHED = gzip.compress(CONTENT, mtime=0)

UNPINNED: dict[str, Any] = {"content_bytes": len(CONTENT)}
PINNED = UNPINNED | {
    "bytes": len(PUBLISHED),
    "sha256": hashlib.sha256(PUBLISHED).hexdigest(),
    "content_sha256": hashlib.sha256(CONTENT).hexdigest(),
}

IN_A_PROCESS = """
import ast, sys
sys.path.append(sys.argv[1])
import download
download.download(**ast.literal_eval(sys.argv[2]))
"""


def arguments(
    folder: Path, *mirrors: str | Path, pinned: dict[str, Any] = PINNED, file: str = FILE, **changes: Any
) -> dict[str, Any]:
    return {
        "mirrors": [str(mirror) for mirror in mirrors],
        "file": file,
        "output": str(folder / file),
        "timeout": (0.5, 0.5),
        "retries": 2,
        "backoff": 0.01,
        **pinned,
        **changes,
    }


def get(folder: Path, *mirrors: str | Path, **changes: Any) -> bytes:
    """The file that `download.download` makes, once it is sure that it made nothing else."""
    call = arguments(folder, *mirrors, **changes)
    download.download(**call)
    output = Path(call["output"])
    assert list(folder.iterdir()) == [output]
    return output.read_bytes()


def refusal(folder: Path, *mirrors: str | Path, **changes: Any) -> str:
    """The message with which `download.download` ends, once it is sure that there is no file under the final name."""
    call = arguments(folder, *mirrors, **changes)
    with pytest.raises(download.DownloadError) as raised:
        download.download(**call)
    assert not Path(call["output"]).exists()
    return str(raised.value)


def start_process(call: dict[str, Any]) -> "subprocess.Popen[str]":
    return subprocess.Popen(
        [sys.executable, "-c", IN_A_PROCESS, str(PROJECT / "scripts"), repr(call)],
        stderr=subprocess.PIPE,
        text=True,
    )


def wait_until_larger(path: Path, size: int) -> None:
    end = time.monotonic() + 20
    while not path.exists() or path.stat().st_size <= size:
        assert time.monotonic() < end, f"{path} does not grow"
        time.sleep(0.01)

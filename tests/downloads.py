"""A published file to download, and downloads of it: by call, by a call that must fail, and in a process of its own."""

import gzip
import hashlib
import pickle
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy

import download
import refusals
from builders import idx_bytes
from idxpng.dataset.model import PublishedFile
from idxpng.fetch.patience import Patience
from idxpng.formats.idx import IdxHeader
from mirror_server import Misbehavior
from project import PROJECT

FILE = "t10k-images-idx3-ubyte.gz"
IMAGES = numpy.random.default_rng(0).integers(0, 256, (400, 28, 28), dtype=numpy.uint8)
CONTENT = idx_bytes(IMAGES)
PUBLISHED = gzip.compress(CONTENT, mtime=0)

UNPINNED: dict[str, Any] = {"header": IdxHeader.of("uint8", IMAGES.shape)}
PINNED = UNPINNED | {
    "bytes": len(PUBLISHED),
    "sha256": hashlib.sha256(PUBLISHED).hexdigest(),
    "content_sha256": hashlib.sha256(CONTENT).hexdigest(),
}

# Tenths of a second instead of seconds: with other mirrors, and without.
QUICK = Patience(0.5, 0.5, 0.7, rate=100_000, period=5.0)
PATIENT = Patience(0.5, 0.5, 1.5, rate=1000, period=30.0)
LONG = Patience(30.0, 30.0, 30.0, rate=1, period=30.0)

# What a mirror answers in the patient pass if it is asked again only because it failed in the quick one.
GONE = Misbehavior(status=404)

IN_A_PROCESS = """
import pickle, sys
sys.path.append(sys.argv[1])
import download
download.download(**pickle.load(sys.stdin.buffer))
"""


def arguments(
    folder: Path,
    *mirrors: str | Path,
    pinned: dict[str, Any] = PINNED,
    file: str = FILE,
    patience: tuple[Patience, Patience] = (QUICK, PATIENT),
    retries: int = 2,
    **changes: Any,
) -> dict[str, Any]:
    return {
        "files": [PublishedFile(file, **pinned)],
        "mirrors": [str(mirror) for mirror in mirrors],
        "output": str(folder / file),
        "dataset": folder.name,
        "passes": (patience[0], replace(patience[1], retries=retries, backoff=0.01)),
        **changes,
    }


def get(folder: Path, *mirrors: str | Path, **changes: Any) -> bytes:
    """The file that `download.download` makes; checks that it makes nothing else."""
    call = arguments(folder, *mirrors, **changes)
    download.download(**call)
    output = Path(call["output"])
    assert list(folder.iterdir()) == [output]
    return output.read_bytes()


def refusal(folder: Path, *mirrors: str | Path, **changes: Any) -> str:
    """The message with which `download.download` ends, once it is sure that there is no file under the final name."""
    call = arguments(folder, *mirrors, **changes)
    message = refusals.refusal(download.download, **call)
    assert not Path(call["output"]).exists()
    return message


def start_process(call: dict[str, Any]) -> "subprocess.Popen[bytes]":
    process = subprocess.Popen(
        [sys.executable, "-c", IN_A_PROCESS, str(PROJECT / "scripts")], stdin=subprocess.PIPE, stderr=subprocess.PIPE
    )
    assert process.stdin
    process.stdin.write(pickle.dumps(call))
    process.stdin.close()
    process.stdin = None
    return process


def partial_files(output: Path) -> list[Path]:
    """What has arrived of downloads that have not come to their end, from each source."""
    return list(output.parent.glob(f".{output.name}.*.partial/bytes"))


def wait_until_larger(output: Path, size: int) -> None:
    """Wait until more than so many bytes of ``output`` have arrived."""
    end = time.monotonic() + 20
    while not any(path.stat().st_size > size for path in partial_files(output)):
        assert time.monotonic() < end, f"{output} does not grow"
        time.sleep(0.01)

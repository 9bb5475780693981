"""The same input makes the same bytes, whichever Python runs the scripts."""

import hashlib
import shutil
import subprocess
import sys
from pathlib import Path

import numpy
import pytest

from dataset_files import write_header
from idx_bytes import idx_bytes
from project import PROJECT, files

EXPORT = """
import sys
sys.path.insert(0, {scripts!r})
import export, pack
export.main("images", "labels", "header.json", "3", "set/png/train/3", "3.csv")
pack.main("images", "labels", "header.json", "train-000000.tar", 0, 1000)
"""


def interpreters() -> list[str]:
    """The Pythons of this machine that the workflow supports."""
    pyenv = Path.home() / ".pyenv/versions"
    candidates = [sys.executable]
    for version in ("3.11", "3.12", "3.13", "3.14"):
        candidates += [str(path) for path in pyenv.glob(f"{version}.*/bin/python")]
        candidates += filter(None, [shutil.which(f"python{version}")])
    probe = "import sys, zlib; print(sys.version_info[:2])"
    found: dict[str, str] = {}
    for candidate in candidates:
        answer = subprocess.run([candidate, "-c", probe], check=False, capture_output=True, text=True)
        if answer.returncode == 0:
            found.setdefault(answer.stdout, candidate)
    return list(found.values())


@pytest.fixture(scope="module")
def digests(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    random = numpy.random.default_rng(0)
    made = {}
    for python in interpreters():
        folder = tmp_path_factory.mktemp("python")
        (folder / "images").write_bytes(idx_bytes(random.integers(0, 256, (300, 28, 28), numpy.uint8)))
        (folder / "labels").write_bytes(idx_bytes(random.integers(0, 10, 300).astype(numpy.uint8)))
        write_header(folder / "header.json", folder / "images")
        random = numpy.random.default_rng(0)
        code = EXPORT.format(scripts=str(PROJECT / "scripts"))
        subprocess.run([python, "-c", code], cwd=folder, check=True)
        content = b"".join(name.encode() + data for name, data in sorted(files(folder).items()))
        made[python] = hashlib.sha256(content).hexdigest()
    return made


def test_every_python_makes_the_same_bytes(digests: dict[str, str]) -> None:
    assert len(set(digests.values())) == 1, digests

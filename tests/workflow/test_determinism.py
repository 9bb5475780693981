"""The same input makes the same bytes, whichever Python runs the scripts."""

import hashlib
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import numpy
import pytest

import emulated
from dataset_files import write_split
from project import PROJECT, files

EXPORT = """
import sys
sys.path.insert(0, {scripts!r})
import export, pack
files = "train-images", "train-labels", "train.json"
export.main(*files, "3", "set/png/train/3", "3.csv")
pack.main(pack.Selection(*files), "train-000000.tar", 0, 1000)
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


def compressor(python: str, folder: Path) -> dict[str, str] | None:
    """The environment in which a Python has the pinned zlib-ng; None where it cannot be had."""
    requirements = (PROJECT / "envs/requirements.txt").read_text()
    (pinned,) = re.findall(r"^zlib-ng==[\d.]+", requirements, re.MULTILINE)
    options = ["--quiet", "--disable-pip-version-check", "--no-deps", "--no-compile"]
    install = [python, "-m", "pip", "install", *options, "--target", str(folder), pinned]
    done = subprocess.run(install, check=False, capture_output=True)
    return os.environ | {"PYTHONPATH": str(folder)} if done.returncode == 0 else None


@pytest.fixture(scope="module")
def digests(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    random = numpy.random.default_rng(0)
    images, labels = random.integers(0, 256, (300, 28, 28), numpy.uint8), random.integers(0, 10, 300)
    made = {}
    for python in interpreters():
        environment = compressor(python, tmp_path_factory.mktemp("packages"))
        if environment is None:
            continue
        folder = tmp_path_factory.mktemp("python")
        write_split(folder, images, labels.astype(numpy.uint8))
        code = EXPORT.format(scripts=str(PROJECT / "scripts"))
        subprocess.run([python, "-c", code], cwd=folder, env=environment, check=True)
        content = b"".join(name.encode() + data for name, data in sorted(files(folder).items()))
        made[python] = hashlib.sha256(content).hexdigest()
    return made


def test_every_python_makes_the_same_bytes(digests: dict[str, str]) -> None:
    if len(digests) < 2:
        pytest.skip("needs another Python, and the pinned zlib-ng for it")
    assert len(set(digests.values())) == 1, digests


@pytest.mark.skipif(not shutil.which("qemu-x86_64"), reason="needs qemu-user")
def test_processors_of_every_age_make_the_same_bytes(tmp_path: Path) -> None:
    images = emulated.write_images(tmp_path / "images")
    made = dict(emulated.on_x86(images))
    assert set(made) == set(emulated.X86)
    assert set(made.values()) == {emulated.digest(images, [sys.executable], emulated.own_packages())}

"""An archive has the exported tree in one file, with the bytes that GNU tar gives."""

import hashlib
import subprocess
import tarfile
from pathlib import Path

import numpy
import pytest

import archive_split
import export
from dataset_files import DIGITS, write_split
from idxpng.formats.split_header import Selection
from refusals import refusal

IMAGES = numpy.random.default_rng(0).integers(0, 256, (37, 5, 7), numpy.uint8)
LABELS = numpy.random.default_rng(1).integers(0, 9, 37).astype(numpy.uint8)
NOBODY = ["--owner=0", "--group=0", "--numeric-owner", "--mode=u=rwX,go=rX", "--mtime=@0"]
TAR = ["tar", "--format=ustar", "--sort=name", *NOBODY, "-b1", "--exclude=.*", "-cf", "-"]


@pytest.fixture
def split(tmp_path: Path) -> tuple[str, str, str]:
    return write_split(tmp_path, IMAGES, LABELS)


@pytest.mark.parametrize("limit", [None, 3])
def test_an_archive_equals_that_of_gnu_tar(tmp_path: Path, split: tuple[str, str, str], limit: int | None) -> None:
    archive_split.main(Selection(*split, limit), str(tmp_path / "train.tar"))
    for label in DIGITS:
        export.main(*split, label, str(tmp_path / f"set/png/train/{label}"), str(tmp_path / f"{label}.csv"), limit)
    if "GNU tar" not in subprocess.run(["tar", "--version"], capture_output=True, text=True, check=True).stdout:
        pytest.skip("needs GNU tar")
    by_tar = subprocess.run([*TAR, "-C", str(tmp_path / "set/png"), "train"], check=True, capture_output=True).stdout
    assert by_tar == (tmp_path / "train.tar").read_bytes()


def test_an_archive_of_some_labels_has_their_images_alone(tmp_path: Path, split: tuple[str, str, str]) -> None:
    archive_split.main(Selection(*split, classes=[3, 5]), str(tmp_path / "train.tar"))
    with tarfile.open(tmp_path / "train.tar") as archive:
        names = [member.name for member in archive if member.isfile()]
    images = [f"train/{label}/{index:02}.png" for label in (3, 5) for index in numpy.flatnonzero(label == LABELS)]
    assert names == images


def test_an_archive_that_is_not_the_pinned_one_is_refused_with_both_digests(
    tmp_path: Path, split: tuple[str, str, str]
) -> None:
    archive = tmp_path / "train.tar"
    archive_split.main(Selection(*split), str(archive))
    found = hashlib.sha256(archive.read_bytes()).hexdigest()
    archive_split.main(Selection(*split), str(archive), sha256=found)
    archive.unlink()
    message = refusal(archive_split.main, Selection(*split), str(archive), sha256="0" * 64)
    for words in ("splits.train.archive_sha256", f"expected: SHA-256 {'0' * 64}", f"found:    {found}", "compressor"):
        assert words in message
    assert not list(tmp_path.glob("*.tar*"))

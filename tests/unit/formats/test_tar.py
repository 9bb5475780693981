"""What is assembled by hand is what Python's own reader reads."""

import io
import tarfile
from pathlib import Path

import pytest

from idxpng.errors import DataError
from idxpng.formats.tar import END, member, names


@pytest.mark.parametrize("name", ["x" * 87 + "/0/000001.png", "\u00e9" * 45 + "/7/1.png", "train/0/00001.png"])
def test_a_name_of_up_to_100_bytes_is_read_as_it_was_written(tmp_path: Path, name: str) -> None:
    archive = member("x" * 99 + "/") + member(name, b"data") + END
    with tarfile.open(fileobj=io.BytesIO(archive)) as opened:
        assert [(each.name, each.isdir()) for each in opened] == [("x" * 99, True), (name, False)]
        last = opened.extractfile(name)
        assert last and last.read() == b"data"
    (tmp_path / "a.tar").write_bytes(archive)
    assert list(names(tmp_path / "a.tar"))[-1] == name


@pytest.mark.parametrize("kept", [0, 100, 512, 700, 1024, 1100])
def test_an_archive_that_was_cut_short_is_refused(tmp_path: Path, kept: int) -> None:
    (tmp_path / "a.tar").write_bytes((member("1.png", bytes(range(1, 200))) + END)[:kept])
    with pytest.raises(DataError, match=r"a\.tar: not an archive of this workflow"):
        list(names(tmp_path / "a.tar"))


@pytest.mark.parametrize("name", ["x" * 101, "x" * 100 + "/", "é" * 51, "a/" + "y" * 99])
def test_a_name_that_does_not_fit_is_refused(name: str) -> None:
    with pytest.raises(ValueError, match="does not fit a ustar header"):
        member(name, b"")

"""What is assembled by hand is what Python's own reader reads."""

import io
import tarfile
from pathlib import Path

import pytest

from idxpng.errors import DataError
from idxpng.formats.tar import END, member, names

LONG = ["x" * 95 + "/0/00001.png", "x" * 155 + "/" + "y" * 100, "\u00e9" * 50 + "/7/1.png", "train/0/00001.png"]


@pytest.mark.parametrize("name", LONG)
def test_a_name_of_up_to_255_bytes_is_read_as_it_was_written(tmp_path: Path, name: str) -> None:
    archive = member(f"{name}.d/") + member(name, b"data") + END if len(name) < 150 else member(name, b"data") + END
    with tarfile.open(fileobj=io.BytesIO(archive)) as opened:
        assert [each.name for each in opened][-1] == name
        last = opened.extractfile(name)
        assert last and last.read() == b"data"
    (tmp_path / "a.tar").write_bytes(archive)
    assert list(names(tmp_path / "a.tar"))[-1] == name


@pytest.mark.parametrize("kept", [0, 100, 512, 700, 1024, 1100])
def test_an_archive_that_was_cut_short_is_refused(tmp_path: Path, kept: int) -> None:
    (tmp_path / "a.tar").write_bytes((member("1.png", bytes(range(1, 200))) + END)[:kept])
    with pytest.raises(DataError, match=r"a\.tar: not an archive of this workflow"):
        list(names(tmp_path / "a.tar"))


def test_a_folder_with_a_name_of_100_bytes_keeps_all_of_them() -> None:
    with tarfile.open(fileobj=io.BytesIO(member("x" * 100 + "/") + END)) as opened:
        assert [(each.name, each.isdir()) for each in opened] == [("x" * 100, True)]


@pytest.mark.parametrize("name", ["x" * 101, "x" * 101 + "/", "é" * 51, "x" * 156 + "/1.png", "a/" + "y" * 101])
def test_a_name_that_does_not_fit_is_refused(name: str) -> None:
    with pytest.raises(ValueError, match="does not fit a ustar header"):
        member(name, b"")

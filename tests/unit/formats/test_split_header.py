from pathlib import Path

import pytest

from dataset_files import write_header
from idxpng.errors import DataError
from idxpng.formats.split_header import SplitHeader


@pytest.fixture
def header(tmp_path: Path) -> SplitHeader:
    (tmp_path / "images").write_bytes(bytes([0, 0, 8, 3, *[0, 0, 0, 1] * 3, 0]))
    return SplitHeader.read(write_header(tmp_path / "train.json", tmp_path / "images", {"07": "seven", "61": "z"}))


def test_a_label_is_found_by_the_name_of_its_directory(header: SplitHeader) -> None:
    assert header.label("07") == 7
    assert header.directories == {7: "07", 61: "61"}
    with pytest.raises(DataError, match=r"no such label[^$]*one of 07, 61[^$]*found: +7"):
        header.label("7")


@pytest.mark.parametrize("content", ["", "[]", "{}", '{"dataset": "x"', "null", "\0"])
def test_a_file_that_is_not_a_header_is_refused_with_a_remedy(tmp_path: Path, content: str) -> None:
    path = tmp_path / "train.json"
    path.write_text(content)
    with pytest.raises(DataError, match=r"not a header made by validate[^$]*delete it and run again"):
        SplitHeader.read(path)

import os
import subprocess
from pathlib import Path

import pytest

from idxpng.errors import DataError
from idxpng.replaceable import check_place


@pytest.mark.parametrize("is_link", [False, True])
def test_the_folder_of_a_file_to_make_is_made_by_the_advised_command(is_link: bool, tmp_path: Path) -> None:
    folder = tmp_path / "a folder"
    if is_link:
        folder.symlink_to(tmp_path / "purged/disk")
    with pytest.raises(DataError, match="its folder does not exist") as error:
        check_place(folder / "file")
    subprocess.run(["bash", "-c", error.value.details["todo"]], check=True)
    check_place(folder / "file")
    assert os.listdir(folder) == []

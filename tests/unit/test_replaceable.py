import json
import os
import subprocess
from pathlib import Path

import pytest

from idxpng.advice import VARIABLE, call
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


def test_what_is_in_place_of_a_file_to_make_is_moved_away_by_the_advised_command_of_a_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "page/mine").mkdir(parents=True)
    with pytest.raises(DataError, match="give the name of a file"):
        check_place(tmp_path / "page")
    monkeypatch.setenv(VARIABLE, json.dumps(call(str(tmp_path), "Snakefile")))
    with pytest.raises(DataError, match="not a regular file") as error:
        check_place(tmp_path / "page")
    move, _, then = error.value.details["todo"].partition(", then ")
    subprocess.run(["bash", "-c", move], check=True)
    check_place(tmp_path / "page")
    assert (tmp_path / "page.changed/mine").is_dir() and then == "run the same command again"
